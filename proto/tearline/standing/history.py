"""Standings as the log has them: when something was stopped, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass

from tearline.agreement import Agreement
from tearline.standing.book import StandingBook
from tearline.standing.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A standing in the log.

    Attributes:
        standing: The standing.
        entry: Index of the entry that an agency was told of.
        time_ms: The log's time of that entry.
    """

    standing: Standing
    entry: int
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """A version of an agreement in the log, which counts from there on.

    Attributes:
        agreement: The version.
        entry: Index of the entry that an agency was told of.
        time_ms: The log's time of that entry.
    """

    agreement: Agreement
    entry: int
    time_ms: int


Turn = Recorded | Amended
"""What may change what is stopped: where a party stands, or what was agreed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A time in which something was stopped, in the log's own words.

    Attributes:
        start: What stopped it.
        end: What let it pass again, or None while it is stopped.
    """

    start: Turn
    end: Turn | None


def stopped_intervals(
    history: Iterable[Turn],
    agreement: Agreement,
    article_id: str,
    *,
    sender: str,
    recipient: str,
) -> tuple[Interval, ...]:
    """When a packet of an article could not pass from one agency to another, in log time.

    What the parties suspended is read by the version of the agreement that counted at the time.
    The clocks of requests stand still meanwhile.

    Args:
        history: Every standing of every party that changed something, and every version of the
            agreement.
        agreement: The version that counts where the history has none yet.
        article_id: The article; empty for what is about no single one.
        sender: Agency URI.
        recipient: Agency URI.
    """
    book = StandingBook()
    ends = {"sender": sender, "recipient": recipient}
    intervals: list[Interval] = []
    start: Turn | None = None
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
