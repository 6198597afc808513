"""Judging standings: taken from a party, told to all of them, obeyed from the next entry on."""

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
    """Takes where a party stands, and puts it into the mailbox of every party's node.

    1. The publisher's agency is a party to the agreement.
    2. What it suspends anew is there to be suspended.
    3. It follows what the agency said before; only an officer takes anything back.
    4. The agency did not say too often lately where it stands; what only suspends always passes.
    5. What waits for a node and is stopped by now is not handed out, and its sender is told.

    Raises:
        ExchangeBusy: If the agency said too often lately where it stands; it is sent again.
        TearlineError: Naming what failed; nothing changed then.
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
        # The receipt tells of the entry that names the publisher's own agency.
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
    """Puts the newest standing of every party of its agreements into a new node's mailbox."""
    agency = agency_uri_of(node)
    for told in hearing.registry.told.values():
        if agency in told.entries:
            _deliver(hearing.registry, hearing.docket, node, told.statement, told.entries[agency])


def stops_of(registry: Registry, agreement: Agreement, event: Event) -> tuple[Stop, ...]:
    """What stops a grant by now, of which an event says that it was accepted."""
    return registry.standings.stops(
        agreement,
        event.article,
        sender=agency_uri_of(event.actor),
        recipient=agency_uri_of(event.party),
    )


def hold(
    registry: Registry, docket: Docket, waiting: Undelivered, stops: tuple[Stop, ...], *, actor: str
) -> None:
    """Keeps a grant from being handed out, for good, and tells its sender.

    The sender puts a void in its place; where it is held, it issues it anew on resumption.

    Args:
        registry: Mailboxes.
        docket: The batch.
        waiting: The grant.
        stops: What stops it.
        actor: The node whose act it comes from.
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
    """Every grant of an agreement that waits in a mailbox, this batch's own included."""
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
