"""Dates of shown events, which an order by retention must not contradict (spec L-29)."""

from bisect import bisect_left
from itertools import accumulate

from tearline.audit.event import Event, EventCode


class Dates:
    """Events of all proofs verified together, by position and date.

    The log's time runs backwards only at its ``time`` entries. An entry is therefore no older than
    any event between the last such entry and itself.
    """

    def __init__(self) -> None:
        self._dated: list[tuple[int, int]] = []
        self._corrected: list[int] = []
        self._latest: list[tuple[int, int]] = []

    def note(self, index: int, event: Event) -> None:
        """Records an event at a log index."""
        self._dated.append((index, event.time_ms))
        if event.code is EventCode.TIME:
            self._corrected.append(index)
        self._latest = []

    def later(self, index: int, latest_ms: int) -> int | None:
        """Returns the position of an earlier event dated after ``latest_ms``, or None.

        Events before the last shown ``time`` entry do not count. Takes logarithmic time.
        """
        if not self._latest:
            self._dated.sort()
            self._corrected.sort()
            corrected = frozenset(self._corrected)

            def latest(before: tuple[int, int], here: tuple[int, int]) -> tuple[int, int]:
                return here if here[0] in corrected else max(before, here, key=lambda each: each[1])

            self._latest = list(accumulate(self._dated, latest))
        behind = bisect_left(self._dated, (index, 0))
        if not behind:
            return None
        place, time_ms = self._latest[behind - 1]
        return place if time_ms > latest_ms else None
