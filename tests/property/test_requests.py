"""Requests under any order, repetition, delay and loss: two nodes and an exchange end alike."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from builders import NOW_MS
from requesting import HOUR_MS, demand, step
from tearline.errors import RecordRequestError
from tearline.packet import Urgency
from tearline.request.clock import Interval
from tearline.request.progress import LoggedStep, Phase, Progress, Replayed, replay
from tearline.request.step import RequestStep, Side, StepKind

KINDS = [kind for kind in StepKind if kind is not StepKind.DISPUTE]
sides = st.sampled_from(Side)
stops = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(
        lambda pair: Interval(
            start_ms=NOW_MS + min(pair) * HOUR_MS, end_ms=NOW_MS + max(pair) * HOUR_MS
        )
    ),
    max_size=3,
)


@dataclass
class End:
    """One of the two nodes: what it knows, and what it waits for."""

    side: Side
    known: dict[int, LoggedStep] = field(default_factory=dict)
    mail: list[LoggedStep] = field(default_factory=list)
    pending: RequestStep | None = None
    answer: LoggedStep | RecordRequestError | None = None
    stored: bool = False
    furthest: Phase = Phase.SUBMITTED


class RequestMachine(RuleBasedStateMachine):
    """Both sides act as they see fit; the exchange orders; the network does what it likes."""

    @initialize(urgency=st.sampled_from(Urgency), late=st.integers(0, 3), stopped=stops)
    def asked(self, urgency: Urgency, late: int, stopped: list[Interval]) -> None:
        self.begun = Progress.begin(demand(urgency), granted_ms=NOW_MS)
        self.progress, self.log = self.begun, list[LoggedStep]()
        self.now_ms, self.stored_ms = NOW_MS, NOW_MS + late * HOUR_MS
        self.stopped = stopped
        self.ends = {side: End(side=side) for side in Side}
        self.exchange_stored = False

    def seen(self, end: End) -> Replayed:
        begun = self.begun.stored(self.stored_ms) if end.stored else self.begun
        return replay(begun, end.known.values(), self.stopped)

    @rule(hours=st.integers(1, 200))
    def time_passes(self, hours: int) -> None:
        self.now_ms += hours * HOUR_MS

    @rule()
    def holder_stores(self) -> None:
        if self.now_ms >= self.stored_ms and not self.exchange_stored:
            self.exchange_stored = True
            self.progress = self.progress.stored(self.stored_ms)

    @rule(side=sides)
    def hears_that_it_was_stored(self, side: Side) -> None:
        self.ends[side].stored = self.exchange_stored

    @rule(
        side=sides,
        pick=st.integers(0, 50),
        ends=st.booleans(),
        urgency=st.sampled_from([Urgency.ROUTINE, Urgency.URGENT]),
        permit=st.booleans(),
    )
    def acts(self, side: Side, pick: int, ends: bool, urgency: Urgency, permit: bool) -> None:
        """A side takes a step that fits what it knows, unless one of its own is under way."""
        end, seen = self.ends[side], self.seen(self.ends[side]).progress
        if end.pending is not None:
            return
        fitting = []
        for kind in KINDS:
            changes: dict[str, object] = {}
            if kind in (StepKind.LOWER, StepKind.CONTEST):
                changes["urgency"] = urgency
            if kind is StepKind.CLARIFIED:
                changes["permit"] = permit
            made = step(kind, seen.taken[side] + 1, seen.taken[side.other], **changes)
            with suppress(RecordRequestError):
                after = seen.after(side, made, time_ms=self.now_ms, stopped=self.stopped)
                if ends or not after.phase.has_ended or seen.phase.has_ended:
                    fitting.append(made)
        if fitting:
            end.pending = fitting[pick % len(fitting)]

    @rule(side=sides)
    def arrives_at_the_exchange(self, side: Side) -> None:
        """Once, however often it is sent: the same statement gets the same answer."""
        end = self.ends[side]
        if end.pending is None or end.answer is not None:
            return
        try:
            self.progress = self.progress.after(
                side, end.pending, time_ms=self.now_ms, stopped=self.stopped
            )
        except RecordRequestError as error:
            end.answer = error
            return
        logged = LoggedStep(side=side, step=end.pending, index=len(self.log), time_ms=self.now_ms)
        self.log.append(logged)
        self.ends[side.other].mail.append(logged)
        end.answer = logged

    @rule(side=sides)
    def hears_the_answer(self, side: Side) -> None:
        end = self.ends[side]
        if isinstance(end.answer, LoggedStep):
            end.known[end.answer.index] = end.answer
        if end.answer is not None:
            end.pending = end.answer = None

    @rule(side=sides, pick=st.integers(0, 9), keep=st.booleans())
    def gets_mail(self, side: Side, pick: int, keep: bool) -> None:
        """Any item, in any order; it may come again."""
        end = self.ends[side]
        if end.mail:
            item = end.mail[pick % len(end.mail)]
            end.known[item.index] = item
            if not keep:
                end.mail.remove(item)

    @invariant()
    def nobody_goes_back_or_ahead_of_the_log(self) -> None:
        for end in self.ends.values():
            phase = self.seen(end).progress.phase
            assert phase >= end.furthest
            assert phase <= self.progress.phase or not self.exchange_stored
            end.furthest = phase

    @invariant()
    def the_log_itself_is_in_order(self) -> None:
        whole = replay(
            self.begun.stored(self.stored_ms) if self.exchange_stored else self.begun,
            self.log,
            self.stopped,
        )
        assert not whole.unfit
        assert whole.progress == self.progress
        ends = {"answer", "refuse", "reject", "withdraw", "expire"}
        assert sum(each.step.kind in ends for each in self.log) <= 1

    def deliver_everything(self) -> None:
        for end in self.ends.values():
            end.stored = self.exchange_stored
            if isinstance(end.answer, LoggedStep):
                end.known[end.answer.index] = end.answer
            if end.answer is not None:
                end.pending = end.answer = None
            for item in end.mail:
                end.known[item.index] = item
            end.mail = []

    @rule()
    def all_arrives(self) -> None:
        """Whatever was lost or late comes in the end: then all three say the same."""
        for side in Side:
            self.arrives_at_the_exchange(side)
        self.deliver_everything()
        for end in self.ends.values():
            seen = self.seen(end)
            assert not seen.unfit
            assert seen.progress == self.progress
            assert seen.progress.clock(self.stopped) == self.progress.clock(self.stopped)

    def teardown(self) -> None:
        """Nobody is stuck: from wherever it is, a request comes to its end."""
        if not hasattr(self, "ends"):
            return
        self.all_arrives()
        progress = self.progress
        ways: list[tuple[Side, Callable[[Progress], RequestStep]]] = [
            (Side.ASKER, lambda p: step(StepKind.WITHDRAW, p.taken[Side.ASKER] + 1)),
            (Side.ASKER, lambda p: step(StepKind.CLOSE, p.taken[Side.ASKER] + 1)),
        ]
        for side, make in ways:
            if progress.phase.has_ended and make(progress).kind is StepKind.WITHDRAW:
                continue
            if progress.phase is not Phase.CLOSED:
                progress = progress.after(
                    side, make(progress), time_ms=self.now_ms, stopped=self.stopped
                )
        assert progress.phase is Phase.CLOSED
        with pytest.raises(RecordRequestError):
            progress.after(
                Side.HOLDER,
                step(StepKind.SUPPLEMENT, progress.taken[Side.HOLDER] + 1),
                time_ms=self.now_ms,
            )


TestRequests = RequestMachine.TestCase
