"""Requests for records and their answers as release plans. Sends no message."""

from collections.abc import Sequence
from dataclasses import replace

from tearline.cases.case import case_id_of
from tearline.errors import MalformedInput, RecordRequestMalformed
from tearline.packets.packet import PacketKind
from tearline_client.connectors.importers.documents import Document
from tearline_client.connectors.importers.report import Imported, verify_marked
from tearline_client.drafting.from_file import Drafted, drafted_of, fields_beside, narrative_field
from tearline_client.node import Node
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, Group, connected_groups
from tearline_client.planning.merged_entities import MergedEntities
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.planning.request_file import RequestFile


def draft_answer(
    node: Node,
    request: bytes,
    imported: Imported | None,
    documents: Sequence[Document] = (),
    *,
    unmarked: bool = False,
) -> Drafted:
    """Plans the packet that answers a request, under its article and for its purpose.

    Args:
        node: The holder's node.
        request: 32 bytes, the id of the request.
        imported: Entities that answer, all connected; None if documents answer.
        documents: Files that answer, or accompany the entities.
        unmarked: Whether to include fields without a category, hidden from partners.

    Raises:
        FieldsUnmarked: If there is one, and it is not allowed.
        MalformedInput: If the entities are not one connected group.
        PacketTooLarge: If the documents exceed one packet.
        TearlineError: If there is no such request, or no agreement covers it.
    """
    extra = fields_beside(node, "", documents)
    imported = imported or Imported(entities=MergedEntities(), findings=())
    found = verify_marked(imported.entities, allowed=unmarked)
    groups = connected_groups(imported.entities)
    if imported.entities and len(groups) != 1:
        told = f"the records make {len(groups)} packets. Next: send them, with --packet"
        raise MalformedInput(told)
    (group,) = groups or (Group(entities=(), outside=()),)
    state, packets = node.requests.state(request), node.packets
    manifest = packets.manifest(request)
    about = About(
        article=manifest.agreement.article,
        purpose=packets.grants(request)[0].grant.purpose,
        kind=PacketKind.RECORD_ANSWER,
        # Any other reference is the asker's own, which is not repeated in clear.
        case_id=manifest.case_id if case_id_of(manifest.case_id) else "",
    )
    name = node.agreements.newest(manifest.agreement.id).name
    draft = node.packets.draft(group, about, agreement=name, extra=extra)
    # Added as a source only now, because a request does not mark its answer.
    plan = node.packets.plan(replace(draft, derived_from=(request,)), [state.request.peer])
    return drafted_of(imported, [plan], about, found)


def draft_request(node: Node, asked: RequestFile, subjects: Sequence[Entity]) -> ReleasePlan:
    """Plans the packet of a request for records.

    Args:
        node: The asker's node.
        asked: The request.
        subjects: The entities that it is about, each named by an item.

    Raises:
        RecordRequestMalformed: If no item names one of them.
        TearlineError: If no agreement covers it.
    """
    groups = connected_groups([*asked.entities, *subjects])
    if len(groups) != 1:
        raise RecordRequestMalformed("every subject must be named by an item")
    extra = (narrative_field(asked.narrative),) if asked.narrative else ()
    draft = node.packets.draft(groups[0], asked.about, agreement=asked.agreement, extra=extra)
    return node.packets.plan(draft, [asked.to])
