"""Obeying recalls: erased at once, or kept by a person who says why; and answered.

Everything here happens inside the caller's transaction, the answer's place in the outbox
included: what was erased is told of, whatever ends this process.
"""

from tearline.errors import NotFound, RecallNotOriginator
from tearline.identity import agency_uri_of
from tearline.packets.grant import Grant
from tearline.packets.recall import (
    KeepGround,
    Recall,
    RecallAnswer,
    RecallOrder,
    RecallState,
    following,
    recalled_slots,
)
from tearline.statements.statement import ActedBy, StatementType
from tearline.wire.publications import encode_publication
from tearline.wire.recalls import encode_recall
from tearline_client.context import NodeContext
from tearline_client.messages.compose import sign_together
from tearline_client.messages.received import Received
from tearline_client.rules.redaction import forget, reach_of
from tearline_client.store.recalls import StoredRecall


def take_recall(context: NodeContext, received: Received, recall: Recall) -> None:
    """Takes in a partner's recall, and obeys it; or a partner's answer to one of ours.

    Raises:
        RecallNotOriginator: If it recalls a packet of another agency.
        NotFound: If it answers what was not asked of that partner.
    """
    if isinstance(recall.said, RecallAnswer):
        _take_answer(context, received, recall, recall.said)
        return
    _verify_originator(context, recall)
    recalls = context.stores.recalls
    recalls.put(received.signed, incoming=True, arrived_ms=latest_ms(context))
    stored = recalls.get(received.signed.statement.id)
    if stored is None:
        return
    hold = context.stores.holds.of(recall.packet)
    if hold is not None:
        keep(context, stored, hold.ground, acted_by=hold.acted_by)
    elif not _asks(context, recall.packet):
        erase(context, stored, acted_by=None)


def latest_ms(context: NodeContext) -> int:
    """The later of our own clock and the log's, by which a person has had no time yet."""
    return max(context.now_ms(), context.follower.time_s() * 1000)


def _asks(context: NodeContext, packet_id: bytes) -> bool:
    """Whether a person decides: by the node's setting, or because one keeps some of it already."""
    return context.asks_before_erasing or context.stores.recalls.is_kept(packet_id)


def _verify_originator(context: NodeContext, recall: Recall) -> None:
    """A packet that is not here yet is judged by its grant, when that comes."""
    held = context.stores.packets.held(recall.packet)
    agency = agency_uri_of(recall.header.signer)
    if held is not None and agency_uri_of(held.manifest.header.signer) != agency:
        raise RecallNotOriginator("the packet here is of another agency")


def erase(context: NodeContext, stored: StoredRecall, *, acted_by: ActedBy | None) -> None:
    """Erases what a recall names, and queues the answer that says so."""
    packet_id = stored.recall.packet
    answer = RecallAnswer(recall=stored.id, reach=reach_of(context, packet_id), acted_by=acted_by)
    orders = [stored.order]
    for each in context.stores.recalls.of(packet_id):
        if each.incoming and each.partner == stored.partner and each.state is RecallState.ERASED:
            orders.append(each.order)
    agency = agency_uri_of(stored.partner)

    def gone(statement_id: bytes, grant: Grant) -> frozenset[int] | None:
        # What was put aside or waits is of whoever signed it, not of whoever recalls it.
        is_theirs = agency_uri_of(grant.header.signer) == agency
        return recalled_slots(orders, statement_id) if is_theirs else frozenset()

    forget(context, packet_id, gone)
    _answer(context, stored, answer)


def keep(
    context: NodeContext, stored: StoredRecall, ground: KeepGround, *, acted_by: ActedBy
) -> None:
    """Keeps what a recall names, and queues the answer that says why.

    Raises:
        NotFound: If it was erased.
    """
    if stored.state is RecallState.ERASED:
        raise NotFound("it was erased, and nothing is left to be kept")
    reach = reach_of(context, stored.recall.packet)
    answer = RecallAnswer(recall=stored.id, ground=ground, reach=reach, acted_by=acted_by)
    _answer(context, stored, answer)


def orders_for(context: NodeContext, packet_id: bytes, agency: str) -> tuple[RecallOrder, ...]:
    """The recalls of a packet by its originator's agency."""
    return tuple(
        stored.order
        for stored in context.stores.recalls.of(packet_id)
        if stored.incoming and agency_uri_of(stored.partner) == agency
    )


def recalled_of(context: NodeContext, grant: Grant, statement_id: bytes) -> frozenset[int] | None:
    """The slots that were recalled of a grant before it came; None for all of it."""
    agency = agency_uri_of(grant.header.signer)
    return recalled_slots(orders_for(context, grant.packet, agency), statement_id)


def _answer(context: NodeContext, stored: StoredRecall, answer: RecallAnswer) -> None:
    stores, asked = context.stores, stored.recall
    partner, agreement_id = asked.header.signer, asked.address.agreement_id
    said = Recall(
        header=context.signer.header,
        address=stores.channels.next_place(partner, agreement_id),
        packet=asked.packet,
        said=answer,
    )
    _, publication = sign_together(context.signer, [(StatementType.RECALL, encode_recall(said))])
    stores.outbox.put([encode_publication(publication)], now_ms=context.now_ms())
    stores.recalls.set_answer(
        stored.id, following(stored.state, answer), said, time_ms=context.now_ms()
    )


def _take_answer(
    context: NodeContext, received: Received, said: Recall, answer: RecallAnswer
) -> None:
    recalls = context.stores.recalls
    stored = recalls.get(answer.recall)
    if stored is None and _is_forgotten(context, said, received.signer.signer):
        recalls.put_forgotten(said, answer, received.signer.signer)
        return
    _verify_asked(stored, said, received.signer.signer)
    if stored is None or following(stored.state, answer) is not answer.state:
        return  # it came late: what it says was said better since
    recalls.set_answer(stored.id, answer.state, said, time_ms=received.event.time_ms)


def _is_forgotten(context: NodeContext, said: Recall, signer: str) -> bool:
    """Whether an answer may be to a recall that this node sent after its backup was made."""
    if context.stores.recovery.restored() is None:
        return False
    held = context.stores.packets.held(said.packet)
    return (
        held is not None
        and held.origin == context.uri
        and any(
            grant.grant.address.recipient == signer
            for grant in context.stores.packets.grants(said.packet)
        )
    )


def _verify_asked(stored: StoredRecall | None, said: Recall, signer: str) -> None:
    """Checks that somebody was asked what they answer.

    Raises:
        NotFound: If not; the same where nobody was.
    """
    asked = None if stored is None or stored.incoming else (stored.partner, stored.recall.packet)
    if asked != (signer, said.packet):
        raise NotFound("it answers no recall that this node sent to its signer")
