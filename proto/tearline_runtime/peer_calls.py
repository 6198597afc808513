"""Calls that wait for another machine, beside the other work of a process."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def call_peer(call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Returns the result of a call that waits for a peer, in a thread of its own.

    The threads of the loop are few, and the other work of a node needs them.
    """
    thread = ThreadPoolExecutor(1)
    try:
        work = thread.submit(call, *arguments, **named)
        return await asyncio.wrap_future(work)
    finally:
        thread.shutdown(wait=False)
