"""The contents of a case: the graph of its entities, as a picture and tables; and its documents.

The access log records the reading before the page is shown, with an entry for each packet.
"""

import asyncio

from starlette.responses import Response

from tearline.limits import MAX_CASE_PACKETS, MAX_CASE_ROWS
from tearline.packets.packet import TEXT
from tearline.persons.tokens import Role
from tearline_client.console.drawings.entities import entity_graph
from tearline_client.console.drawings.graph import RADIUS, drawing_of
from tearline_client.console.pages.cases.case import case_of
from tearline_client.console.pages.cases.words import KINDS
from tearline_client.console.visit import Visit
from tearline_client.rendering.packets import content_text


async def page(visit: Visit) -> Response:
    """Shows the entities of the newest packets of a case that no correction replaced."""
    node, view = visit.node, case_of(visit)
    filed = node.cases.packets(view)
    corrected = node.corrections.corrected_by(filed)
    records = sorted(
        (node.packets.get(each) for each in filed if each not in corrected),
        key=lambda record: -record.received_ms,
    )
    read = records[:MAX_CASE_PACKETS]
    fields = await node.packets.contents([each.id for each in read], person=visit.person)
    sources = {each.id: (each.origin, each.manifest.agreement.id) for each in read}
    # Hundreds of entities take tenths of a second to merge and to place.
    graph = await asyncio.to_thread(
        entity_graph, [(packet, sources[packet], found) for packet, found in fields.items()]
    )
    drawing = await asyncio.to_thread(drawing_of, graph)
    documents = [
        (packet.hex(), content_text(each.field.media_type, each.field.values))
        for packet, found in fields.items()
        for each in found
        if each.field.media_type != TEXT
    ]
    return visit.render(
        "case_contents.html",
        {
            "id": view.id.hex(),
            "title": view.title,
            "graph": graph,
            "nodes": graph.nodes[:MAX_CASE_ROWS],
            "links": graph.links[:MAX_CASE_ROWS],
            "drawing": drawing,
            "radius": RADIUS,
            "documents": documents[:MAX_CASE_ROWS],
            "kinds": KINDS,
            "is_full": len(records) > MAX_CASE_PACKETS,
            "read": len(fields),
            "can_open": Role.LIAISON in visit.roles,
        },
    )
