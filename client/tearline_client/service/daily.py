"""A daily task of a running node, however often its connection begins anew."""

from collections.abc import Awaitable, Callable
from time import monotonic

Clock = Callable[[], float]
Pause = Callable[[float], Awaitable[None]]

DAY_S = 24 * 3600


class Daily:
    """Runs a task once a day; the day goes on when a run is cancelled and another begins.

    Args:
        pause: Waits some seconds.
        after_s: Seconds until the first time.
        clock: Counts seconds.
    """

    def __init__(self, pause: Pause, *, after_s: float = 0, clock: Clock = monotonic) -> None:
        self._pause, self._clock = pause, clock
        self._due_s = clock() + after_s

    async def run(self, act: Callable[[], Awaitable[None]]) -> None:
        """Calls ``act`` each day, until it is cancelled. A call that fails is due again."""
        while True:
            if (left_s := self._due_s - self._clock()) > 0:
                await self._pause(left_s)
            await act()
            self._due_s = self._clock() + DAY_S
