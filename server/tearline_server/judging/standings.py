"""Judging of standings: delivered to all parties, effective from the next entry on."""

from collections.abc import Iterator

from tearline.agreement import Agreement
from tearline.event import Event, EventCode
from tearline.identity import agency_uri_of
from tearline.standing.book import Stop, is_held
from tearline.standing.pace import paced
from tearline.standing.standing import Standing
from tearline.standing.succession import verify_follows, verify_scopes
from tearline.statement import pseudonym_of
from tearline_server.judging.docket import Docket, NewMail
from tearline_server.judging.hearing import Hearing
from tearline_server.judging.registry import Registry, Told
from tearline_server.storage.known import Undelivered


def accept_standing(hearing: Hearing, standing: Standing) -> None:
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
    docket, registry = hearing.docket, hearing.registry
    agreement = registry.agreement_of(standing.agreement_id, hearing.publisher.agency).agreement
    before = registry.standings.newest(*standing.key)
    verify_scopes(standing, before, agreement.terms)
    verify_follows(standing, before)
    told = registry.told.get(standing.key)
    empty_ms = paced(told.empty_ms if told else 0, before, standing, now_ms=docket.now_ms)
    registry.standings.take(standing)

    entries = {}
    for party in agreement.terms.parties:
        event = Event(
            statement_id=hearing.claim.statement.id,
            code=EventCode.STANDING,
            party=party,
            time_ms=docket.now_ms,
            actor=hearing.publisher.node,
            pseudonym=pseudonym_of(standing.acted_by),
            agreement_id=agreement.id,
        )
        # The receipt names the entry of the publisher's own agency.
        own = party == hearing.publisher.agency
        entries[party] = docket.settle(hearing.ruling, event) if own else docket.log(event)
    statement = entries[hearing.publisher.agency]
    docket.standings[standing.key] = statement, empty_ms
    docket.suspend(hearing.ruling, before, standing, statement)
    registry.told[standing.key] = Told(statement=statement, entries=entries, empty_ms=empty_ms)
    for node in registry.trust.nodes():
        if agency_uri_of(node) in agreement.terms.parties:
            _deliver(registry, docket, node, statement, entries[agency_uri_of(node)])
    for waiting in _undelivered(docket, agreement.id):
        stops = stops_of(registry, agreement, waiting.event)
        if stops:
            hold(registry, docket, waiting, stops, actor=hearing.publisher.node)


def deliver_standings(hearing: Hearing, node: str) -> None:
    """Delivers the newest standings of a new node's agreements to that node."""
    agency = agency_uri_of(node)
    for told in hearing.registry.told.values():
        if agency in told.entries:
            _deliver(hearing.registry, hearing.docket, node, told.statement, told.entries[agency])


def stops_of(registry: Registry, agreement: Agreement, event: Event) -> tuple[Stop, ...]:
    """Returns the current suspensions of a grant, given the event of its acceptance."""
    return registry.standings.stops(
        agreement,
        event.article,
        sender=agency_uri_of(event.actor),
        recipient=agency_uri_of(event.party),
    )


def hold(
    registry: Registry, docket: Docket, waiting: Undelivered, stops: tuple[Stop, ...], *, actor: str
) -> None:
    """Withholds a grant permanently, and notifies its sender.

    The sender fills its place with a void. If the grant is held rather than returned, the sender
    issues it anew on resumption.

    Args:
        registry: Mailboxes.
        docket: The batch.
        waiting: The grant.
        stops: The suspensions that apply.
        actor: The node whose action caused it.
    """
    event, sender = waiting.event, waiting.event.actor
    entry = docket.log(
        Event(
            statement_id=waiting.id,
            code=EventCode.HELD if is_held(stops) else EventCode.RETURNED,
            party=sender,
            time_ms=docket.now_ms,
            actor=actor,
            counterpart=waiting.node,
            packet=event.packet,
            agreement_id=event.agreement_id,
            article=event.article,
        )
    )
    docket.held[waiting.node, waiting.seq] = entry
    _deliver(registry, docket, sender, waiting.statement, entry)


def _undelivered(docket: Docket, agreement_id: bytes) -> Iterator[Undelivered]:
    """Yields every undelivered grant of an agreement, including those of this batch."""
    for item in docket.known.undelivered.get(agreement_id, ()):
        place = (item.node, item.seq)
        if not any(place in gone for gone in (docket.delivered, docket.held, docket.withdrawn)):
            yield item
    for waiting in list(docket.undelivered()):
        if waiting.event.agreement_id == agreement_id:
            yield waiting


def _deliver(registry: Registry, docket: Docket, node: str, statement: int, entry: int) -> None:
    docket.mail.append(
        NewMail(node=node, seq=registry.next_mail(node), statement=statement, entry=entry)
    )
