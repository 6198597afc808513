"""From a packet of ours and its new content to the plan of a correction. Sends no message."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from tearline.errors import MalformedInput
from tearline.packets.packet import Field, PacketKind
from tearline_client.connectors.importers.documents import Document
from tearline_client.connectors.importers.ftm import read_ftm
from tearline_client.connectors.importers.report import Finding, Imported, verify_marked
from tearline_client.drafting.from_file import fields_beside, verify_guards
from tearline_client.features.corrections.service import CorrectionPlan
from tearline_client.messages.packet_view import PacketView
from tearline_client.node import Node
from tearline_client.planning.drafts import About, packet_field
from tearline_client.planning.entities import connected_groups

NARRATIVE, REFERENCE = "Packet/narrative", "Packet/reference"


def draft_correction(
    node: Node,
    packet: bytes,
    source: Path | Imported,
    *,
    evaluation: str = "",
    guarded: Mapping[tuple[str, str], str] = MappingProxyType({}),
    narrative: str = "",
    documents: Sequence[Document] = (),
    unmarked: bool = False,
    as_typed: bool = False,
    person: str = "",
) -> tuple[CorrectionPlan, Collection[Finding]]:
    """Plans the correction of a packet of ours, under its terms, for all its recipients.

    Args:
        node: The sending node.
        packet: 32 bytes, the packet to correct.
        source: The complete new content: FollowTheMoney JSON lines of one packet, or an import.
        evaluation: 4x4; unchanged if empty.
        guarded: Stricter categories of single fields, beside the earlier ones.
        narrative: Its free text.
        documents: Its files.
        unmarked: Whether to include fields without a category, hidden from partners.
        as_typed: Whether values of a file without one reading are kept as they are.
        person: The reader of the earlier content; by default the logged-in person.

    Returns:
        The plan, and every value that could not be validated.

    Raises:
        MalformedInput: If the file does not make one packet.
        FieldsUnmarked: If a field has no category, and that is not allowed.
        TearlineError: As ``CorrectionService.plan``, or if the source is unreadable.
    """
    shown, packets = node.corrections.corrected(packet, person=person), node.packets
    manifest = shown.manifest
    imported = read_ftm(source, as_typed=as_typed) if isinstance(source, Path) else source
    verify_marked(imported.entities, allowed=unmarked)
    verify_guards(guarded, imported.entities)
    groups = connected_groups(imported.entities)
    if len(groups) != 1:
        name = source if isinstance(source, Path) else "the new content"
        raise MalformedInput(
            f"{name} makes {len(groups)} packets, expected one: link its entities, or keep those of"
            f" the packet, which `tearline export ftm {packet.hex()[:12]}` writes"
        )
    # A request does not mark its answer.
    asked = {
        source
        for source in manifest.derived_from
        if (held := packets.held(source)) and held.manifest.kind is PacketKind.RECORD_REQUEST
    }
    about = About(
        article=manifest.agreement.article,
        purpose=shown.grants[0].grant.purpose if shown.grants else "",
        kind=manifest.kind,
        case_id=manifest.case_id,
        urgency=manifest.urgency,
        evaluation=evaluation or manifest.evaluation,
        derived_from=tuple(each for each in manifest.derived_from if each not in asked),
        guarded=dict(guarded),
    )
    name = node.agreements.newest(manifest.agreement.id).name
    extra = (
        *fields_beside(node, narrative, documents, _narrative_path(shown)),
        *_references(shown),
    )
    draft = node.packets.draft(groups[0], about, agreement=name, extra=extra)
    draft = replace(draft, derived_from=manifest.derived_from)
    return node.corrections.plan(shown, draft), imported.findings


def _references(shown: PacketView) -> Iterable[Field]:
    """Yields the originator's own reference of a packet, kept in its correction."""
    for opened in shown.view.best():
        if opened.field.path.endswith(f"/{REFERENCE}"):
            text = opened.field.values[0].decode()
            yield packet_field("reference", text, opened.field.path)


def _narrative_path(shown: PacketView) -> str:
    """Returns the path of a packet's narrative, kept in its correction."""
    paths = (opened.field.path for opened in shown.view.best())
    return next((path for path in paths if path.endswith(f"/{NARRATIVE}")), "")
