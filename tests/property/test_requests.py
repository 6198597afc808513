"""Requests under any order, repetition, delay and loss: two nodes and an exchange end alike.

Whatever the parties suspend, resume and agree on anew meanwhile, and whenever a node hears of it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from support.agencies import CN, MX, NOW_MS, US, federation
from support.exchange import ARTICLE, agreement
from support.requests import HOUR_MS, demand, step
from support.suspensions import WHOLE, of_article, standing
from tearline.agreements.agreement import Agreement
from tearline.errors import RecordRequestError
from tearline.packets.packet import Urgency
from tearline.requests.clock import Interval
from tearline.requests.paused_time import standstill
from tearline.requests.progress import Phase, Progress
from tearline.requests.replay import LoggedStep, Replayed, replay
from tearline.requests.step import RequestStep, Side, StepKind
from tearline.suspensions.history import Amended, Recorded, SuspensionChange
from tearline.suspensions.stoppage import Reach, reaches_of, stoppages_of
from tearline.suspensions.suspension import Suspension

KINDS = [kind for kind in StepKind if kind is not StepKind.DISPUTE]
TIMED = (StepKind.AUTHORISE, StepKind.CONTEST, StepKind.EXTEND, StepKind.EXPIRE)
sides = st.sampled_from(Side)
parties = st.sampled_from([US, MX, CN])
scopes = st.sampled_from(
    [
        WHOLE,
        of_article(ARTICLE),
        *(of_article(ARTICLE, sender=a, recipient=b) for a, b in permutations((US, MX, CN), 2)),
    ]
)
AGREED = agreement(federation().node(US).header)
# Short, and all in whole hours, so that much happens at the very moment at which a time is over.
HOURS = {Urgency.EMERGENCY: 2, Urgency.URGENT: 4, Urgency.ROUTINE: 6, Urgency.PRESERVE: 3}


def agreed(version: int, *, joint: bool) -> Agreement:
    (article,) = AGREED.terms.articles
    terms = replace(AGREED.terms, articles=(replace(article, joint=joint),))
    return replace(AGREED, version=version, terms=terms)


@dataclass
class End:
    """One of the two nodes: what it knows, and what it waits for."""

    side: Side
    known: dict[int, LoggedStep] = field(default_factory=dict)
    mail: list[LoggedStep] = field(default_factory=list)
    told: list[SuspensionChange] = field(default_factory=list)
    untold: list[SuspensionChange] = field(default_factory=list)
    pending: RequestStep | None = None
    answer: LoggedStep | RecordRequestError | None = None
    stored: bool = False
    furthest: Phase = Phase.SUBMITTED


class RequestMachine(RuleBasedStateMachine):
    """Both sides act as they see fit; the exchange orders; the network does what it likes."""

    @initialize(urgency=st.sampled_from(Urgency), joint=st.booleans())
    def asked(self, urgency: Urgency, joint: bool) -> None:
        self.agreement = self.newest = agreed(1, joint=joint)
        short = replace(
            demand(urgency),
            reply_times={each: hours * HOUR_MS for each, hours in HOURS.items()},
            not_after_ms=NOW_MS + 30 * HOUR_MS,
        )
        self.begun = Progress.begin(short, granted_ms=NOW_MS)
        self.progress, self.log = self.begun, list[LoggedStep]()
        self.now_ms = self.stored_ms = NOW_MS
        self.entries, self.said = 0, list[SuspensionChange]()
        self.late: list[tuple[Progress, int]] = []
        self.ends = {side: End(side=side) for side in Side}
        self.exchange_stored = False

    def seen(self, end: End) -> Replayed:
        begun = self.begun.stored(self.stored_ms) if end.stored else self.begun
        return replay(begun, end.known.values(), self.stops(end.told))

    def stops(self, told: list[SuspensionChange]) -> tuple[Interval, ...]:
        return standstill(
            stoppages_of(each for each in told if isinstance(each, Recorded)),
            reaches_of(each for each in told if isinstance(each, Amended)),
            Reach.of(self.agreement.terms),
            ARTICLE,
            asker=US,
            holder=MX,
        )

    @property
    def stopped(self) -> tuple[Interval, ...]:
        """By all that the log holds."""
        return self.stops(self.said)

    def entry(self) -> int:
        self.entries += 1
        return self.entries

    def judge(self, end: End) -> None:
        """What follows counts from now on."""
        unfit = self.seen(end).unfit
        for index, each in end.known.items():
            if index not in unfit:
                end.known[index] = replace(each, counted=True)

    @rule(hours=st.integers(1, 4))
    def time_passes(self, hours: int) -> None:
        self.now_ms += hours * HOUR_MS

    @rule()
    def holder_stores(self) -> None:
        if not self.exchange_stored:
            self.exchange_stored, self.stored_ms = True, self.now_ms
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
        by_time=st.booleans(),
        at_once=st.booleans(),
    )
    def acts(
        self,
        side: Side,
        pick: int,
        ends: bool,
        urgency: Urgency,
        permit: bool,
        by_time: bool,
        at_once: bool,
    ) -> None:
        """A side takes a step that fits what it knows, unless one of its own is under way."""
        end, seen = self.ends[side], self.seen(self.ends[side]).progress
        if end.pending is not None:
            return
        fitting = []
        for kind in KINDS:
            changes: dict[str, object] = {}
            if kind in (StepKind.LOWER, StepKind.CONTEST):
                changes["urgency"] = urgency
            if kind is StepKind.AUTHORISE:
                changes["extension_ms"] = HOUR_MS
            if kind is StepKind.CLARIFIED:
                changes["permit"] = permit
            made = step(kind, seen.taken[side] + 1, seen.taken[side.other], **changes)
            with suppress(RecordRequestError):
                stopped = self.stops(end.told)
                after = seen.after(side, made, time_ms=self.now_ms, stopped=stopped)
                if ends or not after.phase.has_ended or seen.phase.has_ended:
                    fitting.append(made)
        if by_time:  # rather one that fits only for a time
            fitting = [each for each in fitting if each.kind in TIMED] or fitting
        if fitting:
            end.pending = fitting[pick % len(fitting)]
        if at_once:
            self.arrives_at_the_exchange(side)
            self.hears_the_answer(side)

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
        logged = LoggedStep(side=side, step=end.pending, index=self.entry(), time_ms=self.now_ms)
        self.log.append(logged)
        self.ends[side.other].mail.append(logged)
        end.answer = logged

    @rule(side=sides)
    def hears_the_answer(self, side: Side) -> None:
        end = self.ends[side]
        if isinstance(end.answer, LoggedStep):
            end.known[end.answer.index] = replace(end.answer, counted=True)
        if end.answer is not None:
            end.pending = end.answer = None
        self.judge(end)

    @rule(party=parties, scope=scopes, lift=st.booleans())
    def the_exchange_takes_a_standing(self, party: str, scope: Suspension, lift: bool) -> None:
        """A party adds a suspension, lifts all of its own, or says the same again."""
        if scope.sender and party not in scope.scope[1:]:
            return
        said = [
            each.standing
            for each in self.said
            if isinstance(each, Recorded) and each.standing.agency == party
        ]
        before = {each.scope: each for each in said[-1].suspensions} if said else {}
        after = {} if lift else before | {scope.scope: scope}
        made = standing(*after.values(), by=party, counter=len(said) + 1)
        self.turns(Recorded(standing=made, entry=self.entry(), time_ms=self.now_ms))

    @rule(joint=st.booleans())
    def the_parties_agree_anew(self, joint: bool) -> None:
        """Others' suspensions then stop the two, or no longer do."""
        self.newest = agreed(self.newest.version + 1, joint=joint)
        self.turns(Amended(agreement=self.newest, entry=self.entry(), time_ms=self.now_ms))

    def turns(self, turn: SuspensionChange) -> None:
        self.said.append(turn)
        for end in self.ends.values():
            end.untold.append(turn)

    @rule(side=sides, pick=st.integers(0, 9))
    def hears_of_it(self, side: Side, pick: int) -> None:
        """Of any standing or version, in any order."""
        end = self.ends[side]
        if end.untold:
            end.told.append(end.untold.pop(pick % len(end.untold)))
        self.judge(end)

    @rule()
    def the_exchange_looks_for_what_is_overdue(self) -> None:
        due_ms = self.progress.clock(self.stopped).due_ms()
        if self.progress.is_overdue(self.now_ms, self.stopped) and due_ms is not None:
            self.late.append((self.progress, due_ms))

    @rule(side=sides, pick=st.integers(0, 9), keep=st.booleans())
    def gets_mail(self, side: Side, pick: int, keep: bool) -> None:
        """Any item, in any order; it may come again."""
        end = self.ends[side]
        if end.mail:
            item = end.mail[pick % len(end.mail)]
            end.known.setdefault(item.index, item)
            if not keep:
                end.mail.remove(item)
        self.judge(end)

    @invariant()
    def nobody_goes_back_or_ahead_of_the_log(self) -> None:
        for end in self.ends.values():
            phase = self.seen(end).progress.phase
            assert phase >= end.furthest
            assert phase <= self.progress.phase or not self.exchange_stored
            end.furthest = phase

    @invariant()
    def what_was_said_to_be_late_stays_so(self) -> None:
        for progress, due_ms in self.late:
            assert progress.clock(self.stopped).due_ms() == due_ms

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
                end.known.setdefault(item.index, item)
            end.told += end.untold
            end.mail, end.untold = [], []
            self.judge(end)

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
            assert seen.clock == self.progress.clock(self.stopped)

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
                stopped=self.stopped,
            )


TestRequests = RequestMachine.TestCase


@given(
    gaps=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=4),
    is_open=st.booleans(),
    kind=st.sampled_from(TIMED),
    at=st.integers(0, 12),
)
def test_what_comes_behind_a_step_in_the_log_changes_no_judgement_of_it(
    gaps: list[tuple[int, int]], is_open: bool, kind: StepKind, at: int
) -> None:
    """So nobody who hears of it later judges otherwise than the exchange did, which could not."""
    whole, hours = list[tuple[int, int | None]](), 0
    for gap, length in gaps:
        whole.append((hours + gap, hours + gap + length))
        hours += gap + length
    if is_open and whole:
        whole[-1] = (whole[-1][0], None)
    known = [
        # What stands before it, if of that very moment nothing does; or all of that does; and all.
        [(a, z if z is not None and z < at else None) for a, z in whole if a < at],
        [(a, z if z is not None and z <= at else None) for a, z in whole if a <= at],
        whole,
    ]
    urgency = Urgency.PRESERVE if kind in (StepKind.EXTEND, StepKind.EXPIRE) else Urgency.URGENT
    short = replace(demand(urgency), reply_times={urgency: HOURS[urgency] * HOUR_MS})
    begun = Progress.begin(short, granted_ms=NOW_MS, stored_ms=NOW_MS)
    verdicts = []
    for intervals in known:
        try:
            begun.after(
                kind.sides[0],
                step(kind),
                time_ms=NOW_MS + at * HOUR_MS,
                stopped=[
                    Interval(
                        start_ms=NOW_MS + a * HOUR_MS,
                        end_ms=None if z is None else NOW_MS + z * HOUR_MS,
                    )
                    for a, z in intervals
                ],
            )
        except RecordRequestError as error:
            verdicts.append(error.code)
        else:
            verdicts.append("")
    assert len(set(verdicts)) == 1
