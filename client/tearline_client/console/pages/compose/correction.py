"""The form of a correction: the complete new contents of a packet of ours."""

import asyncio

from starlette.responses import Response

from tearline.audit.event import EventCode
from tearline.errors import NotFound, TearlineError
from tearline.packets.packet import verify_evaluation
from tearline_client.connectors.exporters.ftm import encode_entity
from tearline_client.console.pages.compose.form import FTM, contents_of
from tearline_client.console.pages.compose.prepared import Wish, prepare
from tearline_client.console.visit import Visit
from tearline_client.console.words import INFORMATION, KINDS, SOURCE
from tearline_client.drafting.from_file import ReleaseOptions
from tearline_client.messages.packet_view import NARRATIVE
from tearline_client.planning.drafts import About


async def page(visit: Visit) -> Response:
    """Shows the present contents of a packet of ours, to be changed."""
    node, packet_id = visit.node, _packet(visit)
    shown = node.corrections.corrected(packet_id, person=visit.person)
    made = node.packets.export([packet_id], person=visit.person, act=EventCode.ACCESS_OPEN)
    lines = (encode_entity(entity, generalised=coarse) for entity, coarse in made.entities)
    narrative = next(
        (each.field for each in shown.view.best() if each.field.path.endswith(NARRATIVE)), None
    )
    given = {
        "ftm": b"".join(lines).decode(),
        "narrative": narrative.texts[0] if narrative else "",
        "evaluation": shown.manifest.evaluation,
    }
    return _form(visit, packet_id, given)


async def enter(visit: Visit) -> Response:
    """Takes the new contents, and plans the correction."""
    form = await visit.form(files=True)
    packet_id = _packet(visit)
    given = {name: form.text(name) for name in ("ftm", "narrative", "evaluation")}
    try:
        verify_evaluation(given["evaluation"])
        about = About(article="", purpose="", evaluation=given["evaluation"])
        wish = Wish(
            order=ReleaseOptions(to=(), agreement="", about=about),
            imported=await asyncio.to_thread(contents_of, form, FTM, ()),
            narrative=given["narrative"].strip(),
            corrects=packet_id,
        )
        prepared = await prepare(visit.node, wish, person=visit.person)
    except TearlineError as error:
        return _form(visit, packet_id, given, error)
    name = visit.console.drafts.hold(visit.person, prepared, visit.console.clock())
    return visit.redirect(f"/compose/{name}")


def _form(
    visit: Visit, packet_id: bytes, given: dict[str, str], refused: TearlineError | None = None
) -> Response:
    values = {
        "id": packet_id.hex(),
        "kind": KINDS[visit.node.packets.manifest(packet_id).kind],
        "given": given,
        "sources": SOURCE,
        "informations": INFORMATION,
        "refused": refused,
    }
    return visit.render("compose_correction.html", values, status=400 if refused else 200)


def _packet(visit: Visit) -> bytes:
    node = visit.node
    packet_id = node.packets.find(visit.request.path_params["packet"])
    if node.packets.manifest(packet_id).header.signer != node.uri:
        raise NotFound("the packet is not ours to correct")
    return packet_id
