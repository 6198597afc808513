"""Handler of orders to erase what log entries hide."""

from tearline.agreements.agreement import Agreement
from tearline.audit.erasure import Erasure, verify_logged, verify_signers
from tearline.audit.event import EventCode
from tearline.audit.retention import verify_rule, verify_time
from tearline.errors import AgreementNotInForce, RetentionUnknown
from tearline.statements.statement import StatementType, signers_of
from tearline.verification.moment import Moment
from tearline.wire.erasures import parse_erasure
from tearline_client.context import NodeContext
from tearline_client.messages.received import Received
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.handler import Party, StatementHandler
from tearline_client.store.inbox import Evidence


def _verify(recipient: Recipient, delivered: Delivered) -> Erasure:
    statement, at = delivered.statement, delivered.at
    order = parse_erasure(statement.body)
    exchange = recipient.trust.members_at(at).exchange.uri
    verify_signers(order, signers_of(statement, delivered.delivery.attestations), exchange)
    if recipient.agency not in order.parties:
        raise order.refusal("this agency is not a party to the order")
    verify_logged(order, statement.id, at.index, delivered.event)
    if order.is_by_retention:
        verify_rule(order, _rule(recipient, order, at), at.time_ms)
        verify_time(at.time_ms, delivered.now_ms)
    return order


def _rule(recipient: Recipient, order: Erasure, at: Moment) -> Agreement:
    """Returns the agreement in force at the log index of an order by retention."""
    try:
        agreement = recipient.agreement_at(order.agreement_id, at.index)
    except AgreementNotInForce:
        raise RetentionUnknown("the agreement is not here") from None
    if agreement.version < order.agreement_version:
        raise RetentionUnknown("that version of the agreement is not here")
    return agreement


def _store(context: NodeContext, received: Received, order: Erasure, evidence: Evidence) -> None:
    stores = context.stores
    for opened in stores.erasures.erase(received.signed, received.opening.index):
        stores.receipts.forget(opened.event.statement_id, opened.opening.index)


ERASURE = StatementHandler(
    type=StatementType.ERASURE,
    event=EventCode.ERASED,
    parties=Party.ANY,
    verify=_verify,
    store=_store,
)
