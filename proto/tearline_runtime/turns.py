"""Long work in an event loop, in pieces between which other tasks have their turn.

A connection of SQLite belongs to the loop's thread, and a transaction to one piece of work. A
thread for long reading would also compete for the interpreter with every task of the loop.
Therefore such work stays in the loop. Between two items the store may change: the caller verifies
afterwards whatever must still hold.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

TURN_S = 0.005
"""Length of a turn: what another task may wait for each long one."""


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """Yields the items; after each turn, other tasks run first.

    Args:
        items: The items, made one by one; one takes less than a turn.
    """
    now_s = asyncio.get_running_loop().time
    ends_s = now_s() + TURN_S
    for item in items:
        yield item
        if now_s() >= ends_s:
            await asyncio.sleep(0)
            ends_s = now_s() + TURN_S
