"""Notices at work: commands that are run when something happened, one at a time for each hook.

A hook gets one line of JSON on its standard input: the event, ids and the time, never contents.
No shell is asked. What a hook does, or fails to do, holds up nothing but that hook.
"""

import asyncio
import hashlib
import os
import shlex
import shutil
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from tearline.encoding import prefixed
from tearline.errors import HookMalformed
from tearline.limits import MAX_HOOKS
from tearline.packets.packet import PacketKind
from tearline.statements.statement import StatementType
from tearline.suspensions.standing import Standing
from tearline.wire.suspensions import parse_standing
from tearline_client.context import NodeContext
from tearline_client.jobs import Jobs
from tearline_client.messages.received import Received, ReceivedGrant
from tearline_client.store.notifications import EVENTS, Notice

ALL = "all"
POLL_S = 1.0  # notices may come from other processes of the node
TIMEOUT_S = 30.0  # for one command
RETRY_S = (1.0, 10.0, 60.0)  # after a command that failed; then the next notice has its turn
MAX_OUTPUT = 4096  # bytes of what a command says that are reported
_READ = 1 << 16
_SECRET = "TEARLINE_"  # of the environment: a passphrase may be there  # noqa: S105


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A command to run.

    Attributes:
        event: When: one of ``EVENTS``, or ``all``.
        arguments: The command and its arguments.
    """

    event: str
    arguments: tuple[str, ...]

    @property
    def id(self) -> bytes:
        """32 bytes: the same event and command are the same hook after a restart."""
        parts = (self.event, *self.arguments)
        return hashlib.sha256(b"".join(prefixed(part.encode()) for part in parts)).digest()

    @property
    def events(self) -> tuple[str, ...]:
        """The events that it is told of."""
        return tuple(EVENTS) if self.event == ALL else (self.event,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that time has brought about.

    Attributes:
        event: One of ``EVENTS``.
        once: What tells it apart from others of this event: it is told once.
        ids: What it is about.
    """

    event: str
    once: bytes
    ids: Mapping[str, str | bytes | int] = field(default_factory=dict)


Scan = Callable[[int], Iterable[Due]]
"""From the time, Unix milliseconds, to all that is due then, told or not."""


def parse_hooks(asked: Sequence[tuple[str, str]]) -> tuple[Hook, ...]:
    """Hooks as the command line names them: event and command of each.

    Raises:
        HookMalformed: If there is no such event or command, or there are too many.
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


def arrival(received: Received) -> Due | None:
    """What is told of something that came, verified; None where nothing is."""
    statement = received.signed.statement
    match statement.type:
        case StatementType.GRANT:
            return _packet(received)
        case StatementType.STANDING:
            return _standing(parse_standing(statement.body), statement.id)
        case StatementType.RECALL:
            return Due(event="recall", once=statement.id, ids={"sender": received.signer.signer})
        case (
            StatementType.TRUST_LIST
            | StatementType.KEY_RECORD
            | StatementType.REVOCATION
            | StatementType.AGREEMENT
            | StatementType.MANIFEST
            | StatementType.RECEIPT
            | StatementType.VOID
            | StatementType.MARK
            | StatementType.AUDIT_EXPORT
            | StatementType.ERASURE
            | StatementType.ANCHOR
            | StatementType.REQUEST_STEP
            | StatementType.CONSENT
            | StatementType.CASE_STEP
            | StatementType.PROPOSAL
        ):
            return None  # no person waits for these


def _packet(received: Received) -> Due | None:
    """Returns the notification of a packet; None for a grant that opens none now."""
    if not isinstance(received.content, ReceivedGrant):
        return None
    manifest = received.content.manifest
    asks = manifest.kind is PacketKind.RECORD_REQUEST
    return Due(
        event="request-arrived" if asks else "packet-arrived",
        once=received.signed.statement.id,
        ids={
            "sender": received.signer.signer,
            "packet": received.content.manifest_signed.statement.id,
            "grant": received.signed.statement.id,
            "agreement": manifest.agreement.id,
            "article": manifest.agreement.article,
            "case": manifest.case_id,
            **({"corrects": manifest.supersedes} if manifest.supersedes else {}),
        },
    )


def _standing(standing: Standing, statement_id: bytes) -> Due | None:
    """A standing that repeats the one before, as nodes sign them every hour, tells nothing new."""
    open_now = bool(standing.suspensions or standing.ended)
    once = statement_id
    if standing.acted_by is None:
        if not open_now:
            return None
        once = repr((standing.header.signer, standing.suspensions, standing.ended)).encode()
    return Due(
        event="suspended" if open_now else "resumed",
        once=standing.agreement_id + once,
        ids={
            "sender": standing.header.signer,
            "agreement": standing.agreement_id,
            "statement": statement_id,
        },
    )


class Notifications:
    """What the node tells, and whom.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._store = context.stores.notifications
        self._scans: list[Scan] = []
        self._jobs = Jobs(context)

    def watch(self, scan: Scan) -> None:
        """Has ``scan`` asked regularly what is due."""
        self._scans.append(scan)

    def scan(self) -> None:
        """Tells of all that is due now and was not told."""
        now_ms, due = self._context.now_ms(), list[Due]()
        for scan in self._scans:
            with self._jobs.attempt("notices"):
                due += scan(now_ms)
        with self._context.stores.database.transaction():
            for each in due:
                self._store.tell(each.event, time_ms=now_ms, once=each.once, **each.ids)

    def begin(self, hooks: Iterable[Hook]) -> None:
        """Has hooks that are new told of what happens from now on."""
        for hook in hooks:
            self._store.begin(hook.id)

    async def serve(self, hook: Hook, report: Callable[[str], None]) -> None:
        """Runs a hook for what happens, and happened since it was last told; never ends.

        What it was not told of when the node ended, it is told of when the node runs again.

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
    """Runs a hook for one notice, a few times where it fails."""
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
    """Runs a command; how it ended, and the beginning of what it said."""
    with ExitStack() as closing:
        heard, told = _pipe(closing)
        os.write(told, f"{line}\n".encode())  # less than a pipe holds, so it never waits
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
        if process.returncode is None:  # late; or the node ends, and the hook is told again
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it started
            await process.wait()


def _pipe(closing: ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        closing.callback(os.close, end)
    return ends


class _Output:
    """What a command says, read as it comes so that it never waits; its beginning is kept.

    A program that it leaves behind may hold the other end open: nobody waits for that.
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
        """Reads once what is there."""
        with suppress(BlockingIOError):
            data = os.read(self._end, _READ)
            self._kept += data[: MAX_OUTPUT - len(self._kept)]
            if not data:
                asyncio.get_running_loop().remove_reader(self._end)

    @property
    def text(self) -> str:
        """What was kept."""
        return self._kept.decode("utf-8", "replace")
