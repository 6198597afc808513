"""A process that has loaded the program, and forks itself to run tests without a defence.

To start an interpreter and load the program is half of what a mutant costs; a process that is
forked has both for nothing. The function is taken away in modules that are loaded already, so
none of the table may be called while they load: ``test_mutants.py`` checks that.
"""

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from attacks.mutant import INJECT, VARIABLE, MutantUnknown, install, parse_mutant

TESTS = Path(__file__).resolve().parent.parent
PACKAGES = ("tearline", "tearline_runtime", "tearline_server", "tearline_client")
OPTIONS = ("-q", "--no-header", "--tb=line", "-p", "no:cacheprovider")
# Of plugins that the program loads as libraries, pytest does not rewrite the assertions.
_LOADED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
NOT_RUN = 4  # pytest: it was used wrongly


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run of tests that ended: its exit status, None where it took too long, and its output."""

    status: int | None
    output: str


class LoadedProcess:
    """The process. Use it as a context, from one thread at a time."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "attacks.loaded_process"],
            cwd=TESTS.parent,
            env=os.environ | {"PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()  # it ends with its input

    def run(self, test: str, mutant: str, *, timeout_s: int) -> Ended:
        """Runs ``test`` with ``mutant`` in a process of its own, and in that one's children."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([test, mutant, timeout_s]), file=self._process.stdin, flush=True)
        return Ended(**json.loads(self._process.stdout.readline()))


def load() -> None:
    """Loads every module of the program."""
    import tearline_runtime.grpc  # noqa: F401 (before any module imports gRPC)

    for package in map(importlib.import_module, PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__"):  # importing that is running it
                importlib.import_module(module.name)


def _serve() -> None:
    load()
    gc.collect()
    gc.freeze()  # forked processes share what is there
    for line in sys.stdin:
        print(json.dumps(_forked(*json.loads(line))), flush=True)


def _forked(test: str, mutant: str, timeout_s: int) -> dict[str, object]:
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        child = os.fork()
        if not child:
            os._exit(_run(test, mutant, output.fileno()))
        descriptor = os.pidfd_open(child)
        in_time, _, _ = select.select([descriptor], [], [], timeout_s)
        os.close(descriptor)
        if not in_time:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return {
            "status": os.waitstatus_to_exitcode(status) if in_time else None,
            "output": output.read(),
        }


def _run(test: str, mutant: str, output: int) -> int:
    import pytest

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    path = os.pathsep.join((str(INJECT), os.environ["PYTHONPATH"]))
    # A narrower terminal would have pytest shorten its lines.
    os.environ.update({"COLUMNS": "500", "PYTHONPATH": path, VARIABLE: mutant})
    try:
        install(parse_mutant(mutant))
    except MutantUnknown as error:
        print(error, flush=True)
        return NOT_RUN
    status = int(pytest.main([*OPTIONS, *_LOADED, test]))
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    _serve()
