"""A document that a person attaches to a draft: read as the browser sends it, of any size."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response

from tearline.blobs.parts import PART_PLAIN_BYTES
from tearline.errors import FormRefused, TearlineError
from tearline_client.connectors.importers.documents import Document, document_of
from tearline_client.connectors.importers.sealed_documents import OutgoingDocument
from tearline_client.console.file_form import FileForm, read_file_form
from tearline_client.console.kept_forms import held_preview, hold
from tearline_client.console.pages.compose.prepared import prepare
from tearline_client.console.pages.compose.review import content_of, review_page
from tearline_client.console.visit import Visit


async def attach(visit: Visit) -> Response:
    """Adds a document to a draft, and plans anew; a large one travels beside the packet."""
    prepared = content_of(held_preview(visit))
    try:
        sent = await read_file_form(visit.request, visit.prolong)
        sent.form.verify_token(visit.csrf)  # before a byte of the file is stored
    except FormRefused as error:
        return review_page(visit, prepared, error)
    document: Document | None = None
    try:
        document = await _document(visit, sent)
        wish = prepared.wish.with_document(document)
        planned = await prepare(visit.node, wish, person=visit.person)
    except TearlineError as error:
        async for _ in sent.pieces:  # a browser shows no answer before it has sent all
            pass
        if document is not None and document.large is not None:
            visit.node.packets.uploads.discard([document.large.blob.id])
        return review_page(visit, prepared, error)
    return visit.redirect(f"/compose/{hold(visit, planned)}")


async def _document(visit: Visit, sent: FileForm) -> Document:
    """Returns the file of a form; one of more than 1 MiB is stored sealed, as it comes."""
    guard, parts = sent.form.text("category"), _parts(sent.pieces)
    first = await anext(parts)
    second = await anext(parts, None)
    if second is None:
        return document_of(sent.name, first, guard=guard)
    document = await asyncio.to_thread(OutgoingDocument, str(visit.node.home.outgoing), sent.name)
    try:
        last = second
        await asyncio.to_thread(document.add, first)
        async for part in parts:
            await asyncio.to_thread(document.add, last)
            last = part
        if len(last) == PART_PLAIN_BYTES:
            await asyncio.to_thread(document.add, last)
            last = b""
        return await asyncio.to_thread(document.finish, last, guard)
    except BaseException:
        document.discard()
        raise


async def _parts(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yields whole parts of 1 MiB, and at least one part, perhaps empty, that ends them."""
    pending = bytearray()
    async for piece in pieces:
        pending += piece
        while len(pending) > PART_PLAIN_BYTES:
            yield bytes(pending[:PART_PLAIN_BYTES])
            del pending[:PART_PLAIN_BYTES]
    yield bytes(pending)
