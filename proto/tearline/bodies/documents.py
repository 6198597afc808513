"""Documents: file fields of a few types, with contents that match the type.

A partner's scan must never be opened as a program. Therefore the types are few, and both ends check
each file by its name and by the beginning of its content.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from tearline.blobs.description import BLOB, blob_in
from tearline.bodies.body import Problem
from tearline.dataclass.immutable import immutable
from tearline.errors import DocumentRefused, StatementMalformed
from tearline.limits import MAX_FIELD_BYTES, MAX_FILE_NAME_BYTES
from tearline.packets.packet import TEXT, Field
from tearline.policy.form import Form
from tearline.policy.profile import parse_path

DOCUMENT = "Document"
FILE = "file"
"""The property of a ``Document`` with the file itself."""

_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]*:[ \t]")
_ZIP = b"PK\x03\x04"
_UNSAFE = re.compile(r"[^\w .+@()-]")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)


@immutable
class DocumentType:
    """Type of document.

    Attributes:
        media_type: Its name, as in a field.
        suffixes: Suffixes of its files' names; the first is the usual one.
        is_borne_out: Returns whether content may be of this type, by its beginning.
    """

    media_type: str
    suffixes: tuple[str, ...]
    is_borne_out: Callable[[bytes], bool]


def _begins(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(signatures)


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _is_message(content: bytes) -> bool:
    return bool(_HEADER.match(content)) and b"\0" not in content


def _is_office(folder: bytes) -> Callable[[bytes], bool]:
    """Returns a check for a ZIP archive with parts of Office Open XML (ECMA-376).

    The archive's names are not compressed.
    """
    return lambda content: (
        content.startswith(_ZIP) and b"[Content_Types].xml" in content and folder in content
    )


_OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = tuple(
    DocumentType(media_type=name, suffixes=tuple(suffixes.split()), is_borne_out=test)
    for name, suffixes, test in (
        ("application/pdf", ".pdf", _begins(b"%PDF-")),
        ("image/png", ".png", _begins(b"\x89PNG\r\n\x1a\n")),
        ("image/jpeg", ".jpg .jpeg", _begins(b"\xff\xd8\xff")),
        # A bare name belongs to a text field, which a reader prints.
        ("text/plain; charset=utf-8", ".txt", _is_text),
        ("text/csv", ".csv", _is_text),
        (f"{_OFFICE}.spreadsheetml.sheet", ".xlsx", _is_office(b"xl/")),
        (f"{_OFFICE}.wordprocessingml.document", ".docx", _is_office(b"word/")),
        ("message/rfc822", ".eml", _is_message),
    )
)
"""All permitted types. None is executed on opening; none has macros."""


def _begins_as_text(head: bytes) -> bool:
    try:
        return "\0" not in codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False


_EVIDENCE = (
    ("application/zip", ".zip", _begins(_ZIP)),
    ("image/tiff", ".tif .tiff", _begins(b"II*\0", b"MM\0*")),
    ("video/mp4", ".mp4", lambda head: head[4:8] == b"ftyp"),
    # An image of a telephone or a disk; any bytes.
    ("application/octet-stream", ".dd .img .raw .bin", bool),
)
LARGE_TYPES = (
    *(
        replace(each, is_borne_out=_begins_as_text) if each.is_borne_out is _is_text else each
        for each in TYPES
    ),
    *(
        DocumentType(media_type=name, suffixes=tuple(suffixes.split()), is_borne_out=test)
        for name, suffixes, test in _EVIDENCE
    ),
)
"""All permitted types of large documents, judged by their first MiB. No reader opens them here."""

_BY_NAME = {each.media_type: each for each in TYPES}
_BY_SUFFIX = {suffix: each for each in TYPES for suffix in each.suffixes}
_LARGE_BY_NAME = {each.media_type: each for each in LARGE_TYPES}
_LARGE_BY_SUFFIX = {suffix: each for each in LARGE_TYPES for suffix in each.suffixes}


def media_type_of(name: str, content: bytes) -> str:
    """Returns the media type of a file, by its name's suffix and the beginning of its content.

    Raises:
        DocumentRefused: If the type is not permitted, the content does not match it, or is
            empty or larger than a field.
    """
    if not 0 < len(content) <= MAX_FIELD_BYTES:
        raise DocumentRefused(f"{len(content)} bytes, of 1 to {MAX_FIELD_BYTES}")
    return _type_of(name, content, _BY_SUFFIX)


def large_media_type_of(name: str, head: bytes) -> str:
    """Returns the media type of a large file, by its name's suffix and its first MiB.

    Raises:
        DocumentRefused: If the type is not permitted, or the content does not match it.
    """
    return _type_of(name, head, _LARGE_BY_SUFFIX)


def _type_of(name: str, content: bytes, by_suffix: Mapping[str, DocumentType]) -> str:
    stem, dot, suffix = name.rpartition(".")
    found = by_suffix.get(f".{suffix.lower()}") if dot and stem else None
    if found is None:
        raise DocumentRefused(f"its name ends in none of {', '.join(by_suffix)}")
    if not found.is_borne_out(content):
        raise DocumentRefused(f"its content is not {found.media_type}")
    return found.media_type


def verify_head(media_type: str, head: bytes) -> None:
    """Checks that a large document may be of the type that its sender stated, by its first MiB.

    Raises:
        DocumentRefused: If not.
    """
    found = _LARGE_BY_NAME.get(media_type)
    if found is None or not found.is_borne_out(head):
        raise DocumentRefused(f"its content is not {media_type}")


def judge_document(field: Field) -> Iterator[Problem]:
    """Yields the problems of a document field: its form, its place, its type or its content."""
    path = parse_path(field.path)
    is_file = (path.schema, path.property) == (DOCUMENT, FILE)
    if field.media_type == TEXT and (field.form is not Form.CLEAR or not is_file):
        return
    found = _BY_NAME.get(field.media_type)
    if field.form is not Form.CLEAR:
        yield Problem(path=field.path, why="a document has no coarser form")
    elif is_file and field.media_type == BLOB:
        yield from _judge_description(field)
    elif not is_file:
        yield Problem(path=field.path, why=f"a document stands under {DOCUMENT}/{FILE} alone")
    elif found is None:
        yield Problem(path=field.path, why="a document of a type that does not travel")
    elif len(field.values) != 1:
        yield Problem(path=field.path, why="one file is expected, not several")
    elif not found.is_borne_out(field.values[0]):
        yield Problem(path=field.path, why=f"its content is not {found.media_type}")


def _judge_description(field: Field) -> Iterator[Problem]:
    try:
        blob = blob_in(field)
    except StatementMalformed as error:
        yield Problem(path=field.path, why=error.why)
        return
    if blob is not None and blob.media_type not in _LARGE_BY_NAME:
        yield Problem(path=field.path, why="a document of a type that does not travel")


def plain_file_name(name: str, media_type: str) -> str:
    """Returns a name that any file system accepts, for a document of this type and any ``name``.

    Raises:
        DocumentRefused: If this type is not permitted.
    """
    found = _LARGE_BY_NAME.get(media_type)
    if found is None:
        raise DocumentRefused("the type of the document is not permitted")
    last = re.split(r"[/\\]", name)[-1][:MAX_FILE_NAME_BYTES]
    last = unicodedata.normalize("NFC", last)
    plain = re.sub(r"\.{2,}", ".", _UNSAFE.sub("_", last)).strip(" .+@()-")
    stem, dot, suffix = plain.rpartition(".")
    known = bool(dot) and f".{suffix.lower()}" in found.suffixes
    stem, suffix = (stem, f".{suffix}") if known else (plain, found.suffixes[0])
    if not stem.strip("_ .") or _DEVICE.match(stem):
        stem = f"document-{stem}".rstrip("- .")
    while len(f"{stem}{suffix}".encode()) > MAX_FILE_NAME_BYTES:
        stem = stem[:-1]
    return f"{stem.rstrip(' .')}{suffix}"
