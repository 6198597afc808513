"""Judging orders to erase: signed by every agency that the entries name."""

from tearline.erasure import Erasure, signers_of, verify_covers, verify_signed_by_all
from tearline.errors import ErasureRefused, NotPermitted
from tearline.event import Event, EventCode
from tearline.identity import agency_uri_of
from tearline.wire.flow import parse_event
from tearline_server.judging.docket import NewMail
from tearline_server.judging.hearing import Hearing

# The same words whether there is no such entry, it was erased, or it names somebody else.
_NOT_YOURS = "an entry it names is none of this agreement that names these agencies and no other"


def accept_erasure(hearing: Hearing, order: Erasure) -> None:
    """Takes an order, erases what it names, and puts it into the mailbox of every party's node.

    1. The publisher's agency is a party, and all are parties to the agreement.
    2. Every party signed it, and nobody else did.
    3. Each entry names these parties and no other, under this agreement, and may be erased.
    4. Every node has taken in what it is told of them.

    Raises:
        TearlineError: Naming what failed; nothing changed then.
    """
    docket, parties = hearing.docket, order.parties
    if hearing.publisher.agency not in parties:
        raise NotPermitted("an order to erase is published by one of its parties")
    hearing.registry.agreement_of(order.agreement_id, *parties)
    verify_signed_by_all(order, signers_of(hearing.claim.statement, hearing.claim.attestations))
    for index in order.indices:
        _verify_erasable(hearing, order, index)
    if any(docket.known.entries[index].awaited for index in order.indices):
        raise ErasureRefused("a node has not taken in yet what it is told of one of the entries")

    entries = {}
    for party in parties:
        event = Event(
            statement_id=hearing.claim.statement.id,
            code=EventCode.ERASED,
            party=party,
            time_ms=docket.now_ms,
            actor=hearing.publisher.node,
            agreement_id=order.agreement_id,
        )
        # The receipt tells of the entry that names the publisher's own agency.
        own = party == hearing.publisher.agency
        entries[party] = docket.settle(hearing.ruling, event) if own else docket.log(event)
    statement = entries[hearing.publisher.agency]
    docket.erased.update(dict.fromkeys(order.indices, (statement, parties)))
    for node in hearing.registry.trust.nodes():
        agency = agency_uri_of(node)
        if agency in parties:
            seq = hearing.registry.next_mail(node)
            docket.mail.append(
                NewMail(node=node, seq=seq, statement=statement, entry=entries[agency])
            )


def _verify_erasable(hearing: Hearing, order: Erasure, index: int) -> None:
    hidden = hearing.docket.known.entries.get(index)
    if hidden is None or index in hearing.docket.erased:
        raise ErasureRefused(_NOT_YOURS)
    try:
        verify_covers(order, index, parse_event(hidden.event))
    except ErasureRefused:
        raise ErasureRefused(_NOT_YOURS) from None
