"""The exchange's time: what confirms a clock, and what puts it in doubt."""

from dataclasses import dataclass

import pytest

from builders import CN, MX, NOW_MS, US
from tearline.errors import ClockDoubted
from tearline.limits import MAX_CLOCK_PAUSE_MS, MAX_LOG_TIME_SKEW_MS
from tearline_server.timekeeper import Timekeeper

DAY_MS = 24 * 3_600_000


@dataclass
class Machine:
    """A machine whose clock can be set, beside one that only passes."""

    clock_ms: int = NOW_MS
    steady_ms: int = 0

    def passes(self, ms: int) -> None:
        self.clock_ms += ms
        self.steady_ms += ms

    def keeper(self, known_ms: int = NOW_MS, *, may_ask: bool = True) -> Timekeeper:
        keeper = Timekeeper(lambda: self.clock_ms, lambda: self.steady_ms)
        keeper.begin(known_ms, may_ask=may_ask)
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
    assert Machine(clock_ms=NOW_MS + passed_ms).keeper().is_right is right


@pytest.mark.parametrize(("passed_ms", "right"), [(400 * DAY_MS, True), (-DAY_MS, False)])
def test_where_nobody_can_be_asked_a_clock_is_believed_that_is_not_behind(
    passed_ms: int, right: bool
) -> None:
    assert Machine(clock_ms=NOW_MS + passed_ms).keeper(may_ask=False).is_right is right


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_is_in_doubt_until_it_is_right_again(days: int) -> None:
    machine = Machine()
    keeper = machine.keeper()
    machine.passes(DAY_MS)
    keeper.verify(NOW_MS)
    machine.clock_ms += days * DAY_MS
    with pytest.raises(ClockDoubted):
        keeper.verify(NOW_MS)
    assert keeper.time_ms() == NOW_MS + DAY_MS  # and that is what a checkpoint is dated
    machine.clock_ms -= days * DAY_MS
    keeper.verify(NOW_MS)


def test_without_a_comparison_the_time_is_the_last_that_the_log_knows() -> None:
    assert Machine(clock_ms=NOW_MS + 400 * DAY_MS).keeper().time_ms() == NOW_MS


def test_a_log_that_is_ahead_stops_an_exchange_whose_clock_is_right() -> None:
    keeper = Machine().keeper()
    keeper.verify(NOW_MS + MAX_LOG_TIME_SKEW_MS)
    with pytest.raises(ClockDoubted):
        keeper.verify(NOW_MS + MAX_LOG_TIME_SKEW_MS + 1)


def test_a_cosigner_whose_clock_agrees_confirms_it() -> None:
    machine = Machine(clock_ms=NOW_MS + DAY_MS)
    keeper = machine.keeper()
    assert not keeper.is_right
    keeper.hear(US, machine.clock_ms + MAX_LOG_TIME_SKEW_MS)
    keeper.verify(NOW_MS)


@pytest.mark.parametrize("said_days", [0, 1, 401])
def test_a_cosigner_alone_does_not_make_a_wrong_clock_right(said_days: int) -> None:
    keeper = Machine(clock_ms=NOW_MS + 400 * DAY_MS).keeper()
    keeper.hear(US, NOW_MS + said_days * DAY_MS)
    assert not keeper.is_right


def test_one_that_lies_is_outvoted_both_ways() -> None:
    wrong = Machine(clock_ms=NOW_MS + 400 * DAY_MS)
    keeper = wrong.keeper()
    keeper.hear(US, NOW_MS + 1)
    keeper.hear(CN, wrong.clock_ms)
    assert not keeper.is_right
    right = Machine(clock_ms=NOW_MS + DAY_MS)
    keeper = right.keeper()
    for agency, said_ms in ((CN, NOW_MS), (US, right.clock_ms), (MX, right.clock_ms)):
        keeper.hear(agency, said_ms)
    assert keeper.is_right


def test_none_stops_one_that_was_confirmed() -> None:
    keeper = Machine().keeper()
    for agency in (US, CN, MX):
        keeper.hear(agency, NOW_MS - 400 * DAY_MS)
    assert keeper.is_right


def test_no_cosigner_confirms_a_clock_that_is_behind_the_log() -> None:
    keeper = Machine(clock_ms=NOW_MS - DAY_MS).keeper()
    keeper.hear(US, NOW_MS - DAY_MS)
    assert not keeper.is_right


def test_what_a_cosigner_said_passes_with_the_time() -> None:
    machine = Machine(clock_ms=NOW_MS + DAY_MS)
    keeper = machine.keeper()
    keeper.hear(CN, NOW_MS)
    machine.passes(3_600_000)
    keeper.hear(US, machine.clock_ms)
    keeper.hear(MX, machine.clock_ms)
    assert keeper.is_right


def test_the_operator_s_word_is_believed() -> None:
    keeper = Machine(clock_ms=NOW_MS + 400 * DAY_MS).keeper()
    keeper.accept()
    keeper.verify(NOW_MS)
