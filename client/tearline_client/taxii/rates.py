"""Rates of requests to the TAXII server, and of wrong tokens.

A token has 256 random bits, so guessing is hopeless. The rate of wrong ones saves work, and it
locks no account: a right token is accepted at any time. The rate of an account's requests bounds
the growth of the access log, which has entries for each.
"""

import time
from collections.abc import Callable

_WINDOW_S = 60


class MinuteRate:
    """Counter of the current minute.

    Args:
        most: Number that a minute may have.
        clock: Returns a time in seconds that never goes back.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._ends_s = 0.0
        self._count = 0

    def count(self) -> int:
        """Counts one; returns the seconds to wait if there were too many, or 0."""
        now_s = self._clock()
        if now_s >= self._ends_s:
            self._ends_s, self._count = now_s + _WINDOW_S, 0
        self._count += 1
        return 0 if self._count <= self._most else int(self._ends_s - now_s) + 1
