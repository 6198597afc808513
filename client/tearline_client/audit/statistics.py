"""Counts of events: by day, or under one agreement in one year."""

from collections import Counter
from collections.abc import Callable, Iterable

from tearline.audit.event import Event
from tearline.audit.query import day_of
from tearline_client.audit.rows import Row

FIRST_YEAR, LAST_YEAR = 1970, 9998
"""The years of which a query can name every day."""


class Tally:
    """Counts events by a key.

    Args:
        columns: The names of the key's parts.
        key: Returns an event's key.
    """

    def __init__(self, columns: tuple[str, ...], key: Callable[[Event], tuple[str, ...]]) -> None:
        self.columns = columns
        self._key = key
        self._entries: Counter[tuple[str, ...]] = Counter()
        self._acts: Counter[tuple[str, ...]] = Counter()

    def add(self, event: Event) -> None:
        """Counts one entry, and the number of acts it represents."""
        key = self._key(event)
        self._entries[key] += 1
        self._acts[key] += event.count

    def counts(self) -> Iterable[tuple[tuple[str, ...], int, int]]:
        """Yields each key, in order, with its number of entries and of acts."""
        for key in sorted(self._entries):
            yield key, self._entries[key], self._acts[key]

    def rows(self) -> Iterable[Row]:
        """Yields one row for each key, in order."""
        for key, entries, acts in self.counts():
            counts: Row = {"entries": entries, "acts": acts}
            yield {**dict(zip(self.columns, key, strict=True)), **counts}


def yearly_query(agreement_id: bytes, year: int) -> str:
    """Returns the query for all events under an agreement in a year, in UTC."""
    return f"agreement:{agreement_id.hex()} created:{year:04}-01-01..{year:04}-12-31"


def histogram() -> Tally:
    """Returns a tally by day, in UTC."""
    return Tally(("day",), lambda event: (str(day_of(event.time_ms)),))


def statistics(kind_of: Callable[[bytes], str]) -> Tally:
    """Returns a tally by kind of packet, action and outcome.

    Args:
        kind_of: Returns a packet's kind by its id; empty for none, and for an unknown one.
    """
    return Tally(
        ("kind", "action", "outcome"),
        lambda event: (kind_of(event.packet), event.code.value, event.outcome.value),
    )
