"""Consents under any order, repetition and loss of messages: both sides end at the same place."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from support.consents import consent
from tearline.errors import ConsentClosed, ConsentMisplaced
from tearline.onward.consent import (
    ConsentStatus,
    ConsentStep,
    is_live,
    status_of,
    verify_may_say,
    verify_open_for,
)

ASKER, ORIGINATOR = range(2)
DAY = 1  # of a clock that counts days


class ConsentMachine(RuleBasedStateMachine):
    """Two sides, and what is on its way between them; the exchange may hold, repeat or refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[set[tuple[int, ConsentStep]]] = [set(), set()]  # who said what
        self.on_its_way: list[tuple[int, ConsentStep]] = []
        self.delivered: list[tuple[int, ConsentStep]] = []
        self.highest: list[ConsentStatus | None] = [None, None]
        self.now = 0
        self.ends = 3 * DAY

    @property
    def known(self) -> list[set[ConsentStep]]:
        """What each side knows to have been said, by whom of both ever."""
        return [{step for _, step in steps} for steps in self.steps]

    def take(self, side: int, step: ConsentStep) -> None:
        """What a node does before it signs a step, and then."""
        verify_may_say(consent(step), is_originator=side == ORIGINATOR)
        verify_open_for(step, self.known[side])
        self.steps[side].add((side, step))
        self.on_its_way.append((1 - side, step))

    @initialize()
    def is_asked(self) -> None:
        self.take(ASKER, ConsentStep.ASK)

    @rule(side=st.integers(0, 1), step=st.sampled_from(ConsentStep))
    def says(self, side: int, step: ConsentStep) -> None:
        with suppress(ConsentClosed, ConsentMisplaced):
            self.take(side, step)

    @rule(steps=st.permutations([ConsentStep.GIVE, ConsentStep.WITHDRAW]))
    def both_act_at_once(self, steps: Sequence[ConsentStep]) -> None:
        for step in steps:
            with suppress(ConsentClosed):
                self.take(ORIGINATOR if step is ConsentStep.GIVE else ASKER, step)

    @rule(data=st.data())
    def arrives(self, data: st.DataObject) -> None:
        """Any of what is on its way, or once more what has arrived."""
        waiting = [*self.on_its_way, *self.delivered]
        if not waiting:
            return
        side, step = data.draw(st.sampled_from(waiting))
        if (side, step) in self.on_its_way:
            self.on_its_way.remove((side, step))
            self.delivered.append((side, step))
        self.receive(side, step)

    def receive(self, side: int, step: ConsentStep) -> None:
        verify_may_say(consent(step), is_originator=side == ASKER)
        self.steps[side].add((1 - side, step))

    @rule(data=st.data())
    def is_refused(self, data: st.DataObject) -> None:
        """The exchange refuses a step for good: its signer forgets that it was taken."""
        if not self.on_its_way:
            return
        side, step = data.draw(st.sampled_from(self.on_its_way))
        self.on_its_way.remove((side, step))
        self.steps[1 - side].discard((1 - side, step))
        self.highest[1 - side] = status_of(self.known[1 - side])

    @rule()
    def a_day_passes(self) -> None:
        self.now += DAY

    @invariant()
    def nothing_goes_back(self) -> None:
        for side in (ASKER, ORIGINATOR):
            status = status_of(self.known[side])
            assert (status or 0) >= (self.highest[side] or 0)
            self.highest[side] = status

    @invariant()
    def nothing_is_allowed_that_was_closed_here_or_has_ended(self) -> None:
        for known in self.known:
            if is_live(known, self.ends, now_ms=self.now):
                assert not known & {ConsentStep.REFUSE, ConsentStep.WITHDRAW}
                assert self.now < self.ends

    @invariant()
    def whoever_has_something_open_can_close_it(self) -> None:
        for known in self.known:
            if status_of(known) in (ConsentStatus.ASKED, ConsentStatus.GIVEN):
                verify_open_for(ConsentStep.WITHDRAW, known)

    def teardown(self) -> None:
        """Once all has arrived, both sides agree."""
        for side, step in self.on_its_way:
            self.receive(side, step)
        asker, originator = (status_of(known) for known in self.known)
        assert asker is originator


TestConsents = ConsentMachine.TestCase


def test_an_answer_that_arrives_after_a_withdrawal_opens_nothing() -> None:
    known = {ConsentStep.ASK, ConsentStep.WITHDRAW, ConsentStep.GIVE}
    assert status_of(known) is ConsentStatus.WITHDRAWN
    with pytest.raises(ConsentClosed):
        verify_open_for(ConsentStep.WITHDRAW, known)
