"""Handler of recalls: erases at once or keeps with a person's ground, and answers.

Everything runs inside the caller's transaction, including the answer's place in the outbox: an
erasure is reported even if the process ends.
"""

from collections.abc import Iterable
from dataclasses import replace

from tearline.audit.event import EventCode
from tearline.errors import ClockSkewed, NotFound, NotOriginator, TrustError
from tearline.identity import agency_uri_of
from tearline.packets.grant import Grant
from tearline.packets.recall import (
    KeepGround,
    Recall,
    RecallAnswer,
    RecallOrder,
    RecallState,
    following,
    is_overdue,
    recalled_slots,
    with_answer_time,
)
from tearline.statements.channel import VoidReason
from tearline.statements.statement import ActedBy, Header, Statement, StatementType
from tearline.tlog.agreed_time import AgreedTime
from tearline.wire.publications import encode_publication
from tearline.wire.recalls import encode_recall, parse_recall
from tearline_client.context import NodeContext
from tearline_client.features.packets.withdraw import withdraw
from tearline_client.jobs import Jobs
from tearline_client.messages.compose import sign_together
from tearline_client.messages.due import Due
from tearline_client.messages.received import Received
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.handler import StatementHandler
from tearline_client.rules.redaction import end_of, expire, forget, reach_of
from tearline_client.store.inbox import Evidence
from tearline_client.store.recalls import StoredRecall


def _verify(recipient: Recipient, delivered: Delivered) -> Recall:
    recall = parse_recall(delivered.statement.body)
    recipient.verify_addressed(recall.address)
    return recall


def _store(context: NodeContext, received: Received, recall: Recall, evidence: Evidence) -> None:
    """Stores and obeys a partner's recall, or stores a partner's answer to one of ours.

    Raises:
        NotOriginator: If it recalls a packet of another agency.
        NotFound: If it answers a recall that was not sent to that partner.
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


def _notice(received: Received, recall: Recall) -> Due:
    ids = {"sender": received.signer.signer}
    return Due(event="recall", once=received.signed.statement.id, ids=ids)


def latest_ms(context: NodeContext) -> int:
    """Returns the later of the node's clock and the log's clock, in Unix milliseconds."""
    return max(context.now_ms(), context.follower.time_s() * 1000)


def _asks(context: NodeContext, packet_id: bytes) -> bool:
    """Returns whether a person decides: by the node's setting, or because part is kept already."""
    return context.asks_before_erasing or context.stores.recalls.is_kept(packet_id)


def _verify_originator(context: NodeContext, recall: Recall) -> None:
    """Verifies the originator; a packet not yet here is verified by its later grant."""
    held = context.stores.packets.held(recall.packet)
    agency = agency_uri_of(recall.header.signer)
    if held is not None and agency_uri_of(held.manifest.header.signer) != agency:
        raise NotOriginator("the packet here is of another agency")


def erase(context: NodeContext, stored: StoredRecall, *, acted_by: ActedBy | None) -> None:
    """Erases the recalled slots, and queues the answer."""
    packet_id = stored.recall.packet
    answer = RecallAnswer(recall=stored.id, reach=reach_of(context, packet_id), acted_by=acted_by)
    _forget_recalled(context, stored)
    _answer(context, stored, answer)


def _forget_recalled(context: NodeContext, stored: StoredRecall) -> None:
    packet_id, orders = stored.recall.packet, [stored.order]
    for each in context.stores.recalls.of(packet_id):
        if each.incoming and each.partner == stored.partner and each.state is RecallState.ERASED:
            orders.append(each.order)
    agency = agency_uri_of(stored.partner)

    def gone(statement_id: bytes, grant: Grant) -> frozenset[int] | None:
        # A quarantined or waiting delivery belongs to its signer, not to the recalling agency
        # (RC-5).
        is_theirs = agency_uri_of(grant.header.signer) == agency
        return recalled_slots(orders, statement_id) if is_theirs else frozenset()

    forget(context, packet_id, gone)


def keep(
    context: NodeContext, stored: StoredRecall, ground: KeepGround, *, acted_by: ActedBy
) -> None:
    """Keeps the recalled slots, and queues the answer with the ground.

    Raises:
        NotFound: If they were erased.
    """
    if stored.state is RecallState.ERASED:
        raise NotFound("the packet was erased already")
    reach = reach_of(context, stored.recall.packet)
    answer = RecallAnswer(recall=stored.id, ground=ground, reach=reach, acted_by=acted_by)
    _answer(context, stored, answer)


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
        return  # a late answer: a later one replaced it
    recalls.set_answer(stored.id, answer.state, said, time_ms=received.event.time_ms)


def _is_forgotten(context: NodeContext, said: Recall, signer: str) -> bool:
    """Returns whether an answer may concern a recall sent after this node's backup."""
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
    """Verifies that the answer's signer was sent the recall.

    Raises:
        NotFound: If not.
    """
    asked = None if stored is None or stored.incoming else (stored.partner, stored.recall.packet)
    if asked != (signer, said.packet):
        raise NotFound("this node sent no such recall to the signer")


def _refused(context: NodeContext, statement: Statement, code: str) -> None:
    context.stores.recalls.drop(statement.id)


def _renewed(body: bytes, header: Header, now_ms: int) -> bytes:
    """Returns a recall under our current header; its deadline may be too close by now."""
    recall = replace(parse_recall(body), header=header)
    if isinstance(recall.said, RecallOrder):
        recall = replace(recall, said=with_answer_time(recall.said, now_ms))
    return encode_recall(recall)


def run_due(context: NodeContext) -> int:
    """Erases ended packets, and recalled packets past their deadline, by the log's time.

    While the log's time is ahead of our clock, no packet is erased.

    Returns:
        The number of grants and recalls.
    """
    at = agreed_time(context)
    if at is None:
        return 0
    stores, chores = context.stores, Jobs(context)
    with stores.database.transaction():
        stores.recalls.bound_arrivals(latest_ms(context))
    due = _overdue(stores.recalls.open(incoming=True), at)
    obeyed = chores.each("recalls", due, lambda each: _obey(context, each))
    with chores.attempt("withdrawals"), stores.database.transaction():
        ours = [grant for grant in stores.packets.ended(at.time_ms) if not grant.incoming]
        over = [grant for grant in ours if at.has_reached(end_of(context, grant))]
        withdraw(context, over, VoidReason.EXPIRED)
        for grant in ours:
            expire(context, grant, at=at)
    return sum(obeyed) + erase_ended(context, at)


def erase_ended(context: NodeContext, at: AgreedTime) -> int:
    """Erases partners' grants that have ended by a time, and tags of values; returns their number.

    No statement is queued.
    """
    stores = context.stores
    theirs = [grant for grant in stores.packets.ended(at.time_ms) if grant.incoming]
    gone = Jobs(context).each("expiry", theirs, lambda grant: expire(context, grant, at=at))
    with stores.database.transaction():
        stores.values.expire(at.time_ms)
    return sum(gone)


def erase_recalled(context: NodeContext, at: AgreedTime) -> int:
    """Erases, at a former member's node, recalled packets past their deadline.

    No answer is queued. The recalls stay open, so an agency that is admitted again answers them.
    A recall that was obeyed is not read again.

    Returns:
        The number of recalls.
    """

    def forgotten(each: StoredRecall) -> bool:
        if (now := _undecided(context, each)) is not None:
            _forget_recalled(context, now)
            recalls.set_obeyed(each.id)
        return now is not None

    recalls = context.stores.recalls
    return sum(Jobs(context).each("recalls", _overdue(recalls.unobeyed(), at), forgotten))


def _overdue(recalls: Iterable[StoredRecall], at: AgreedTime) -> list[StoredRecall]:
    """Returns the recalls past their deadline; a person or this node decides on each."""
    return [each for each in recalls if is_overdue(each.state, each.due_ms, at)]


def _undecided(context: NodeContext, due: StoredRecall) -> StoredRecall | None:
    """Returns a recall as it is now, unless a person decided in another process of this node."""
    recalls = context.stores.recalls
    now = recalls.get(due.id)
    if now is None or now.state is not RecallState.OPEN or recalls.is_kept(now.recall.packet):
        return None
    return now


def _obey(context: NodeContext, due: StoredRecall) -> bool:
    """Erases a packet past its deadline, in the caller's transaction; returns its success."""
    if (now := _undecided(context, due)) is not None:
        erase(context, now, acted_by=None)
    return now is not None


def agreed_time(context: NodeContext) -> AgreedTime | None:
    """Returns the agreed time for erasure and deadlines, or None."""
    try:
        return context.agreed_time()
    except ClockSkewed as error:
        context.alarm_clock(error, context.stores.log.checkpoint() or b"")
    except TrustError:
        pass  # the log has not been read
    return None


RECALL = StatementHandler(
    type=StatementType.RECALL,
    event=EventCode.RECALL,
    verify=_verify,
    store=_store,
    notice=_notice,
    refused=_refused,
    renewed=_renewed,
    run_due=run_due,
)
