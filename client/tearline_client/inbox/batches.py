"""Arrivals, gathered into batches for storage, with a wake-up event for other work.

No timer gathers: the exchange states when no mail waits, which ends a batch.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.errors import TearlineError

MAX_DELIVERIES = 64  # under one commit, a quarter of a second's work; read again after a crash
MAX_BYTES = 4 << 20  # of these deliveries; one more may exceed it


@immutable
class Arrivals:
    """Deliveries that arrived without a pause.

    Attributes:
        deliveries: Encoded, in order.
        rest: The delivery after them that states that no mail waits, or None.
        more: Whether more may follow at once: there was neither a rest nor a wake-up.
    """

    deliveries: tuple[bytes, ...]
    rest: bytes | None = None
    more: bool = False


async def gathered(
    deliveries: AsyncIterator[bytes], bell: asyncio.Event, is_idle: Callable[[bytes], bool]
) -> AsyncGenerator[Arrivals]:
    """Yields batches that end at an idle delivery, at a wake-up, or at the size limit.

    Deliveries are passed on before an error of the subscription is raised.

    Args:
        deliveries: A subscription; it is closed at the end.
        bell: The wake-up event; cleared when it is seen.
        is_idle: Whether a delivery states that no mail waits.
    """
    came: list[bytes] = []
    async with aclosing(with_bell(deliveries, bell)) as arrivals:
        try:
            async for data in arrivals:
                if data is None or is_idle(data):
                    yield Arrivals(deliveries=tuple(came), rest=data)
                    came = []
                    continue
                came.append(data)
                if len(came) == MAX_DELIVERIES or sum(map(len, came)) >= MAX_BYTES:
                    yield Arrivals(deliveries=tuple(came), more=True)
                    came = []
        except TearlineError:
            yield Arrivals(deliveries=tuple(came), more=True)
            raise
    yield Arrivals(deliveries=tuple(came), more=True)


async def with_bell(
    deliveries: AsyncIterator[bytes], bell: asyncio.Event
) -> AsyncGenerator[bytes | None, None]:
    """Yields deliveries as they arrive, and None after each wake-up.

    Args:
        deliveries: A subscription; it is closed at the end.
        bell: The wake-up event; cleared when it is seen.
    """
    coming: asyncio.Future[bytes] | None = None
    rung = asyncio.ensure_future(bell.wait())
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(deliveries))
            awaited: list[asyncio.Future[Any]] = [coming, rung]
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            if rung.done():
                bell.clear()
                rung = asyncio.ensure_future(bell.wait())
                yield None
            if coming.done():
                try:
                    data = coming.result()
                except StopAsyncIteration:
                    return
                coming = None
                yield data
    finally:
        ended = [task for task in (coming, rung) if task is not None]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        if isinstance(deliveries, AsyncGenerator):
            await deliveries.aclose()


async def first(deliveries: AsyncIterator[bytes]) -> bytes | None:
    """Returns the first delivery of a subscription, then closes it; None if it ended before."""
    try:
        return await anext(deliveries, None)
    finally:
        if isinstance(deliveries, AsyncGenerator):
            await deliveries.aclose()
