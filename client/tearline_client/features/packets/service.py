"""Releases: from a draft to grants accepted by the exchange."""

from collections.abc import Callable, Iterable, Sequence

from tearline.agreements.agreement import Agreement, verify_direction
from tearline.bodies.registry import verify_body
from tearline.dataclass.immutable import immutable
from tearline.errors import AgreementNotInForce
from tearline.identity import agency_uri_of
from tearline.persons.four_eyes import verify_persons
from tearline.policy.terms import ArticleTerms
from tearline.sealing import SealedPacket
from tearline.statements.statement import ActedBy
from tearline.text.choices import one_of
from tearline_client.context import NodeContext
from tearline_client.directory import node_of
from tearline_client.features.packets.guards import guarded, mentions_of_followed
from tearline_client.features.packets.onward_use import OnwardUse
from tearline_client.features.packets.uploads import Uploads, blobs_of
from tearline_client.messages.compose import GrantContext, grant_plans, seal_plans
from tearline_client.messages.sent import Sent
from tearline_client.outbox.outbox import Batch, Outbox
from tearline_client.outbox.sender import Sender
from tearline_client.planning.drafts import article_of
from tearline_client.planning.mentions import Mention, readers_of, verify_confirmed
from tearline_client.planning.release_plan import Draft, ReleasePlan, plan_release
from tearline_client.rules.cases import verify_filing
from tearline_client.rules.corrections import verify_correction
from tearline_client.rules.suspensions import SuspensionRules
from tearline_client.store.on_store import OnStore


@immutable
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
        sender: Stores packets.
        outbox: Sends them.
        onward: Checks packets made from partners' packets.
        uploads: Sends large documents.
    """

    def __init__(
        self,
        context: NodeContext,
        sender: Sender,
        outbox: Outbox,
        onward: OnwardUse,
        uploads: Uploads,
    ) -> None:
        self._onward = onward
        self._uploads = uploads
        self._context = context
        self._sender = sender
        self._outbox = outbox
        self._obeying = SuspensionRules(context)

    def derived(self, draft: Draft) -> Draft:
        """Returns a draft marked at least as strictly as its sources."""
        return self._onward.derived(draft)

    def plan(self, draft: Draft, to: Iterable[str]) -> ReleasePlan:
        """Returns each partner's form of each field. Sends no message.

        The plan keeps the guards of packets that the draft follows; see ``guarded``.

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
        draft = guarded(self._context, draft)
        return plan_release(draft, recipients, policy, sender=self._context.uri)

    def mentions(self, plan: ReleasePlan) -> tuple[Mention, ...]:
        """Returns the texts that repeat values which their readers may not have in clear.

        Values of earlier packets count as well; see ``mentions_of_followed``.
        """
        mentions = self._onward.mentions(readers_of(plan))
        return (*mentions, *mentions_of_followed(self._context, plan))

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
        on_store: OnStore = lambda: None,
        on_packets: Callable[[tuple[bytes, ...]], None] = lambda _: None,
        most_parts: int | None = None,
    ) -> Sent:
        """Seals, stores and sends packets under one signature, after their large documents.

        Args:
            plans: One for each packet.
            persons: The responsible persons.
            on_store: Runs in the transaction that stores the release.
            on_packets: Runs in the same transaction with the ids of the packets.
            most_parts: Parts of large documents to send at most; None for all.

        Raises:
            UploadUnderWay: If parts of large documents are left; no packet was sealed.
            BlobError: If a large document is refused, or its file changed; likewise.
            TrustError: If the log was not read recently, the clock is wrong, or our key has ended;
                no packet was sealed.
            PolicyError: If an article requires other persons, or a text repeats a kept value;
                likewise.
            AgreementSuspended, StandingStale: If a party suspended part of it, or has no recent
                standing; likewise.
            ActQueued: If the exchange is unreachable; sealed packets are sent later.
        """
        self.verify(plans, persons)
        blobs = blobs_of(field for plan in plans for field in plan.fields)
        if blobs:
            await self._uploads.send(blobs, most=most_parts)
            await self._outbox.read_mailbox()  # meanwhile much may have changed
            self.verify(plans, persons)
        sealed = seal_plans(plans, self._context.signer.header)
        async with self._outbox.sending() as batch:
            on_store()
            self._uploads.drop(blobs)
            self.store(batch, plans, sealed, persons)
            on_packets(batch.packets)
        return await self._outbox.outcome(batch)

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
        batch: Batch,
        plans: Sequence[ReleasePlan],
        sealed: Sequence[SealedPacket],
        persons: Persons,
    ) -> None:
        """Grants, signs and stores sealed packets for sending, in the caller's transaction.

        Args:
            batch: Gets the packets, in the order of the plans.
            plans: One for each packet.
            sealed: The result of ``seal_plans``.
            persons: The responsible persons.
        """
        composition = grant_plans(plans, sealed, self.releaser(persons))
        ids = self._sender.store(composition)
        for plan, packet in zip(plans, composition.packets, strict=True):
            if plan.draft.repeats:
                self._context.stores.repeats.put(
                    packet.manifest.statement.id,
                    plan.draft.repeats,
                    time_ms=self._context.right_ms(),
                )
        batch.add(
            [each for packet in composition.packets for each in (packet.manifest, *packet.grants)],
            ids,
            [packet.manifest.statement.id for packet in composition.packets],
        )

    def releaser(self, persons: Persons) -> GrantContext:
        """Returns the inputs for making grants in the name of some persons."""
        return GrantContext(
            signer=self._context.signer,
            acted_by=persons.acted_by,
            seconded_by=persons.seconded_by,
            kem_key_of=self._context.kem_key_of,
            next_place=self._context.stores.channels.next_place,
        )


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
