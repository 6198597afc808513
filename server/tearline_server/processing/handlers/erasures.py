"""Judging of orders to erase: signed by every agency that the entries name, or by retention."""

from tearline.audit.erasure import Erasure, agencies_named, verify_covers, verify_signers
from tearline.audit.event import Event, EventCode
from tearline.audit.retention import is_due
from tearline.crypto.keys import key_id
from tearline.errors import ErasureRefused, NotPermitted
from tearline.statements.statement import Statement, StatementType, signers_of
from tearline.wire.erasures import parse_erasure
from tearline.wire.grants import parse_event
from tearline_server.processing.batch import Batch, Result
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.handlers.base import StatementHandler, none
from tearline_server.processing.registry import Registry
from tearline_server.storage.lookups import Lookups
from tearline_server.storage.rows import MailRow

# Identical for entries that are unknown, erased, or name other agencies.
_NOT_YOURS = "one of its entries is not under this agreement, or names other agencies"


def accept_erasure(context: Context, order: Erasure) -> None:
    """Accepts an order, erases its entries, and delivers it to every node of its parties.

    1. All its parties are parties to the agreement. Authorship has verified that the
       publisher's agency is one of them.
    2. Every party signed it; no other agency did.
    3. Each entry names exactly these parties, under this agreement, and may be erased.
    4. Every node has acknowledged its mail about the entries.

    Raises:
        TearlineError: If a check fails; the state is then unchanged.
    """
    batch, parties, registry = context.batch, order.parties, context.registry
    if order.is_by_retention:
        raise NotPermitted("an order to erase is signed by all its parties and published by one")
    registry.agreement_of(order.agreement_id, *parties)
    signers = signers_of(context.submitted.statement, context.submitted.attestations)
    verify_signers(order, signers, registry.exchange)
    for index in order.indices:
        _verify_erasable(context, order, index)
    if any(batch.known.entries[index].awaited for index in order.indices):
        raise ErasureRefused("a node has yet to acknowledge its mail about one of the entries")
    # The receipt names the entry of the publisher's own agency.
    own, actor = context.publisher.agency, context.publisher.node
    _erase(registry, batch, context.result, order, own=own, actor=actor)


def erase_due(registry: Registry, batch: Batch, statement: Statement, order: Erasure) -> bool:
    """Erases entries past the agreement's log retention, by an order of the exchange.

    Args:
        registry: Keys, agreements, mailboxes.
        batch: The batch, which receives the writes.
        statement: The order's statement.
        order: The order.

    Returns:
        Whether the entries were erased. They are not if one was erased, a new version of the
        agreement came into force, or the exchange's key changed, since the order was made.
    """
    if order.header.key_id != key_id(registry.trust.members.exchange.signing_key):
        return False
    found = registry.agreements[order.agreement_id].agreement
    if found.version != order.agreement_version:
        return False
    for index in order.indices:
        hidden = batch.known.entries.get(index)
        if hidden is None or hidden.awaited or index in batch.erased:
            return False
        event = parse_event(hidden.event)
        verify_covers(order, index, event)
        if not is_due(event, found, registry.exchange, batch.now_ms):
            return False
    result = Result(statement=statement, signer=registry.exchange)
    _erase(registry, batch, result, order, own=order.parties[0], actor=registry.exchange)
    return True


def _erase(
    registry: Registry, batch: Batch, result: Result, order: Erasure, *, own: str, actor: str
) -> None:
    entries = {}
    for party in order.parties:
        event = Event(
            statement_id=result.statement.id,
            code=EventCode.ERASED,
            party=party,
            time_ms=batch.now_ms,
            actor=actor,
            agreement_id=order.agreement_id,
        )
        entries[party] = batch.settle(result, event) if party == own else batch.log(event)
    statement = entries[own]
    for index in order.indices:
        named = parse_event(batch.known.entries[index].event)
        batch.erased[index] = (statement, agencies_named(named))
    for party in order.parties:
        for node in registry.trust.nodes_of(party):
            seq = registry.next_mail(node)
            batch.mail.append(
                MailRow(node=node, seq=seq, statement=statement, entry=entries[party])
            )


def _verify_erasable(context: Context, order: Erasure, index: int) -> None:
    hidden = context.batch.known.entries.get(index)
    if hidden is None or index in context.batch.erased:
        raise ErasureRefused(_NOT_YOURS)
    try:
        verify_covers(order, index, parse_event(hidden.event))
    except ErasureRefused:
        raise ErasureRefused(_NOT_YOURS) from None


def _lookups(context: LookupContext, order: Erasure) -> Lookups:
    return Lookups(entries=frozenset((each, context.publisher.agency) for each in order.indices))


ERASURE = StatementHandler(
    type=StatementType.ERASURE,
    is_judged_anew=True,
    parse=parse_erasure,
    natural_id=none,
    lookups=_lookups,
    recipient=none,
    apply=accept_erasure,
    parties=lambda order: order.parties,
)
