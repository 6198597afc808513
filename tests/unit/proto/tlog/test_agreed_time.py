"""The time that nothing takes back is done by: the log's, unless one's own clock is behind it."""

import pytest

from support.agencies import NOW_MS
from tearline.errors import ClockSkewed, TrustStale
from tearline.limits import MAX_LOG_TIME_SKEW_MS
from tearline.tlog.agreed_time import AgreedTime

DAY_MS = 24 * 3_600_000


@pytest.mark.parametrize("own_ms", [NOW_MS - MAX_LOG_TIME_SKEW_MS, NOW_MS, NOW_MS + 400 * DAY_MS])
def test_the_log_s_time_counts_unless_it_is_ahead(own_ms: int) -> None:
    at = AgreedTime(log_ms=NOW_MS, own_ms=own_ms)
    assert at.time_ms == NOW_MS
    assert at.has_reached(NOW_MS)
    assert not at.has_reached(NOW_MS + 1)


@pytest.mark.parametrize("ahead_ms", [MAX_LOG_TIME_SKEW_MS + 1, 400 * DAY_MS])
def test_there_is_none_where_the_log_is_ahead(ahead_ms: int) -> None:
    with pytest.raises(ClockSkewed):
        AgreedTime(log_ms=NOW_MS + ahead_ms, own_ms=NOW_MS)


def test_there_is_none_where_the_log_has_no_time() -> None:
    with pytest.raises(TrustStale):
        AgreedTime(log_ms=0, own_ms=NOW_MS)


@pytest.mark.parametrize("by_ms", [-1, 0, 1])
def test_an_entry_s_time_makes_it_earlier_and_never_later(by_ms: int) -> None:
    at = AgreedTime(log_ms=NOW_MS, own_ms=NOW_MS).no_later_than(NOW_MS + by_ms)
    assert at.time_ms == min(NOW_MS, NOW_MS + by_ms)
