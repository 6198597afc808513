"""Runs commands on events, one at a time for each hook.

A hook receives one line of JSON on its standard input: the event, ids and the time, never
contents. Commands run without a shell. A slow or failing hook delays only itself.
"""

import asyncio
import hashlib
import os
import shlex
import shutil
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from tearline.dataclass.immutable import immutable
from tearline.encoding import prefixed
from tearline.errors import HookMalformed
from tearline.limits import MAX_HOOKS
from tearline_client.context import NodeContext
from tearline_client.jobs import Jobs
from tearline_client.messages.due import Due
from tearline_client.store.notifications import EVENTS, Notice

if TYPE_CHECKING:
    from tearline_client.notifications.digests import Channel

ALL = "all"
POLL_S = 1.0  # notices may come from other processes of the node
TIMEOUT_S = 30.0  # for one command
RETRY_S = (1.0, 10.0, 60.0)  # delays after a failed command; then the next notice follows
MAX_OUTPUT = 4096  # reported bytes of a command's output
_READ = 1 << 16
_SECRET = "TEARLINE_"  # of the environment: a passphrase may be there  # noqa: S105


@immutable
class Hook:
    """Command to run on an event.

    Attributes:
        event: One of ``EVENTS``, or ``all``.
        arguments: The command and its arguments.
    """

    event: str
    arguments: tuple[str, ...]

    @property
    def id(self) -> bytes:
        """Returns its id, 32 bytes; event and command determine it across restarts."""
        parts = (self.event, *self.arguments)
        return hashlib.sha256(b"".join(prefixed(part.encode()) for part in parts)).digest()

    @property
    def events(self) -> tuple[str, ...]:
        """Returns its events."""
        return tuple(EVENTS) if self.event == ALL else (self.event,)


Scan = Callable[[int], Iterable[Due]]
"""Returns all events due at a time, Unix milliseconds, notified or not."""


def parse_hooks(asked: Sequence[tuple[str, str]]) -> tuple[Hook, ...]:
    """Returns the hooks given on the command line as pairs of event and command.

    Raises:
        HookMalformed: If an event or command is unknown, or there are too many.
    """
    if len(asked) > MAX_HOOKS:
        raise HookMalformed(f"more than {MAX_HOOKS}")
    return tuple(dict.fromkeys(_parse_hook(*each) for each in asked))


def _parse_hook(event: str, command: str) -> Hook:
    if event != ALL and event not in EVENTS:
        raise HookMalformed(f"{event} is not an event; those are {', '.join([*EVENTS, ALL])}")
    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise HookMalformed(f"{command}: {error}") from None
    if not arguments or shutil.which(arguments[0]) is None:
        raise HookMalformed(f"{command!r}: there is no such command")
    return Hook(event=event, arguments=tuple(arguments))


class Notifications:
    """Notifications of a node, and the hooks that receive them.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._store = context.stores.notifications
        self._scans: list[Scan] = []
        self._jobs = Jobs(context)

    def watch(self, scan: Scan) -> None:
        """Registers a scan for due events."""
        self._scans.append(scan)

    def scan(self) -> None:
        """Records the notifications that are due now and not recorded yet."""
        now_ms, due = self._context.now_ms(), list[Due]()
        for scan in self._scans:
            with self._jobs.attempt("notices"):
                due += scan(now_ms)
        with self._context.stores.database.transaction():
            for each in due:
                self._store.tell(each.event, time_ms=now_ms, once=each.once, **each.ids)

    def begin(self, hooks: "Iterable[Hook | Channel]") -> None:
        """Registers new hooks and channels for all notifications from now on."""
        for hook in hooks:
            self._store.begin(hook.id)

    async def serve_channel(self, channel: "Channel", report: Callable[[str], None]) -> None:
        """Delivers digests of a channel; never ends. See ``digests.serve_channel``."""
        from tearline_client.notifications.digests import serve_channel

        await serve_channel(self._store, channel, report, self._context.now_ms)

    async def serve(self, hook: Hook, report: Callable[[str], None]) -> None:
        """Runs a hook for each notification since its last one; never ends.

        After a restart, the hook continues with the notifications that it missed.

        Raises:
            StoreError: If the node's database cannot be used.
        """
        told = self._store.begin(hook.id)
        while True:
            notice = self._store.next(told, hook.events)
            if notice is None:
                await asyncio.sleep(POLL_S)
                continue
            await _insist(hook, notice, report)
            told = notice.id
            self._store.put_told(hook.id, told)


async def _insist(hook: Hook, notice: Notice, report: Callable[[str], None]) -> None:
    """Runs a hook for one notice, and retries a few times."""
    for pause_s in (*RETRY_S, None):
        ended, said = await _run(hook.arguments, notice.line())
        report(f"Notice {notice.id} {notice.event}: {hook.arguments[0]} {ended}.")
        for line in said.splitlines():
            report(f"Notice {notice.id} | {line}")
        if ended == _ENDED_WELL:
            return
        if pause_s is not None:
            await asyncio.sleep(pause_s)
    report(f"Notice {notice.id} {notice.event}: {hook.arguments[0]} is not asked again.")


_ENDED_WELL = "ended with 0"


async def _run(arguments: Sequence[str], line: str) -> tuple[str, str]:
    """Runs a command; returns how it ended, and the beginning of its output."""
    with ExitStack() as closing:
        heard, told = _pipe(closing)
        os.write(told, f"{line}\n".encode())  # fits the pipe, so it never blocks
        output, said_to = _pipe(closing)
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=heard,
                stdout=said_to,
                stderr=said_to,
                env=_environment(),
                start_new_session=True,
            )
        except OSError as error:
            return f"could not be started ({error.strerror})", ""
        for end in (heard, told, said_to):
            os.close(end)
        closing.pop_all()
        closing.callback(os.close, output)
        said = closing.enter_context(_Output(output))
        ended = await _ended(process)
        said.read()
        return ended, said.text


def _environment() -> dict[str, str]:
    return {k: value for k, value in os.environ.items() if not k.startswith(_SECRET)}


async def _ended(process: asyncio.subprocess.Process) -> str:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return f"ended with {await process.wait()}"
    except TimeoutError:
        return f"was stopped after {TIMEOUT_S:g} s"
    finally:
        if process.returncode is None:  # timed out; or the node ends, and will repeat the notice
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with its child processes
            await process.wait()


def _pipe(closing: ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        closing.callback(os.close, end)
    return ends


class _Output:
    """Reader of a command's output; reads at once so that the command never blocks.

    It keeps only the beginning. It does not wait for child processes that keep the pipe open.
    """

    def __init__(self, end: int) -> None:
        self._end = end
        self._kept = bytearray()
        os.set_blocking(end, False)

    def __enter__(self) -> "_Output":
        asyncio.get_running_loop().add_reader(self._end, self.read)
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.get_running_loop().remove_reader(self._end)

    def read(self) -> None:
        """Reads the available output once."""
        with suppress(BlockingIOError):
            data = os.read(self._end, _READ)
            self._kept += data[: MAX_OUTPUT - len(self._kept)]
            if not data:
                asyncio.get_running_loop().remove_reader(self._end)

    @property
    def text(self) -> str:
        """Returns the kept output."""
        return self._kept.decode("utf-8", "replace")
