"""Work under a lock that a cancelled caller does not end halfway."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_running: set[asyncio.Task[Any]] = set()  # asyncio itself holds tasks weakly


async def exclusively(lock: asyncio.Lock, work: Coroutine[Any, Any, T]) -> T:
    """Returns the result of work that is done under a lock.

    A caller that is cancelled while it waits for the lock does no work. Afterwards the work goes
    on to its end, and holds the lock as long: a thread cannot be stopped.

    Args:
        lock: The lock.
        work: The work.
    """
    try:
        await lock.acquire()
    except BaseException:
        work.close()
        raise
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    task.add_done_callback(lambda _: lock.release())
    return await asyncio.shield(task)
