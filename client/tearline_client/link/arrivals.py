"""What arrives, and beside it a bell: for what opens without anything new arriving."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any


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
