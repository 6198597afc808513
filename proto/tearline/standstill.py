"""When a request's clock stands still because what it is part of is suspended.

The asker, the holder and the exchange compute it from the same standings and the same versions of
the agreement, each by the log's time of its entry. Who has the same entries has the same end.
Specified in docs/spec/request-v1.md.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from tearline.request.clock import Interval
from tearline.standing.stoppage import Reach, Stoppage


def standstill(
    stoppages: Iterable[Stoppage],
    reaches: Sequence[Reach],
    first: Reach,
    article: str,
    *,
    asker: str,
    holder: str,
) -> tuple[Interval, ...]:
    """Returns when a request, or an answer to it, could not pass: in order, without overlap.

    What a request asks and what answers it are packets of its article, so its clock stands still
    while they are stopped one way or the other.

    Args:
        stoppages: What the parties had suspended, and when.
        reaches: How far that reached since when, in the order of the log.
        first: How far it reached before: under the version that the request's manifest names.
        article: The request's.
        asker: URI of the asking agency.
        holder: URI of the agency asked.
    """
    known = (first, *reaches)
    since_ms = [each.time_ms for each in reaches]
    ways = ((asker, holder), (holder, asker))
    stopped = []
    for stoppage in stoppages:
        # Only the versions that counted meanwhile: nearly always one.
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
