"""Four eyes at the node: whatever is drafted, approved, rejected or cut off, in whatever order."""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from support.agencies import US, federation
from support.examples import examples
from support.exchange import agreement
from tearline.errors import NotFound, NotPermitted, SecondPersonMissing, StoreFull
from tearline.onward.use import Use
from tearline.packets.packet import PacketKind
from tearline.persons.four_eyes import APPROVERS, DRAFTERS
from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy
from tearline_client.features.approvals.reviews import Services
from tearline_client.features.approvals.service import ApprovalService
from tearline_client.features.consents.previews import ConsentPreviews
from tearline_client.features.consents.views import ConsentView
from tearline_client.features.packets.service import Persons
from tearline_client.messages.sent import Sent
from tearline_client.planning.mentions import Mention
from tearline_client.planning.release_plan import Draft, ReleasePlan
from tearline_client.store.approvals import ApprovalStore
from tearline_client.store.database import Database
from tearline_client.store.decisions import Act
from tearline_client.store.draft_content import PendingAnswer, PendingConsent
from tearline_client.store.notifications import NotificationStore
from tearline_client.store.vault import Vault

ROLES = {
    "ana": {Role.ANALYST},
    "bo": {Role.ANALYST, Role.LIAISON},
    "li": {Role.LIAISON},
    "max": {Role.OFFICER},
    "ody": {Role.AUDITOR},
}
PERSON = st.sampled_from(sorted(ROLES))
KINDS = ("packet", "field", "answer", "consent")
FIELD: Any = SimpleNamespace()
AGREEMENT = agreement(federation().node(US).header)
DRAFT = Draft(
    fields=(),
    agreement=AGREEMENT,
    article=AGREEMENT.terms.articles[0].id,
    purpose="investigation",
    kind=PacketKind.LEAD,
    not_after_ms=1,
)


class People:
    """The agency's persons, all logged in."""

    def reader(self, name: str) -> str:
        return name

    def may_act(self, subject: str, role: str) -> bool:
        return role in ROLES[subject]

    def acted_as(self, name: str, agreement_id: bytes, roles: Any) -> ActedBy:
        role = next((role for role in roles if role in ROLES[name]), None)
        if role is None:
            raise NotPermitted
        return ActedBy(
            pseudonym=name.encode().ljust(32, b"\0"),
            role=role.value,
            token_hash=bytes(32),
            time_ms=1,
        )


REASON = "the name of a street"


class Outgoing:
    """What seals, answers and gives; it may be cut off in the transaction, or after it.

    Whatever is released is told apart by 32 bytes: of a packet that is new, they are its case.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.sealed: list[tuple[bytes, Persons]] = []
        self.answered: list[tuple[bytes, ActedBy | None]] = []
        self.cut_off = False

    def disclosure(self, packet_id: bytes, path: str, to: str) -> Any:
        return SimpleNamespace(
            shown=shown(packet_id),
            recipient=to,
            field=FIELD,
            mentions=(),
            verify_repeats=lambda reason: None,
        )

    async def disclose(
        self,
        packet_id: bytes,
        path: str,
        to: str,
        persons: Persons,
        *,
        repeats: str,
        on_store: Callable[[], None],
    ) -> Sent:
        assert repeats == REASON
        return self._seal(packet_id, persons, on_store)

    def plan(self, draft: Draft, recipients: tuple[str, ...]) -> ReleasePlan:
        return ReleasePlan(draft=draft, recipients=(), fields=(), decisions={})

    def mentions(self, plan: ReleasePlan) -> tuple[Mention, ...]:
        return ()

    def verify_repeats(self, plan: ReleasePlan) -> None:
        assert plan.recipients == ()  # no reader, of whom anything could be kept back

    async def send(
        self, plans: tuple[ReleasePlan, ...], persons: Persons, *, on_store: Callable[[], None]
    ) -> Sent:
        (plan,) = plans
        return self._seal(bytes.fromhex(plan.draft.case_id), persons, on_store)

    def answerable(
        self, request: bytes, items: tuple[int, ...], *, supplement: bool
    ) -> tuple[int, ...]:
        assert supplement
        return items

    def verify_text(self, request: bytes, plan: ReleasePlan, text: str) -> None:
        assert text == "words"

    def verify_note(self, giving: Any, note: str) -> None:
        assert note == "words"

    async def carry(
        self, answer: PendingAnswer, plan: ReleasePlan, persons: Persons, done: Callable[[], None]
    ) -> Sent:
        sent = self._seal(bytes.fromhex(plan.draft.case_id), persons, done)
        assert (answer.request, answer.items, answer.text) == (sent.packets[0], (1,), "words")
        assert answer.supplement
        self.answered.append((sent.packets[0], persons.seconded_by))
        return sent

    def giving(
        self, consent: bytes, fields: tuple[str, ...], *, ends_ms: int, repeats: str
    ) -> ConsentView:
        assert repeats == REASON
        record: Any = SimpleNamespace(id=consent, use=Use.PASS_ON, peer="peer")
        return ConsentView(
            record=record,
            shown=shown(consent * 2),
            fields=("a/Person/name",),
            scope="to",
            ends_ms=ends_ms,
            mentions=(),
            repeats=repeats,
        )

    def again(self, decided: PendingConsent) -> ConsentView:
        return ConsentPreviews.again(self, decided)

    async def give_by(
        self, giving: Any, persons: Persons, *, note: str, on_store: Callable[[], None]
    ) -> Sent:
        assert (giving.ends_ms, note) == (7, "words")
        return self._seal(giving.shown.packet.id, persons, on_store)

    def _seal(self, packet: bytes, persons: Persons, on_store: Callable[[], None]) -> Sent:
        with self._database.transaction():
            on_store()
            if self.cut_off:
                raise StoreFull
        self.sealed.append((packet, persons))
        return Sent(packets=(packet,), receipts=(), refused=())


class AtOnce:
    """Decisions that are done at once, and stored nowhere."""

    def on(self, desk: str, carry: object) -> None:
        assert desk == "approval"

    async def decide(self, content: Act, persons: Persons, act: Any) -> Sent:
        return await act(lambda: None)


def shown(packet: bytes) -> Any:
    """A packet of ours."""
    return SimpleNamespace(
        packet=SimpleNamespace(id=packet),
        manifest=SimpleNamespace(agreement=SimpleNamespace(id=AGREEMENT.id)),
        field=lambda path: FIELD,
    )


class FourEyes(RuleBasedStateMachine):
    """Drafts, and what becomes of each."""

    drafts: Bundle[tuple[bytes, bytes, str]] = Bundle("drafts")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.count = 0
        self.waiting: dict[bytes, str] = {}
        self.sealed: set[bytes] = set()
        self.answers: set[bytes] = set()
        self.database = self._opened()
        self.outgoing = Outgoing(self.database)
        self.second = self._second()

    def _opened(self) -> Database:
        return Database(Path(self.folder.name) / "node.db", Vault(bytes(32)))

    def _second(self) -> ApprovalService:
        stores = SimpleNamespace(
            database=self.database,
            approvals=ApprovalStore(self.database, SimpleNamespace(newest=lambda _: AGREEMENT)),
            notifications=NotificationStore(self.database),
            packets=SimpleNamespace(packet=shown),
        )
        state = SimpleNamespace(
            stores=stores, now_ms=lambda: 1, right_ms=lambda: 1, has_ended=lambda end_ms: False
        )
        desks = Services(
            releasing=self.outgoing,
            disclosures=self.outgoing,
            requests=self.outgoing,
            answers=self.outgoing,
            consents=self.outgoing,
            previews=self.outgoing,
        )
        access = SimpleNamespace(record=lambda *_, **__: None, act=lambda *_, **__: None)
        return ApprovalService(state, desks, People(), access, AtOnce())

    @rule(target=drafts, person=PERSON, kind=st.sampled_from(KINDS))
    def draft(self, person: str, kind: str) -> tuple[bytes, bytes, str]:
        self.count += 1
        packet = self.count.to_bytes(16, "big") * 2
        try:
            pending = self._draft(kind, packet, person)
        except NotPermitted:
            assert not ROLES[person] & {*DRAFTERS}
            return b"", packet, person
        self.waiting[pending] = person
        return pending, packet, person

    def _draft(self, kind: str, packet: bytes, person: str) -> bytes:
        plan = self.outgoing.plan(replace(DRAFT, case_id=packet.hex()), ())
        match kind:
            case "field":
                return self.second.draft_disclosure(
                    packet, "a/Person/name", "to", repeats=REASON, person=person
                )
            case "answer":
                self.answers.add(packet)
                return self.second.draft_answer(
                    packet, plan, (1,), text="words", person=person, supplement=True
                )
            case "consent":
                half = packet[:16]
                return self.second.draft_consent(
                    half, ends_ms=7, note="words", repeats=REASON, person=person
                )
            case _:
                return self.second.draft([plan], person=person)

    @rule(draft=drafts, person=PERSON, cut_off=st.booleans())
    def approve(self, draft: tuple[bytes, bytes, str], person: str, cut_off: bool) -> None:
        pending, packet, drafter = draft
        self.outgoing.cut_off = cut_off
        before = len(self.outgoing.sealed)
        try:
            asyncio.run(self.second.approve(pending, person=person))
        except NotFound:
            assert pending not in self.waiting
        except SecondPersonMissing:
            assert person == drafter
        except NotPermitted:
            assert not ROLES[person] & {*APPROVERS}
        except StoreFull:
            assert cut_off
        else:
            assert pending in self.waiting
            assert not cut_off
            del self.waiting[pending]
            self.sealed.add(packet)
            assert len(self.outgoing.sealed) == before + 1
            return
        assert len(self.outgoing.sealed) == before

    @rule(draft=drafts, person=PERSON)
    def reject(self, draft: tuple[bytes, bytes, str], person: str) -> None:
        pending = draft[0]
        try:
            self.second.reject(pending, person=person)
        except NotFound:
            assert pending not in self.waiting
        except NotPermitted:
            assert not ROLES[person] & {*DRAFTERS}
        else:
            del self.waiting[pending]

    @rule()
    def restart(self) -> None:
        self.database.close()
        self.database = self._opened()
        self.outgoing._database = self.database
        self.second = self._second()

    @invariant()
    def what_waits_waits_and_nothing_else(self) -> None:
        assert {each.id for each in self.second.waiting()} == {*self.waiting}

    @invariant()
    def nothing_is_sealed_twice_or_by_one(self) -> None:
        packets = [packet for packet, _ in self.outgoing.sealed]
        assert sorted(packets) == sorted(self.sealed)
        for _, persons in self.outgoing.sealed:
            assert persons.acted_by is not None
            assert persons.seconded_by is not None
            assert persons.acted_by.pseudonym != persons.seconded_by.pseudonym
            assert persons.seconded_by.role in APPROVERS

    @invariant()
    def who_approves_an_answer_says_that_it_is_one(self) -> None:
        by = {packet: persons.seconded_by for packet, persons in self.outgoing.sealed}
        assert dict(self.outgoing.answered) == {
            packet: person for packet, person in by.items() if packet in self.answers
        }

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()


FourEyes.TestCase.settings = settings(
    max_examples=examples(15), stateful_step_count=20, deadline=None
)
TestFourEyes = FourEyes.TestCase
