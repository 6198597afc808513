"""When a request's clock stands still because what it is part of is suspended.

The asker, the holder and the exchange compute it from the same standings and the same versions of
the agreement, each by the log's time of its entry. Who has the same entries has the same end.
Specified in docs/spec/request-v1.md.
"""

from collections.abc import Iterable

from tearline.agreement import Agreement
from tearline.request.clock import Interval
from tearline.standing.history import Turn, stopped_intervals


def standstill(
    history: Iterable[Turn], agreement: Agreement, article: str, *, asker: str, holder: str
) -> tuple[Interval, ...]:
    """When a request, or an answer to it, could not pass; intervals may overlap.

    What a request asks and what answers it are packets of its article, so its clock stands still
    while they are stopped one way or the other.

    Args:
        history: Every standing of every party that changed something, and every version of the
            agreement.
        agreement: The version that counts where the history has none yet: that which the
            request's manifest names.
        article: The request's.
        asker: URI of the asking agency.
        holder: URI of the agency asked.
    """
    known = tuple(history)
    return tuple(
        Interval(start_ms=each.start.time_ms, end_ms=None if each.end is None else each.end.time_ms)
        for sender, recipient in ((asker, holder), (holder, asker))
        for each in stopped_intervals(known, agreement, article, sender=sender, recipient=recipient)
    )
