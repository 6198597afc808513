"""Counts of what was done: by day, or under one agreement in one year. Numbers, nothing else."""

from collections import Counter
from collections.abc import Callable, Iterable

from tearline.audit.event import Event
from tearline.audit.query import day_of
from tearline_client.audit.rows import Row


class Tally:
    """Counts events by some of what they say.

    Args:
        columns: The names of what ``key`` gives.
        key: What an event is counted by.
    """

    def __init__(self, columns: tuple[str, ...], key: Callable[[Event], tuple[str, ...]]) -> None:
        self.columns = columns
        self._key = key
        self._entries: Counter[tuple[str, ...]] = Counter()
        self._acts: Counter[tuple[str, ...]] = Counter()

    def add(self, event: Event) -> None:
        """Counts one entry, and the acts that it stands for."""
        key = self._key(event)
        self._entries[key] += 1
        self._acts[key] += event.count

    def rows(self) -> Iterable[Row]:
        """One row for each key, in order."""
        for key in sorted(self._entries):
            counts: Row = {"entries": self._entries[key], "acts": self._acts[key]}
            yield {**dict(zip(self.columns, key, strict=True)), **counts}


def histogram() -> Tally:
    """Counts by day, in UTC."""
    return Tally(("day",), lambda event: (str(day_of(event.time_ms)),))


def statistics(kind_of: Callable[[bytes], str]) -> Tally:
    """Counts by kind of packet, action and outcome.

    Args:
        kind_of: The kind of a packet by its id; empty for none, and for one that is not here.
    """
    return Tally(
        ("kind", "action", "outcome"),
        lambda event: (kind_of(event.packet), event.code.value, event.outcome.value),
    )
