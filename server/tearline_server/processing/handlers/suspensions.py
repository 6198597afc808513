"""Judging of standings: delivered to all parties, effective from the next entry on."""

from collections.abc import Iterator

from tearline.agreements.agreement import Agreement
from tearline.audit.event import Event, EventCode
from tearline.identity import agency_uri_of
from tearline.statements.statement import StatementType, pseudonym_of
from tearline.suspensions.index import Stop, is_held
from tearline.suspensions.pace import paced
from tearline.suspensions.standing import Standing
from tearline.suspensions.transitions import verify_follows, verify_scopes
from tearline.wire.suspensions import parse_standing
from tearline_server.processing.batch import Batch
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.handlers.base import StatementHandler, none
from tearline_server.processing.registry import NotifiedEntries, Registry
from tearline_server.storage.lookups import Lookups, Undelivered
from tearline_server.storage.rows import MailRow


def accept_standing(context: Context, standing: Standing) -> None:
    """Accepts a party's standing, and delivers it to every node of the parties.

    1. The publisher's agency is a party to the agreement.
    2. The scopes that it newly suspends exist.
    3. It follows the agency's previous standing; only an officer resumes a scope.
    4. The agency is within its rate of standings; a standing that only suspends always passes.
    5. Waiting grants that are now suspended are withheld, and their senders notified.

    Raises:
        ExchangeBusy: If the agency sent too many standings lately; the node retries.
        TearlineError: If a check fails; the state is then unchanged.
    """
    batch, registry = context.batch, context.registry
    agreement = registry.agreement_of(standing.agreement_id, context.publisher.agency).agreement
    before = registry.standings.newest(*standing.key)
    verify_scopes(standing, before, agreement.terms)
    verify_follows(standing, before)
    told = registry.told.get(standing.key)
    empty_ms = paced(told.empty_ms if told else 0, before, standing, now_ms=batch.now_ms)
    registry.standings.take(standing)

    entries = {}
    for party in agreement.terms.parties:
        event = Event(
            statement_id=context.submitted.statement.id,
            code=EventCode.STANDING,
            party=party,
            time_ms=batch.now_ms,
            actor=context.publisher.node,
            pseudonym=pseudonym_of(standing.acted_by),
            agreement_id=agreement.id,
        )
        # The receipt names the entry of the publisher's own agency.
        own = party == context.publisher.agency
        entries[party] = batch.settle(context.result, event) if own else batch.log(event)
    statement = entries[context.publisher.agency]
    batch.standings[standing.key] = statement, empty_ms
    batch.suspend(context.result, before, standing, statement)
    registry.told[standing.key] = NotifiedEntries(
        statement=statement, entries=entries, empty_ms=empty_ms
    )
    for party, entry in entries.items():
        for node in registry.trust.nodes_of(party):
            _deliver(registry, batch, node, statement, entry)
    for waiting in undelivered_of(batch, agreement.id):
        stops = stops_of(registry, agreement, waiting.event)
        if stops:
            code = EventCode.HELD if is_held(stops) else EventCode.RETURNED
            hold(registry, batch, waiting, code, actor=context.publisher.node)


def deliver_standings(context: Context, node: str) -> None:
    """Delivers the newest standings of a new node's agreements to that node."""
    agency = agency_uri_of(node)
    for told in context.registry.told.values():
        if agency in told.entries:
            _deliver(context.registry, context.batch, node, told.statement, told.entries[agency])


def ends_of(event: Event) -> tuple[str, str]:
    """Returns sender's and recipient's agency of a grant, given the event of its acceptance."""
    return agency_uri_of(event.actor), agency_uri_of(event.party)


def stops_of(registry: Registry, agreement: Agreement, event: Event) -> tuple[Stop, ...]:
    """Returns the current suspensions of a grant, given the event of its acceptance."""
    sender, recipient = ends_of(event)
    return registry.standings.stops(agreement, event.article, sender=sender, recipient=recipient)


def hold(
    registry: Registry, batch: Batch, waiting: Undelivered, code: EventCode, *, actor: str
) -> None:
    """Withholds a grant permanently, and notifies its sender.

    The sender fills its place with a void. If the grant is held rather than returned, the sender
    issues it anew on resumption.

    Args:
        registry: Mailboxes.
        batch: The batch.
        waiting: The grant.
        code: Whether it is held or returned.
        actor: The node whose action caused it.
    """
    event, sender = waiting.event, waiting.event.actor
    entry = batch.log(
        Event(
            statement_id=waiting.id,
            code=code,
            party=sender,
            time_ms=batch.now_ms,
            actor=actor,
            counterpart=waiting.node,
            packet=event.packet,
            agreement_id=event.agreement_id,
            article=event.article,
        )
    )
    batch.held[waiting.node, waiting.seq] = entry
    _deliver(registry, batch, sender, waiting.statement, entry)


def undelivered_of(batch: Batch, agreement_id: bytes) -> Iterator[Undelivered]:
    """Yields every undelivered grant of an agreement, including those of this batch."""
    for item in batch.known.undelivered.get(agreement_id, ()):
        place = (item.node, item.seq)
        if not any(place in gone for gone in (batch.delivered, batch.held, batch.withdrawn)):
            yield item
    for waiting in list(batch.undelivered()):
        if waiting.event.agreement_id == agreement_id:
            yield waiting


def _deliver(registry: Registry, batch: Batch, node: str, statement: int, entry: int) -> None:
    batch.mail.append(
        MailRow(node=node, seq=registry.next_mail(node), statement=statement, entry=entry)
    )


def _lookups(context: LookupContext, standing: Standing) -> Lookups:
    if not context.registry.is_party(standing.agreement_id, context.publisher.agency):
        return Lookups()
    return Lookups(agreements=frozenset({standing.agreement_id}))


STANDING = StatementHandler(
    type=StatementType.STANDING,
    parse=parse_standing,
    natural_id=none,
    lookups=_lookups,
    recipient=none,
    apply=accept_standing,
)
