"""Judging packets that take the place of others: their originator's alone, for who had those."""

from tearline.correction import earlier, subject_of, verify_corrects, verify_length
from tearline.errors import CorrectedAlready, CorrectionRefused, PacketRecalled
from tearline.identity import agency_uri_of
from tearline.packet import Manifest
from tearline_server.judging.hearing import Hearing
from tearline_server.judging.recalled import gone_slots, rows_of


def verify_correction(hearing: Hearing, manifest: Manifest) -> None:
    """Checks that a packet may take the place of the one that it names (spec P-30 to P-33).

    Raises:
        CorrectionRefused: If not; in the same words for what is somebody else's and for what
            does not exist.
        CorrectedAlready: If another took that place before.
        PacketRecalled: If that one was recalled from everybody.
    """
    corrected, docket = manifest.supersedes, hearing.docket
    if not corrected:
        return
    facts = docket.facts(corrected)
    if facts is not None and agency_uri_of(facts.manifest.header.signer) != (
        hearing.publisher.agency
    ):
        facts = None
    if facts is not None:
        verify_corrects(subject_of(manifest), subject_of(facts.manifest))
    elif not docket.known.is_restored:  # else it may be lost with an earlier life of this one
        raise CorrectionRefused("no packet of this agency bears that id")
    verify_length(corrected, docket.corrects)
    if corrected in docket.corrected:
        raise CorrectedAlready
    if gone_slots(rows_of(docket, corrected), "", b"") is None:
        raise PacketRecalled


def verify_had(hearing: Hearing, packet: bytes, recipient: str) -> None:
    """Checks that who is granted a correction was granted something of its line (spec P-34).

    Raises:
        CorrectionRefused: If not.
    """
    docket = hearing.docket
    line = tuple(earlier(packet, docket.corrects))
    if not line or docket.known.is_restored:
        return  # what was granted may be lost with an earlier life of this exchange
    if not any(docket.releases(each, recipient) for each in line):
        raise CorrectionRefused("the recipient was given nothing of what it corrects")
