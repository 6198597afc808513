"""Handler of standings, and their effects on what is stored here."""

from tearline.agreements.agreement import Agreement
from tearline.audit.event import Event, EventCode
from tearline.errors import AgreementNotInForce, EntryMismatch, NotFound
from tearline.statements.receipt import LogOpening, Status
from tearline.statements.statement import Statement, StatementType
from tearline.suspensions.history import Recorded
from tearline.suspensions.standing import Standing
from tearline.suspensions.suspension import Originated
from tearline.suspensions.transitions import verify_follows
from tearline.wire.grants import parse_event
from tearline.wire.statements import Signed
from tearline.wire.suspensions import parse_standing
from tearline_client.context import NodeContext
from tearline_client.messages.due import Due
from tearline_client.messages.received import Received
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.handler import Party, StatementHandler
from tearline_client.rules.recalls import is_recalled, recall_suspended
from tearline_client.rules.suspensions import place_of
from tearline_client.store.inbox import Evidence


def _verify(recipient: Recipient, delivered: Delivered) -> Standing:
    return parse_standing(delivered.statement.body)


def _store(
    context: NodeContext, received: Received, standing: Standing, evidence: Evidence
) -> None:
    entry, time_ms = received.opening.index, received.event.time_ms
    store_standing(context, received.signed, standing, entry, time_ms)


def _notice(received: Received, standing: Standing) -> Due | None:
    """Returns the notification of a standing; the hourly repetitions share one key."""
    statement_id = received.signed.statement.id
    open_now = bool(standing.suspensions or standing.ended)
    once = statement_id
    if standing.acted_by is None:
        if not open_now:
            return None
        once = repr((standing.header.signer, standing.suspensions, standing.ended)).encode()
    return Due(
        event="suspended" if open_now else "resumed",
        once=standing.agreement_id + once,
        ids={
            "sender": standing.header.signer,
            "agreement": standing.agreement_id,
            "statement": statement_id,
        },
    )


def _accepted(context: NodeContext, signed: Signed, entry: LogOpening) -> None:
    standing, time_ms = parse_standing(signed.statement.body), parse_event(entry.event).time_ms
    store_standing(context, signed, standing, entry.index, time_ms)


def store_standing(
    context: NodeContext, signed: Signed, standing: Standing, entry: int, time_ms: int
) -> None:
    """Stores a party's standing, in the caller's transaction.

    Raises:
        AgreementNotInForce: If it is not a party to an agreement of ours.
        StandingOutdated, StatementConflict, LiftRefused: If it does not follow the known standing,
            so that the exchange should have refused it.
    """
    stores, agreement_id = context.stores, standing.agreement_id
    agreement = stores.agreements.newest(agreement_id)
    if standing.agency not in agreement.terms.parties:
        raise AgreementNotInForce("its signer is not a party")
    kept = stores.suspensions.recorded(*standing.key, standing.counter)
    if kept is not None and kept.standing == standing:
        return
    known = stores.suspensions.newest(agreement_id).get(standing.agency)
    if _is_late(standing, entry, known):
        # It no longer sets the current state, but the stops until then.
        stores.suspensions.put(signed, entry, time_ms)
        stores.requests.rest_on(agreement_id, context.agency, entry, time_ms)
        return
    verify_follows(standing, known.standing if known else None)
    stores.suspensions.put(signed, entry, time_ms)
    stores.suspensions.fulfil(signed.statement.id)
    if standing.terms != (known.standing.terms if known else ((), False)):
        stores.channels.mark_due(agreement_id)
        stores.requests.rest_on(agreement_id, context.agency, entry, time_ms)
        freeze(context, agreement, standing.agency)


def freeze(context: NodeContext, agreement: Agreement, originator: str) -> None:
    """Records the frozen articles of an agency, from its standing.

    It reads no packet: an agency may change its standing often, and a node may hold a million
    packets. For our own agency, it recalls packets that partners must erase, from any of our nodes.
    """
    if originator == context.agency:
        recall_suspended(context, agreement)
        return
    standings = context.stores.suspensions
    book = standings.book(agreement.id, context.signer.header)
    standings.freeze(
        agreement.id,
        originator,
        (
            article.id
            for article in agreement.terms.articles
            if book.fate(agreement, article.id, originator=originator, holder=context.agency)
            is not Originated.KEEP
        ),
    )


def store_held(context: NodeContext, statement: Statement, event: Event) -> None:
    """Stores the exchange's event that it held back a grant, in the caller's transaction.

    Raises:
        NotFound: If this node made no such grant.
        EntryMismatch: If its recipient signed for it.
    """
    stored = context.stores.packets.grant(statement.id)
    if stored is None or stored.incoming:
        raise NotFound("this node made no such grant")
    if stored.status in (Status.STORED, Status.OPENED, Status.SEEN, Status.ERASED):
        raise EntryMismatch("its recipient signed for it")
    address = stored.grant.address
    recalled = is_recalled(context, stored.grant.packet, address.recipient)
    hold = event.code is EventCode.HELD and not recalled
    context.stores.suspensions.stop(statement.id, place_of(address), hold=hold, owed=True)


def _is_late(standing: Standing, entry: int, known: Recorded | None) -> bool:
    """Returns whether a standing precedes the known one in the log."""
    return known is not None and standing.counter < known.standing.counter and entry < known.entry


def _refused(context: NodeContext, statement: Statement, code: str) -> None:
    context.stores.suspensions.refuse(statement.id, code)


STANDING = StatementHandler(
    type=StatementType.STANDING,
    event=EventCode.STANDING,
    parties=Party.AGENCY,
    verify=_verify,
    store=_store,
    notice=_notice,
    accepted=_accepted,
    refused=_refused,
)
