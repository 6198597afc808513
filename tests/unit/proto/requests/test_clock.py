"""The clock of a request: when it begins, what stops it, when it ends."""

import pytest

from support.agencies import DAY_MS, NOW_MS
from support.cases import each_case
from support.requests import HOUR_MS, begun, taken
from tearline.packets.packet import Urgency
from tearline.requests.clock import Interval, RequestClock, started_ms
from tearline.requests.step import StepKind


def due_in_hours(clock: RequestClock) -> float | None:
    due_ms = clock.due_ms()
    return None if due_ms is None else (due_ms - NOW_MS) / HOUR_MS


def stopped(*hours: tuple[float, float | None]) -> RequestClock:
    """A clock of ten hours that stood still meanwhile."""
    return RequestClock(
        start_ms=NOW_MS,
        allowed_ms=10 * HOUR_MS,
        stopped=tuple(
            Interval(
                start_ms=NOW_MS + int(a * HOUR_MS),
                end_ms=None if z is None else NOW_MS + int(z * HOUR_MS),
            )
            for a, z in hours
        ),
    )


@pytest.mark.parametrize(("stored", "begins"), [(None, 1.0), (0.25, 0.25), (1.0, 1.0), (30.0, 1.0)])
def test_it_begins_when_stored_and_at_the_latest_an_hour_after_the_mailbox(
    stored: float | None, begins: float
) -> None:
    stored_ms = None if stored is None else NOW_MS + int(stored * HOUR_MS)
    assert started_ms(NOW_MS, stored_ms) == NOW_MS + int(begins * HOUR_MS)


@pytest.mark.parametrize(
    ("urgency", "hours"),
    [
        (Urgency.EMERGENCY, 8),
        (Urgency.URGENT, 72),
        (Urgency.ROUTINE, 168),
        (Urgency.PRESERVE, 60 * 24),
    ],
)
def test_each_urgency_has_its_time(urgency: Urgency, hours: int) -> None:
    assert due_in_hours(begun(urgency).clock()) == hours


@each_case(
    ("intervals", "due"),
    [
        ((), 10),
        (((2, 5),), 13),
        (((2, 5), (4, 6)), 14),  # together, not twice
        (((4, 6), (2, 5)), 14),
        (((2, 5), (5, 6)), 14),
        (((-3, 1),), 11),  # from the beginning on
        (((-3, -1),), 10),
        (((11, 20),), 10),  # it was over
        (((9, 12), (12.5, 13)), 13.5),  # the second lies in what the first added
        (((3, 3),), 10),
        (((2, None),), None),
        (((2, None), (4, 6)), None),
        (((2, 5), (4, None)), None),
        (((11, None),), 10),
        (((10, None),), 10),  # it was over just then
        (((10, 12),), 10),
        (((9, 12), (13, None)), 13),
    ],
)
def test_what_stands_still_does_not_count(
    intervals: tuple[tuple[float, float | None], ...], due: float | None
) -> None:
    assert due_in_hours(stopped(*intervals)) == due


@each_case(
    ("intervals", "now", "left"),
    [
        ((), 0, 10),
        ((), -1, 10),
        ((), 4, 6),
        ((), 12, -2),
        (((2, 5),), 4, 8),
        (((2, 5),), 6, 7),
        (((2, None),), 50, 8),
        (((11, None),), 12, -2),
    ],
)
def test_what_is_left(
    intervals: tuple[tuple[float, float | None], ...], now: float, left: float
) -> None:
    assert stopped(*intervals).left_ms(NOW_MS + int(now * HOUR_MS)) == left * HOUR_MS


@pytest.mark.parametrize(
    ("intervals", "since"),
    [
        ((), None),
        (((2, 5),), None),
        (((2, None),), 2),
        (((-3, None),), 0),  # not before it began
        (((2, 5), (4, None)), 2),
        (((2, 5), (6, None)), 6),
        (((10, None),), None),
    ],
)
def test_since_when_it_stands_still(
    intervals: tuple[tuple[float, float | None], ...], since: float | None
) -> None:
    since_ms = None if since is None else NOW_MS + int(since * HOUR_MS)
    assert stopped(*intervals).stopped_since_ms() == since_ms


def test_a_question_stops_the_clock_until_it_is_answered() -> None:
    asked = taken(begun(), StepKind.CLARIFY, hours=10)
    assert asked.clock().due_ms() is None
    assert not asked.is_overdue(NOW_MS + 100 * DAY_MS)
    told = taken(asked, StepKind.CLARIFIED, hours=34)
    assert due_in_hours(told.clock()) == 72 + 24


def test_a_question_does_not_stop_what_is_to_be_preserved() -> None:
    asked = taken(begun(Urgency.PRESERVE), StepKind.CLARIFY, hours=10)
    assert due_in_hours(asked.clock()) == 60 * 24


def test_an_authorisation_extends_the_time_by_what_it_states() -> None:
    waits = taken(begun(), StepKind.AUTHORISE, extension_ms=36 * HOUR_MS)
    assert due_in_hours(waits.clock()) == 72 + 36


def test_a_lowered_urgency_has_its_own_time_from_the_beginning_on() -> None:
    contested = taken(begun(Urgency.EMERGENCY), StepKind.CONTEST)
    assert due_in_hours(contested.clock()) == 8
    assert due_in_hours(taken(contested, StepKind.LOWER, hours=2).clock()) == 168
    assert due_in_hours(taken(contested, StepKind.CONFIRM, hours=2).clock()) == 8


def test_a_preservation_is_extended_by_thirty_days() -> None:
    extended = taken(begun(Urgency.PRESERVE), StepKind.EXTEND)
    assert due_in_hours(extended.clock()) == 90 * 24


def test_a_suspension_stops_the_clock() -> None:
    suspended = [Interval(start_ms=NOW_MS + HOUR_MS, end_ms=NOW_MS + 25 * HOUR_MS)]
    assert due_in_hours(begun().clock(suspended)) == 72 + 24
    assert not begun().is_overdue(NOW_MS + 73 * HOUR_MS, suspended)
    assert begun().is_overdue(NOW_MS + 97 * HOUR_MS, suspended)
