"""Joint cases as visible to this agency."""

from collections.abc import Mapping

from tearline.cases.case import Membership, Phase, Seat, membership
from tearline.dataclass.immutable import immutable
from tearline.encoding import labelled_sha256, prefixed
from tearline.identity import agency_uri_of
from tearline_client.store.cases import CaseStore, LedCase, Said


@immutable
class CaseView:
    """A case as visible to this agency.

    Attributes:
        id: 16 bytes.
        agreement_id: 16 bytes.
        title: Its name.
        summary: Its subject.
        lead: URI of the leading agency.
        standing: Our own membership; for a case of ours, in or closed.
        members: URIs of the visible members, ascending.
        asked: URIs of the agencies about to join, likewise.
        seats: Each agency's membership, for a case of ours.
    """

    id: bytes
    agreement_id: bytes
    title: str
    summary: str
    lead: str
    standing: Membership
    members: tuple[str, ...]
    asked: tuple[str, ...]
    seats: Mapping[str, Membership]


def view_led(cases: CaseStore, led: LedCase) -> CaseView:
    """Returns a case that we lead."""
    standings = {
        seat.agency: membership(seat.told or Phase.INVITED, seat.said)
        for seat in seats_of(cases, led)
    }
    pending = (Membership.INVITED, Membership.WAITING)
    inside = [a for a, standing in standings.items() if standing is Membership.IN]
    return CaseView(
        id=led.id,
        agreement_id=led.agreement_id,
        title=led.file.title,
        summary=led.file.summary,
        lead=led.file.lead,
        standing=Membership.CLOSED if led.file.closed else Membership.IN,
        members=tuple(sorted([led.file.lead, *inside])),
        asked=tuple(sorted(a for a, standing in standings.items() if standing in pending)),
        seats=standings,
    )


def view_joined(cases: CaseStore, lead: Said) -> CaseView:
    """Returns a case led by another agency, from its latest step."""
    own = cases.latest(lead.step.case_id, lead.peer, mine=True)
    standing = membership(lead.step.phase, own.step.phase if own else None)
    us = {agency_uri_of(lead.step.address.recipient)} if standing is Membership.IN else set()
    return CaseView(
        id=lead.step.case_id,
        agreement_id=lead.step.address.agreement_id,
        title=lead.note.title,
        summary=lead.note.summary,
        lead=lead.peer,
        standing=standing,
        members=tuple(sorted({*lead.note.members} | us)),
        asked=lead.note.asked,
        seats={},
    )


def undecided(cases: CaseStore, view: CaseView, agency: str) -> tuple[str, ...]:
    """Returns the agencies about to join a case, about which a member has not decided yet.

    Args:
        cases: The store.
        view: A case.
        agency: URI of the member, this agency.
    """
    if view.standing is not Membership.IN or view.seats:
        return ()  # the lead of a case asks, and decides nothing more
    last = cases.latest(view.id, view.lead, mine=True)
    decided = {*last.note.consents, *last.note.objections} if last else set()
    return tuple(each for each in view.asked if each not in decided and each != agency)


def seats_of(cases: CaseStore, led: LedCase) -> list[Seat]:
    """Returns the known membership of each agency invited to our case."""
    seats = []
    for agency in led.nodes:
        told = cases.latest(led.id, agency, mine=True)
        said = cases.latest(led.id, agency, mine=False)
        seats.append(
            Seat(
                agency=agency,
                told=told.step.phase if told else None,
                said=said.step.phase if said else None,
                consents=frozenset(said.note.consents if said else ()),
                objections=frozenset(said.note.objections if said else ()),
            )
        )
    return seats


def with_agency(agencies: tuple[str, ...], agency: str, *, wanted: bool) -> tuple[str, ...]:
    """Returns the agencies with one more, or without one; ascending."""
    return tuple(sorted({*agencies, agency} if wanted else {*agencies} - {agency}))


def reading_id(case_id: bytes, node: str) -> bytes:
    """Returns the storage id of the reason why a case's texts may be read by a node."""
    return labelled_sha256("case-words", case_id, prefixed(node.encode()))
