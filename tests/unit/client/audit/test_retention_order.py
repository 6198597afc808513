"""What events say of an entry that is not shown: how late it must be."""

from dataclasses import replace

import pytest

from support.agencies import NOW_MS, US, node_of
from tearline.audit.event import Event, EventCode
from tearline_client.audit.retention_order import Dates

EVENT = Event(
    statement_id=bytes(32),
    code=EventCode.GRANT_ACCEPTED,
    party=node_of(US),
    time_ms=NOW_MS,
    actor=node_of(US),
)


def dates(*events: tuple[int, int], corrected: tuple[int, ...] = ()) -> Dates:
    found = Dates()
    for index, time_ms in events:
        code = EventCode.TIME if index in corrected else EVENT.code
        found.note(index, replace(EVENT, time_ms=time_ms, code=code))
    return found


@pytest.mark.parametrize("turned", [False, True])
def test_an_event_before_an_entry_is_no_later_than_it(turned: bool) -> None:
    events = [(3, 30), (5, 50), (9, 90)]
    known = dates(*(reversed(events) if turned else events))
    assert known.later(7, 49) == 5
    assert known.later(7, 50) is None
    assert known.later(5, 49) is None
    assert known.later(5, 29) == 3
    assert known.later(3, 1) is None
    assert dates().later(3, 1) is None


def test_the_latest_before_it_counts_though_one_between_is_earlier() -> None:
    assert dates((1, 80), (2, 10)).later(4, 70) == 1


def test_behind_a_correction_of_the_log_s_time_only_what_is_behind_it_counts() -> None:
    known = dates((1, 800), (2, 900), (4, 30), (5, 30), (6, 40), corrected=(4, 5))
    assert known.later(8, 40) is None
    assert known.later(8, 39) == 6
    assert known.later(5, 29) == 4
    assert known.later(4, 850) == 2


def test_what_comes_later_is_taken_in() -> None:
    known = dates((1, 10))
    assert known.later(9, 10) is None
    known.note(2, replace(EVENT, time_ms=11))
    assert known.later(9, 10) == 2
