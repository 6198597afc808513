"""What arrives, gathered into what is stored together; and a bell, for what opens without it.

No timer gathers: the exchange says when nothing more waits, and a batch is what came before that.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from tearline.errors import TearlineError

MAX_DELIVERIES = 64  # under one commit, a quarter of a second's work; a crash rereads so many
MAX_BYTES = 4 << 20  # of them; one more delivery may come on top


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What came without a pause.

    Attributes:
        deliveries: Encoded, in their order.
        rest: The delivery behind them that says that nothing more waits, or None.
        more: Whether more may stand right behind them: neither was there a rest, nor a bell.
    """

    deliveries: tuple[bytes, ...]
    rest: bytes | None = None
    more: bool = False


async def gathered(
    deliveries: AsyncIterator[bytes], bell: asyncio.Event, is_idle: Callable[[bytes], bool]
) -> AsyncGenerator[Arrivals]:
    """Deliveries until one says that nothing more waits, the bell was rung, or a batch is full.

    What came is passed on before whatever ends the subscription is raised.

    Args:
        deliveries: A subscription; it is ended with this.
        bell: Cleared when it is heard.
        is_idle: Whether a delivery says that nothing more waits.
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
    """Deliveries as they come, and None between them whenever ``bell`` was rung.

    Args:
        deliveries: A subscription; it is ended with this.
        bell: Cleared when it is heard.
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
    """The first delivery of a subscription, which is then ended; None where that ended before."""
    try:
        return await anext(deliveries, None)
    finally:
        if isinstance(deliveries, AsyncGenerator):
            await deliveries.aclose()
