"""Commands of an agency, each a process of its own, which ends itself by kill -9 at one moment.

    python commands.py

Reads one command after another from standard input, each a line of JSON, and answers each with
its exit status once it has ended. Importing the program takes longer than most commands, so each
is forked from this process, which has imported all of it and done nothing else.

A moment is a write to the node's database, either end of its COMMIT, or either end of a call to
the exchange. The moments that follow the act of a person are counted, and noted in a journal.
"""

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.federation import Agency, Ended

ACT, DECIDED, COMMITS, COMMITTED = "act", "decided", "commit", "committed"
CALLS, CALLED = "calls ", "called "
_DECISIONS = ("INSERT INTO decision", "INSERT INTO recall ")
_CARRIED = "DELETE FROM decision"
_WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How a command went.

    Attributes:
        ended: Its end; the status of one that was killed is -9.
        moments: What it noted from the act on, in order.
    """

    ended: Ended
    moments: tuple[str, ...]

    @property
    def is_decided(self) -> bool:
        """Whether the person's decision was on the disk when it ended."""
        return DECIDED in self.moments

    @property
    def asked_first(self) -> bool:
        """Whether it asked the exchange for something before the decision was on the disk."""
        before = self.moments[: self.moments.index(DECIDED)] if self.is_decided else self.moments
        return any(moment.startswith(CALLS) for moment in before)


class Commands:
    """Commands of one agency; the process that they are forked from.

    Args:
        agency: Whose.
    """

    def __init__(self, agency: Agency) -> None:
        self._agency = agency
        self._folder = agency.home.parent / f"{agency.home.name}.commands"
        self._folder.mkdir()
        path = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**agency.environment, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        )

    def run(self, *arguments: str, kill_at: int | None = None) -> Life:
        """Runs one command.

        Args:
            arguments: Its words.
            kill_at: The moment after the act at which it is killed, from 0; None for never.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        out, err, journal = (self._folder / name for name in ("out", "err", "journal"))
        journal.unlink(missing_ok=True)
        asked = {
            "arguments": [*arguments, "--home", str(self._agency.home)],
            "out": str(out),
            "err": str(err),
            "journal": str(journal),
            "kill_at": kill_at,
        }
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        status = int(self._process.stdout.readline())
        return Life(
            ended=Ended(status=status, out=out.read_text(), err=err.read_text()),
            moments=tuple(journal.read_text().splitlines()),
        )

    def close(self) -> None:
        """Ends the process."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
        assert self._process.returncode == 0


@contextmanager
def commands_of(agency: Agency) -> Iterator[Commands]:
    """Commands of an agency, until the end of the block."""
    commands = Commands(agency)
    try:
        yield commands
    finally:
        commands.close()


class _Journal:
    """Counts moments, and ends the process at one of them."""

    def __init__(self, path: str, kill_at: int | None) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        self._kill_at = kill_at
        self._count = -1
        self._deciding = False
        self._carrying = False

    def act(self) -> None:
        if self._count < 0:
            self._count = 0
            self._note(ACT)

    def note(self, moment: str) -> None:
        if self._count >= 0:
            self._note(moment)

    def _note(self, moment: str) -> None:
        os.write(self._file, f"{moment}\n".encode())
        if self._count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self._count += 1

    def traced(self, event: dict[str, Any]) -> None:
        """Is told by SQLite of each statement: when a COMMIT begins, and when each has ended."""
        sql, has_ended = event["sql"], "nanoseconds" in event
        if sql == "COMMIT" and not has_ended:
            self.note(COMMITS)
        elif sql == "COMMIT":
            # A decision that was carried out may leave another one, of the program.
            is_new, self._deciding = self._deciding and not self._carrying, False
            self._carrying = False
            self.note(DECIDED if is_new else COMMITTED)
        elif sql == "BEGIN IMMEDIATE":
            self._deciding = self._carrying = False
        elif has_ended and sql.startswith(_WRITES):
            self._deciding |= sql.startswith(_DECISIONS)
            self._carrying |= sql.startswith(_CARRIED)
            self.note(" ".join(sql.split()[:3]))

    @contextmanager
    def call(self, method: str) -> Iterator[None]:
        self.note(CALLS + method)
        yield
        self.note(CALLED + method)


def _watch(journal: _Journal) -> None:
    """Has the program of this process note its moments."""
    import apsw

    from tearline_client.features.decisions.service import DecisionService
    from tearline_client.features.packets.downloads import Downloads
    from tearline_client.features.recalls.service import RecallService
    from tearline_client.transport.grpc import GrpcTransport, _GrpcStream

    def hook(connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_STMT | apsw.SQLITE_TRACE_PROFILE, journal.traced)

    apsw.connection_hooks.append(hook)

    def noted(owner: type, name: str, noting: Callable[..., AbstractContextManager[None]]) -> None:
        work = getattr(owner, name)

        async def watched(*args: Any, **kwargs: Any) -> Any:
            with noting(*args):
                return await work(*args, **kwargs)

        setattr(owner, name, watched)

    @contextmanager
    def acting(*_: object) -> Iterator[None]:
        journal.act()
        yield

    noted(DecisionService, "decide", acting)
    noted(RecallService, "recall", acting)
    noted(Downloads, "fetch", acting)
    noted(GrpcTransport, "_call_once", lambda _, method, *rest: journal.call(method))
    noted(_GrpcStream, "send", lambda *_: journal.call("send"))
    noted(_GrpcStream, "receive", lambda *_: journal.call("receive"))


def _life(asked: dict[str, Any]) -> None:
    """The life of one command; does not return."""
    for path, number in ((asked["out"], 1), (asked["err"], 2)):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv[1:] = asked["arguments"]
    _watch(_Journal(asked["journal"], asked["kill_at"]))
    from tearline_client.cli import main

    status = 1
    try:
        main()
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _serve() -> None:
    import tearline_client.cli

    for module in pkgutil.iter_modules(tearline_client.cli.__path__, "tearline_client.cli."):
        importlib.import_module(module.name)
    # Unbuffered: a child must not find what was read ahead.
    while line := sys.stdin.readline():
        if (child := os.fork()) == 0:
            _life(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
