"""Copies of a packet that leave the console: printed, proven, or as its documents."""

from starlette.responses import Response

from tearline.audit.event import EventCode
from tearline.blobs.description import BLOB
from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput, NotFound
from tearline.limits import MAX_SLOTS
from tearline.persons.tokens import Role
from tearline_client.console.downloads import ANY_TYPE, download, picture
from tearline_client.console.pages.packet.document import document
from tearline_client.console.pictures import is_shown
from tearline_client.console.visit import Visit

_SHOWN_DIGITS = 12


async def print_copy(visit: Visit) -> Response:
    """Shows a packet as a numbered copy, for the browser to print."""
    await visit.form()
    node, packet_id = visit.node, _packet(visit)
    manifest = node.packets.manifest(packet_id)
    acted_by = node.persons.acted_by(visit.person, manifest.agreement.id, Role.LIAISON)
    copy = await node.packets.print(packet_id, acted_by=acted_by, person=visit.person)
    return visit.render("packet.html", {**document(node, copy.shown), "done": "", "copy": copy})


async def exhibit_page(visit: Visit) -> Response:
    """Shows the fields of a packet, to choose those that an exhibit proves."""
    node, packet_id = visit.node, _packet(visit)
    shown = node.packets.show(packet_id, person=visit.person)
    values = {
        **document(node, shown),
        "federation": node.directory.federation().hex(),
        "is_light": node.home.identity().is_light,
    }
    return visit.render("packet_exhibit.html", values)


async def exhibit(visit: Visit) -> Response:
    """Returns the file that proves the chosen fields, and reveals no other field."""
    form = await visit.form()
    packet_id, paths = _packet(visit), form.texts("path")
    if not paths:
        raise MalformedInput("no field is chosen")
    text = await visit.node.audit.exhibit(
        packet_id, paths, receipts=bool(form.text("receipts")), person=visit.person
    )
    return download(f"{_name(packet_id)}.exhibit", ANY_TYPE, [text.encode("ascii")])


async def document_file(visit: Visit) -> Response:
    """Returns a document of a packet, for the browser to save."""
    form = await visit.form()
    found = await visit.node.packets.documents(
        _packet(visit), slot=_slot(form.text("slot")), person=visit.person
    )
    ((name, opened),) = found.items()
    if opened.field.media_type == BLOB:
        raise NotFound("the document lies beside the packet, and has a page of its own")
    return download(name, ANY_TYPE, opened.field.values)


async def picture_file(visit: Visit) -> Response:
    """Returns a picture of a packet that its page shows."""
    packet_id, slot = _packet(visit), _slot(visit.request.path_params["slot"])
    found = await visit.node.packets.documents(
        packet_id, slot=slot, person=visit.person, act=EventCode.ACCESS_OPEN
    )
    ((_, opened),) = found.items()
    content = b"".join(opened.field.values)
    if not is_shown(opened.field.media_type, content):
        raise NotFound("no picture of the packet is shown in pages")
    return picture(content, opened.field.media_type)


def _packet(visit: Visit) -> bytes:
    return visit.node.packets.find(visit.request.path_params["packet"])


def _name(packet_id: bytes) -> str:
    return f"packet-{packet_id.hex()[:_SHOWN_DIGITS]}"


def _slot(text: str) -> int:
    return parse_decimal(text, maximum=MAX_SLOTS)
