"""Files that travel as fields of a packet: read whole, known by type, under a plain name."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from tearline.bodies.documents import DOCUMENT, FILE, media_type_of, plain_file_name
from tearline.errors import DocumentRefused
from tearline.limits import MAX_FIELD_BYTES
from tearline.packets.packet import TEXT, Field
from tearline_client.connectors.importers.source import open_source
from tearline_client.planning.drafts import marking_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that is to travel.

    Attributes:
        name: A plain name for it.
        media_type: What it is, by name and content.
        content: Its bytes, at most 1 MiB.
        guard: The stricter category that a person named for it, or empty.
    """

    name: str
    media_type: str
    content: bytes
    guard: str = ""


def read_document(path: Path, *, guard: str = "") -> Document:
    """The file at ``path``.

    Args:
        path: Where it lies.
        guard: A stricter category for its content, or empty.

    Raises:
        ImportRefused: If it cannot be read, or is no regular file.
        DocumentRefused: If a file of its type or size does not travel.
    """
    with open_source(path) as stream:
        content = stream.read(MAX_FIELD_BYTES + 1)
        if len(content) > MAX_FIELD_BYTES:
            size = os.fstat(stream.fileno()).st_size  # of which no more was read than is judged
            raise DocumentRefused(f"{path.name}: {size} bytes, of 1 to {MAX_FIELD_BYTES}")
    media_type = media_type_of(path.name, content)
    return Document(
        name=plain_file_name(path.name, media_type),
        media_type=media_type,
        content=content,
        guard=guard,
    )


def document_fields(document: Document) -> tuple[Field, ...]:
    """The fields of a document: the file, and what a reader who may not have it can be told."""
    prefix = f"{secrets.token_hex(16)}/{DOCUMENT}"
    told = {
        "fileName": document.name,
        "mimeType": document.media_type,
        "fileSize": str(len(document.content)),
        "contentHash": hashlib.sha256(document.content).hexdigest(),
    }
    texts = (
        _field(f"{prefix}/{name}", value.encode(), TEXT, document.guard)
        for name, value in told.items()
    )
    file = _field(f"{prefix}/{FILE}", document.content, document.media_type, document.guard)
    return (*texts, file)


def _field(path: str, value: bytes, media_type: str, guard: str) -> Field:
    return Field(
        path=path,
        media_type=media_type,
        values=(value,),
        marking=marking_for(path, guard or None),
    )
