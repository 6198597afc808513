"""Four eyes: a draft waits, and is sealed once a second person approved it.

No packet is sealed before. The approval decides anew, by the current agreement and policies. If a
partner's view then differs from the draft, the approver sees the difference first.
"""

import secrets
from collections.abc import Sequence

from tearline.audit.event import EventCode
from tearline.errors import DraftEnded, DrafterGone, SecondPersonMissing
from tearline.onward.consent import ConsentTerms
from tearline.persons.four_eyes import APPROVERS, DRAFTERS, verify_two
from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.features.approvals.reviews import Reviews, Services
from tearline_client.features.decisions.service import DecisionService, persons_of
from tearline_client.features.packets.review import Review
from tearline_client.features.packets.service import Persons
from tearline_client.features.requests.handler import note_of
from tearline_client.messages.sent import Sent
from tearline_client.persons.actors import Actors
from tearline_client.persons.issuer import NODE
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.store.approvals import Drafter, Pending
from tearline_client.store.decisions import Act, Decision, content_of
from tearline_client.store.draft_content import (
    Content,
    PendingAnswer,
    PendingConsent,
    PendingField,
    PendingPacket,
)
from tearline_client.store.on_store import OnStore

_ID_SIZE = 16
_DESK = "approval"


class ApprovalService:
    """Service for releases that require a second person.

    Args:
        context: The node.
        desks: Carry them out.
        actors: The agency's persons at this node.
        access: The node's own access log.
        decisions: Stores an approval before it is done.
    """

    def __init__(
        self,
        context: NodeContext,
        desks: Services,
        actors: Actors,
        access: AccessLog,
        decisions: DecisionService,
    ) -> None:
        self._context = context
        self._store = context.stores.approvals
        self._desks = desks
        self._reviews = Reviews(context, desks)
        self._actors = actors
        self._access = access
        self._decisions = decisions
        decisions.on(_DESK, self._carry)

    def draft(
        self,
        plans: Sequence[ReleasePlan],
        *,
        person: str = "",
        on_store: OnStore = lambda: None,
    ) -> bytes:
        """Stores plans, all under one agreement, until another person approves them.

        Args:
            plans: One for each packet.
            person: The drafter; by default the logged-in person.
            on_store: Runs in the transaction that stores them.

        Returns:
            Their pending id.

        Raises:
            TlsError: If no person with a drafting role is logged in.
            PendingFull: If too many releases wait.
        """
        for plan in plans:
            self._desks.releasing.verify_repeats(plan)
        return self._wait(tuple(map(PendingPacket.of, plans)), person, on_store)

    def draft_disclosure(
        self, packet_id: bytes, path: str, to: str, *, repeats: str = "", person: str = ""
    ) -> bytes:
        """Stores the disclosure of one more field until another person approves it.

        Args:
            packet_id: 32 bytes, a packet of ours.
            path: The field.
            to: The partner.
            repeats: The reason to repeat values that the partner may not have in clear.
            person: The drafter; by default the logged-in person.

        Raises:
            TearlineError: If it is not allowed now, or ``person`` may not draft.
        """
        wanted = self._desks.disclosures.disclosure(packet_id, path, to)
        wanted.verify_repeats(repeats)
        field = PendingField(
            packet=packet_id, path=path, recipient=wanted.recipient, repeats=repeats
        )
        return self._wait(field, person)

    def draft_answer(
        self,
        request: bytes,
        plan: ReleasePlan,
        items: Sequence[int] = (),
        *,
        text: str = "",
        person: str = "",
        supplement: bool = False,
    ) -> bytes:
        """Stores an answer to a request until another person approves it; its clock continues.

        Args:
            request: 32 bytes, the id of the request.
            plan: The answering packet.
            items: Numbers of the items; empty for all that are open now.
            text: A message for the asker.
            person: The drafter; by default the logged-in person.
            supplement: Whether it overturns earlier decisions.

        Raises:
            TearlineError: If the request accepts no such answer, or ``person`` may not draft.
        """
        numbers = self._desks.requests.answerable(request, items, supplement=supplement)
        note_of(text=text)  # an invalid text is refused before it waits
        self._desks.releasing.verify_repeats(plan)
        self._desks.requests.verify_text(request, plan, text)
        packet = PendingPacket.of(plan)
        answer = PendingAnswer(
            request=request, items=numbers, packet=packet, text=text, supplement=supplement
        )
        return self._wait(answer, person)

    def draft_consent(
        self,
        consent_id: bytes,
        fields: Sequence[str] = (),
        *,
        ends_ms: int = 0,
        note: str = "",
        repeats: str = "",
        person: str = "",
    ) -> bytes:
        """Stores a consent to be given until another person approves it.

        Args:
            consent_id: 16 bytes.
            fields: Paths, some of the requested ones; empty for all.
            ends_ms: End of the consent, Unix milliseconds; 0 for the requested end.
            note: A note for the asker.
            repeats: The reason to repeat values that the third party may not have in clear.
            person: The drafter; by default the logged-in person.

        Raises:
            TearlineError: If it cannot be given now, or ``person`` may not draft.
        """
        giving = self._desks.previews.giving(consent_id, fields, ends_ms=ends_ms, repeats=repeats)
        giving.verify_repeats()
        self._desks.previews.verify_note(giving, note)
        ConsentTerms(fields=giving.fields, scope=giving.scope, note=note)
        return self._wait(giving.decided(note), person)

    def _wait(self, content: Content, person: str, on_store: OnStore = lambda: None) -> bytes:
        now_ms, agreement_id = self._context.right_ms(), self._agreement_id(content)
        drafter = self._drafter(person, agreement_id)
        pending = secrets.token_bytes(_ID_SIZE)
        self._access.act("release draft", pending, acted_by=drafter.acted_by)
        with self._context.stores.database.transaction():
            on_store()
            self._store.put(pending, content, drafter, now_ms=now_ms)
            self._context.stores.notifications.tell(
                "pending", time_ms=now_ms, pending=pending, agreement=agreement_id
            )
        return pending

    def waiting(self) -> tuple[Pending, ...]:
        """Returns all pending releases, oldest first."""
        return self._store.all()

    def count(self) -> int:
        """Returns the number of pending releases, without opening them."""
        return self._store.count()

    def by_question(self) -> dict[bytes, tuple[bytes, ...]]:
        """Returns pending ids by the request or consent they answer, oldest first."""
        return self._store.by_question()

    def find(self, prefix: str) -> bytes:
        """Returns the pending id whose hexadecimal form begins with ``prefix``.

        Raises:
            NotFound: If there is none, or more than one.
        """
        return self._store.find(prefix)

    def review(self, pending: bytes, *, person: str = "") -> Review:
        """Returns a pending release, decided anew, to its reader; an entry of the access log.

        Args:
            pending: Its id.
            person: The reader, by the agency's own name; by default the logged-in person.

        Raises:
            NotFound: If it is not pending.
            TearlineError: If agreement or policies no longer allow it.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        self._access.verify_reader(person)
        review = self._reviews.review(pending)
        match review.pending.content:
            case PendingField(packet=packet) | PendingConsent(packet=packet):
                shown = {packet: [field for field, _ in review.fields]}
            case PendingAnswer() | tuple():
                shown = {}  # of packets that are not sealed yet, and have no slots
        self._access.record(EventCode.ACCESS_OPEN, shown, person=person)
        return review

    async def approve(self, pending: bytes, *, person: str = "", agreed: bytes = b"") -> Sent:
        """Seals and sends a pending release, approved by a second person.

        This person also signs the step of an answer, once the exchange has accepted its packet.

        Args:
            pending: Its id.
            person: The approver; by default the logged-in person.
            agreed: The ``mark`` of the review that this person saw; without it, only the unchanged
                draft is approved.

        Raises:
            NotFound: If it is not pending.
            SecondPersonMissing: If this person drafted it.
            DrafterGone: If the drafter may no longer act.
            DraftEnded: If it has waited too long.
            TlsError: If no person with an approving role is logged in.
            ReleaseChanged: If a partner's view differs from the draft, or from the review
                ``agreed``.
            TearlineError: As ``Node.send``, ``Node.disclose`` and the services for requests and
                consents; an unsealed release stays pending.
        """
        review = self._reviews.review(pending)
        persons = self._persons(review, person)
        review.verify_agreed(agreed)
        said = {"pending": pending.hex(), "agreed": agreed.hex()}
        return await self._decisions.decide(
            Act(desk=_DESK, about=pending, said=said),
            persons,
            lambda on_store: self._approve(pending, agreed, persons, on_store),
        )

    async def _carry(self, decision: Decision, on_store: OnStore) -> object:
        act = content_of(decision, Act)
        agreed = bytes.fromhex(act.said["agreed"])
        return await self._approve(act.about, agreed, persons_of(decision), on_store)

    async def _approve(
        self, pending: bytes, agreed: bytes, persons: Persons, on_store: OnStore
    ) -> Sent:
        review = self._reviews.review(pending)
        review.verify_agreed(agreed)
        return await self._release(review, persons, on_store)

    async def _release(self, review: Review, persons: Persons, on_store: OnStore) -> Sent:
        desks = self._desks

        def drop_pending() -> None:
            self._store.drop(review.pending.id)
            on_store()

        match review.pending.content:
            case PendingField() as field:
                return await desks.disclosures.disclose(
                    field.packet,
                    field.path,
                    field.recipient,
                    persons,
                    repeats=field.repeats,
                    on_store=drop_pending,
                )
            case PendingConsent() as consent:
                giving = self._desks.previews.again(consent)
                return await desks.consents.give_by(
                    giving, persons, note=consent.note, on_store=drop_pending
                )
            case PendingAnswer() as answer:
                (plan,) = review.plans
                return await desks.answers.carry(answer, plan, persons, drop_pending)
            case tuple():
                return await desks.releasing.send(review.plans, persons, on_store=drop_pending)

    def reject(self, pending: bytes, *, person: str = "") -> None:
        """Discards an unsealed pending release; an entry of the access log.

        Raises:
            NotFound: If it is not pending.
            TlsError: If no person with a drafting or approving role is logged in.
            StoreError: If the entry cannot be written: then the release waits on.
        """
        self._acted_as(person, self._agreement_id(self._store.get(pending).content), DRAFTERS)
        self._discard(pending, person)

    def expire(self) -> None:
        """Discards drafts that waited too long, by the time agreed by log and node."""
        for pending, ends_ms in self._store.ends().items():  # at most ``MAX_PENDING``
            if self._context.has_ended(ends_ms):
                self._discard(pending, NODE)

    def _discard(self, pending: bytes, person: str) -> None:
        self._access.record(EventCode.ACCESS_DISCARDED, {}, person=person, detail=pending.hex())
        with self._context.stores.database.transaction():
            self._store.drop(pending)

    def _persons(self, review: Review, person: str) -> Persons:
        drafter = review.pending.drafter
        if self._context.has_ended(review.pending.ends_ms):
            raise DraftEnded
        if not self._actors.may_act(drafter.subject, drafter.acted_by.role):
            raise DrafterGone
        if self._actors.reader(person) == drafter.subject:
            raise SecondPersonMissing("the drafter may not approve it")
        second = self._acted_as(person, self._agreement_id(review.pending.content), APPROVERS)
        verify_two(drafter.acted_by, second)
        return Persons(acted_by=drafter.acted_by, seconded_by=second)

    def _drafter(self, person: str, agreement_id: bytes) -> Drafter:
        acted_by = self._acted_as(person, agreement_id, DRAFTERS)
        subject = self._actors.reader(person)
        return Drafter(subject=subject, acted_by=acted_by)

    def _acted_as(self, person: str, agreement_id: bytes, roles: Sequence[Role]) -> ActedBy:
        return self._actors.acted_as(person, agreement_id, roles)

    def _agreement_id(self, content: Content) -> bytes:
        match content:
            case PendingField() | PendingConsent():
                packet = self._context.stores.packets.packet(content.packet)
                return packet.manifest.agreement.id
            case PendingAnswer():
                return content.packet.draft.agreement.id
            case tuple() as packets:
                first: PendingPacket = packets[0]
                return first.draft.agreement.id
