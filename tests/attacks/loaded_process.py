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
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Self

from _pytest.config import default_plugins

from attacks.mutant import INJECT, VARIABLE, MutantUnknown, install, parse_mutant

TESTS = Path(__file__).resolve().parent.parent
PACKAGES = ("tearline", "tearline_runtime", "tearline_server", "tearline_client")
# The tests' own modules are loaded by each run, which rewrites their assertions.
SHARED = ("hypothesis", "support.cli", "support.object_store", "support.postgres")
OPTIONS = ("-q", "--no-header", "--tb=line", "-p", "no:cacheprovider")
# Of plugins that the program loads as libraries, pytest does not rewrite the assertions.
_LOADED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
NOT_RUN = 4  # pytest: it was used wrongly
_RAISED = 1  # as the interpreter's; pytest raises if a failed test leaves a file open, for example
_FOUNDED = "--founded"
_NEEDED = -1  # nothing was run, since to found the federation takes the function


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run of tests that ended: its exit status, None where it took too long, and its output."""

    status: int | None
    output: str


class LoadedProcess:
    """The process, and one that has founded a federation. Use it as a context, from one thread."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, (str(TESTS), os.environ.get("PYTHONPATH"))))
        self._founded, self._plain = (
            subprocess.Popen(
                [sys.executable, "-m", "attacks.loaded_process", *options],
                cwd=TESTS.parent,
                env=os.environ | {"PYTHONPATH": path},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for options in ((_FOUNDED,), ())
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in (self._founded, self._plain):
            process.communicate()  # it ends with its input

    def run(self, test: str, mutant: str, *, timeout_s: int) -> Ended:
        """Runs ``test`` with ``mutant`` in a process of its own, and in that one's children."""
        for process in (self._founded, self._plain):
            assert process.stdin is not None
            assert process.stdout is not None
            print(json.dumps([test, mutant, timeout_s]), file=process.stdin, flush=True)
            ended = Ended(**json.loads(process.stdout.readline()))
            if ended.status != _NEEDED:
                break
        return ended


def load() -> None:
    """Loads every module of the program, and what pytest and the tests load in each run."""
    import tearline_runtime.grpc  # noqa: F401 (before any module imports gRPC)

    for package in map(importlib.import_module, PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__"):  # importing that is running it
                importlib.import_module(module.name)
    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    for name in SHARED:
        importlib.import_module(name)


def _serve(*, is_founded: bool) -> None:
    load()
    from attacks import founded  # it loads modules of the program

    with tempfile.TemporaryDirectory(prefix="tearline-") as folder:
        if is_founded:
            founded.prepare(Path(folder) / "template")
        gc.collect()
        gc.freeze()  # forked processes share what is there
        for line in sys.stdin:
            test, mutant, timeout_s = json.loads(line)
            if is_founded and founded.needs(parse_mutant(mutant)):
                reply: dict[str, object] = {"status": _NEEDED, "output": ""}
            else:
                reply = _forked(test, mutant, timeout_s)
            print(json.dumps(reply), flush=True)


def _forked(test: str, mutant: str, timeout_s: int) -> dict[str, object]:
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        child = os.fork()
        if not child:
            status = _RAISED
            try:
                status = _run(test, mutant, output.fileno())
            finally:  # also where it raises: what was said counts, and folders outlast this process
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
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
    return int(pytest.main([*OPTIONS, *_LOADED, test]))


if __name__ == "__main__":
    _serve(is_founded=_FOUNDED in sys.argv)
