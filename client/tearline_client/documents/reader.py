"""Reads a document of any type that travels, and the documents within it."""

import codecs
import re
from functools import lru_cache

from tearline.blobs.description import BLOB
from tearline.limits import MAX_CONSOLE_FILES
from tearline_client.documents.collected_text import (
    DocumentText,
    Exhausted,
    Gap,
    Gathering,
    TraceKind,
)
from tearline_client.documents.images import JPEG, PNG, read_image
from tearline_client.documents.markup import read_html, read_xml
from tearline_client.documents.messages import read_message
from tearline_client.documents.office import read_archive

_PDF, _ZIP = b"%PDF-", b"PK\x03\x04"
_MESSAGE = "message/rfc822"
_MARKED = re.compile(r"<[a-zA-Z!/][^<]|&#?\w+;")
_SEALED = re.compile(r"-----BEGIN PGP MESSAGE|^begin [0-7]{3} ", re.MULTILINE)
_IMAGES = (b"GIF8", b"II*\0", b"MM\0*", b"BM", b"\xd7\xcd\xc6\x9a", b"\x01\0\0\0")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_RTF = "{\\rtf"
_CODED = re.compile(r"[\0\x0e\x0f\x1b]")  # shifts between sets of characters (ISO 2022)


@lru_cache(maxsize=MAX_CONSOLE_FILES)  # each is searched for each reader, and again when sent
def document_text(media_type: str, content: bytes) -> DocumentText:
    """Returns the text and metadata of a document; a part that cannot be searched is a gap.

    Args:
        media_type: Its type, as its field states it.
        content: Its bytes; of a large document, its description alone.
    """
    into = Gathering()
    try:
        into.count(len(content))
        if media_type == BLOB:
            into.exhaust()
        if media_type == _MESSAGE:
            read_message(content, into, _read_nested)
        else:
            _read(content, into)
    except Exhausted:  # stated as a gap
        pass
    return into.document()


def _read_nested(name: str, content: bytes, into: Gathering) -> None:
    into.depth += 1
    into.count(0)
    if name.lower().endswith(".eml"):
        read_message(content, into, _read_nested)
    else:
        _read(content, into)
    into.depth -= 1


def _read(content: bytes, into: Gathering) -> None:
    if content.startswith(_ZIP):
        read_archive(content, into, _read_nested)
    elif content.lstrip()[: len(_PDF)] == _PDF or _PDF in content[:1024]:
        _read_pdf(content, into)
    elif content.startswith((JPEG, PNG)):
        read_image(content, into)
    elif content.startswith(_IMAGES):
        into.gap(Gap.IMAGE)
    else:
        _read_text(content, into)


def _read_pdf(content: bytes, into: Gathering) -> None:
    try:
        from tearline_client.documents.pdf import read_pdf
    except ModuleNotFoundError:  # an optional part of the installation
        into.gap(Gap.UNKNOWN)
        return
    read_pdf(content, into, _read_nested)


def _read_text(content: bytes, into: Gathering) -> None:
    encoding = next((each for mark, each in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        into.gap(Gap.UNKNOWN)
        text = content.decode("latin-1")
    if _CODED.search(text) or text.startswith(_RTF) or _SEALED.search(text):
        into.gap(Gap.UNKNOWN)
    into.add(text)
    if text.lstrip().startswith("<?xml"):
        read_xml(content, into)
    elif _MARKED.search(text):
        if "<!--" in text:
            into.trace(TraceKind.COMMENT, "HTML")
        read_html(text, into)
