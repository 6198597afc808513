"""Consents: requests to originators, and answers to partners.

Passing on is a grant by the originator to the third party. The holder asks for it. On consent, the
originator's node discloses the fields itself, under its own policies, and reports it.
"""

import secrets
from collections.abc import Sequence

from tearline.errors import (
    ConsentMisplaced,
    NotFound,
    OutcomeUnknown,
)
from tearline.identity import agency_uri_of
from tearline.onward.consent import (
    CONSENT_ID_SIZE,
    ConsentStep,
    ConsentTerms,
)
from tearline.onward.use import Use
from tearline.persons.four_eyes import verify_persons
from tearline.statements.statement import ActedBy
from tearline_client.context import NodeContext
from tearline_client.directory import node_of
from tearline_client.features.consents.previews import ConsentPreviews
from tearline_client.features.consents.steps import ConsentAct, ConsentSteps
from tearline_client.features.consents.views import ConsentView
from tearline_client.features.decisions.service import DecisionService, persons_of
from tearline_client.features.packets.disclosure import DisclosureService
from tearline_client.features.packets.service import Persons
from tearline_client.messages.sent import Sent, verify_accepted
from tearline_client.store.consents import ConsentRecord
from tearline_client.store.decisions import Decision, content_of
from tearline_client.store.draft_content import PendingConsent
from tearline_client.store.on_store import OnStore


class ConsentService:
    """Consents by originators to this node, and by this node to others.

    Args:
        context: The node.
        steps: Takes steps.
        previews: Shows a consent before it is given.
        disclosures: Releases more fields of a packet.
        decisions: Stores each decision before it is signed.
    """

    def __init__(
        self,
        context: NodeContext,
        steps: ConsentSteps,
        previews: ConsentPreviews,
        disclosures: DisclosureService,
        decisions: DecisionService,
    ) -> None:
        self._context = context
        self._store = context.stores.consents
        self._steps = steps
        self._previews = previews
        self._disclosures = disclosures
        self._decisions = decisions
        decisions.on(PendingConsent.__name__, self._carry_giving)

    def all(self) -> tuple[ConsentRecord, ...]:
        """Returns every consent, in order of their beginning."""
        return self._store.all()

    def find(self, prefix: str) -> ConsentRecord:
        """Returns the consent whose hexadecimal id begins with ``prefix``.

        Raises:
            NotFound: If there is none, or more than one.
        """
        return self._store.find(prefix)

    async def pass_on(
        self,
        packet_id: bytes,
        fields: Sequence[str],
        to: str,
        *,
        ends_ms: int = 0,
        note: str = "",
        repeats: str = "",
        acted_by: ActedBy | None = None,
    ) -> ConsentRecord:
        """Asks a packet's originator to grant fields to a third party.

        Args:
            packet_id: 32 bytes, a partner's packet.
            fields: Paths of readable fields.
            to: The third party: an agency's name or a node URI.
            ends_ms: End of the consent, Unix milliseconds; 0 for the packet's own end.
            note: The reason, for the originator.
            repeats: The reason to repeat values that the originator may not have in clear.
            acted_by: The asking person.

        Raises:
            NotFound: If there is no such packet, field or partner.
            ConsentMisplaced: If no consent is needed.
            ValueRepeated: If the note repeats kept values without a reason.
        """
        recipient = node_of(self._context.trust, to)
        return await self.ask(
            packet_id,
            fields,
            Use.PASS_ON,
            recipient,
            ends_ms=ends_ms,
            note=note,
            repeats=repeats,
            acted_by=acted_by,
        )

    async def ask(
        self,
        packet_id: bytes,
        fields: Sequence[str],
        use: Use,
        scope: str,
        *,
        ends_ms: int = 0,
        note: str = "",
        repeats: str = "",
        acted_by: ActedBy | None = None,
    ) -> ConsentRecord:
        """Asks a packet's originator to allow another use of fields.

        Args:
            packet_id: 32 bytes, a partner's packet.
            fields: Paths of readable fields.
            use: The use.
            scope: The third party's node URI, the proceedings or the purpose, depending on the use.
            ends_ms: End of the consent, Unix milliseconds; 0 for the packet's own end.
            note: The reason, for the originator.
            repeats: The reason to repeat values that the originator may not have in clear.
            acted_by: The asking person.

        Raises:
            NotFound: If there is no such packet or field.
            ValueRepeated: If the note repeats kept values without a reason.
            ConsentMisplaced: If the packet is our own, or the third party its originator.
        """
        shown = self._context.open_view(packet_id)
        if shown.own:
            raise ConsentMisplaced("the packet is our own")
        if use is Use.PASS_ON and agency_uri_of(scope) in (
            agency_uri_of(shown.packet.origin),
            self._context.agency,
        ):
            raise ConsentMisplaced("the third party is the packet's originator or holder")
        missing = [path for path in fields if shown.field(path) is None]
        if missing or not fields:
            raise NotFound("a requested field is not readable here")
        consent_id = secrets.token_bytes(CONSENT_ID_SIZE)
        await self._steps.decide(
            ConsentAct(
                step=ConsentStep.ASK,
                id=consent_id,
                use=use,
                shown=shown,
                peer=shown.packet.origin,
                terms=ConsentTerms(fields=tuple(sorted(set(fields))), scope=scope, note=note),
                persons=Persons(acted_by=acted_by),
                ends_ms=ends_ms or shown.manifest.not_after_ms,
                repeats=repeats,
            )
        )
        return self._store.find(consent_id.hex())

    async def give(
        self,
        consent_id: bytes,
        *,
        acted_by: ActedBy,
        fields: Sequence[str] = (),
        ends_ms: int = 0,
        note: str = "",
        repeats: str = "",
    ) -> ConsentRecord:
        """Gives a requested consent; for passing on, grants the fields first.

        Args:
            consent_id: 16 bytes.
            acted_by: The person who gives it.
            fields: Paths, some of the requested ones; empty for all.
            ends_ms: End of the consent, Unix milliseconds; 0 for the requested end.
            note: A note for the asker.
            repeats: The reason to repeat values that the third party or the asker may not have in
                clear.

        Raises:
            PolicyError: If the article requires two persons, the agreement forbids passing a field
                on, or a text repeats kept values; then no consent is given.
            TearlineError: As ``ConsentPreviews.giving``.
        """
        giving = self._previews.giving(consent_id, fields, ends_ms=ends_ms, repeats=repeats)
        content = giving.decided(note)
        persons = Persons(acted_by=acted_by)
        await self._decisions.decide(
            content, persons, lambda on_store: self._give(content, persons, on_store)
        )
        return self._store.find(consent_id.hex())

    async def _give(self, content: PendingConsent, persons: Persons, on_store: OnStore) -> Sent:
        giving = self._previews.again(content)
        return await self.give_by(giving, persons, note=content.note, on_store=on_store)

    async def _carry_giving(self, decision: Decision, on_store: OnStore) -> object:
        return await self._give(
            content_of(decision, PendingConsent), persons_of(decision), on_store
        )

    async def give_by(
        self,
        giving: ConsentView,
        persons: Persons,
        *,
        note: str = "",
        on_store: OnStore = lambda: None,
    ) -> Sent:
        """Gives a previewed consent; the node is synchronised.

        Args:
            giving: The preview.
            persons: The responsible persons.
            note: A note for the asker.
            on_store: Runs in the transaction that stores the step.

        Raises:
            PolicyError: If the article requires other persons; then no consent is given.
            TearlineError: If it is not allowed, or the exchange refuses it.
        """
        self._verify_behind(giving, persons)
        giving.verify_repeats()
        self._previews.verify_note(giving, note)
        if giving.record.use is Use.PASS_ON:
            for path in giving.fields:
                await self._grant(giving, path, persons)
        act = ConsentAct(
            step=ConsentStep.GIVE,
            id=giving.record.id,
            use=giving.record.use,
            shown=giving.shown,
            peer=giving.record.peer,
            terms=ConsentTerms(fields=giving.fields, scope=giving.scope, note=note),
            persons=persons,
            ends_ms=giving.ends_ms,
            repeats=giving.repeats,
        )
        return await self._steps.say(act, on_store)

    def _verify_behind(self, giving: ConsentView, persons: Persons) -> None:
        reference = giving.shown.manifest.agreement
        article = self._context.stores.agreements.newest(reference.id).article(reference.article)
        verify_persons(article, persons.acted_by, persons.seconded_by)

    async def refuse(
        self,
        consent_id: bytes,
        *,
        note: str = "",
        repeats: str = "",
        acted_by: ActedBy | None = None,
    ) -> ConsentRecord:
        """Refuses a requested consent.

        Raises:
            ValueRepeated: If the note repeats kept values without a reason.
            NotFound: If it was not requested.
            ConsentMisplaced: If it is not ours to refuse.
            ConsentClosed: If it was answered or withdrawn.
        """
        return await self._close(consent_id, ConsentStep.REFUSE, note, repeats, acted_by)

    async def withdraw(
        self,
        consent_id: bytes,
        *,
        note: str = "",
        repeats: str = "",
        acted_by: ActedBy | None = None,
    ) -> ConsentRecord:
        """Withdraws a consent that this agency requested or gave.

        Raises:
            ValueRepeated: If the note repeats kept values without a reason.
            NotFound: If there is no such consent.
            ConsentClosed: If it was refused or withdrawn.
        """
        return await self._close(consent_id, ConsentStep.WITHDRAW, note, repeats, acted_by)

    async def _close(
        self,
        consent_id: bytes,
        step: ConsentStep,
        note: str,
        repeats: str,
        acted_by: ActedBy | None,
    ) -> ConsentRecord:
        record = self._previews.open(consent_id, step)
        await self._steps.decide(
            ConsentAct(
                step=step,
                id=record.id,
                use=record.use,
                shown=self._context.open_view(record.packet),
                peer=record.peer,
                terms=ConsentTerms(note=note),
                persons=Persons(acted_by=acted_by),
                repeats=repeats,
            )
        )
        return self._store.find(record.id.hex())

    async def _grant(self, giving: ConsentView, path: str, persons: Persons) -> None:
        """Grants a field to a third party unless it is granted already: giving may be retried.

        Raises:
            OutcomeUnknown: If the outcome of an earlier grant is unknown.
        """
        shown, to = giving.shown, giving.scope
        field = shown.field(path)
        if field is None:
            raise NotFound("the packet has no such field")
        for stored in shown.grants:
            is_there = stored.grant.address.recipient == to and stored.stands
            if not is_there or field.slot not in shown.slots_of(stored.grant):
                continue
            if stored.status is None:
                raise OutcomeUnknown("the grant waits in the outbox")
            return
        sent = await self._disclosures.disclose(
            shown.packet.id, path, to, persons, beside=giving.fields, repeats=giving.repeats
        )
        verify_accepted(sent)
