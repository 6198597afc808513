"""The node unattended: it follows the log, sends what waits, takes in what comes, signs marks."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any

from tearline.errors import (
    CertificateExpired,
    LogError,
    StoreBusy,
    StoreFull,
    TearlineError,
    TlsError,
    TwinAtWork,
)
from tearline.limits import NODE_RETRY_S
from tearline_client.jobs import OWN_FAULTS
from tearline_client.loop_health import LoopHealth
from tearline_client.node import Node
from tearline_client.notifications.hooks import Due, Hook

FOLLOW_S = 60  # how often the log is read although nothing came
COSIGN_S = 5  # between two turns in which the log did not grow
MARK_S = 3600  # a silent loss is noticed within two of these
DUE_S = 30  # how often it is asked what is due: half a minute is nothing to a clock of hours
DAY_S = 24 * 3600
DAY_MS = DAY_S * 1000
_PASSING = (StoreFull, StoreBusy)  # a full disk, and a command of the node's own that takes long

Report = Callable[[str], None]


async def run_daemon(
    node: Node,
    stop: asyncio.Event,
    *,
    report: Report,
    hooks: Sequence[Hook] = (),
    pulse: LoopHealth | None = None,
    anew: asyncio.Event | None = None,
) -> None:
    """Works until ``stop`` is set, then signs last marks and ends.

    An exchange out of reach is waited for, and so are room on a full disk and clocks that agree: a
    log whose time is ahead of this machine's is not followed. Whatever else fails, a round ends
    with it at most, and the next begins. A log that is not the one followed so far ends the work:
    nothing may be sent on it before an officer has looked. So do a database or keys that cannot be
    used, and an exchange that does not let this node in.

    Args:
        node: The node, open.
        stop: Set it to end.
        report: Told of each change worth a line.
        hooks: What to run when something happens.
        pulse: Told how the rounds go.
        anew: Set it to have the home looked at, and a round begun, at once.

    Raises:
        LogError: If the log does not verify.
        TlsError: If the exchange does not let this node in.
        TearlineError: If the database or the keys cannot be used.
    """
    halt = asyncio.create_task(stop.wait())
    node.notifications.begin(hooks)
    telling = asyncio.create_task(_notify(node, hooks, report))
    pulse, anew = pulse or LoopHealth(), anew or asyncio.Event()
    try:
        while not stop.is_set():
            work = asyncio.create_task(_work(node, report, pulse, anew))
            await asyncio.wait({work, halt, telling}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
            if telling.done():  # it never ends well: the node's own database cannot be used
                await asyncio.gather(work, return_exceptions=True)
                telling.result()
            try:
                await work
            except asyncio.CancelledError:
                break
            except TlsError as error:
                if node.is_connection_due():
                    continue  # its key was revoked, and a command has put another there
                if not (isinstance(error, CertificateExpired) and node.is_connection_current()):
                    raise
                # By our clock it is valid: the exchange's may come right again, or ours.
                await _pause(error, {halt, telling}, report, pulse)
            except LogError:
                # Before the work ends: what convicts the log is for every node to know.
                await node.cosigning.investigate()
                raise
            except OWN_FAULTS as error:
                if not isinstance(error, _PASSING):
                    raise
                await _pause(error, {halt, telling}, report, pulse)
            except TearlineError as error:  # of a round: the next one is another
                await _pause(error, {halt, telling}, report, pulse)
        with suppress(TwinAtWork):  # it was reported, and nothing may be signed
            await node.mark()
    finally:
        halt.cancel()
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _pause(
    error: TearlineError, ends: AbstractSet[asyncio.Task[Any]], report: Report, pulse: LoopHealth
) -> None:
    """Waits until what failed is to be tried again, or one of ``ends`` is over."""
    pause = NODE_RETRY_S[min(pulse.in_a_row, len(NODE_RETRY_S) - 1)]
    pulse.missed(error.code)
    report(f"{error} Trying again in {pause} s.")
    await asyncio.wait(ends, timeout=pause, return_when=asyncio.FIRST_COMPLETED)


async def _notify(node: Node, hooks: Sequence[Hook], report: Report) -> None:
    """Tells hooks of what happens, whether or not the exchange is in reach."""
    while True:
        try:
            await _until_one_ends(
                _scan(node), *(node.notifications.serve(hook, report) for hook in hooks)
            )
        except _PASSING:  # the work reports it; a hook is told again, under the same number
            await asyncio.sleep(DUE_S)


async def _scan(node: Node) -> None:
    def keys_due(now_ms: int) -> Iterator[Due]:
        if not node.state.is_ready():
            return  # which keys count is not known
        for kind in node.keys_due():  # once a day, until it is done
            once = f"{kind} {now_ms // DAY_MS}".encode()
            yield Due(event="key-due", once=once, ids={"key": kind.value})

    node.notifications.watch(keys_due)
    while True:
        node.notifications.scan()
        await asyncio.sleep(DUE_S)


async def _work(node: Node, report: Report, pulse: LoopHealth, anew: asyncio.Event) -> None:
    async def turn() -> None:
        await node.sync()
        pulse.reached(node.state.now_ms())

    async def keep_statistics() -> None:
        node.state.stores.database.keep_statistics()

    anew.clear()
    if await node.renew_connection():
        report("The node has a fresh TLS certificate.")
    await node.sync()
    await node.tell()  # of what an earlier life took in
    if pulse.reached(node.state.now_ms()):
        report("In touch with the exchange.")
    for kind in node.keys_due():
        report(f"A key is to be replaced by hand: tearline keys rotate --{kind}")
    arrived = asyncio.Event()
    duties = (
        _listen(node, report, arrived),
        _tell(node, arrived),
        _cosign(node),
        _every(FOLLOW_S, turn),
        _every(MARK_S, node.mark),
        _every(DAY_S, keep_statistics),
        _until_connection_due(node, anew),
    )
    # None of them ends by itself but by failing, or the last one, after which all begin anew, with
    # another certificate if there is one.
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
    # What arrives while one message is under way is told of together in the next.
    while True:
        await arrived.wait()
        arrived.clear()
        await node.tell()


async def _cosign(node: Node) -> None:
    # The exchange holds the answer until the log has grown. Where it does not, as it knows of
    # evidence or our cosigning key does not count, it is not asked again at once.
    clock = asyncio.get_running_loop().time
    while True:
        size, asked_s = node.state.stores.log.size, clock()
        await node.cosigning.turn(wait=True)
        if node.state.stores.log.size == size:
            await asyncio.sleep(asked_s + COSIGN_S - clock())


async def _until_connection_due(node: Node, anew: asyncio.Event) -> None:
    while not anew.is_set() and not node.is_connection_due():
        with suppress(TimeoutError):
            async with asyncio.timeout(FOLLOW_S):
                await anew.wait()


async def _every(seconds: float, act: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await act()
