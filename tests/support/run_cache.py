"""What is dear to make and may be shared: made once a run, by the process that needs it first.

The workers of a run inherit the name of one folder. A run inside a test, as mutants are, has a
folder of its own, for there the making itself may be what was changed.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support.memory import folder_in_memory

VARIABLE = "TEARLINE_TEST_RUN"


def begin(config: pytest.Config) -> None:
    """Makes the folder that this run shares, until it ends."""
    if hasattr(config, "workerinput"):
        return
    stack = ExitStack()
    config.add_cleanup(stack.close)
    memory = folder_in_memory()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tearline-run-", dir=memory))
    environment = stack.enter_context(pytest.MonkeyPatch.context())
    environment.setenv(VARIABLE, folder)
    if memory is not None:
        environment.setenv("PYTEST_DEBUG_TEMPROOT", str(memory))  # of tmp_path


@contextmanager
def once(name: str, make: Callable[[Path], None]) -> Iterator[Path]:
    """What ``make`` wrote into the folder it was given, here or in another process of the run.

    Nobody else has it at the same time; where ``make`` fails, the next one tries again.
    """
    run = Path(os.environ[VARIABLE])
    folder, done = run / name, run / f"{name}.done"
    with (run / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
        yield folder
