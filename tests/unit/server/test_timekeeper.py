"""The exchange's time: what confirms a clock, and what puts it in doubt."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, repeat

import pytest

from support.agencies import CN, DAY_MS, MX, NOW_MS, US
from support.cases import each_case
from tearline.errors import ClockDoubted
from tearline.limits import MAX_CLOCK_PAUSE_MS, MAX_LOG_TIME_SKEW_MS
from tearline_server.timekeeper import Timekeeper, verify_said

ALL = (CN, MX, US)
EU = "spiffe://eu-customs.example"


@dataclass
class Machine:
    """A machine whose clock can be set, beside one that only passes."""

    clock_ms: int = NOW_MS
    steady_ms: int = 0
    leaps: Iterator[int] = field(default_factory=lambda: repeat(0))

    def passes(self, ms: int) -> None:
        self.clock_ms += ms
        self.steady_ms += ms

    def keeper(self, *cosigners: str, has_mail: bool = True) -> Timekeeper:
        keeper = Timekeeper(lambda: self.clock_ms + next(self.leaps), lambda: self.steady_ms)
        keeper.begin(NOW_MS, cosigners=frozenset(cosigners), has_mail=has_mail)
        return keeper


@pytest.mark.parametrize(
    ("passed_ms", "right"),
    [
        (-MAX_LOG_TIME_SKEW_MS - 1, False),
        (-MAX_LOG_TIME_SKEW_MS, True),
        (MAX_CLOCK_PAUSE_MS, True),
        (MAX_CLOCK_PAUSE_MS + 1, False),
        (400 * DAY_MS, False),
        (-400 * DAY_MS, False),
    ],
)
def test_a_clock_is_compared_with_what_the_log_says_last(passed_ms: int, right: bool) -> None:
    assert Machine(clock_ms=NOW_MS + passed_ms).keeper(*ALL).is_right is right


@pytest.mark.parametrize(("passed_ms", "right"), [(400 * DAY_MS, True), (-DAY_MS, False)])
def test_before_the_first_message_a_clock_is_believed_that_is_not_behind(
    passed_ms: int, right: bool
) -> None:
    assert Machine(clock_ms=NOW_MS + passed_ms).keeper(has_mail=False).is_right is right


@pytest.mark.parametrize(
    ("passed_ms", "right"), [(MAX_CLOCK_PAUSE_MS, True), (400 * DAY_MS, False), (-DAY_MS, False)]
)
def test_messages_wait_for_the_operator_where_no_agency_can_be_asked(
    passed_ms: int, right: bool
) -> None:
    keeper = Machine(clock_ms=NOW_MS + passed_ms).keeper()
    assert keeper.is_right is right
    keeper.accept()
    assert keeper.is_right


@each_case("reading", range(6))
@each_case("days", [-400, 400])
def test_one_reading_of_a_clock_that_leaps_is_no_time(days: int, reading: int) -> None:
    machine = Machine()
    keeper = machine.keeper(*ALL)
    leaps = [0] * reading + [days * DAY_MS]
    machine.leaps = chain(leaps, repeat(0))
    for _ in range(3):
        assert keeper.time_ms() == NOW_MS
    with suppress(ClockDoubted):
        keeper.verify(NOW_MS)
    assert keeper.time_ms() == NOW_MS


@each_case("reading", range(9))
def test_one_reading_of_a_clock_that_leaps_is_not_confirmed(reading: int) -> None:
    machine = Machine(clock_ms=NOW_MS + DAY_MS)
    keeper = machine.keeper(CN, US)
    machine.leaps = chain([0] * reading, [400 * DAY_MS], repeat(0))
    for agency in (CN, US, CN, US):
        keeper.hear(agency, machine.clock_ms)
        assert keeper.time_ms() in (NOW_MS, NOW_MS + DAY_MS)
    machine.leaps = repeat(0)
    assert keeper.is_right


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_is_in_doubt_until_it_is_right_again(days: int) -> None:
    machine = Machine()
    keeper = machine.keeper(*ALL)
    machine.passes(DAY_MS)
    keeper.verify(NOW_MS)
    machine.clock_ms += days * DAY_MS
    with pytest.raises(ClockDoubted):
        keeper.verify(NOW_MS)
    assert keeper.time_ms() == NOW_MS + DAY_MS  # and that is what a checkpoint is dated
    machine.clock_ms -= days * DAY_MS
    keeper.verify(NOW_MS)


def test_without_a_comparison_the_time_is_the_last_that_the_log_knows() -> None:
    assert Machine(clock_ms=NOW_MS + 400 * DAY_MS).keeper(*ALL).time_ms() == NOW_MS


def test_a_log_that_is_ahead_stops_an_exchange_whose_clock_is_right() -> None:
    keeper = Machine().keeper(*ALL)
    keeper.verify(NOW_MS + MAX_LOG_TIME_SKEW_MS)
    with pytest.raises(ClockDoubted):
        keeper.verify(NOW_MS + MAX_LOG_TIME_SKEW_MS + 1)


@pytest.mark.parametrize(
    ("cosigners", "enough"), [((CN, US), 2), ((CN, MX, US), 2), ((CN, EU, MX, US), 3)]
)
def test_more_than_half_of_all_that_cosign_confirm_a_clock(
    cosigners: tuple[str, ...], enough: int
) -> None:
    machine = Machine(clock_ms=NOW_MS + DAY_MS)
    keeper = machine.keeper(*cosigners)
    for number, agency in enumerate(cosigners[:enough], start=1):
        assert not keeper.is_right
        keeper.hear(agency, machine.clock_ms + MAX_LOG_TIME_SKEW_MS)
        assert keeper.is_right is (number == enough)
    keeper.verify(NOW_MS)


@each_case("cosigners", [(US,), (CN, US), ALL])
@each_case("said_days", [0, 1, 400, 401])
def test_a_cosigner_alone_does_not_make_a_wrong_clock_right(
    said_days: int, cosigners: tuple[str, ...]
) -> None:
    keeper = Machine(clock_ms=NOW_MS + 400 * DAY_MS).keeper(*cosigners)
    for _ in range(3):  # however often it says so
        keeper.hear(US, NOW_MS + said_days * DAY_MS)
    assert not keeper.is_right


def test_liars_who_speak_alone_confirm_nothing() -> None:
    wrong = Machine(clock_ms=NOW_MS + 400 * DAY_MS)
    keeper = wrong.keeper(CN, EU, MX, US)
    for liar in (CN, EU):  # half of them; the honest are kept out by the wrong clock
        keeper.hear(liar, wrong.clock_ms)
    assert not keeper.is_right


def test_who_had_no_key_to_cosign_is_not_counted() -> None:
    wrong = Machine(clock_ms=NOW_MS + 400 * DAY_MS)
    keeper = wrong.keeper(CN, US)
    for agency in (CN, EU, MX):
        keeper.hear(agency, wrong.clock_ms)
    assert not keeper.is_right


@pytest.mark.parametrize("order", [1, -1])
def test_one_that_lies_is_outvoted_whoever_speaks_first(order: int) -> None:
    wrong = Machine(clock_ms=NOW_MS + 400 * DAY_MS)
    keeper = wrong.keeper(*ALL)
    said = ((US, NOW_MS + 1), (MX, NOW_MS), (CN, wrong.clock_ms))
    for agency, said_ms in said[::order]:
        keeper.hear(agency, said_ms)
        assert not keeper.is_right
    right = Machine(clock_ms=NOW_MS + DAY_MS)
    keeper = right.keeper(*ALL)
    said = ((CN, NOW_MS), (US, right.clock_ms), (MX, right.clock_ms))
    for agency, said_ms in said[::order]:
        keeper.hear(agency, said_ms)
    assert keeper.is_right


def test_none_stops_one_that_was_confirmed() -> None:
    keeper = Machine().keeper(*ALL)
    for agency in (US, CN, MX):
        keeper.hear(agency, NOW_MS - 400 * DAY_MS)
    assert keeper.is_right


def test_no_cosigner_confirms_a_clock_that_is_behind_the_log() -> None:
    keeper = Machine(clock_ms=NOW_MS - DAY_MS).keeper(*ALL)
    for agency in ALL:
        keeper.hear(agency, NOW_MS - DAY_MS)
    assert not keeper.is_right


def test_what_a_cosigner_said_passes_with_the_time() -> None:
    machine = Machine(clock_ms=NOW_MS + DAY_MS)
    keeper = machine.keeper(*ALL)
    keeper.hear(CN, NOW_MS)
    machine.passes(3_600_000)
    keeper.hear(US, machine.clock_ms)
    keeper.hear(MX, machine.clock_ms)
    assert keeper.is_right


def test_the_operator_s_word_is_believed() -> None:
    keeper = Machine(clock_ms=NOW_MS + 400 * DAY_MS).keeper(US)
    keeper.accept()
    keeper.verify(NOW_MS)


@pytest.mark.parametrize("side", [-1, 1])
def test_the_operator_s_word_is_a_time_and_fits_no_other(side: int) -> None:
    verify_said(NOW_MS, NOW_MS + side * MAX_LOG_TIME_SKEW_MS)
    with pytest.raises(ClockDoubted, match=r"seconds (behind|ahead of) the given time"):
        verify_said(NOW_MS, NOW_MS + side * (MAX_LOG_TIME_SKEW_MS + 1))
