"""One more field of a packet that was sent, for one partner: as it would be released now."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from tearline.errors import LoginRequired, NotFound, PacketRecalled, ReleaseRefused
from tearline.packets.packet import OpenedField
from tearline.persons.four_eyes import verify_persons
from tearline.policy.form import Form
from tearline.policy.release import ReleasePolicy
from tearline.policy.terms import ArticleTerms
from tearline.statements.statement import ActedBy
from tearline_client.context import NodeContext
from tearline_client.directory import node_of
from tearline_client.features.packets.onward_use import OnwardUse
from tearline_client.features.packets.service import PacketService, Persons, Sent
from tearline_client.messages.compose import make_grant
from tearline_client.messages.packet_view import PacketView, sealed_again
from tearline_client.outbox.sender import Sender
from tearline_client.planning.mentions import Mention, Reader, verify_confirmed
from tearline_client.planning.release_plan import Draft, ReleasePlan, Selection, plan_release
from tearline_client.rules.cases import verify_filing
from tearline_client.rules.recalls import slots_recalled
from tearline_client.rules.suspensions import SuspensionRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One more field for one partner, as agreement and policies allow it now.

    Attributes:
        shown: The packet.
        field: The field, in clear.
        recipient: The partner's node URI.
        article: The article it is done under.
        purpose: What the partner may use it for.
        held_back: The agency's own policies that would not give it: a person decides past them.
        mentions: Values that the field's text repeats, and that the partner may not have in clear.
    """

    shown: PacketView
    field: OpenedField
    recipient: str
    article: ArticleTerms
    purpose: str
    held_back: tuple[str, ...]
    mentions: tuple[Mention, ...]

    def verify_decided(self, person: ActedBy | None) -> None:
        """Checks that a person decides, where the agency's own policies hold the field back.

        Raises:
            LoginRequired: If nobody does.
        """
        if self.held_back and person is None:
            names = ", ".join(self.held_back)
            raise LoginRequired(f"our own policies hold the field back ({names}): a person decides")

    def verify_repeats(self, reason: str) -> None:
        """Checks that a person said why the field's text may repeat what is kept back.

        Raises:
            ValueRepeated: If it does, and no person did.
        """
        verify_confirmed(self.mentions, reason)


def held_back(
    plan: ReleasePlan, policy: ReleasePolicy, form: Form, *, sender: str
) -> tuple[str, ...]:
    """Returns the ids of the own policies that would not give the field of a plan in this form.

    Args:
        plan: The field for one partner, by the agreement's policies alone.
        policy: The agreement's policies and the agency's own.
        form: The form in which it is released.
        sender: Our node.
    """
    (cell,) = plan_release(plan.draft, plan.recipients, policy, sender=sender).cells()
    return () if cell.form >= form else cell.own_policy_ids or ("no own policy permits it",)


def reader_of(
    shown: PacketView,
    recipient: str,
    path: str,
    *,
    beside: Collection[str],
    recalled: frozenset[int],
) -> Reader:
    """Returns what becomes readable to a partner with one more field, and what then does not.

    Args:
        shown: A packet of ours.
        recipient: The partner's node URI.
        path: The field; where the partner has it in clear already, nothing becomes readable.
        beside: Paths of fields that the partner gets together with it.
        recalled: Slots that we took back from the partner.
    """
    granted = (
        shown.slots_of(stored.grant)
        for stored in shown.grants
        if stored.grant.address.recipient == recipient and stored.stands
    )
    had = frozenset().union(*granted) - recalled
    lacking = [opened for opened in shown.view.best() if opened.slot not in had]
    return Reader(
        uri=recipient,
        clear=tuple(opened.field for opened in lacking if opened.field.path == path),
        kept=tuple(opened.field for opened in lacking if opened.field.path not in {path, *beside}),
        sources=shown.manifest.derived_from,
    )


class DisclosureService:
    """The desk where more of a packet is released. Its caller has read the log before it calls.

    Args:
        context: The node.
        sender: Its outbox at work.
        releasing: Its outgoing desk.
        onward: Judges what is made from partners' packets, and what texts repeat.
    """

    def __init__(
        self, context: NodeContext, sender: Sender, releasing: PacketService, onward: OnwardUse
    ) -> None:
        self._context = context
        self._sender = sender
        self._packets = releasing
        self._onward = onward
        self._obeying = SuspensionRules(context)

    def disclosure(
        self, packet_id: bytes, path: str, to: str, *, beside: Collection[str] = ()
    ) -> Disclosure:
        """One more field of a packet of ours, in clear, for one partner. Nothing leaves the house.

        The agency's own policies do not stop what its person decides now; the agreement's do.

        Args:
            packet_id: 32 bytes.
            path: The field.
            to: The partner.
            beside: Paths of fields that it gets together with this one.

        Raises:
            NotFound: If the packet is not ours, or has no such field.
            AgreementNotInForce: If its newest version is not in force, or not that way.
            AgreementSuspended, StandingStale: If a party has suspended that, or has not said
                where it stands.
            PacketRecalled: If we recalled the field from that partner, or from everybody.
            PolicyError: If the agreement does not allow it.
            CaseError: If the packet is filed under a case, and the partner, who holds nothing of
                it yet, is not in the case.
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

    async def disclose(
        self,
        packet_id: bytes,
        path: str,
        to: str,
        persons: Persons,
        *,
        beside: Collection[str] = (),
        repeats: str = "",
        also: Callable[[], None] = lambda: None,
    ) -> Sent:
        """Releases one more field of a packet of ours; see ``PacketService.send``.

        Args:
            packet_id: 32 bytes.
            path: The field.
            to: The partner.
            persons: Who releases it.
            beside: Paths of fields that it gets together with this one.
            repeats: Why the field's text may repeat what the partner may not have in clear.
            also: Done in the transaction that stores the grant; where it raises, nothing is.

        Raises:
            LoginRequired: If the agency's own policies hold it back, and no person decides.
            ValueRepeated: If its text repeats what is kept back, and no person said why.
        """
        self._context.verify_ready()
        self._context.verify_witnessed()
        wanted = self.disclosure(packet_id, path, to, beside=beside)
        verify_persons(wanted.article, persons.acted_by, persons.seconded_by)
        wanted.verify_decided(persons.acted_by)
        wanted.verify_repeats(repeats)
        with self._context.stores.database.transaction():
            also()
            grant = make_grant(
                sealed_again(wanted.shown),
                packet_id,
                Selection(existences={}, compartments=()),
                wanted.recipient,
                self._packets.releaser(persons),
                purpose=wanted.purpose,
                slots=(wanted.field.slot,),
            )
            statement, ids = self._sender.store_grant(grant)
            if wanted.mentions:
                self._context.stores.repeats.put(
                    statement.statement.id, repeats, time_ms=self._context.right_ms()
                )
        return await self._packets.settle((packet_id,), [statement], ids)
