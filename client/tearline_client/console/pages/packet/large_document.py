"""A large document of a partner's packet: fetched, verified and scanned first, then saved."""

from enum import StrEnum

from starlette.responses import Response

from tearline.audit.event import EventCode
from tearline.blobs.description import Blob, blob_in
from tearline.encoding import parse_decimal
from tearline.errors import (
    BlobMismatch,
    BlobUnavailable,
    DocumentRefused,
    MalformedInput,
    NotFound,
    ScannerError,
    TearlineError,
)
from tearline.limits import MAX_SLOTS
from tearline.packets.packet import OpenedField
from tearline_client.console.document_fetches import DocumentFetch, Key
from tearline_client.console.downloads import download_pieces
from tearline_client.console.languages import mark
from tearline_client.console.visit import Visit


class DocumentState(StrEnum):
    """State of a document at this node."""

    AWAY = "away"
    PARTLY = "partly"
    FETCHING = "fetching"
    CHECKING = "checking"
    READY = "ready"
    DAMAGED = "damaged"
    UNSAFE = "unsafe"
    GONE = "gone"
    FAILED = "failed"


STATES = {
    DocumentState.AWAY: mark("Not here yet: the exchange has it."),
    DocumentState.PARTLY: mark("A part of it is here. Fetching continues from there."),
    DocumentState.FETCHING: mark("It is being fetched."),
    DocumentState.CHECKING: mark("All of it is here. It is being checked."),
    DocumentState.READY: mark("It is here, and is the one that its sender signed."),
    DocumentState.DAMAGED: mark("Damaged: it is not the document that its sender signed."),
    DocumentState.UNSAFE: mark("Not given out: the virus scanner did not find it clean."),
    DocumentState.GONE: mark("The exchange has it no longer: it was recalled, or has ended."),
    DocumentState.FAILED: mark("It could not be fetched. Nothing that came is lost."),
}


async def page(visit: Visit) -> Response:
    """Shows a document's description, and its state here."""
    name, opened, blob = await _document(visit, EventCode.ACCESS_OPEN)
    fetch = visit.console.fetches.find(_key(visit))
    state = state_of(fetch)
    if fetch is None and visit.node.packets.parts_here(_key(visit)[0], opened):
        state = DocumentState.PARTLY
    values = {
        **_state_values(visit, state, fetch),
        "name": name,
        "media_type": blob.media_type,
        "bytes": blob.length,
        "sha256": blob.sha256.hex(),
        "packet": _key(visit)[0].hex(),
    }
    return visit.render("packet_document.html", values)


async def state_part(visit: Visit) -> Response:
    """Shows the state alone, for a page that stays open; it holds no contents."""
    fetch = visit.console.fetches.find(_key(visit))
    return visit.render("document_state.html", _state_values(visit, state_of(fetch), fetch))


async def act(visit: Visit) -> Response:
    """Begins to fetch a document, or gives it to the browser to save."""
    form = await visit.form()
    key, place = _key(visit), visit.request.url.path
    match form.text("does"):
        case "fetch":
            _, opened, _ = await _document(visit, EventCode.ACCESS_OPEN)
            packets, person = visit.node.packets, visit.person
            visit.console.fetches.begin(
                key, lambda tell: packets.receive_document(key[0], opened, tell, person=person)
            )
            return visit.redirect(place)
        case "save":
            fetch = visit.console.fetches.find(key)
            if fetch is None or fetch.parts is None:
                return visit.redirect(place)
            name, _, blob = await _document(visit, EventCode.ACCESS_EXPORT)
            return download_pieces(name, blob.length, fetch.parts.pieces(), visit.prolong)
        case _:
            raise MalformedInput("the form has no such button")


async def _document(visit: Visit, code: EventCode) -> tuple[str, OpenedField, Blob]:
    packet_id, slot = _key(visit)
    found = await visit.node.packets.documents(packet_id, slot=slot, person=visit.person, act=code)
    ((name, opened),) = found.items()
    blob = blob_in(opened.field)
    if blob is None:
        raise NotFound("the document lies in the packet")
    return name, opened, blob


def _key(visit: Visit) -> Key:
    parameters = visit.request.path_params
    packet_id = visit.node.packets.find(parameters["packet"])
    return packet_id, parse_decimal(parameters["slot"], maximum=MAX_SLOTS)


def state_of(fetch: DocumentFetch | None) -> DocumentState:
    """Returns the state of a document by its fetch."""
    if fetch is None:
        return DocumentState.AWAY
    if fetch.error is not None:
        return _refused(fetch.error)
    if fetch.parts is not None:
        return DocumentState.READY
    if not fetch.is_under_way:
        return DocumentState.FAILED
    is_here = fetch.total and fetch.done >= fetch.total
    return DocumentState.CHECKING if is_here else DocumentState.FETCHING


def _refused(error: TearlineError) -> DocumentState:
    match error:
        case BlobMismatch() | DocumentRefused():
            return DocumentState.DAMAGED
        case ScannerError():
            return DocumentState.UNSAFE
        case BlobUnavailable():
            return DocumentState.GONE
        case _:
            return DocumentState.FAILED


def _state_values(
    visit: Visit, state: DocumentState, fetch: DocumentFetch | None
) -> dict[str, object]:
    return {
        "state": state.value,
        "words": STATES[state],
        "fetch": fetch,
        "place": visit.request.url.path.removesuffix("/state"),
    }
