"""History of standings in the log: intervals of suspension."""

from collections.abc import Iterable

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.suspensions.index import SuspensionIndex
from tearline.suspensions.standing import Standing


@immutable
class Recorded:
    """Standing in the log.

    Attributes:
        standing: The standing.
        entry: Index of the entry that an agency received.
        time_ms: The log's time of that entry.
    """

    standing: Standing
    entry: int
    time_ms: int


@immutable
class Amended:
    """Version of an agreement in the log, in force from there on.

    Attributes:
        agreement: The version.
        entry: Index of the entry that an agency received.
        time_ms: The log's time of that entry.
    """

    agreement: Agreement
    entry: int
    time_ms: int


SuspensionChange = Recorded | Amended
"""Event that may change the stopped scopes: a standing or an agreement version."""


@immutable
class Interval:
    """Interval in which packets were stopped, by the log.

    Attributes:
        start: The event that stopped them.
        end: The event that resumed them, or None while they are stopped.
    """

    start: SuspensionChange
    end: SuspensionChange | None


def stopped_intervals(
    history: Iterable[SuspensionChange],
    agreement: Agreement,
    article_id: str,
    *,
    sender: str,
    recipient: str,
) -> tuple[Interval, ...]:
    """Returns the intervals in which an article's packets could not pass, in log time.

    Suspensions apply by the version of the agreement in force at the time. The clocks of requests
    stand still in these intervals.

    Args:
        history: Every effective standing of every party, and every version of the agreement.
        agreement: The version in force where the history has none yet.
        article_id: The article; empty for statements about no single one.
        sender: Agency URI.
        recipient: Agency URI.
    """
    book = SuspensionIndex()
    ends = {"sender": sender, "recipient": recipient}
    intervals: list[Interval] = []
    start: SuspensionChange | None = None
    amended = 0
    for each in sorted(history, key=lambda turn: turn.entry):
        if isinstance(each, Recorded):
            book.put(each.standing)
        elif each.agreement.version >= amended:
            agreement, amended = each.agreement, each.agreement.version
        stops = (
            book.stops(agreement, article_id, **ends)
            if article_id
            else book.channel_stops(agreement, **ends)
        )
        if stops and start is None:
            start = each
        elif not stops and start is not None:
            intervals.append(Interval(start=start, end=each))
            start = None
    if start is not None:
        intervals.append(Interval(start=start, end=None))
    return tuple(intervals)
