"""Time of a former member, counted by its node's own clock.

The exchange shows a former member no newer checkpoint. So the log's time stands still there, and no
agreed end would ever come. The node counts on from the log's time: each attempt to synchronise adds
the time that has passed since the one before, at most a day. A clock that leaps by years adds a
day, and a clock that was set back adds no time. So the counted time is late rather than early.
"""

from tearline.tlog.agreed_time import AgreedTime
from tearline_client.store.stores import Stores

MAX_STEP_MS = 24 * 3_600_000


def count_time(stores: Stores, *, log_ms: int, now_ms: int) -> AgreedTime:
    """Counts the time of a former member on, and returns it.

    Args:
        stores: Keeps the counted time, and the own clock at the last attempt.
        log_ms: The time of the newest checkpoint, Unix milliseconds.
        now_ms: The own clock, Unix milliseconds.

    Raises:
        TrustStale: If the log has not been read.
        ClockSkewed: If the counted time is ahead of the own clock.
    """
    with stores.database.transaction():
        counted_ms, seen_ms = stores.membership.counted() or (log_ms, log_ms)
        if log_ms:
            counted_ms += min(max(now_ms - seen_ms, 0), MAX_STEP_MS)
            stores.membership.put_counted(counted_ms, now_ms)
    return AgreedTime(log_ms=counted_ms, own_ms=now_ms)
