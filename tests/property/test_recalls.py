"""Recalls under any order, repetition, delay and loss of messages: both ends agree in the end."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from support.agencies import NOW_MS
from support.examples import examples
from tearline.packets.recall import (
    KeepGround,
    RecallAnswer,
    RecallOrder,
    RecallReason,
    RecallState,
    following,
    recalled_slots,
)
from tearline.statements.statement import ActedBy

PERSON = ActedBy(pseudonym=b"p" * 32, role="officer", token_hash=b"t" * 32, time_ms=NOW_MS)
SLOTS = frozenset(range(4))
slots = st.frozensets(st.sampled_from(sorted(SLOTS)), min_size=1)
numbers = st.integers(0, 5)


class RecallMachine(RuleBasedStateMachine):
    """An originator, an exchange and a recipient, with a mailbox each way that shuffles.

    A message that is lost is sent again: it stays in its mailbox until the machine ends, and may
    be taken out as often as it likes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.to_recipient: list[tuple[str, int]] = []
        self.to_originator: list[RecallAnswer] = []
        self.grants: list[frozenset[int]] = []  # what each releases
        self.orders: list[RecallOrder] = []
        self.known: set[int] = set()  # orders that the recipient has taken in
        self.came: set[int] = set()  # grants that it has taken in
        self.open: dict[int, frozenset[int]] = {}  # what it can open, by grant
        self.there: list[RecallState] = []  # the recipient's word on each order
        self.here: list[RecallState] = []  # what the originator knows of it
        self.floor: list[tuple[RecallState, RecallState]] = []

    @staticmethod
    def id_of(grant: int) -> bytes:
        return b"%032d" % grant

    def gone(self, orders: list[RecallOrder], grant: int) -> frozenset[int]:
        found = recalled_slots(orders, self.id_of(grant))
        return SLOTS if found is None else found

    @rule(released=slots)
    def is_granted(self, released: frozenset[int]) -> None:
        taken_back = recalled_slots(self.orders, b"")
        if taken_back is None or taken_back & released:
            return  # the exchange refuses it
        self.grants.append(released)
        self.to_recipient.append(("grant", len(self.grants) - 1))

    @rule(named=st.none() | slots, grant=st.none() | numbers)
    def is_recalled(self, named: frozenset[int] | None, grant: int | None) -> None:
        if grant is not None and grant >= len(self.grants):
            return
        order = RecallOrder(
            grant=b"" if grant is None else self.id_of(grant),
            slots=tuple(sorted(named or ())),
            reason=RecallReason.MISTAKE,
            respond_by_ms=NOW_MS,
        )
        self.orders.append(order)
        self.to_recipient.append(("recall", len(self.orders) - 1))
        self.there.append(RecallState.OPEN)
        self.here.append(RecallState.OPEN)
        self.floor.append((RecallState.OPEN, RecallState.OPEN))

    @rule(place=numbers)
    def recipient_reads(self, place: int) -> None:
        if not self.to_recipient:
            return
        kind, number = self.to_recipient[place % len(self.to_recipient)]
        if kind == "grant":
            if number not in self.came:
                self.came.add(number)
                known = [self.orders[each] for each in sorted(self.known)]
                self.open[number] = self.grants[number] - self.gone(known, number)
        else:
            self.known.add(number)

    @rule(number=numbers)
    def recipient_erases(self, number: int) -> None:
        if number in self.known and self.there[number] is not RecallState.ERASED:
            for grant, opened in self.open.items():
                self.open[grant] = opened - self.gone([self.orders[number]], grant)
            self.answers(number, RecallAnswer(recall=b"%032d" % number))

    @rule(number=numbers, ground=st.sampled_from(KeepGround))
    def recipient_keeps(self, number: int, ground: KeepGround) -> None:
        if number in self.known and self.there[number] is not RecallState.ERASED:
            answer = RecallAnswer(recall=b"%032d" % number, ground=ground, acted_by=PERSON)
            self.answers(number, answer)

    def answers(self, number: int, answer: RecallAnswer) -> None:
        self.there[number] = following(self.there[number], answer)
        self.to_originator.append(answer)

    @rule(place=numbers)
    def originator_reads(self, place: int) -> None:
        if self.to_originator:
            answer = self.to_originator[place % len(self.to_originator)]
            number = int(answer.recall)
            self.here[number] = following(self.here[number], answer)

    @invariant()
    def neither_end_moves_back(self) -> None:
        now = list(zip(self.here, self.there, strict=True))
        for before, after in zip(self.floor, now, strict=True):
            assert before <= (after[0], before[1])
            assert before[1] <= after[1]
        self.floor = now

    @invariant()
    def the_originator_never_knows_more_than_is_true(self) -> None:
        assert all(here <= there for here, there in zip(self.here, self.there, strict=True))

    @invariant()
    def nothing_opens_that_was_said_to_be_erased(self) -> None:
        erased = [
            o for o, s in zip(self.orders, self.there, strict=True) if s is RecallState.ERASED
        ]
        for grant, opened in self.open.items():
            assert not opened & self.gone(erased, grant)

    def teardown(self) -> None:
        for place in range(len(self.to_recipient)):
            self.recipient_reads(place)
        for number in range(len(self.orders)):
            self.recipient_erases(number)
        for place in range(len(self.to_originator)):
            self.originator_reads(place)
        assert self.here == self.there == [RecallState.ERASED] * len(self.orders)
        assert all(
            not opened & self.gone(self.orders, grant) for grant, opened in self.open.items()
        )
        # Whatever comes late, or once more, changes nothing.
        for answer in self.to_originator:
            kept = replace(answer, ground=KeepGround.EVIDENCE, acted_by=PERSON)
            assert following(self.here[int(answer.recall)], kept) is RecallState.ERASED


TestRecalls = RecallMachine.TestCase
TestRecalls.settings = settings(max_examples=examples(60), stateful_step_count=25, deadline=None)
