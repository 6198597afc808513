"""Rate limit of an agency's standings under an agreement, by the log's time.

A suspension always passes. Each standing fills a bucket that the log's time empties, so that an
agency's permanent history of suspensions stays short enough to read.
"""

from tearline.errors import ExchangeBusy
from tearline.limits import LIFT_PACE_MS, MAX_RETRY_AFTER_MS, STANDING_BURST_MS, STANDING_PACE_MS
from tearline.suspensions.standing import Standing


def paced(empty_ms: int, before: Standing | None, standing: Standing, *, now_ms: int) -> int:
    """Returns the time at which the bucket is empty after a standing (spec T-4).

    A standing that only adds is always accepted. One that adds and lifts has twice the room of one
    that only lifts, so that a waiting lift never delays a suspension.

    Args:
        empty_ms: The time at which it is empty without the standing, in log time.
        before: The agency's previous standing, or None.
        standing: The standing.
        now_ms: The log's time of its entry.

    Raises:
        ExchangeBusy: If the bucket is full; states the delay until it is not.
    """
    held, ended = (set(before.suspensions), before.ended) if before else (set(), False)
    said = set(standing.suspensions)
    lifts = bool(held - said)
    adds = bool({s.scope for s in said} - {s.scope for s in held}) or standing.ended != ended
    level_ms = max(0, empty_ms - now_ms)
    filled_ms = level_ms + (LIFT_PACE_MS if lifts else STANDING_PACE_MS)
    if adds and not lifts:
        return now_ms + max(level_ms, min(filled_ms, STANDING_BURST_MS))
    over_ms = filled_ms - (2 * STANDING_BURST_MS if adds else STANDING_BURST_MS)
    if over_ms > 0:
        raise ExchangeBusy(
            "its agency has published too many standings recently",
            retry_after_ms=min(over_ms, MAX_RETRY_AFTER_MS),
        )
    return now_ms + filled_ms
