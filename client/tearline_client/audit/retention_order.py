"""Dates of events that were shown, which an order by retention must not contradict (spec L-79)."""

from bisect import bisect_left
from itertools import accumulate

from tearline.audit.event import Event, EventCode


class Dates:
    """The events of all proofs that were judged together, by place and date.

    The log's time never runs backwards but at its ``time`` entries: an entry is no older than any
    event between the last of those and itself.
    """

    def __init__(self) -> None:
        self._dated: list[tuple[int, int]] = []
        self._corrected: list[int] = []
        self._latest: list[tuple[int, int]] = []

    def note(self, index: int, event: Event) -> None:
        """Notes an event that the log holds at an index."""
        self._dated.append((index, event.time_ms))
        if event.code is EventCode.TIME:
            self._corrected.append(index)
        self._latest = []

    def later(self, index: int, latest_ms: int) -> int | None:
        """Returns the place of an event before an entry that is dated after ``latest_ms``.

        None where there is none; events before the last ``time`` entry that was shown say
        nothing. In time by the logarithm of what was noted.
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
