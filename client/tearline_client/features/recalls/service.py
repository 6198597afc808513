"""Recalls at the node: recalls of our packets, and answers to partners' recalls."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from tearline.dataclass.immutable import immutable
from tearline.errors import LoginRequired, NotFound
from tearline.identity import agency_uri_of
from tearline.packets.correction import line_of
from tearline.packets.recall import (
    KeepGround,
    Reach,
    RecallOrder,
    RecallReason,
    RecallState,
    is_overdue,
)
from tearline.persons.tokens import Role
from tearline.statements.channel import VoidReason
from tearline.statements.statement import ActedBy
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.directory import node_of
from tearline_client.features.packets.withdraw import withdraw
from tearline_client.features.recalls.effects import ErasureEffects, answerable, effects_of, holders
from tearline_client.features.recalls.handler import agreed_time, erase, keep
from tearline_client.messages.due import Due
from tearline_client.messages.packet_view import PacketView
from tearline_client.messages.sent import verify_accepted
from tearline_client.outbox.outbox import Outbox
from tearline_client.rules.recalls import RESPOND_MS, order_recall, slots_recalled
from tearline_client.rules.redaction import forget
from tearline_client.store.recall_holds import EndedHold, Hold
from tearline_client.store.recalls import ForgottenRecall, StoredRecall


@immutable
class RecallPlan:
    """Scope of a recall before it is sent.

    Attributes:
        packet: 32 bytes, the manifest's statement id.
        recipients: URIs of the nodes with grants of it.
        slots: The recalled slots; empty for all.
        whole: Whether they are recalled from all recipients.
    """

    packet: bytes
    recipients: tuple[str, ...]
    slots: tuple[int, ...]
    whole: bool


@immutable
class EarlierRecall:
    """A recall that stands, so that it need not be repeated.

    Attributes:
        recipient: URI of the node.
        state: Its state there.
        since_ms: When the exchange accepted it; None while it waits in the outbox.
    """

    recipient: str
    state: RecallState
    since_ms: int | None


class RecallService:
    """Service for recalls, as ``node.recalls``.

    Args:
        context: The node.
        outbox: Sends recalls and answers.
        access: The node's own access log.
    """

    def __init__(self, context: NodeContext, outbox: Outbox, access: AccessLog) -> None:
        self._context = context
        self._access = access
        self._outbox = outbox

    # The originator.

    def plan(self, packet_id: bytes, *, to: Iterable[str] = (), path: str = "") -> RecallPlan:
        """Returns the scope of a recall.

        Args:
            packet_id: 32 bytes; a packet of ours.
            to: Partners; empty for all recipients.
            path: The recalled field; empty for all fields.

        Raises:
            NotFound: If the packet is not ours, has no such field, or was not granted to them.
        """
        shown = self._context.open_view(packet_id)
        if not shown.own:
            raise NotFound("the packet is not ours to recall")
        wanted = {node_of(self._context.trust, name) for name in to}
        plan = self._planned(shown, wanted, path)
        if path and not plan.slots:
            raise NotFound("the packet has no such field")
        if not plan.recipients or not wanted <= set(plan.recipients):
            raise NotFound("the packet was not granted to this partner")
        return plan

    def line(self, plan: RecallPlan, *, to: Iterable[str] = (), path: str = "") -> list[RecallPlan]:
        """Returns plans for the rest of a packet's line of corrections.

        Args:
            plan: The recall.
            to: Partners, as in ``plan``.
            path: The field, as in ``plan``.

        Returns:
            A plan for each packet of the line that one of those partners still holds, the first
                packet first.
        """
        wanted = {node_of(self._context.trust, name) for name in to}
        corrects = self._context.stores.corrections.line(plan.packet)
        found = []
        for packet in line_of(plan.packet, corrects):  # a line has at most 64 packets
            if packet == plan.packet or self._context.stores.packets.held(packet) is None:
                continue
            rest = self._planned(self._context.open_view(packet), wanted, path)
            left = tuple(each for each in rest.recipients if not self._is_back(rest, each))
            if left and bool(rest.slots) == bool(path):
                found.append(replace(rest, recipients=left))
        return found

    def earlier(self, plan: RecallPlan, reason: RecallReason) -> tuple[EarlierRecall, ...]:
        """Returns the recalls that a plan would repeat: one for each recipient that has one.

        They cover the plan, for the same reason. Another reason, and a packet as a whole after one
        of its fields, are no repetition.
        """
        state = self._context
        found = dict[str, StoredRecall]()
        for each in state.stores.recalls.of(plan.packet):  # few: one for each act and recipient
            covers = not each.order.slots or (
                bool(plan.slots) and set(plan.slots) <= set(each.order.slots)
            )
            same = each.order.reason is reason and not each.order.grant and not each.incoming
            if same and covers and (each.order.whole or not plan.whole):
                found.setdefault(each.partner, each)
        return tuple(
            EarlierRecall(
                recipient=uri,
                state=found[uri].state,
                since_ms=min(
                    (r.time_ms for r in state.stores.receipts.of(found[uri].id)), default=None
                ),
            )
            for uri in plan.recipients
            if uri in found
        )

    def _is_back(self, plan: RecallPlan, recipient: str) -> bool:
        """Returns whether a plan's slots were recalled from a node before."""
        back = slots_recalled(self._context, plan.packet, recipient)
        return back is None or (bool(plan.slots) and back.issuperset(plan.slots))

    async def recall(
        self,
        plan: RecallPlan,
        reason: RecallReason,
        *,
        line: Sequence[RecallPlan] = (),
        respond_in_ms: int = RESPOND_MS,
        acted_by: ActedBy | None = None,
    ) -> tuple[StoredRecall, ...]:
        """Recalls a plan's packets, and withdraws grants that still wait in mailboxes.

        Recalls that stand are not repeated; see ``earlier``.

        Args:
            plan: The scope.
            reason: The reason.
            line: Further plans; see ``line``.
            respond_in_ms: Time for partners' answers, in milliseconds.
            acted_by: The recalling person.

        Returns:
            One new recall for each packet and recipient.

        Raises:
            ClockSkewed: If this machine's clock is behind the log's.
            ActQueued: If the exchange is unreachable; signed statements are sent later.
            TearlineError: If the exchange refuses one.
        """
        state, stores = self._context, self._context.stores
        state.agreed_time()  # a clock behind the log's must date no statement
        plans = [self._left(each, reason) for each in (plan, *line)]
        if not any(each.recipients for each in plans):
            return ()
        self._access.act("recall order", packet=plan.packet, acted_by=acted_by)
        async with self._outbox.sending(sync=True) as batch:
            before = {r.id for each in plans for r in stores.recalls.of(each.packet)}
            for each in plans:
                order = RecallOrder(
                    slots=each.slots,
                    whole=each.whole,
                    reason=reason,
                    respond_by_ms=state.right_ms() + respond_in_ms,
                    acted_by=acted_by,
                )
                batch.add((), self._order(each, order))
        verify_accepted(await self._outbox.outcome(batch))
        return tuple(
            r for each in plans for r in stores.recalls.of(each.packet) if r.id not in before
        )

    def _left(self, plan: RecallPlan, reason: RecallReason) -> RecallPlan:
        """Returns a plan without the recipients at which it would be repeated."""
        before = {each.recipient for each in self.earlier(plan, reason)}
        return replace(plan, recipients=tuple(r for r in plan.recipients if r not in before))

    def _order(self, plan: RecallPlan, said: RecallOrder) -> tuple[int, ...]:
        """Queues a plan's recalls; returns their places in the outbox."""
        if not plan.slots:
            grants = [
                g
                for g in self._context.stores.packets.grants(plan.packet)
                if g.grant.address.recipient in plan.recipients
            ]
            withdraw(self._context, grants, VoidReason.RECALLED)
        return order_recall(self._context, plan.packet, plan.recipients, said)

    def overdue(self) -> tuple[StoredRecall, ...]:
        """Returns our recalls past their deadline, by the log's time, without an answer."""
        asked = self._context.stores.recalls.open(incoming=False)
        return tuple(each for each in asked if self.is_overdue(each))

    def due(self, _now_ms: int) -> Iterator[Due]:
        """Yields notifications for hooks about late answers, by the log's time."""
        for late in self.overdue():
            yield Due(
                event="overdue",
                once=late.id,
                ids={
                    "packet": late.recall.packet,
                    "recipient": late.partner,
                    "until_ms": late.due_ms,
                },
            )

    def waiting(self) -> tuple[StoredRecall, ...]:
        """Returns partners' recalls that await a person's decision."""
        return self._context.stores.recalls.open(incoming=True)

    def is_overdue(self, stored: StoredRecall) -> bool:
        """Returns whether an answer is late, by the log's time."""
        at = agreed_time(self._context)
        return at is not None and is_overdue(stored.state, stored.due_ms, at)

    # The recipient.

    async def effects(self, packet_id: bytes) -> ErasureEffects:
        """Returns the effects of erasing a partner's recalled packet, before a person decides.

        Raises:
            NotFound: If no recall of that packet awaits a decision.
        """
        return await effects_of(self._context, packet_id)

    async def keep(self, packet_id: bytes, ground: KeepGround, *, acted_by: ActedBy) -> None:
        """Keeps a partner's packet; the originator of a recall is told the ground.

        Before a recall this is a hold: it stays until it is ended or the packet is erased, answers
        each recall automatically, and keeps the packet beyond its end.

        Raises:
            LoginRequired: If the person is not an officer.
            NotFound: If no such packet of a partner is readable here.
            ActQueued: If the exchange is unreachable; the answer is sent later.
        """
        _verify_officer(acted_by)
        self._access.act("recall keep", packet=packet_id, acted_by=acted_by)
        async with self._outbox.sending():
            if not self._answered(
                packet_id, lambda each: keep(self._context, each, ground, acted_by=acted_by)
            ):
                self._verify_holdable(packet_id)
                hold = Hold(packet=packet_id, ground=ground, acted_by=acted_by)
                self._context.stores.holds.put(hold)

    def _verify_holdable(self, packet_id: bytes) -> None:
        packets = self._context.stores.packets
        held = packets.held(packet_id)
        theirs = held is not None and agency_uri_of(held.origin) != self._context.agency
        if not theirs or not packets.packet(packet_id).keys:
            raise NotFound("no readable packet of a partner has that id")

    def holds(self) -> tuple[Hold, ...]:
        """Returns the holds, including those on packets that are not recalled."""
        return self._context.stores.holds.all()

    def ended_holds(self) -> tuple[EndedHold, ...]:
        """Returns the ended holds with their officers, in the order of their ends."""
        return self._context.stores.holds.ended()

    def end_hold(self, packet_id: bytes, *, acted_by: ActedBy) -> None:
        """Ends a hold; packets recalled in the meantime stay until a person erases them.

        Raises:
            LoginRequired: If the person is not an officer.
            NotFound: If there is no hold on that packet.
        """
        _verify_officer(acted_by)
        self._access.act("recall end-hold", packet=packet_id, acted_by=acted_by)
        with self._context.stores.database.transaction():
            if not self._context.stores.holds.end(packet_id, acted_by):
                raise NotFound("there is no hold on that packet")

    async def erase(self, packet_id: bytes, *, acted_by: ActedBy | None = None) -> None:
        """Erases a partner's recalled packet that is still here.

        Raises:
            NotFound: If it was not recalled, or erased already.
            ActQueued: If the exchange is unreachable; the answer is sent later.
        """
        self._access.act("recall erase", packet=packet_id, acted_by=acted_by)
        async with self._outbox.sending():
            if not self._answered(
                packet_id, lambda each: erase(self._context, each, acted_by=acted_by)
            ):
                raise NotFound("no recall of that packet awaits a decision")
            self._context.stores.holds.drop(packet_id)

    def _answered(self, packet_id: bytes, act: Callable[[StoredRecall], None]) -> bool:
        """Answers the open recalls of a packet; returns whether there were any."""
        waiting = answerable(self._context, packet_id)
        for each in waiting:
            act(each)
        return bool(waiting)

    def erase_for(self, agency: str, agreement_id: bytes) -> int:
        """Erases an agency's packets under an agreement; the grantors are notified.

        Args:
            agency: URI of the originator's agency.
            agreement_id: 16 bytes.

        Returns:
            The number of erased packets. Packets kept by a person after a recall stay.
        """
        stores, count = self._context.stores, 0
        self._access.act("agreement erase", agreement_id)
        with stores.database.transaction():
            for packet in stores.packets.packets():
                named = agency_uri_of(packet.origin), packet.manifest.agreement.id
                if named != (agency, agreement_id) or not packet.keys:
                    continue
                if not stores.recalls.is_kept(packet.id):
                    forget(self._context, packet.id, lambda statement_id, grant: None)
                    count += 1
        return count

    # Both.

    def all(self) -> tuple[StoredRecall, ...]:
        """Returns every recall, ours and partners', in the order of arrival."""
        return self._context.stores.recalls.all()

    def newest(self, limit: int) -> tuple[StoredRecall, ...]:
        """Returns the latest recalls, ours and partners', newest first."""
        return self._context.stores.recalls.newest(limit)

    def count_open(self) -> int:
        """Returns the number of partners' recalls without an answer, without opening them."""
        return self._context.stores.recalls.count_open(incoming=True)

    def forgotten(self) -> tuple[ForgottenRecall, ...]:
        """Returns our recalls that are missing from this node's backup, from their answers."""
        return self._context.stores.recalls.forgotten()

    def of(self, packet_id: bytes) -> tuple[StoredRecall, ...]:
        """Returns the recalls of one packet."""
        return self._context.stores.recalls.of(packet_id)

    def uses(self, stored: StoredRecall) -> tuple[Reach, ...]:
        """Returns the uses of a recalled packet that its recipient has stated."""
        from tearline_client.rules.sightings import stated_uses  # few commands ask for it

        return stated_uses(self._context, stored)

    def _planned(self, shown: PacketView, wanted: Collection[str], path: str) -> RecallPlan:
        """Returns the plan to recall a packet from ``wanted``, or from all recipients."""
        had = holders(self._context, shown)
        return RecallPlan(
            packet=shown.packet.id,
            recipients=tuple(sorted(had.intersection(wanted) if wanted else had)),
            slots=tuple(sorted(o.slot for o in shown.view.fields if path and o.field.path == path)),
            whole=not wanted,
        )


def _verify_officer(acted_by: ActedBy) -> None:
    if acted_by.role != Role.OFFICER:
        raise LoginRequired("keeping a packet requires an officer")
