"""Handler of standings, and their effects on what is stored here."""

from tearline.agreements.agreement import Agreement
from tearline.audit.event import Event, EventCode
from tearline.errors import (
    AgreementNotInForce,
    EntryMismatch,
    NotFound,
    SignerKeyUnknown,
    StandingOutdated,
    StatementConflict,
)
from tearline.statements.receipt import LogOpening, Status
from tearline.statements.statement import ActedBy, Statement, StatementType
from tearline.suspensions.freshness import FRESH_MS
from tearline.suspensions.history import Recorded
from tearline.suspensions.standing import Standing
from tearline.suspensions.suspension import Originated, Suspension
from tearline.suspensions.transitions import SuspensionStep, merged, verify_follows
from tearline.wire.grants import parse_event
from tearline.wire.publications import Publication, encode_publication
from tearline.wire.statements import Signed, signed
from tearline.wire.suspensions import encode_standing, parse_standing
from tearline_client.context import NodeContext
from tearline_client.jobs import Jobs
from tearline_client.messages.due import Due
from tearline_client.messages.received import Received
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.handler import Party, StatementHandler
from tearline_client.rules.recalls import is_recalled, recall_suspended
from tearline_client.rules.suspensions import place_of
from tearline_client.store.inbox import Evidence

_AFFIRM_MS = FRESH_MS // 2  # so that a late one is still in time
OVERTAKEN = (StatementConflict.code, StandingOutdated.code)
"""Refusals of a standing because another node of our agency was faster."""


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


def _accepted(context: NodeContext, accepted: Signed, entry: LogOpening) -> None:
    standing, time_ms = parse_standing(accepted.statement.body), parse_event(entry.event).time_ms
    store_standing(context, accepted, standing, entry.index, time_ms)


def store_standing(
    context: NodeContext, said: Signed, standing: Standing, entry: int, time_ms: int
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
        stores.suspensions.put(said, entry, time_ms)
        stores.requests.rest_on(agreement_id, context.agency, entry, time_ms)
        return
    verify_follows(standing, known.standing if known else None)
    stores.suspensions.put(said, entry, time_ms)
    stores.suspensions.fulfil(said.statement.id)
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
    context.stores.stopped_grants.put(statement.id, place_of(address), hold=hold, owed=True)


def _is_late(standing: Standing, entry: int, known: Recorded | None) -> bool:
    """Returns whether a standing precedes the known one in the log."""
    return known is not None and standing.counter < known.standing.counter and entry < known.entry


def _refused(context: NodeContext, statement: Statement, code: str) -> None:
    context.stores.suspensions.refuse(statement.id, code)


def change_of(
    acted_by: ActedBy | None, *suspensions: Suspension, lift: bool = False, ended: bool = False
) -> SuspensionStep:
    """Returns a change of our agency's standing."""
    return SuspensionStep(suspensions=suspensions, lift=lift, ended=ended, acted_by=acted_by)


def queue_standing(context: NodeContext, agreement_id: bytes) -> None:
    """Signs our agency's current standing, to be sent before all others."""
    stores, signer = context.stores, context.signer
    known = stores.suspensions.newest(agreement_id).get(context.agency)
    wishes = stores.suspensions.wishes(agreement_id)
    standing = merged(
        None if known is None else known.standing,
        [wish.change for wish in wishes],
        header=signer.header,
        agreement_id=agreement_id,
        time_ms=context.now_ms(),
    )
    statement = signed(signer.sign([(StatementType.STANDING, encode_standing(standing))]))
    stores.suspensions.say_again(agreement_id, statement.statement.id, standing.counter)
    publication = encode_publication(Publication(signed=(statement,)))
    stores.outbox.put_first([publication], now_ms=context.now_ms())


def _resign(context: NodeContext) -> None:
    """Repeats standings that were refused for a reason that has passed.

    Examples are a faster node of this agency, and an ended signing key. While an earlier
    statement has no answer, none is queued.
    """
    for agreement_id in context.stores.suspensions.wished():
        with Jobs(context).attempt("standings"):
            _resign_one(context, agreement_id)


def _resign_one(context: NodeContext, agreement_id: bytes) -> None:
    standings = context.stores.suspensions
    wishes = standings.wishes(agreement_id)
    known = standings.newest(agreement_id).get(context.agency)
    said = max(wish.counter for wish in wishes)
    codes = {wish.code for wish in wishes}
    overtaken = not codes.isdisjoint(OVERTAKEN)
    overtaken = overtaken and known is not None and known.standing.counter >= said
    if overtaken or (SignerKeyUnknown.code in codes and context.is_ready()):
        with context.stores.database.transaction():
            queue_standing(context, agreement_id)


def _affirm_joint(context: NodeContext) -> None:
    """Queues a fresh standing for every agreement in force with a joint article.

    Partners send under a joint article only with each party's standing of the last hour. So an
    exchange that withholds a suspension stops them, too.
    """
    newest = {found.id: found for found in context.stores.agreements.all()}
    for agreement in newest.values():
        with Jobs(context).attempt("standings"):
            _affirm(context, agreement)


def _affirm(context: NodeContext, agreement: Agreement) -> None:
    stores, now_ms = context.stores, context.now_ms()
    joint = any(article.joint for article in agreement.terms.articles)
    in_force = agreement.valid_from_ms <= now_ms < agreement.valid_until_ms
    if not joint or not in_force or stores.suspensions.wishes(agreement.id):
        return
    known = stores.suspensions.newest(agreement.id).get(context.agency)
    said_ms = 0 if known is None else min(known.time_ms, known.standing.time_ms)
    if now_ms - said_ms >= _AFFIRM_MS:
        with stores.database.transaction():
            stores.suspensions.wish(context.signer.header, agreement.id, change_of(None))
            queue_standing(context, agreement.id)


def _run_due(context: NodeContext) -> None:
    if context.is_ready():
        _affirm_joint(context)
    _resign(context)


STANDING = StatementHandler(
    type=StatementType.STANDING,
    event=EventCode.STANDING,
    parties=Party.AGENCY,
    verify=_verify,
    store=_store,
    notice=_notice,
    accepted=_accepted,
    refused=_refused,
    run_due=_run_due,
    answer=_resign,
)
