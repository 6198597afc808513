"""Checks of corrections: packets that replace others, before sending and on arrival."""

from collections.abc import Iterable

from tearline.errors import (
    CorrectedAlready,
    CorrectedUnknown,
    CorrectionRefused,
    NotFound,
    PacketRecalled,
)
from tearline.identity import agency_uri_of
from tearline.packets.correction import (
    Subject,
    subject_of,
    superseded,
    verify_corrects,
    verify_length,
)
from tearline.packets.packet import Manifest
from tearline_client.context import NodeContext
from tearline_client.planning.release_plan import Draft
from tearline_client.rules.recalls import is_recalled_whole


def verify_correction(context: NodeContext, draft: Draft, recipients: Iterable[str]) -> None:
    """Verifies that a draft may replace the packet it names (spec P-23).

    Raises:
        CorrectionRefused: If that packet is not one of our agency's here, has other terms, or was
            not granted to a recipient.
        CorrectedAlready: If it was corrected before.
        PacketRecalled: If it was recalled from all recipients.
    """
    if not draft.supersedes:
        return
    stores, corrected = context.stores, draft.supersedes
    try:
        manifest = stores.packets.manifest(corrected)
    except NotFound:
        raise CorrectionRefused("there is no such packet here") from None
    subject = Subject(
        agency=context.agency,
        agreement=draft.agreement.id,
        article=draft.article,
        case_id=draft.case_id,
        kind=draft.kind,
    )
    verify_corrects(subject, subject_of(manifest))
    corrects = stores.corrections.line(corrected)
    verify_length(corrected, corrects)
    last = superseded(corrects).get(corrected)
    if last is not None:
        raise CorrectedAlready(f"by {last.hex()[:12]}")
    if is_recalled_whole(context, corrected):
        raise PacketRecalled
    had = {grant.grant.address.recipient for grant in stores.packets.grants(corrected)}
    if not had.issuperset(recipients):
        raise CorrectionRefused("a partner was not granted the corrected packet")


def verify_superseding(context: NodeContext, manifest: Manifest) -> None:
    """Verifies that an arrived packet may replace the one it names (P-23).

    Raises:
        CorrectionRefused: If that one is another agency's, or has other terms.
        CorrectedUnknown: If this node was not granted it.
    """
    corrected, stores = manifest.supersedes, context.stores
    if not corrected:
        return
    held = stores.packets.held(corrected)
    if held is not None:
        verify_corrects(subject_of(manifest), subject_of(held.manifest))
        return
    agency = agency_uri_of(manifest.header.signer)
    grants = [grant.grant for grant in stores.packets.grants(corrected)]
    if any(agency_uri_of(grant.header.signer) != agency for grant in grants):
        raise CorrectionRefused("that packet is another agency's")
    if not grants and stores.recovery.restored() is None:
        raise CorrectedUnknown
