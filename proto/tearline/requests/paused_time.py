"""Standstill of a request's clock while its article is suspended.

The requester, the holder and the exchange compute it from the same standings and agreement
versions, each by the log's time of its entry. All parties with the same entries compute the same
deadline. Specified in docs/spec/request-v1.md.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from tearline.requests.clock import Interval
from tearline.suspensions.stoppage import Reach, Stoppage


def standstill(
    stoppages: Iterable[Stoppage],
    reaches: Sequence[Reach],
    first: Reach,
    article: str,
    *,
    asker: str,
    holder: str,
) -> tuple[Interval, ...]:
    """Returns the intervals in which a request, or its answer, could not pass: in order, disjoint.

    A request and its answers are packets of its article. Its clock stands still while these packets
    are stopped in either direction.

    Args:
        stoppages: The parties' suspensions, with their times.
        reaches: The reach of suspensions under each later agreement version, in the order of
            the log.
        first: The reach under the version that the request's manifest names.
        article: The request's article.
        asker: URI of the requesting agency.
        holder: URI of the holding agency.
    """
    known = (first, *reaches)
    since_ms = [each.time_ms for each in reaches]
    ways = ((asker, holder), (holder, asker))
    stopped = []
    for stoppage in stoppages:
        # Only the versions in force during the stoppage: nearly always one.
        for place in range(bisect_right(since_ms, stoppage.start_ms), len(known)):
            begin_ms = since_ms[place - 1] if place else 0
            if stoppage.end_ms is not None and begin_ms >= stoppage.end_ms:
                break
            if any(known[place].covers(stoppage, article, sender=a, recipient=b) for a, b in ways):
                ends = [each for each in (stoppage.end_ms, *since_ms[place : place + 1]) if each]
                stopped.append(
                    Interval(
                        start_ms=max(stoppage.start_ms, begin_ms),
                        end_ms=min(ends, default=None),
                    )
                )
    return _merged(stopped)


def _merged(stopped: Iterable[Interval]) -> tuple[Interval, ...]:
    merged: list[Interval] = []
    for each in sorted(stopped, key=lambda interval: interval.start_ms):
        last = merged[-1] if merged else None
        if last is None or (last.end_ms is not None and last.end_ms < each.start_ms):
            merged.append(each)
        elif last.end_ms is not None:
            ends = (last.end_ms, each.end_ms)
            end_ms = None if each.end_ms is None else max(end for end in ends if end is not None)
            merged[-1] = Interval(start_ms=last.start_ms, end_ms=end_ms)
    return tuple(merged)
