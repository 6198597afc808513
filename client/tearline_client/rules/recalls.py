"""Recalls: signed, stored and queued, including those by a suspension.

Everything runs inside the caller's transaction: a suspension and its recalls are queued together,
even if the process ends.
"""

from collections.abc import Iterable

from tearline.agreements.agreement import Agreement
from tearline.identity import agency_uri_of
from tearline.packets.grant import Grant
from tearline.packets.recall import Recall, RecallOrder, RecallReason, recalled_slots
from tearline.statements.statement import ActedBy, StatementType
from tearline.suspensions.index import SuspensionIndex
from tearline.suspensions.suspension import Originated
from tearline.wire.publications import encode_publication
from tearline.wire.recalls import encode_recall
from tearline.wire.statements import signed
from tearline_client.context import NodeContext
from tearline_client.messages.compose import sign_together

RESPOND_MS = 3 * 24 * 3_600_000  # as for an urgent request


def order_recall(
    context: NodeContext, packet_id: bytes, recipients: Iterable[str], said: RecallOrder
) -> tuple[int, ...]:
    """Queues one recall for each recipient, each in its own message.

    Args:
        context: The node.
        packet_id: 32 bytes; a packet of ours.
        recipients: URIs of nodes.
        said: The order.

    Returns:
        Their places in the outbox.
    """
    stores = context.stores
    agreement_id = stores.packets.manifest(packet_id).agreement.id
    made = []
    for recipient in recipients:
        recall = Recall(
            header=context.signer.header,
            address=stores.channels.next_place(recipient, agreement_id),
            packet=packet_id,
            said=said,
        )
        tree, publication = sign_together(
            context.signer, [(StatementType.RECALL, encode_recall(recall))]
        )
        stores.recalls.put(signed(tree), incoming=False)
        made.append(encode_publication(publication))
    return stores.outbox.put(made, now_ms=context.now_ms())


def is_recalled(context: NodeContext, packet_id: bytes, recipient: str) -> bool:
    """Returns whether a packet of ours is recalled completely from a node."""
    return slots_recalled(context, packet_id, recipient) is None


def slots_recalled(context: NodeContext, packet_id: bytes, recipient: str) -> frozenset[int] | None:
    """Returns the recalled slots of a packet of ours for a node; None for all of them."""
    orders = _orders(context, packet_id)
    named = [order for order, partner in orders if order.whole or partner == recipient]
    forgotten = [
        r for r in context.stores.recalls.forgotten_of(packet_id) if r.partner == recipient
    ]
    return recalled_slots([*named, *forgotten], b"")


def is_recalled_whole(context: NodeContext, packet_id: bytes) -> bool:
    """Returns whether a packet of ours is recalled completely from all recipients."""
    whole = (order for order, _ in _orders(context, packet_id) if order.whole)
    return recalled_slots(whole, b"") is None


def recalled_of(context: NodeContext, grant: Grant, statement_id: bytes) -> frozenset[int] | None:
    """Returns the slots of a partner's grant recalled before it arrived; None for all of them."""
    agency = agency_uri_of(grant.header.signer)
    orders = (
        stored.order
        for stored in context.stores.recalls.of(grant.packet)
        if stored.incoming and agency_uri_of(stored.partner) == agency
    )
    return recalled_slots(orders, statement_id)


def _orders(context: NodeContext, packet_id: bytes) -> list[tuple[RecallOrder, str]]:
    """Returns our recalls of a packet, each with its partner."""
    found = context.stores.recalls.of(packet_id)
    return [(each.order, each.partner) for each in found if not each.incoming]


def recall_suspended(context: NodeContext, agreement: Agreement) -> int:
    """Queues the recalls that our agency's suspensions require.

    Earlier recalls are not repeated, with one exception. If no partner may keep a packet, the
    exchange is asked to delete all of it.

    Args:
        context: The node.
        agreement: The agreement of the packets.

    Returns:
        The number of recalled packets.
    """
    book = context.stores.suspensions.book(agreement.id, context.signer.header)
    standing = book.newest(context.agency, agreement.id)
    if standing is None or all(
        each.originated is not Originated.ERASE for each in standing.suspensions
    ):
        return 0
    count = 0
    for packet_id, manifest in list(context.stores.packets.manifests()):
        ours = manifest.header.signer == context.uri and manifest.agreement.id == agreement.id
        if ours and _recall_packet(context, agreement, book, packet_id, standing.acted_by):
            count += 1
    return count


def _recall_packet(
    context: NodeContext,
    agreement: Agreement,
    book: SuspensionIndex,
    packet_id: bytes,
    acted_by: ActedBy | None,
) -> bool:
    packets = context.stores.packets
    article = packets.manifest(packet_id).agreement.article
    readers = {g.grant.address.recipient for g in packets.grants(packet_id) if not g.incoming}
    losing = {
        reader
        for reader in readers
        if book.fate(agreement, article, originator=context.agency, holder=agency_uri_of(reader))
        is Originated.ERASE
    }
    due = sorted(reader for reader in losing if not is_recalled(context, packet_id, reader))
    whole = losing == readers
    if whole and not due and not is_recalled_whole(context, packet_id):
        due = sorted(losing)[:1]
    said = RecallOrder(
        whole=whole,
        reason=RecallReason.SUSPENDED,
        respond_by_ms=context.right_ms() + RESPOND_MS,
        acted_by=acted_by,
    )
    order_recall(context, packet_id, due, said)
    return bool(due)
