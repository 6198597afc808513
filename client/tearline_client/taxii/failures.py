"""Bound on the rate of wrong tokens.

A token has 256 random bits, so guessing is hopeless. The bound saves work, and it locks no account:
a right token is accepted at any time.
"""

import time
from collections.abc import Callable

from tearline.limits import MAX_TAXII_FAILURES

_WINDOW_S = 60


class Failures:
    """Counter of wrong tokens in the current minute.

    Args:
        clock: Returns a time in seconds that never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends_s = 0.0
        self._count = 0

    def count(self) -> int:
        """Counts a wrong token; returns the seconds to wait if there were too many, or 0."""
        now_s = self._clock()
        if now_s >= self._ends_s:
            self._ends_s, self._count = now_s + _WINDOW_S, 0
        self._count += 1
        return 0 if self._count <= MAX_TAXII_FAILURES else int(self._ends_s - now_s) + 1
