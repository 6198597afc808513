"""The form of a correction: the complete new contents of a packet of ours."""

import asyncio
from collections.abc import Mapping

from starlette.responses import Response

from tearline.audit.event import EventCode
from tearline.errors import NotFound, TearlineError
from tearline.packets.packet import verify_evaluation
from tearline_client.connectors.exporters.ftm import encode_entity
from tearline_client.console.contents import Entry, entries_of, read_entries, understood
from tearline_client.console.forms import Form
from tearline_client.console.kept_forms import hold
from tearline_client.console.pages.compose.entities import (
    changed_entries,
    entity_values,
    is_doubtful,
)
from tearline_client.console.pages.compose.form import contents_of
from tearline_client.console.pages.compose.formats import FORM, FTM
from tearline_client.console.pages.compose.prepared import (
    GUARDED,
    Wish,
    attached,
    guards_of,
    prepare,
)
from tearline_client.console.visit import Visit
from tearline_client.console.words import INFORMATION, KINDS, SOURCE
from tearline_client.drafting.from_file import ReleaseOptions
from tearline_client.messages.packet_view import NARRATIVE
from tearline_client.planning.drafts import About


async def page(visit: Visit) -> Response:
    """Shows the present contents of a packet of ours, to be changed."""
    node, packet_id = visit.node, _packet(visit)
    if form := visit.kept_form():
        return _form(visit, packet_id, read_entries(form), _given(form))
    shown = node.corrections.corrected(packet_id, person=visit.person)
    made = node.packets.export([packet_id], person=visit.person, act=EventCode.ACCESS_OPEN)
    contents = tuple(made.exported.entities())
    entries: tuple[Entry, ...] = ()
    if visit.query("by") != FTM and not any(each.generalised for each in contents):
        entries = entries_of(shown.manifest.kind, (each.entity for each in contents))
    lines = (encode_entity(each.entity, generalised=each.generalised) for each in contents)
    narrative = next(
        (each.field for each in shown.view.best() if each.field.path.endswith(NARRATIVE)), None
    )
    given: dict[str, object] = {
        "ftm": "" if entries else b"".join(lines).decode(),
        "narrative": narrative.texts[0] if narrative else "",
        "evaluation": shown.manifest.evaluation,
    }
    return _form(visit, packet_id, entries, given)


async def enter(visit: Visit) -> Response:
    """Takes the new contents, and plans the correction."""
    form = await visit.form(files=True)
    packet_id = _packet(visit)
    kind = visit.node.packets.manifest(packet_id).kind
    by, does, entries = form.text("by") or FTM, form.text("does"), read_entries(form)
    given = _given(form)
    try:
        if by == FORM and does != "preview":
            return _form(visit, packet_id, changed_entries(kind, entries, form, does), given)
        if not form.text("as_typed"):
            entries = tuple(map(understood, entries))
        verify_evaluation(evaluation := form.text("evaluation"))
        guarded = guards_of(form.texts(GUARDED))
        about = About(article="", purpose="", evaluation=evaluation, guarded=guarded)
        wish = Wish(
            order=ReleaseOptions(to=(), agreement="", about=about),
            imported=await asyncio.to_thread(contents_of, form, by, entries),
            narrative=form.text("narrative").strip(),
            documents=attached(visit),
            corrects=packet_id,
        )
        prepared = await prepare(visit.node, wish, person=visit.person)
    except TearlineError as error:
        return _form(visit, packet_id, entries, given, error)
    if by == FORM and not form.text("as_typed") and is_doubtful(kind, entries):
        return _form(visit, packet_id, entries, given, is_doubted=True)
    return visit.redirect(f"/compose/{hold(visit, prepared)}")


def _given(form: Form) -> dict[str, object]:
    return {
        **{name: form.text(name) for name in ("ftm", "narrative", "evaluation")},
        GUARDED: guards_of(form.texts(GUARDED)),
    }


def _form(
    visit: Visit,
    packet_id: bytes,
    entries: tuple[Entry, ...],
    given: Mapping[str, object],
    refused: TearlineError | None = None,
    *,
    is_doubted: bool = False,
) -> Response:
    kind = visit.node.packets.manifest(packet_id).kind
    values = {
        **entity_values(kind, entries, judged=refused is not None or is_doubted),
        "is_doubted": is_doubted,
        "id": packet_id.hex(),
        "kind": KINDS[kind],
        "given": given,
        "guards": given.get(GUARDED, {}),
        "sources": SOURCE,
        "informations": INFORMATION,
        "refused": refused,
    }
    status = 400 if refused or is_doubted else 200
    return visit.render("compose_correction.html", values, status=status)


def _packet(visit: Visit) -> bytes:
    node = visit.node
    packet_id = node.packets.find(visit.request.path_params["packet"])
    if node.packets.manifest(packet_id).header.signer != node.uri:
        raise NotFound("the packet is not ours to correct")
    return packet_id
