"""Judging of corrections: published by the originator, for recipients of the corrected packets."""

from tearline.correction import earlier, subject_of, verify_corrects, verify_length
from tearline.errors import CorrectedAlready, CorrectionRefused, PacketRecalled
from tearline.identity import agency_uri_of
from tearline.packet import Manifest
from tearline_server.judging.hearing import Hearing
from tearline_server.judging.recalled import gone_slots, rows_of


def verify_correction(hearing: Hearing, manifest: Manifest) -> None:
    """Checks that a packet may replace the one that it names (spec P-30 to P-33).

    Raises:
        CorrectionRefused: If it may not; identical for unknown packets and those of other agencies.
        CorrectedAlready: If another packet has replaced it.
        PacketRecalled: If the named packet was recalled from all recipients.
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
    elif not docket.known.is_restored:  # otherwise a restore may have lost it
        raise CorrectionRefused("this agency has no packet with that id")
    verify_length(corrected, docket.corrects)
    if corrected in docket.corrected:
        raise CorrectedAlready
    if gone_slots(rows_of(docket, corrected), "", b"") is None:
        raise PacketRecalled


def verify_had(hearing: Hearing, packet: bytes, recipient: str) -> None:
    """Checks that the recipient of a correction was granted a packet of its line (spec P-34).

    Raises:
        CorrectionRefused: If it was not.
    """
    docket = hearing.docket
    line = tuple(earlier(packet, docket.corrects))
    if not line or docket.known.is_restored:
        return  # a restore may have lost the earlier grants
    if not any(docket.releases(each, recipient) for each in line):
        raise CorrectionRefused("the recipient received no packet that it corrects")
