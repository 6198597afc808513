"""The node unattended: it follows the log, sends what waits, takes in what comes, signs marks."""

import asyncio
from collections.abc import Awaitable, Callable

from tearline.errors import LogError, RequestError, TlsError
from tearline_client.node import Node

FOLLOW_S = 60  # how often the log is read although nothing came
MARK_S = 3600  # a silent loss is noticed within two of these
RETRY_S = (1, 2, 5, 10, 30)  # after each failure to reach the exchange

Report = Callable[[str], None]


async def run_daemon(node: Node, stop: asyncio.Event, *, report: Report) -> None:
    """Works until ``stop`` is set, then signs last marks and ends.

    An exchange out of reach is waited for. A log that is not the one followed so far ends the
    work: nothing may be sent on it before an officer has looked.

    Args:
        node: The node, open.
        stop: Set it to end.
        report: Told of each change worth a line.

    Raises:
        LogError: If the log does not verify.
    """
    halt = asyncio.create_task(stop.wait())
    failures = 0

    def connected() -> None:
        nonlocal failures
        failures = 0

    try:
        while not stop.is_set():
            work = asyncio.create_task(_work(node, report, connected))
            await asyncio.wait({work, halt}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
            try:
                await work
            except asyncio.CancelledError:
                break
            except RequestError as error:
                pause = RETRY_S[min(failures, len(RETRY_S) - 1)]
                failures += 1
                report(f"{error} Trying again in {pause} s.")
                await asyncio.wait({halt}, timeout=pause)
            except TlsError:
                if not node.is_connection_due():
                    raise
                # The key of the connection was revoked, and a command has put another there.
            except LogError:
                # Before the work ends: what convicts the log is for every node to know.
                await node.cosigning.investigate()
                raise
        await node.mark()
    finally:
        halt.cancel()


async def _work(node: Node, report: Report, connected: Callable[[], None]) -> None:
    if await node.renew_connection():
        report("The node has a fresh TLS certificate.")
    await node.sync()
    await node.tell()  # of what an earlier life took in
    connected()
    for kind in node.keys_due():
        report(f"A key is to be replaced by hand: tearline keys rotate --{kind}")
    arrived = asyncio.Event()
    duties = (
        _listen(node, report, arrived),
        _tell(node, arrived),
        _cosign(node),
        _every(FOLLOW_S, node.sync),
        _every(MARK_S, node.mark),
        _until_connection_due(node),
    )
    tasks = [asyncio.create_task(duty) for duty in duties]
    try:
        # None of them ends by itself but by failing, or the last one, after which all begin anew
        # with another certificate: the first that ends, ends the others.
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
    while True:
        await node.cosigning.turn(wait=True)


async def _until_connection_due(node: Node) -> None:
    while not node.is_connection_due():
        await asyncio.sleep(FOLLOW_S)


async def _every(seconds: float, act: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await act()
