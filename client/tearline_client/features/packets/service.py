"""Releases: from a draft to grants accepted by the exchange."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tearline.agreements.agreement import Agreement, verify_direction
from tearline.bodies.registry import verify_body
from tearline.errors import (
    AgreementNotInForce,
    OutcomeUnknown,
    RecipientKeyExpired,
    RefusedOtherwise,
    error_by_code,
)
from tearline.identity import agency_uri_of
from tearline.persons.four_eyes import verify_persons
from tearline.policy.terms import ArticleTerms
from tearline.sealing import SealedPacket
from tearline.statements.receipt import Receipt, Status
from tearline.statements.statement import ActedBy
from tearline.text.choices import one_of
from tearline.wire.statements import Signed
from tearline_client.context import NodeContext
from tearline_client.directory import node_of
from tearline_client.features.packets.onward_use import OnwardUse
from tearline_client.features.packets.reissue import reissue
from tearline_client.messages.compose import GrantContext, grant_plans, seal_plans
from tearline_client.outbox.queued_acts import queueing
from tearline_client.outbox.sender import Sender
from tearline_client.planning.drafts import article_of
from tearline_client.planning.mentions import Mention, readers_of, verify_confirmed
from tearline_client.planning.release_plan import Draft, ReleasePlan, plan_release
from tearline_client.rules.cases import verify_filing
from tearline_client.rules.corrections import verify_correction
from tearline_client.rules.suspensions import SuspensionRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Outcome of a release.

    Attributes:
        packets: Manifest ids, 32 bytes each, in the order of the plans.
        receipts: The exchange's receipts of manifests and grants.
        refused: Codes and reasons of refusals, by message.

    Example:
        >>> draft = node.packets.draft(group, about, agreement="narcotics-2026")
        >>> sent = node.packets.send([node.packets.plan(draft, ["mx-prosecutor"])])
        >>> len(sent.packets), len(sent.receipts), sent.refused  # one manifest and one grant
        (1, 2, ())
    """

    packets: tuple[bytes, ...]
    receipts: tuple[Receipt, ...]
    refused: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored release; its ciphertexts are only in the database.

    Attributes:
        packets: Manifest ids, 32 bytes each, in the order of the plans.
        statements: Manifests and grants.
        ids: The messages' places in the outbox.
    """

    packets: tuple[bytes, ...]
    statements: tuple[Signed, ...]
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Persons:
    """Responsible persons of a release.

    Attributes:
        acted_by: The releasing or drafting person; None for a machine's duty.
        seconded_by: The approving person, for a second person's approval.
    """

    acted_by: ActedBy | None = None
    seconded_by: ActedBy | None = None


class PacketService:
    """Release service of a node. Its caller has read the log.

    Args:
        context: The node.
        sender: Its outbox.
        onward: Checks packets made from partners' packets.
    """

    def __init__(self, context: NodeContext, sender: Sender, onward: OnwardUse) -> None:
        self._onward = onward
        self._context = context
        self._sender = sender
        self._obeying = SuspensionRules(context)

    def derived(self, draft: Draft) -> Draft:
        """Returns a draft marked at least as strictly as its sources."""
        return self._onward.derived(draft)

    def plan(self, draft: Draft, to: Iterable[str]) -> ReleasePlan:
        """Returns each partner's form of each field. Sends no message.

        Raises:
            AgreementNotInForce: If the article does not allow that direction.
            BodyIncomplete: If a field required by the draft's kind is missing.
            BodyRefused: If a field is invalid for the draft's kind.
            CaseError: If it names a case without us or without a partner.
            CorrectionRefused, CorrectedAlready, PacketRecalled: If it may not correct its packet.
        """
        recipients = tuple(dict.fromkeys(node_of(self._context.trust, name) for name in to))
        article = covering(draft.agreement, draft.article, draft.kind.value, draft.purpose)
        for recipient in recipients:
            self.verify_way(article, recipient)
        verify_body(draft.kind, draft.fields)
        if draft.supersedes:  # recipients of the corrected packet had it under that case
            verify_correction(self._context, draft, recipients)
        else:
            verify_filing(self._context.stores.cases, draft.case_id, recipients)
        policy = self._context.policies.under(draft.agreement)
        return plan_release(draft, recipients, policy, sender=self._context.uri)

    def mentions(self, plan: ReleasePlan) -> tuple[Mention, ...]:
        """Returns the texts that repeat values which their readers may not have in clear."""
        return self._onward.mentions(readers_of(plan))

    def verify_repeats(self, plan: ReleasePlan) -> None:
        """Verifies that a person gave a reason for repeated values; see ``mentions``."""
        verify_confirmed(self.mentions(plan), plan.draft.repeats)

    def verify_way(self, article: ArticleTerms, recipient: str) -> None:
        """Verifies that an article allows packets from us to a node.

        Raises:
            AgreementNotInForce: If not.
        """
        ends = {"sender": self._context.agency, "recipient": agency_uri_of(recipient)}
        verify_direction(article, **ends)

    async def send(
        self,
        plans: Sequence[ReleasePlan],
        persons: Persons,
        *,
        also: Callable[[], None] = lambda: None,
        then: Callable[[tuple[bytes, ...]], None] = lambda _: None,
    ) -> Sent:
        """Seals, stores and sends packets under one signature.

        Args:
            plans: One for each packet.
            persons: The responsible persons.
            also: Runs in the transaction that stores the release; if it raises, it is not stored.
            then: Runs in the same transaction with the ids of the packets.

        Raises:
            TrustError: If the log was not read recently, the clock is wrong, or our key has ended;
                no packet was sealed.
            PolicyError: If an article requires other persons, or a text repeats a kept value;
                likewise.
            AgreementSuspended, StandingStale: If a party suspended part of it, or has no recent
                standing; likewise.
            ActQueued: If the exchange is unreachable; sealed packets are sent later.
        """
        self.verify(plans, persons)
        sealed = seal_plans(plans, self._context.signer.header)
        stored = self.store(plans, sealed, persons, also=also, then=then)
        return await self.settle(stored.packets, stored.statements, stored.ids)

    def verify(self, plans: Sequence[ReleasePlan], persons: Persons) -> None:
        """Verifies that packets may be sealed and sent now; raises as ``send``."""
        ways = {
            (plan.draft.agreement.key, plan.draft.article, recipient): plan.draft.agreement
            for plan in plans
            for recipient in plan.recipients
        }
        for (_, article, recipient), agreement in ways.items():
            self._obeying.verify_may_send(agreement, article, recipient)
        self._context.verify_ready()
        self._context.verify_witnessed()
        for plan in plans:
            _verify_behind(plan.draft.agreement.article(plan.draft.article), persons)
            self._onward.verify(plan)
            self.verify_repeats(plan)
            verify_correction(self._context, plan.draft, plan.recipients)

    def store(
        self,
        plans: Sequence[ReleasePlan],
        sealed: Sequence[SealedPacket],
        persons: Persons,
        *,
        also: Callable[[], None] = lambda: None,
        then: Callable[[tuple[bytes, ...]], None] = lambda _: None,
    ) -> Stored:
        """Grants, signs and stores sealed packets for sending.

        Args:
            plans: One for each packet.
            sealed: The result of ``seal_plans``.
            persons: The responsible persons.
            also: Runs in the same transaction; if it raises, no packet is stored.
            then: Runs in the same transaction with the ids of the packets.
        """
        with self._context.stores.database.transaction():
            also()
            composition = grant_plans(plans, sealed, self.releaser(persons))
            ids = self._sender.store(composition)
            for plan, packet in zip(plans, composition.packets, strict=True):
                if plan.draft.repeats:
                    self._context.stores.repeats.put(
                        packet.manifest.statement.id,
                        plan.draft.repeats,
                        time_ms=self._context.right_ms(),
                    )
            packets = tuple(packet.manifest.statement.id for packet in composition.packets)
            then(packets)
        return Stored(
            packets=packets,
            statements=tuple(
                statement
                for packet in composition.packets
                for statement in (packet.manifest, *packet.grants)
            ),
            ids=ids,
        )

    async def settle(
        self, packets: tuple[bytes, ...], statements: Sequence[Signed], ids: Sequence[int]
    ) -> Sent:
        """Sends the outbox, and returns the outcome of these messages.

        Args:
            packets: Manifest ids to report.
            statements: The statements of the messages.
            ids: The messages' places in the outbox.

        Raises:
            ActQueued: If the exchange is unreachable; they stay in the outbox.
            TearlineError: If one of them has no answer yet: the exchange's fault or
                ``OutcomeUnknown``; it is sent again later.
        """
        with queueing(self._context, packets):
            await self._sender.flush()
            await self._context.follow()
            anew = reissue(self._context)
            if anew:
                await self._sender.flush()
                await self._context.follow()
        stores = self._context.stores
        items = [item for item in (stores.outbox.item(i) for i in ids) if item is not None]
        for item in items:
            if item.is_waiting and not item.code:
                raise (error_by_code(item.fault) or OutcomeUnknown)(
                    "the message waits in the outbox"
                )
        sent = [anew.get(s.statement.id, s.statement.id) for s in statements]
        found = [stores.receipts.of(statement_id) for statement_id in sent]
        receipts = [receipt for each in found for receipt in each]
        made_good = all(any(r.status is Status.ACCEPTED for r in each) for each in found)
        refused = [
            (item.code, item.why)
            for item in items
            if item.code and not (made_good and item.code == RecipientKeyExpired.code)
        ]
        return Sent(packets=packets, receipts=tuple(receipts), refused=tuple(refused))

    def releaser(self, persons: Persons) -> GrantContext:
        """Returns the inputs for making grants in the name of some persons."""
        return GrantContext(
            signer=self._context.signer,
            acted_by=persons.acted_by,
            seconded_by=persons.seconded_by,
            kem_key_of=self._context.kem_key_of,
            next_place=self._context.stores.channels.next_place,
        )


def verify_accepted(sent: Sent) -> None:
    """Verifies that the exchange accepted the whole release.

    Raises:
        TearlineError: The first refusal.
    """
    for code, why in sent.refused:
        raise (error_by_code(code) or RefusedOtherwise)(why)


def _verify_behind(article: ArticleTerms, persons: Persons) -> None:
    verify_persons(article, persons.acted_by, persons.seconded_by)


def covering(agreement: Agreement, article_id: str, kind: str, purpose: str) -> ArticleTerms:
    """Returns the article under which a packet of a kind may be sent for a purpose.

    Raises:
        AgreementNotInForce: If there is no such article, or it does not cover these; lists the
            existing ones.
    """
    article = article_of(agreement, article_id)
    if kind not in article.kinds:
        raise AgreementNotInForce(one_of(kind, f"kind that {article_id} covers", article.kinds))
    if purpose not in article.purposes:
        raise AgreementNotInForce(
            one_of(purpose, f"purpose that {article_id} covers", article.purposes)
        )
    return article
