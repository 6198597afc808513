"""The unattended node: it follows the log, sends, receives, and signs marks."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any

from tearline.errors import (
    CertificateExpired,
    LogError,
    MembershipEnded,
    StoreBusy,
    StoreFull,
    TearlineError,
    TlsError,
    TwinAtWork,
)
from tearline.limits import NODE_RETRY_S
from tearline_client.jobs import OWN_FAULTS
from tearline_client.loop_health import LoopHealth
from tearline_client.messages.due import Due
from tearline_client.node import Node
from tearline_client.notifications.digests import Channel
from tearline_client.notifications.hooks import Hook
from tearline_client.service.daily import DAY_S, Daily
from tearline_client.siem import Sink

FOLLOW_S = 60  # interval of reading the log without arrivals
COSIGN_S = 5  # between two turns without growth of the log
MARK_S = 3600  # a silent loss is detected within twice this time
DUE_S = 30  # interval of checking deadlines, which are hours away
DAY_MS = DAY_S * 1000
_PASSING = (StoreFull, StoreBusy)  # a full disk, and a long command of the node's own

Report = Callable[[str], None]


async def run_daemon(
    node: Node,
    stop: asyncio.Event,
    *,
    report: Report,
    hooks: Sequence[Hook] = (),
    channels: Sequence[Channel] = (),
    sinks: Sequence[Sink] = (),
    pulse: LoopHealth | None = None,
    anew: asyncio.Event | None = None,
) -> None:
    """Runs until ``stop`` is set, then signs the last marks and ends.

    It waits for an unreachable exchange, for space on a full disk, and for clocks that agree: a log
    whose time is ahead of this machine's is not followed. After the end of its agency's membership
    it serves what is here. Any other failure ends at most a round.
    The node ends if the log is not the one followed so far: no packet may be sent on it before an
    officer decides. It also ends if its database or keys are unusable, or if the exchange denies it
    access.

    Args:
        node: The open node.
        stop: Set to end.
        report: Called with each notable change.
        hooks: Commands to run on events.
        channels: Ways by which persons are told how many notices are new.
        sinks: Receivers of the node's own access log.
        pulse: Records the outcome of the rounds.
        anew: Set to check the home, and to begin a round, at once.

    Raises:
        LogError: If the log does not verify.
        TlsError: If the exchange denies this node access.
        TearlineError: If the database or the keys are unusable.
    """
    halt = asyncio.create_task(stop.wait())
    node.notifications.begin([*hooks, *channels])
    telling = asyncio.create_task(_notify(node, hooks, channels, sinks, report))
    pulse, anew, daily = pulse or LoopHealth(), anew or asyncio.Event(), _DailyTasks()
    try:
        while not stop.is_set():
            work = asyncio.create_task(_work(node, report, pulse, anew, daily))
            try:
                await asyncio.wait({work, halt, telling}, return_when=asyncio.FIRST_COMPLETED)
            finally:  # also if this task is cancelled: no work goes on without it
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
            if telling.done():  # it ends only if the node's own database is unusable
                telling.result()
            if work.cancelled():
                continue
            try:
                work.result()
            except MembershipEnded as error:
                # Persons still read here, and the council may admit the agency again.
                await _pause(error, {halt, telling}, report, pulse)
            except TlsError as error:
                if node.connection.is_due():
                    continue  # its key was revoked, and a command has replaced it
                if not (isinstance(error, CertificateExpired) and node.connection.is_current()):
                    raise
                # By our clock it is valid: the exchange's clock may be corrected, or ours.
                await _pause(error, {halt, telling}, report, pulse)
            except LogError:
                # Before the node ends: evidence against the log is sent to every node.
                await node.cosigning.investigate()
                raise
            except TearlineError as error:
                if isinstance(error, OWN_FAULTS) and not isinstance(error, _PASSING):
                    raise
                # An error of one round; the next one continues.
                await _pause(error, {halt, telling}, report, pulse)
        with suppress(TwinAtWork, MembershipEnded):  # reported already; the node signs no more
            await node.mark()
    finally:
        halt.cancel()
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _pause(
    error: TearlineError, ends: AbstractSet[asyncio.Task[Any]], report: Report, pulse: LoopHealth
) -> None:
    """Waits until the next attempt, or until one of ``ends`` is done."""
    pause = NODE_RETRY_S[min(pulse.in_a_row, len(NODE_RETRY_S) - 1)]
    pulse.missed(error.code)
    report(f"{error} Retrying in {pause} s.")
    await asyncio.wait(ends, timeout=pause, return_when=asyncio.FIRST_COMPLETED)


async def _notify(
    node: Node,
    hooks: Sequence[Hook],
    channels: Sequence[Channel],
    sinks: Sequence[Sink],
    report: Report,
) -> None:
    """Notifies hooks, channels and sinks, even while the exchange is unreachable."""
    while True:
        try:
            await _until_one_ends(
                _scan(node),
                *(node.notifications.serve(hook, report) for hook in hooks),
                *(node.notifications.serve_channel(each, report) for each in channels),
                *(node.audit.forward(each, report) for each in sinks),
            )
        except _PASSING:  # reported by the work; the hook is notified again, under the same number
            await asyncio.sleep(DUE_S)


async def _scan(node: Node) -> None:
    def keys_due(now_ms: int) -> Iterator[Due]:
        if not node.is_ready():
            return  # the valid keys are unknown
        for kind in node.keys.due():  # once a day, until it is done
            once = f"{kind} {now_ms // DAY_MS}".encode()
            yield Due(event="key-due", once=once, ids={"key": kind.value})

    node.notifications.watch(keys_due)
    while True:
        node.notifications.scan()
        await asyncio.sleep(DUE_S)


class _DailyTasks:
    """The daily tasks of a process, which outlive its connections."""

    def __init__(self) -> None:
        self.kept = Daily(asyncio.sleep)
        self.statistics = Daily(asyncio.sleep, after_s=DAY_S)


async def _work(
    node: Node, report: Report, pulse: LoopHealth, anew: asyncio.Event, daily: _DailyTasks
) -> None:
    async def turn() -> None:
        await node.sync()
        pulse.reached(node.now_ms())

    async def keep_statistics() -> None:
        node.keep_statistics()

    async def count_kept() -> None:
        pulse.kept_too_long = await node.audit.count_kept_too_long()

    anew.clear()
    if await node.connection.renew():
        report("The node has a fresh TLS certificate.")
    await node.sync()
    await node.tell()  # acts of an earlier process
    if pulse.reached(node.now_ms()):
        report("In touch with the exchange.")
    for kind in node.keys.due():
        report(f"A key must be replaced by hand. Next: tearline keys rotate --{kind}")
    arrived = asyncio.Event()
    duties = (
        _listen(node, report, arrived),
        _tell(node, arrived),
        _cosign(node),
        _every(FOLLOW_S, turn),
        _every(MARK_S, node.mark),
        _every(DUE_S, node.update_indexes),
        daily.statistics.run(keep_statistics),
        daily.kept.run(count_kept),
        _until_connection_due(node, anew),
    )
    # Each of them ends only by failing, except the last one, after which all restart, possibly with
    # another certificate.
    await _until_one_ends(*duties)


async def _until_one_ends(*duties: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.create_task(duty) for duty in duties]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(node: Node, report: Report, arrived: asyncio.Event) -> None:
    async for received in node.inbox(wait=True):
        report(f"{received.signed.statement.type.name.lower()} from {received.signer.signer}")
        arrived.set()


async def _tell(node: Node, arrived: asyncio.Event) -> None:
    # Arrivals during one message are reported together in the next.
    while True:
        await arrived.wait()
        arrived.clear()
        await node.tell()


async def _cosign(node: Node) -> None:
    # The exchange holds its answer until the log has grown. If it does not, because of evidence or
    # an invalid cosigning key of ours, the next call waits.
    clock = asyncio.get_running_loop().time
    while True:
        size, asked_s = node.log.size, clock()
        pause_s = await node.cosigning.turn(wait=True)
        if node.log.size == size:
            pause_s = max(pause_s, asked_s + COSIGN_S - clock())
        await asyncio.sleep(pause_s)


async def _until_connection_due(node: Node, anew: asyncio.Event) -> None:
    while not anew.is_set() and not node.connection.is_due():
        with suppress(TimeoutError):
            async with asyncio.timeout(FOLLOW_S):
                await anew.wait()


async def _every(seconds: float, act: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await act()
