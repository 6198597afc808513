"""Judging of corrections: published by the originator, for recipients of the corrected packets."""

from tearline.errors import CorrectedAlready, CorrectionRefused, PacketRecalled
from tearline.identity import agency_uri_of
from tearline.packets.correction import earlier, subject_of, verify_corrects, verify_length
from tearline.packets.packet import Manifest
from tearline_server.processing.context import Context
from tearline_server.processing.handlers.recall_rules import gone_slots, rows_of


def verify_correction(context: Context, manifest: Manifest) -> None:
    """Checks that a packet may replace the one that it names (spec P-23).

    Raises:
        CorrectionRefused: If it may not; identical for unknown packets and those of other agencies.
        CorrectedAlready: If another packet has replaced it.
        PacketRecalled: If the named packet was recalled from all recipients.
    """
    corrected, batch = manifest.supersedes, context.batch
    if not corrected:
        return
    facts = batch.facts(corrected)
    if facts is not None and agency_uri_of(facts.manifest.header.signer) != (
        context.publisher.agency
    ):
        facts = None
    if facts is not None:
        verify_corrects(subject_of(manifest), subject_of(facts.manifest))
    elif not batch.known.is_restored:  # otherwise a restore may have lost it
        raise CorrectionRefused("this agency has no packet with that id")
    verify_length(corrected, batch.corrects)
    if corrected in batch.corrected:
        raise CorrectedAlready
    if gone_slots(rows_of(batch, corrected), "", b"") is None:
        raise PacketRecalled


def verify_had(context: Context, packet: bytes, recipient: str) -> None:
    """Checks that the recipient of a correction was granted a packet of its line (spec P-23).

    Raises:
        CorrectionRefused: If it was not.
    """
    batch = context.batch
    line = tuple(earlier(packet, batch.corrects))
    if not line or batch.known.is_restored:
        return  # a restore may have lost the earlier grants
    if not any(batch.releases(each, recipient) for each in line):
        raise CorrectionRefused("the recipient received no packet that it corrects")
