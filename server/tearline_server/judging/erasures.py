"""Judging orders to erase: signed by every agency that the entries name."""

from tearline.erasure import Erasure, signers_of, verify_covers, verify_signed_by_all
from tearline.errors import ErasureRefused, NotPermitted
from tearline.event import Event, EventCode
from tearline.identity import agency_uri_of
from tearline.wire.flow import parse_event
from tearline_server.judging.case import Case
from tearline_server.judging.docket import NewMail

# The same words whether there is no such entry, it was erased, or it names somebody else.
_NOT_YOURS = "an entry it names is none of this agreement that names these agencies and no other"


def accept_erasure(case: Case, order: Erasure) -> None:
    """Takes an order, erases what it names, and puts it into the mailbox of every party's node.

    1. The publisher's agency is a party, and all are parties to the agreement.
    2. Every party signed it, and nobody else did.
    3. Each entry names these parties and no other, under this agreement, and may be erased.
    4. Every node has taken in what it is told of them.

    Raises:
        TearlineError: Naming what failed; nothing changed then.
    """
    docket, parties = case.docket, order.parties
    if case.publisher.agency not in parties:
        raise NotPermitted("an order to erase is published by one of its parties")
    case.registry.agreement_of(order.agreement_id, *parties)
    verify_signed_by_all(order, signers_of(case.claim.statement, case.claim.attestations))
    for index in order.indices:
        _verify_erasable(case, order, index)
    if any(docket.known.entries[index].awaited for index in order.indices):
        raise ErasureRefused("a node has not taken in yet what it is told of one of the entries")

    entries = {}
    for party in parties:
        event = Event(
            statement_id=case.claim.statement.id,
            code=EventCode.ERASED,
            party=party,
            time_ms=docket.now_ms,
            actor=case.publisher.node,
            agreement_id=order.agreement_id,
        )
        # The receipt tells of the entry that names the publisher's own agency.
        own = party == case.publisher.agency
        entries[party] = docket.settle(case.ruling, event) if own else docket.log(event)
    statement = entries[case.publisher.agency]
    docket.erased.update(dict.fromkeys(order.indices, (statement, parties)))
    for node in case.registry.trust.nodes():
        agency = agency_uri_of(node)
        if agency in parties:
            seq = case.registry.next_mail(node)
            docket.mail.append(
                NewMail(node=node, seq=seq, statement=statement, entry=entries[agency])
            )


def _verify_erasable(case: Case, order: Erasure, index: int) -> None:
    hidden = case.docket.known.entries.get(index)
    if hidden is None or index in case.docket.erased:
        raise ErasureRefused(_NOT_YOURS)
    try:
        verify_covers(order, index, parse_event(hidden.event))
    except ErasureRefused:
        raise ErasureRefused(_NOT_YOURS) from None
