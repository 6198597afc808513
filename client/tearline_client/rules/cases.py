"""Filing packets under a case: only in a case that we are in, and between those who see each other.

The exchange cannot judge this, for its answer would tell one member of another.
"""

from collections.abc import Iterable

from tearline.cases.case import Membership, Phase, case_id_of, membership
from tearline.errors import CaseRecipient, CaseRefused, CaseUnfiled
from tearline.identity import agency_uri_of
from tearline.packets.packet import Manifest
from tearline_client.store.cases import CaseStore, Said

_INSIDE = (Membership.IN, Membership.WAITING)


def verify_filing(cases: CaseStore, reference: str, recipients: Iterable[str]) -> None:
    """Checks, for the sender, that a packet may be filed as its manifest is to say.

    Args:
        cases: What is known of cases here.
        reference: What the manifest is to name: a case's id, or empty.
        recipients: Node URIs.

    Raises:
        CaseRefused: If there is no such open case that we are in. Any other text is refused as
            well: the exchange would read it.
        CaseRecipient: If somebody is to get it whom we do not see in the case.
    """
    if not reference:
        return
    case_id = case_id_of(reference)
    if case_id is None:
        raise CaseRefused("a packet names a case by its id")
    present = _seen(cases, case_id, admitted=True)
    if present is None:
        raise CaseRefused
    for recipient in recipients:
        if agency_uri_of(recipient) not in present:
            raise CaseRecipient(agency_uri_of(recipient))


def verify_filed(cases: CaseStore, manifest: Manifest) -> None:
    """Checks, for the recipient, that a packet's originator is in the case that it names.

    Raises:
        CaseUnfiled: If not, as far as this node may know.
    """
    case_id = case_id_of(manifest.case_id)
    if case_id is None:
        return
    originator = agency_uri_of(manifest.header.signer)
    if originator not in (_seen(cases, case_id, admitted=False) or ()):
        raise CaseUnfiled(f"case {manifest.case_id[:16]}, filed by {originator}")


def _seen(cases: CaseStore, case_id: bytes, *, admitted: bool) -> set[str] | None:
    """The agencies that we see in an open case; None if it is none of ours.

    Args:
        cases: What is known of cases here.
        case_id: 16 bytes.
        admitted: Whether we must be in it ourselves, and they; else, whoever is about to be
            counts as well: an admission may be on its way to one and has reached the other.
    """
    led = cases.file(case_id)
    if led is not None:
        if led.file.closed and admitted:
            return None
        said = {a: cases.latest(case_id, a, mine=False) for a in led.nodes}
        told = {a: cases.latest(case_id, a, mine=True) for a in led.nodes}
        return {
            agency
            for agency in led.nodes
            if (heard := said[agency]) is not None
            and heard.step.phase is Phase.ACCEPTED
            and (not admitted or _phase(told[agency]) is Phase.ADMITTED)
        }
    lead = cases.lead(case_id)
    if lead is None:
        return None
    own = cases.latest(case_id, lead.peer, mine=True)
    standing = membership(lead.step.phase, _phase(own))
    if admitted:
        return {*lead.note.members} if standing is Membership.IN else None
    return {*lead.note.members, *lead.note.asked} if standing in _INSIDE else None


def _phase(said: Said | None) -> Phase | None:
    return None if said is None else said.step.phase


def verify_part(cases: CaseStore, said: Said) -> None:
    """Checks that a step's sender has the part in its case that the step claims.

    Raises:
        CaseRefused: If it leads a case that another leads, or answers where it was not invited.
    """
    case_id = said.step.case_id
    led = cases.file(case_id)
    if said.step.phase.is_of_lead:
        lead = cases.lead(case_id)
        if led is not None or (lead is not None and lead.peer != said.peer):
            raise CaseRefused
    elif led is None or said.peer not in led.nodes:
        raise CaseRefused
