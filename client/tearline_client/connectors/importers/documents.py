"""Reads files as fields of a packet, each with a known type and a plain name."""

import hashlib
import os
import secrets
from pathlib import Path

from tearline.bodies.documents import DOCUMENT, FILE, media_type_of, plain_file_name
from tearline.dataclass.immutable import immutable
from tearline.errors import DocumentRefused
from tearline.limits import MAX_FIELD_BYTES
from tearline.packets.packet import TEXT, Field
from tearline_client.connectors.importers.source import open_source
from tearline_client.planning.drafts import marking_for


@immutable
class Document:
    """File to send.

    Attributes:
        name: Its plain file name.
        media_type: Its type, by name and content.
        content: Its bytes, at most 1 MiB.
        guard: A stricter category for its content, or empty.
    """

    name: str
    media_type: str
    content: bytes
    guard: str = ""


def read_document(path: Path, *, guard: str = "") -> Document:
    """Returns the document at ``path``.

    Args:
        path: Path of the file.
        guard: A stricter category for its content, or empty.

    Raises:
        ImportRefused: If it cannot be read, or is no regular file.
        DocumentRefused: If its type or size cannot be sent.
    """
    with open_source(path) as stream:
        content = stream.read(MAX_FIELD_BYTES + 1)
        if len(content) > MAX_FIELD_BYTES:
            size = os.fstat(stream.fileno()).st_size  # the content read is bounded
            raise DocumentRefused(f"{path.name}: {size} bytes, of 1 to {MAX_FIELD_BYTES}")
    return document_of(path.name, content, guard=guard)


def document_of(name: str, content: bytes, *, guard: str = "") -> Document:
    """Returns a file as a document.

    Args:
        name: Its name, from a person's machine.
        content: Its bytes.
        guard: A stricter category for its content, or empty.

    Raises:
        DocumentRefused: If its type or size cannot be sent.
    """
    if len(content) > MAX_FIELD_BYTES:
        raise DocumentRefused(f"{name}: {len(content)} bytes, of 1 to {MAX_FIELD_BYTES}")
    media_type = media_type_of(name, content)
    return Document(
        name=plain_file_name(name, media_type),
        media_type=media_type,
        content=content,
        guard=guard,
    )


def document_fields(document: Document) -> tuple[Field, ...]:
    """Returns the fields of a document: its name, type, size, hash and content."""
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
