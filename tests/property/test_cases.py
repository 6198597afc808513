"""Cases under any order, repetition, delay and loss: forwards only, and the same on both sides."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tearline.cases.case import CaseFile, CaseNote, Membership, Phase, Seat, membership

LEAD = "spiffe://lead.example"
AGENCIES = tuple(f"spiffe://{name}.example" for name in ("ana", "bao", "eva"))
HIDDEN = frozenset({frozenset(AGENCIES[:2])})
RANK = list(Membership)
ENDS = (Membership.DECLINED, Membership.LEFT, Membership.OUT, Membership.CLOSED)
agencies = st.sampled_from(AGENCIES)
picks = st.integers(0, 1 << 16)


@dataclass
class Word:
    """A step, without what carries it."""

    number: int
    phase: Phase
    note: CaseNote


@dataclass
class Side:
    """What one side of a membership knows: its own latest word, and the latest it heard."""

    own: Word | None = None
    heard: Word | None = None

    def hear(self, word: Word) -> None:
        if self.heard is None or word.number > self.heard.number:
            self.heard = word


@dataclass
class Pair:
    """A membership, and what is on its way between its sides."""

    lead: Side = field(default_factory=Side)
    member: Side = field(default_factory=Side)
    to_member: list[Word] = field(default_factory=list)
    to_lead: list[Word] = field(default_factory=list)

    def at_lead(self) -> Membership | None:
        return _standing(self.lead.own, self.lead.heard)

    def at_member(self) -> Membership | None:
        return _standing(self.member.heard, self.member.own)


def _standing(lead: Word | None, member: Word | None) -> Membership | None:
    return None if lead is None else membership(lead.phase, member.phase if member else None)


class CaseMachine(RuleBasedStateMachine):
    """A lead and three agencies, two of which must not see each other."""

    def __init__(self) -> None:
        super().__init__()
        self.file = CaseFile(lead=LEAD, title="Harbour", summary="", hidden=HIDDEN)
        self.pairs: dict[str, Pair] = {}
        self.seen: dict[tuple[str, str], Membership] = {}

    def seats(self) -> Iterable[Seat]:
        for agency, pair in self.pairs.items():
            own, heard = pair.lead.own, pair.lead.heard
            yield Seat(
                agency=agency,
                told=own.phase if own else None,
                said=heard.phase if heard else None,
                consents=frozenset(heard.note.consents if heard else ()),
                objections=frozenset(heard.note.objections if heard else ()),
            )

    def turn(self) -> None:
        for agency, (phase, note) in self.file.words(self.seats()).items():
            side = self.pairs[agency].lead
            if side.own is None and phase is not Phase.INVITED:
                continue
            if side.own is None or (side.own.phase, side.own.note) != (phase, note):
                side.own = Word(side.own.number + 1 if side.own else 1, phase, note)
                self.pairs[agency].to_member.append(side.own)

    def say(self, agency: str, phase: Phase, note: CaseNote) -> None:
        pair = self.pairs[agency]
        own = pair.member.own
        pair.member.own = Word(own.number + 1 if own else 1, phase, note)
        pair.to_lead.append(pair.member.own)

    @rule(agency=agencies)
    def invite(self, agency: str) -> None:
        if not self.file.closed:
            self.pairs.setdefault(agency, Pair())
            self.turn()

    @rule(agency=agencies, phase=st.sampled_from([Phase.ACCEPTED, Phase.DECLINED]))
    def answer(self, agency: str, phase: Phase) -> None:
        pair = self.pairs.get(agency)
        if pair and pair.at_member() is Membership.INVITED and pair.member.heard:
            asked = pair.member.heard.note.asked if phase is Phase.ACCEPTED else ()
            self.say(agency, phase, CaseNote(consents=asked))

    @rule(agency=agencies, consents=st.booleans())
    def judge_newcomers(self, agency: str, consents: bool) -> None:
        pair = self.pairs.get(agency)
        inside = (Membership.IN, Membership.WAITING)
        if pair and pair.at_member() in inside and pair.member.heard:
            asked = pair.member.heard.note.asked
            note = CaseNote(consents=asked) if consents else CaseNote(objections=asked)
            self.say(agency, Phase.ACCEPTED, note)

    @rule(agency=agencies)
    def leave(self, agency: str) -> None:
        pair = self.pairs.get(agency)
        if pair and pair.at_member() in (Membership.IN, Membership.WAITING):
            self.say(agency, Phase.LEFT, CaseNote())

    @rule()
    def close(self) -> None:
        self.file = replace(self.file, closed=True)
        self.turn()

    @rule(agency=agencies, pick=picks, again=st.booleans(), to_lead=st.booleans())
    def deliver(self, agency: str, pick: int, again: bool, to_lead: bool) -> None:
        """Any of what is on its way arrives, in whatever order; perhaps not for the last time."""
        pair = self.pairs.get(agency)
        words = [] if pair is None else (pair.to_lead if to_lead else pair.to_member)
        if pair is None or not words:
            return
        word = words[pick % len(words)]
        (pair.lead if to_lead else pair.member).hear(word)
        if not again:
            words.remove(word)
        self.turn()

    @invariant()
    def nothing_goes_back(self) -> None:
        for agency, pair in self.pairs.items():
            for side, standing in (("lead", pair.at_lead()), ("member", pair.at_member())):
                before = self.seen.get((agency, side))
                if standing is None:
                    continue
                if before in ENDS:
                    # Only for what the other side had said before it heard of the end.
                    assert standing in ENDS
                elif before is not None:
                    assert RANK.index(standing) >= RANK.index(before)
                self.seen[agency, side] = standing

    @invariant()
    def hidden_ones_are_not_told_of(self) -> None:
        for one, other in (AGENCIES[:2], AGENCIES[1::-1]):
            pair = self.pairs.get(one)
            if pair and pair.member.heard:
                assert other not in (*pair.member.heard.note.members, *pair.member.heard.note.asked)

    def teardown(self) -> None:
        """Once everything has arrived, both sides say the same, and nobody is stuck."""
        for _ in range(20):
            for pair in self.pairs.values():
                for word in pair.to_lead:
                    pair.lead.hear(word)
                pair.to_lead.clear()
            self.turn()
            for pair in self.pairs.values():
                for word in pair.to_member:
                    pair.member.hear(word)
                pair.to_member.clear()
        for agency, pair in self.pairs.items():
            assert pair.at_lead() == pair.at_member(), agency
            if self.file.closed and pair.lead.own:
                assert pair.at_lead() in ENDS


CaseMachine.TestCase.settings = settings(stateful_step_count=40)
TestCases = CaseMachine.TestCase
