"""Disclosure of one more field of a sent packet to one partner."""

from collections.abc import Collection

from tearline.dataclass.immutable import immutable
from tearline.errors import LoginRequired, NotFound, PacketRecalled, ReleaseRefused
from tearline.packets.packet import OpenedField
from tearline.persons.four_eyes import verify_persons
from tearline.policy.form import Form
from tearline.policy.release import ReleasePolicy
from tearline.policy.terms import ArticleTerms
from tearline.statements.statement import ActedBy
from tearline_client.context import NodeContext
from tearline_client.directory import node_of
from tearline_client.features.packets.guards import reader_of
from tearline_client.features.packets.onward_use import OnwardUse
from tearline_client.features.packets.reissue import store_grant
from tearline_client.features.packets.service import PacketService, Persons
from tearline_client.messages.compose import make_grant
from tearline_client.messages.packet_view import PacketView, sealed_again
from tearline_client.messages.sent import Sent
from tearline_client.outbox.outbox import Outbox
from tearline_client.planning.mentions import Mention, verify_confirmed
from tearline_client.planning.release_plan import Draft, ReleasePlan, Selection, plan_release
from tearline_client.rules.cases import verify_filing
from tearline_client.rules.recalls import slots_recalled
from tearline_client.rules.suspensions import SuspensionRules
from tearline_client.store.on_store import OnStore
from tearline_client.store.packet_records import StoredGrant


@immutable
class Disclosure:
    """One more field for one partner, as agreement and policies allow it now.

    Attributes:
        shown: The packet.
        field: The field, in clear.
        recipient: The partner's node URI.
        article: The article of the disclosure.
        purpose: The permitted purpose.
        held_back: The agency's own policies against it: a person decides despite them.
        mentions: Values that the text repeats, and that the partner may not have in clear.
    """

    shown: PacketView
    field: OpenedField
    recipient: str
    article: ArticleTerms
    purpose: str
    held_back: tuple[str, ...]
    mentions: tuple[Mention, ...]

    def verify_decided(self, person: ActedBy | None) -> None:
        """Verifies that a person decides if the agency's own policies withhold the field.

        Raises:
            LoginRequired: If no person decides.
        """
        if self.held_back and person is None:
            names = ", ".join(self.held_back)
            raise LoginRequired(f"our policies withhold it ({names}): a person must decide")

    def verify_repeats(self, reason: str) -> None:
        """Verifies that a person gave a reason for repeated values.

        Raises:
            ValueRepeated: If values are repeated without a reason.
        """
        verify_confirmed(self.mentions, reason)


def held_back(
    plan: ReleasePlan, policy: ReleasePolicy, form: Form, *, sender: str
) -> tuple[str, ...]:
    """Returns the ids of the own policies that would withhold a plan's field in this form.

    Args:
        plan: The field for one partner, by the agreement's policies alone.
        policy: The agreement's policies and the agency's own.
        form: The form of the release.
        sender: Our node.
    """
    (cell,) = plan_release(plan.draft, plan.recipients, policy, sender=sender).cells()
    return () if cell.form >= form else cell.own_policy_ids or ("no own policy permits it",)


class DisclosureService:
    """Service for disclosures. Its caller has read the log.

    Args:
        context: The node.
        outbox: Sends grants.
        releasing: Sends packets.
        onward: Checks sources from partners, and repeated values.
    """

    def __init__(
        self, context: NodeContext, outbox: Outbox, releasing: PacketService, onward: OnwardUse
    ) -> None:
        self._context = context
        self._outbox = outbox
        self._packets = releasing
        self._onward = onward
        self._obeying = SuspensionRules(context)

    def disclosure(
        self, packet_id: bytes, path: str, to: str, *, beside: Collection[str] = ()
    ) -> Disclosure:
        """Returns one more field of our packet, in clear, for a partner. Sends no message.

        A person's decision overrides the agency's own policies, not the agreement's.

        Args:
            packet_id: 32 bytes.
            path: The field.
            to: The partner.
            beside: Paths of fields disclosed together with this one.

        Raises:
            NotFound: If the packet is not ours, or has no such field.
            AgreementNotInForce: If its newest version is not in force, or not in this direction.
            AgreementSuspended, StandingStale: If a party suspended it, or has no recent standing.
            PacketRecalled: If we recalled the field from that partner or from all recipients.
            PolicyError: If the agreement does not allow it.
            CaseError: If the packet is filed under a case, and the partner is a new recipient that
                is not in the case.
        """
        shown = self._context.open_view(packet_id)
        if not shown.own:
            raise NotFound("the packet is not ours to disclose")
        field = shown.field(path)
        if field is None:
            raise NotFound("the packet has no such field")
        recipient = node_of(self._context.trust, to)
        recalled = slots_recalled(self._context, packet_id, recipient)
        if recalled is None or field.slot in recalled:
            raise PacketRecalled
        if all(g.grant.address.recipient != recipient for g in shown.grants):
            verify_filing(self._context.stores.cases, shown.manifest.case_id, [recipient])
        first = next((g.grant for g in shown.grants), None)
        agreement = self._context.stores.agreements.newest(shown.manifest.agreement.id)
        agreement.verify_in_force(self._context.now_ms())
        article = agreement.article(shown.manifest.agreement.article)
        draft = Draft(
            fields=(field.field,),
            agreement=agreement,
            article=article.id,
            purpose=first.purpose if first is not None else article.purposes[0],
            kind=shown.manifest.kind,
            not_after_ms=shown.manifest.not_after_ms,
            derived_from=shown.manifest.derived_from,
        )
        self._packets.verify_way(article, recipient)
        self._obeying.verify_may_send(agreement, article.id, recipient)
        plan = plan_release(
            draft,
            [recipient],
            self._context.policies.under(agreement, own=False),
            sender=self._context.uri,
        )
        if plan.cells()[0].form < field.field.form:
            raise ReleaseRefused(", ".join(plan.cells()[0].policy_ids))
        self._onward.verify(plan)
        own = self._context.policies.under(agreement, own=True)
        reader = reader_of(shown, recipient, path, beside=beside, recalled=recalled)
        return Disclosure(
            shown=shown,
            field=field,
            recipient=recipient,
            article=article,
            purpose=draft.purpose,
            held_back=held_back(plan, own, field.field.form, sender=self._context.uri),
            mentions=self._onward.mentions([reader]),
        )

    def field_grant(self, packet_id: bytes, path: str, to: str) -> StoredGrant | None:
        """Returns the grant by which a partner has a field of our packet in clear, or None.

        Args:
            packet_id: 32 bytes.
            path: The field.
            to: The partner.
        """
        shown, recipient = self._context.open_view(packet_id), node_of(self._context.trust, to)
        recalled = slots_recalled(self._context, packet_id, recipient)
        field = shown.field(path)
        if field is None or recalled is None or field.slot in recalled:
            return None
        grants = (each for each in shown.grants if not each.incoming and each.stands)
        to_them = (each for each in grants if each.grant.address.recipient == recipient)
        return next((each for each in to_them if field.slot in shown.slots_of(each.grant)), None)

    async def disclose(
        self,
        packet_id: bytes,
        path: str,
        to: str,
        persons: Persons,
        *,
        beside: Collection[str] = (),
        repeats: str = "",
        on_store: OnStore = lambda: None,
    ) -> Sent:
        """Releases one more field of our packet; see ``PacketService.send``.

        Args:
            packet_id: 32 bytes.
            path: The field.
            to: The partner.
            persons: The responsible persons.
            beside: Paths of fields disclosed together with this one.
            repeats: The reason to repeat values that the partner may not have in clear.
            on_store: Runs in the transaction that stores the grant.

        Raises:
            LoginRequired: If the agency's own policies withhold it, and no person decides.
            ValueRepeated: If its text repeats kept values without a reason.
        """
        self._context.verify_ready()
        self._context.verify_witnessed()
        wanted = self.disclosure(packet_id, path, to, beside=beside)
        verify_persons(wanted.article, persons.acted_by, persons.seconded_by)
        wanted.verify_decided(persons.acted_by)
        wanted.verify_repeats(repeats)
        async with self._outbox.sending() as batch:
            on_store()
            grant = make_grant(
                sealed_again(wanted.shown),
                packet_id,
                Selection(existences={}, compartments=()),
                wanted.recipient,
                self._packets.releaser(persons),
                purpose=wanted.purpose,
                slots=(wanted.field.slot,),
            )
            statement, ids = store_grant(self._context, grant)
            batch.add([statement], ids, [packet_id])
            if wanted.mentions:
                self._context.stores.repeats.put(
                    statement.statement.id, repeats, time_ms=self._context.right_ms()
                )
        return await self._outbox.outcome(batch)
