"""Filing under a case: only in our own cases, and only between members that see each other.

The exchange cannot judge this: its answer would tell one member about another.
"""

from collections.abc import Iterable

from tearline.cases.case import Membership, Phase, case_id_of, membership
from tearline.errors import CaseRecipient, CaseRefused, CaseUnfiled
from tearline.identity import agency_uri_of
from tearline.packets.packet import Manifest
from tearline_client.store.cases import CaseStore, Said

_INSIDE = (Membership.IN, Membership.WAITING)


def verify_filing(cases: CaseStore, reference: str, recipients: Iterable[str]) -> None:
    """Verifies, for the sender, that a packet may be filed under a case.

    Args:
        cases: Known cases.
        reference: The case id for the manifest, or empty.
        recipients: Node URIs.

    Raises:
        CaseRefused: If it is not the id of an open case that this agency has joined. Other text is
            refused too, because the exchange would read it.
        CaseRecipient: If a recipient is not a visible member of the case.
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
    """Verifies, for the recipient, that a packet's originator is in the named case.

    Raises:
        CaseUnfiled: If not, as far as this node knows.
    """
    case_id = case_id_of(manifest.case_id)
    if case_id is None:
        return
    originator = agency_uri_of(manifest.header.signer)
    if originator not in (_seen(cases, case_id, admitted=False) or ()):
        raise CaseUnfiled(f"case {manifest.case_id[:16]}, filed by {originator}")


def _seen(cases: CaseStore, case_id: bytes, *, admitted: bool) -> set[str] | None:
    """Returns the visible agencies of an open case; None if it is not one of ours.

    Args:
        cases: Known cases.
        case_id: 16 bytes.
        admitted: Whether this agency and the others must be admitted. Otherwise agencies that are
            about to join count too: an admission may have reached only one of the two.
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
    """Verifies that a step's sender has the role in its case that the step claims.

    Raises:
        CaseRefused: If it leads a case of another lead, or answers without an invitation.
    """
    case_id = said.step.case_id
    led = cases.file(case_id)
    if said.step.phase.is_of_lead:
        lead = cases.lead(case_id)
        if led is not None or (lead is not None and lead.peer != said.peer):
            raise CaseRefused
    elif led is None or said.peer not in led.nodes:
        raise CaseRefused
