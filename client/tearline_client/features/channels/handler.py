"""Handlers of receipts, voids and marks."""

from collections.abc import Sequence
from dataclasses import replace

from tearline.audit.event import EventCode
from tearline.errors import (
    EntryMismatch,
    GrantHandedOut,
    GrantMisdirected,
    ReceiptForgotten,
    StatementMalformed,
)
from tearline.statements.channel import Mark, Void
from tearline.statements.receipt import LogOpening, Receipt, verify_forward
from tearline.statements.statement import ActedBy, Header, Statement, StatementType
from tearline.wire.grants import (
    encode_mark,
    encode_receipt,
    parse_mark,
    parse_receipt,
    parse_void,
)
from tearline.wire.publications import Publication, encode_publication
from tearline.wire.statements import Signed, signed
from tearline_client.context import NodeContext
from tearline_client.messages.compose import sign_by_agreement
from tearline_client.messages.received import Received
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.handler import StatementHandler
from tearline_client.rules.quarantine import quarantine
from tearline_client.rules.suspensions import SuspensionRules, place_of
from tearline_client.store.channels import DUE
from tearline_client.store.inbox import Evidence
from tearline_client.store.packet_records import StoredGrant


def _verify_receipt(recipient: Recipient, delivered: Delivered) -> Receipt:
    receipt = parse_receipt(delivered.statement.body)
    recipient.verify_addressed(receipt.address)
    return receipt


def _store_receipt(
    context: NodeContext, received: Received, receipt: Receipt, evidence: Evidence
) -> None:
    """Stores a recipient's receipt, and the new status of its grant."""
    packets, peer = context.stores.packets, received.signer.signer
    grant = packets.grant(receipt.about)
    if grant is None and context.stores.recovery.restored() is not None:
        # The grant was made after the backup, so only its existence is known.
        quarantine(context, ReceiptForgotten(), evidence)
        return
    if grant is None or grant.incoming:
        raise GrantMisdirected("the receipt is about a grant that this node did not make")
    if grant.grant.address.recipient != peer:
        raise GrantMisdirected("the receipt is not from the grant's recipient")
    verify_forward(grant.status, receipt.status)
    entry, time_ms = received.opening.index, received.event.time_ms
    context.stores.requests.store(grant.grant.packet, peer, index=entry, time_ms=time_ms)
    context.stores.receipts.put(received.signed, receipt)
    packets.set_status(receipt.about, receipt.status)


def _receipt_refused(context: NodeContext, statement: Statement, code: str) -> None:
    context.stores.packets.set_untold(parse_receipt(statement.body).about)


def _receipt_renewed(body: bytes, header: Header, now_ms: int) -> bytes:
    return encode_receipt(replace(parse_receipt(body), header=header))


def _verify_void(recipient: Recipient, delivered: Delivered) -> Void:
    void = parse_void(delivered.statement.body)
    recipient.verify_addressed(void.address)
    return void


def _void_accepted(context: NodeContext, accepted: Signed, entry: LogOpening) -> None:
    void = parse_void(accepted.statement.body)
    context.stores.packets.set_withdrawn(void.withdraws, void.reason)


def _void_refused(context: NodeContext, statement: Statement, code: str) -> None:
    """Records that a void was refused because its grant had been delivered."""
    stopped = context.stores.stopped_grants
    grant = stopped.at(place_of(parse_void(statement.body).address))
    if grant is not None and code == GrantHandedOut.code:
        stopped.forget(grant)


def _verify_mark(recipient: Recipient, delivered: Delivered) -> Mark:
    mark = parse_mark(delivered.statement.body)
    if mark.recipient != recipient.node:
        raise GrantMisdirected("the mark is for another node")
    if delivered.event.agreement_id != mark.agreement_id:
        raise EntryMismatch("the log entry names another agreement")
    return mark


def _store_mark(context: NodeContext, received: Received, mark: Mark, evidence: Evidence) -> None:
    channels, peer = context.stores.channels, mark.header.signer
    incoming = channels.incoming(peer, mark.agreement_id)
    incoming.receive_mark(
        mark,
        sent=channels.sent(peer, mark.agreement_id),
        held=SuspensionRules(context).is_quiet(peer, mark.agreement_id),
    )
    context.stores.suspensions.put_mark(received.signed, own=False, entry=received.opening.index)
    channels.put_incoming(peer, mark.agreement_id, incoming)
    context.stores.recovery.confirm(peer, mark.agreement_id, incoming.confirmed)


def _mark_accepted(context: NodeContext, accepted: Signed, entry: LogOpening) -> None:
    context.stores.suspensions.answer_mark(accepted.statement.id, entry.index)


def _mark_renewed(body: bytes, header: Header, now_ms: int) -> bytes:
    return encode_mark(replace(parse_mark(body), header=header))


def _queue(context: NodeContext, publication: Publication) -> None:
    context.stores.outbox.put([encode_publication(publication)], now_ms=context.now_ms())


def _answer_grants(context: NodeContext) -> None:
    """Queues receipts for every incoming grant whose grantor has an older status."""
    stores, untold = context.stores, True
    while untold:
        # Read inside the transaction: another process of this node may do the same.
        with stores.database.transaction():
            grants = stores.packets.untold()
            queue_receipts(context, [(grant, None) for grant in grants])
        untold = bool(grants)


def queue_voids(context: NodeContext) -> None:
    """Queues voids for grants that the exchange held back, each once."""
    with context.stores.database.transaction():
        voids = [
            (parse_void(body).address.agreement_id, (kind, body))
            for kind, body in SuspensionRules(context).owed_voids()
        ]
        for _, publication in sign_by_agreement(context.signer, voids):
            _queue(context, publication)


def _queue_due_marks(context: NodeContext) -> None:
    queue_marks(context, due=True)


def queue_receipts(
    context: NodeContext, grants: Sequence[tuple[StoredGrant, ActedBy | None]]
) -> None:
    """Queues one receipt for each grant, inside the caller's transaction.

    Raises:
        StatementMalformed: If a grant has no status of ours.
    """
    stores, now_ms = context.stores, context.now_ms()
    bodies = []
    for stored, acted_by in grants:
        if stored.status is None:
            raise StatementMalformed("an incoming grant has a status")
        grant = stored.grant
        sender, agreement_id = grant.header.signer, grant.address.agreement_id
        receipt = Receipt(
            header=context.signer.header,
            address=stores.channels.next_place(sender, agreement_id),
            about=stored.signed.statement.id,
            status=stored.status,
            code="",
            entry=None,
            acted_by=acted_by,
            time_ms=now_ms,
        )
        bodies.append((agreement_id, (StatementType.RECEIPT, encode_receipt(receipt))))
        stores.packets.set_told(receipt.about, receipt.status)
    for _, publication in sign_by_agreement(context.signer, bodies):
        _queue(context, publication)


def queue_marks(context: NodeContext, *, due: bool = False) -> int:
    """Queues a mark for every channel that moved since the last one; returns how many.

    Args:
        context: The node.
        due: Only for those channels whose standing changed, or whose peer has departed.
    """
    stores, now_ms, moment = context.stores, context.now_ms(), context.next_moment()
    with stores.database.transaction():
        bodies = []
        for channel in stores.channels.all():
            numbers = (channel.sent, channel.received)
            if numbers in (channel.marked, (0, 0)):
                continue
            # A node without keys has departed, or ended: the mark states where its channel ended.
            is_due = channel.marked == DUE or not context.trust.keys_of(channel.peer, at=moment)
            if due and not is_due:
                continue
            mark = Mark(
                header=context.signer.header,
                recipient=channel.peer,
                agreement_id=channel.agreement_id,
                counter=stores.channels.next_mark(channel.peer, channel.agreement_id, *numbers),
                highest_sent=channel.sent,
                highest_received=channel.received,
                time_ms=now_ms,
            )
            bodies.append((channel.agreement_id, (StatementType.MARK, encode_mark(mark))))
        for tree, publication in sign_by_agreement(context.signer, bodies):
            _queue(context, publication)
            for number in range(len(tree.leaves)):
                stores.suspensions.put_mark(signed(tree, number), own=True, entry=None)
    return len(bodies)


RECEIPT = StatementHandler(
    type=StatementType.RECEIPT,
    event=EventCode.RECEIPT,
    verify=_verify_receipt,
    store=_store_receipt,
    refused=_receipt_refused,
    renewed=_receipt_renewed,
    answer=_answer_grants,
)
VOID = StatementHandler(
    type=StatementType.VOID,
    event=EventCode.VOID,
    verify=_verify_void,
    accepted=_void_accepted,
    refused=_void_refused,
    answer=queue_voids,
)
MARK = StatementHandler(
    type=StatementType.MARK,
    event=EventCode.MARK,
    verify=_verify_mark,
    store=_store_mark,
    accepted=_mark_accepted,
    renewed=_mark_renewed,
    answer=_queue_due_marks,
)
