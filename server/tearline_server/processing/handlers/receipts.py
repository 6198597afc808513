"""Handler of receipts: a node's status of a grant that was delivered to it."""

from tearline.audit.event import Event, EventCode
from tearline.errors import NotFound, StatementMalformed
from tearline.limits import CHARGE_BYTES
from tearline.statements.budget import Amount, BudgetPart
from tearline.statements.channel import Address
from tearline.statements.receipt import Receipt, Status, verify_forward
from tearline.statements.statement import StatementType, pseudonym_of
from tearline.wire.grants import parse_receipt
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.day_budget import charge, verify_budget
from tearline_server.processing.handlers.base import StatementHandler, none
from tearline_server.processing.handlers.channels import next_place, relay
from tearline_server.processing.handlers.requests import note_stored
from tearline_server.storage.lookups import Lookups


def accept_receipt(context: Context, receipt: Receipt) -> None:
    """Accepts a node's receipt for a grant delivered to it, and relays it to the grantor.

    If the grant was of a request, the request's clock starts.

    Raises:
        NotFound: If no such grant was delivered to this node; identical for unknown grants and
            those of other nodes.
        StatusBackwards: If its status is lower than an earlier one.
        ExchangeBusy: If it has the same status again, and the agency's budget is used up.
        TearlineError: If its place in the channel is not the next one.
    """
    address, batch = receipt.address, context.batch
    if address is None:
        raise StatementMalformed("only the exchange accepts or refuses statements")
    item = batch.known.mail.get((context.signer, receipt.about))
    if item is None and batch.known.is_restored:
        _relay_receipt(context, receipt, address)
        return
    if (
        item is None
        or not (item.delivered or batch.known.is_restored)  # perhaps before a restore
        or item.type != StatementType.GRANT
        or (item.sender, item.agreement) != (address.recipient, address.agreement_id)
    ):
        raise NotFound("no grant of that id was delivered here")
    stored = None if item.status is None else Status(item.status)
    before = batch.statuses.get((context.signer, item.seq), stored)
    verify_forward(before, receipt.status)
    place = next_place(context, address)
    if receipt.status is before:
        _charge_again(context)

    batch.statuses[context.signer, item.seq] = receipt.status
    event = Event(
        statement_id=context.submitted.statement.id,
        code=EventCode.RECEIPT,
        party=address.recipient,
        time_ms=batch.now_ms,
        actor=context.publisher.node,
        pseudonym=pseudonym_of(receipt.acted_by),
        counterpart=address.recipient,
        packet=item.packet or b"",
        agreement_id=address.agreement_id,
    )
    place.take(batch.settle(context.result, event))
    if item.packet is not None:
        note_stored(batch, item.packet, context.signer)


def _relay_receipt(context: Context, receipt: Receipt, address: Address) -> None:
    """Relays a receipt about a grant that a restore lost.

    The grantor can judge whether such a grant existed.
    """
    _charge_again(context)
    relay(context, address, EventCode.RECEIPT, acted_by=receipt.acted_by)


def _charge_again(context: Context) -> None:
    """Charges a receipt that a grant does not bound: of the same status again, or after a loss.

    Raises:
        ExchangeBusy: If the budget is used up.
    """
    agency = context.publisher.agency
    verify_budget(context.registry, context.batch, agency, BudgetPart.ORDINARY)
    size = CHARGE_BYTES + len(context.submitted.statement.body)
    amount = Amount(entries=2, bytes=size)  # an entry, and an item of a mailbox
    charge(context.registry, context.batch, agency, BudgetPart.ORDINARY, amount)


def _lookups(context: LookupContext, receipt: Receipt) -> Lookups:
    if receipt.address is None:
        return Lookups()
    return Lookups(mail=frozenset({(context.signer, receipt.about, receipt.address.recipient)}))


def _recipient(receipt: Receipt) -> str | None:
    return None if receipt.address is None else receipt.address.recipient


RECEIPT = StatementHandler(
    type=StatementType.RECEIPT,
    parse=parse_receipt,
    natural_id=none,
    lookups=_lookups,
    recipient=_recipient,
    apply=accept_receipt,
)
