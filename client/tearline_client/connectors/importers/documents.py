"""Reads files as fields of a packet, each with a known type and a plain name."""

import hashlib
import os
import secrets
from pathlib import Path

from tearline.blobs.description import BLOB
from tearline.bodies.documents import DOCUMENT, FILE, media_type_of, plain_file_name
from tearline.dataclass.immutable import immutable
from tearline.errors import DocumentRefused
from tearline.limits import MAX_BLOB_BYTES, MAX_FIELD_BYTES
from tearline.packets.packet import TEXT, Field
from tearline_client.connectors.importers.large_documents import LargeDocument, Tell, read_large
from tearline_client.connectors.importers.source import open_source
from tearline_client.documents.collected_text import Trace
from tearline_client.planning.drafts import marking_for


@immutable
class Document:
    """File to send.

    Attributes:
        name: Its plain file name.
        media_type: Its type, by name and content.
        content: Its bytes, at most 1 MiB; empty for a large one.
        guard: A stricter category for its content, or empty.
        large: The file, if it is to travel beside the packet.
    """

    name: str
    media_type: str
    content: bytes
    guard: str = ""
    large: LargeDocument | None = None

    @property
    def sha256(self) -> str:
        """Returns the SHA-256 of its content, hexadecimal."""
        blob = self.large and self.large.blob
        return (blob.sha256 if blob else hashlib.sha256(self.content).digest()).hex()

    @property
    def traces(self) -> tuple[Trace, ...]:
        """Returns its metadata; of a large document, none is read."""
        from tearline_client.documents.reader import document_text  # loads readers of files

        return () if self.large else document_text(self.media_type, self.content).traces


def read_document(
    path: Path, *, guard: str = "", tell: Tell = lambda done, total: None
) -> Document:
    """Returns the document at ``path``; one of more than 1 MiB travels beside the packet.

    Args:
        path: Path of the file.
        guard: A stricter category for its content, or empty.
        tell: Told of each part of a large one.

    Raises:
        ImportRefused: If it cannot be read, or is no regular file.
        DocumentRefused: If its type or size cannot be sent.
    """
    with open_source(path, MAX_BLOB_BYTES) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > MAX_FIELD_BYTES:
            large = read_large(path, stream, size, tell)
            return Document(
                name=plain_file_name(path.name, large.blob.media_type),
                media_type=large.blob.media_type,
                content=b"",
                guard=guard,
                large=large,
            )
        content = stream.read(MAX_FIELD_BYTES + 1)
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
    blob = document.large and document.large.blob
    prefix = f"{secrets.token_hex(16)}/{DOCUMENT}"
    told = {
        "fileName": document.name,
        "mimeType": document.media_type,
        "fileSize": str(blob.length if blob else len(document.content)),
        "contentHash": document.sha256,
    }
    texts = (
        _field(f"{prefix}/{name}", value.encode(), TEXT, document.guard)
        for name, value in told.items()
    )
    content, kind = (blob.encode(), BLOB) if blob else (document.content, document.media_type)
    file = _field(f"{prefix}/{FILE}", content, kind, document.guard)
    return (*texts, file)


def _field(path: str, value: bytes, media_type: str, guard: str) -> Field:
    return Field(
        path=path,
        media_type=media_type,
        values=(value,),
        marking=marking_for(path, guard or None),
    )
