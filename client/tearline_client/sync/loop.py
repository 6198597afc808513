"""An event loop in a thread of its own."""

import asyncio
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import wait
from typing import Any, TypeVar

R = TypeVar("R")

_WAKE_S = 0.5  # how long an interrupt may go unnoticed


class Loop:
    """An event loop that runs in a thread until it is closed."""

    def __init__(self) -> None:
        started = threading.Event()
        self._calls: weakref.WeakSet[Any] = weakref.WeakSet()  # tasks

        def run() -> None:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                self._loop.call_soon(started.set)
                self._loop.run_forever()

        self._thread = threading.Thread(target=run, name="tearline", daemon=True)
        self._thread.start()
        started.wait()

    def run(self, work: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """Runs ``work`` in the loop, and waits for its result."""
        if not self._thread.is_alive():
            raise RuntimeError("the node is closed")

        async def call() -> R:
            self._calls.add(asyncio.current_task())
            return await work()

        future = asyncio.run_coroutine_threadsafe(call(), self._loop)
        try:
            # A signal that comes just before a wait does not end it: so none is endless.
            while not wait([future], timeout=_WAKE_S).done:
                pass
            return future.result()
        finally:
            future.cancel()  # an interrupt ends the work, and not the waiting for it alone

    def iterate(self, items: AsyncIterator[R]) -> Iterator[R]:
        """Yields the items of an asynchronous iterator, each awaited in the loop."""

        async def work() -> R:
            return await anext(items)

        while True:
            try:
                item = self.run(work)
            except StopAsyncIteration:
                return
            yield item

    async def cancel_calls(self) -> None:
        """Cancels interrupted calls and those of other threads, and waits until they ended."""
        calls = set(self._calls) - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    def close(self) -> None:
        """Stops the loop; the thread is then gone."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
