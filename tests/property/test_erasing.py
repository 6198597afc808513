"""Two parties that send, recall and suspend at once, a field or all: both end at the same.

What either says waits at its own house, then in the other's mailbox; the exchange takes from
both houses in any order. Each obeys its own suspensions at once, and the other's once it reads
of them.
"""

from collections import deque
from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from support.agencies import AGREEMENT_ID, CN, NOW_MS, US, federation
from support.examples import examples
from support.exchange import ARTICLE, agreement
from support.suspensions import OFFICER, WHOLE, of_article
from tearline.packets.recall import (
    KeepGround,
    RecallAnswer,
    RecallOrder,
    RecallReason,
    RecallState,
    following,
    recalled_slots,
)
from tearline.suspensions.index import SuspensionIndex
from tearline.suspensions.standing import Standing
from tearline.suspensions.suspension import Originated, Suspension
from tearline.suspensions.transitions import SuspensionStep, merged

AGREED = agreement(federation().node(US).header)
SLOTS = frozenset(range(3))
SCOPES = (WHOLE, of_article(ARTICLE))
parties = st.sampled_from((CN, US))
slots = st.frozensets(st.sampled_from(sorted(SLOTS)), min_size=1)
numbers = st.integers(0, 7)


@dataclass(frozen=True, eq=False)
class Grant:
    """A release of some slots of a packet."""

    packet: int
    slots: frozenset[int]


@dataclass(eq=False)
class Asked:
    """A recall, and where it stands at both ends."""

    packet: int
    order: RecallOrder
    here: RecallState = RecallState.OPEN  # at whoever recalled
    there: RecallState = RecallState.OPEN


@dataclass(frozen=True, eq=False)
class Answered:
    """An answer on its way."""

    asked: Asked
    answer: RecallAnswer


Message = Standing | Grant | Asked | Answered


@dataclass
class Party:
    """One end: what it knows, what it has, and what waits to leave it or to be read."""

    name: str
    book: SuspensionIndex = field(default_factory=SuspensionIndex)
    outbox: deque[Message] = field(default_factory=deque)
    mailbox: deque[Message] = field(default_factory=deque)
    sent: list[Grant] = field(default_factory=list)
    held: list[Grant] = field(default_factory=list)
    said: list[Asked] = field(default_factory=list)
    heard: list[Asked] = field(default_factory=list)
    opens: dict[Grant, frozenset[int]] = field(default_factory=dict)

    @property
    def other(self) -> str:
        return CN if self.name == US else US

    def fate(self) -> Originated:
        """What our own suspensions say becomes of what the other has of us."""
        return self.book.fate(AGREED, ARTICLE, originator=self.name, holder=self.other)

    def has_recalled(self, packet: int, *, from_everybody: bool = False) -> bool:
        """Whether nothing of a packet is to be opened any more."""
        said = [each.order for each in self.said if each.packet == packet]
        if from_everybody:
            said = [order for order in said if order.whole]
        return recalled_slots(said, b"") is None

    def forgets(self, asked: list[Asked], packet: int) -> None:
        for grant, opened in self.opens.items():
            if grant.packet == packet:
                self.opens[grant] = opened - gone(asked)


def gone(asked: list[Asked]) -> frozenset[int]:
    """The slots that recalls take."""
    found = recalled_slots([each.order for each in asked], b"")
    return SLOTS if found is None else found


class ErasingMachine(RuleBasedStateMachine):
    """Two parties and an exchange between them."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = {name: Party(name) for name in (CN, US)}
        self.book = SuspensionIndex()
        self.ciphertexts: dict[int, frozenset[int]] = {}
        self.taken: list[Asked] = []
        self.doomed: set[int] = set()
        self.dropped: dict[int, frozenset[int]] = {}

    def stopped(self, book: SuspensionIndex, by: Party) -> bool:
        return bool(book.stops(AGREED, ARTICLE, sender=by.name, recipient=by.other))

    def recalls_of(self, packet: int) -> list[Asked]:
        return [each for each in self.taken if each.packet == packet]

    # What people do.

    @rule(by=parties, released=slots)
    def sends(self, by: str, released: frozenset[int]) -> None:
        end = self.ends[by]
        if not self.stopped(end.book, end):
            grant = Grant(packet=len(self.ciphertexts), slots=released)
            self.ciphertexts[grant.packet] = SLOTS
            end.sent.append(grant)
            end.outbox.append(grant)

    @rule(by=parties, number=numbers, named=st.none() | slots, whole=st.booleans())
    def recalls(self, by: str, number: int, named: frozenset[int] | None, whole: bool) -> None:
        end = self.ends[by]
        if end.sent:
            packet = end.sent[number % len(end.sent)].packet
            self.orders(end, packet, slots=tuple(sorted(named or ())), whole=whole)

    @rule(by=parties, scope=st.sampled_from(SCOPES), originated=st.sampled_from(Originated))
    def suspends(self, by: str, scope: Suspension, originated: Originated) -> None:
        end = self.ends[by]
        self.says(end, replace(scope, originated=originated))
        if end.fate() is Originated.ERASE:
            for packet in sorted({grant.packet for grant in end.sent}):
                self.doomed.add(packet)
                if not end.has_recalled(packet, from_everybody=True):
                    self.orders(end, packet, whole=True)

    @rule(by=parties)
    def resumes(self, by: str) -> None:
        end = self.ends[by]
        known = end.book.newest(by, AGREEMENT_ID)
        if known is not None and known.suspensions:
            self.says(end, *known.suspensions, lift=True)

    @rule(by=parties)
    def issues_anew(self, by: str) -> None:
        end = self.ends[by]
        if not self.stopped(end.book, end):
            anew = [grant for grant in end.held if not end.has_recalled(grant.packet)]
            end.held.clear()
            end.outbox.extend(Grant(each.packet, each.slots) for each in anew)

    def orders(self, end: Party, packet: int, **said: object) -> None:
        order = RecallOrder(reason=RecallReason.ORDERED, respond_by_ms=NOW_MS, **said)  # type: ignore[arg-type]
        end.said.append(Asked(packet=packet, order=order))
        end.outbox.append(end.said[-1])

    def says(self, end: Party, *suspensions: Suspension, lift: bool = False) -> None:
        change = SuspensionStep(suspensions=suspensions, lift=lift, ended=False, acted_by=OFFICER)
        standing = merged(
            end.book.newest(end.name, AGREEMENT_ID),
            [change],
            header=federation().node(end.name).header,
            agreement_id=AGREEMENT_ID,
            time_ms=NOW_MS,
        )
        end.book.take(standing)
        end.outbox = deque(each for each in end.outbox if not isinstance(each, Standing))
        end.outbox.appendleft(standing)  # before all that waits

    @rule(by=parties, number=numbers)
    def erases(self, by: str, number: int) -> None:
        end = self.ends[by]
        if end.heard:
            self.erase(end, end.heard[number % len(end.heard)])

    @rule(by=parties, number=numbers, ground=st.sampled_from(KeepGround))
    def keeps(self, by: str, number: int, ground: KeepGround) -> None:
        end = self.ends[by]
        if end.heard and (asked := end.heard[number % len(end.heard)]).there < RecallState.ERASED:
            answer = RecallAnswer(recall=bytes(32), ground=ground, acted_by=OFFICER)
            self.answer(end, asked, answer)

    def erase(self, end: Party, asked: Asked) -> None:
        if asked.there is not RecallState.ERASED:
            end.forgets([asked], asked.packet)
            self.answer(end, asked, RecallAnswer(recall=bytes(32)))

    def answer(self, end: Party, asked: Asked, answer: RecallAnswer) -> None:
        asked.there = following(asked.there, answer)
        end.outbox.append(Answered(asked, answer))

    # What machines do.

    @rule(by=parties)
    def is_taken(self, by: str) -> None:
        end = self.ends[by]
        if not end.outbox:
            return
        said, other = end.outbox.popleft(), self.ends[end.other]
        match said:
            case Standing():
                self.book.take(said)
            case Grant():
                if self.stopped(self.book, end):
                    end.held.append(said)
                    return
                if gone(self.recalls_of(said.packet)) & said.slots:
                    return  # refused
            case Asked():
                self.taken.append(said)
                if said.order.whole:
                    drop = frozenset(said.order.slots) or SLOTS
                    before = self.dropped.get(said.packet, frozenset())
                    self.dropped[said.packet] = before | drop
                    self.ciphertexts[said.packet] -= drop
            case Answered():
                pass
        other.mailbox.append(said)

    @rule(by=parties, asks=st.booleans())
    def reads(self, by: str, asks: bool) -> None:
        end = self.ends[by]
        if not end.mailbox:
            return
        said, other = end.mailbox.popleft(), self.ends[end.other]
        match said:
            case Standing():
                end.book.take(said)
            case Grant():
                taken = gone(self.recalls_of(said.packet))
                if self.stopped(self.book, other):
                    other.held.append(said)
                elif not said.slots <= taken:
                    known = [each for each in end.heard if each.packet == said.packet]
                    handed = said.slots & self.ciphertexts[said.packet] - taken
                    end.opens[said] = handed - gone(known)
            case Asked():
                end.heard.append(said)
                if not asks:
                    self.erase(end, said)
            case Answered():
                said.asked.here = following(said.asked.here, said.answer)

    # What always holds.

    @invariant()
    def nothing_is_there_again(self) -> None:
        for packet, slots in self.dropped.items():
            assert not self.ciphertexts[packet] & slots

    @invariant()
    def nothing_opens_that_was_said_to_be_erased(self) -> None:
        for end in self.ends.values():
            for grant, opened in end.opens.items():
                erased = [
                    each
                    for each in end.heard
                    if each.packet == grant.packet and each.there is RecallState.ERASED
                ]
                assert not opened & gone(erased)

    @invariant()
    def nobody_knows_more_than_is_true(self) -> None:
        assert all(each.here <= each.there for end in self.ends.values() for each in end.said)

    @invariant()
    def what_a_suspension_erases_is_recalled(self) -> None:
        for end in self.ends.values():
            if end.fate() is Originated.ERASE:
                assert all(end.has_recalled(grant.packet) for grant in end.sent)

    def settle(self) -> None:
        while any(end.outbox or end.mailbox for end in self.ends.values()):
            for name in self.ends:
                self.is_taken(name)
                self.reads(name, asks=True)

    def teardown(self) -> None:
        self.settle()
        for end in self.ends.values():
            for asked in end.heard:
                self.erase(end, asked)
        self.settle()
        for name in self.ends:
            self.resumes(name)
        self.settle()
        for name in self.ends:
            self.issues_anew(name)
        self.settle()
        us, cn = self.ends[US], self.ends[CN]
        assert us.book.all() == cn.book.all() == self.book.all()
        for end, other in ((us, cn), (cn, us)):
            assert end.said == other.heard
            assert all(each.here is each.there is RecallState.ERASED for each in end.said)
            for grant, opened in other.opens.items():
                assert not opened & gone(self.recalls_of(grant.packet))
                assert not (grant.packet in self.doomed and opened)
        assert not any(self.ciphertexts[packet] for packet in self.doomed)


TestErasing = ErasingMachine.TestCase
TestErasing.settings = settings(max_examples=examples(80), stateful_step_count=40, deadline=None)
