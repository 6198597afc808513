"""Handlers of receipts, voids and marks."""

from dataclasses import replace

from tearline.audit.event import EventCode
from tearline.errors import (
    EntryMismatch,
    GrantHandedOut,
    GrantMisdirected,
    ReceiptForgotten,
)
from tearline.statements.channel import Mark, Void
from tearline.statements.receipt import LogOpening, Receipt, verify_forward
from tearline.statements.statement import Header, Statement, StatementType
from tearline.wire.grants import (
    encode_mark,
    encode_receipt,
    parse_mark,
    parse_receipt,
    parse_void,
)
from tearline.wire.statements import Signed
from tearline_client.context import NodeContext
from tearline_client.messages.received import Received
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.handler import StatementHandler
from tearline_client.rules.quarantine import quarantine
from tearline_client.rules.suspensions import SuspensionRules, place_of
from tearline_client.store.inbox import Evidence


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


def _void_accepted(context: NodeContext, signed: Signed, entry: LogOpening) -> None:
    void = parse_void(signed.statement.body)
    context.stores.packets.set_withdrawn(void.withdraws, void.reason)


def _void_refused(context: NodeContext, statement: Statement, code: str) -> None:
    """Records that a void was refused because its grant had been delivered."""
    suspensions = context.stores.suspensions
    grant = suspensions.stopped_at(place_of(parse_void(statement.body).address))
    if grant is not None and code == GrantHandedOut.code:
        suspensions.forget_stopped(grant)


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


def _mark_accepted(context: NodeContext, signed: Signed, entry: LogOpening) -> None:
    context.stores.suspensions.answer_mark(signed.statement.id, entry.index)


def _mark_renewed(body: bytes, header: Header, now_ms: int) -> bytes:
    return encode_mark(replace(parse_mark(body), header=header))


RECEIPT = StatementHandler(
    type=StatementType.RECEIPT,
    event=EventCode.RECEIPT,
    verify=_verify_receipt,
    store=_store_receipt,
    refused=_receipt_refused,
    renewed=_receipt_renewed,
)
VOID = StatementHandler(
    type=StatementType.VOID,
    event=EventCode.VOID,
    verify=_verify_void,
    accepted=_void_accepted,
    refused=_void_refused,
)
MARK = StatementHandler(
    type=StatementType.MARK,
    event=EventCode.MARK,
    verify=_verify_mark,
    store=_store_mark,
    accepted=_mark_accepted,
    renewed=_mark_renewed,
)
