"""PDF: the text of its pages, and every string of its objects; read by pypdf, within its limits.

The fonts of a file state the characters of its text. A page without text, such as a scan, and a
font that does not state them, cannot be searched.
"""

import io
import logging
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from pypdf import Configuration, PdfReader, PdfWriter, apply_configuration
from pypdf.errors import DependencyError, PyPdfError
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    StreamObject,
    TextStringObject,
)

from tearline_client.documents.collected_text import (
    MAX_DOCUMENT_PARTS,
    Gap,
    Gathering,
    TraceKind,
)

PDF_ERRORS = (
    PyPdfError,
    DependencyError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Errors that pypdf raises for a damaged file: its own, and those of Python that it lets out.

A ``RuntimeError`` is also that of a feature that pypdf lacks, and of objects nested too deeply.
"""
_MOST_OBJECTS = 20_000
_MOST_OPERATORS = 200_000  # of all pages: some seconds
_MOST_UNPACKED = 4 << 20  # bytes of one stream, and of the contents of all pages
_LINEAR = b"/Linearized"  # a file made for the web has two ends of its first version
_HEAD = 1024
_END = b"%%EOF"
_MOST_BEHIND = 64  # bytes behind the end
_UNPRINTED = re.compile(r"[\x00-\x1f]+")
_LIMITS = Configuration(
    zlib_maximum_output_length=_MOST_UNPACKED,
    lzw_maximum_output_length=_MOST_UNPACKED,
    run_length_maximum_output_length=_MOST_UNPACKED,
    brotli_maximum_output_length=_MOST_UNPACKED,
    array_based_stream_maximum_output_length=_MOST_UNPACKED,
    stream_decoding_work_maximum_length=2 * _MOST_UNPACKED,
    stream_parsing_work_maximum_count=2 * _MOST_OPERATORS,
    page_tree_maximum_entries=MAX_DOCUMENT_PARTS,
    page_tree_maximum_depth=32,
    xform_maximum_invocations_per_extraction=256,
    jbig2dec_binary=None,  # no program is started
)
_PROPERTIES = {
    "/Author": TraceKind.AUTHOR, "/Creator": TraceKind.DEVICE, "/Producer": TraceKind.DEVICE,
    "/CreationDate": TraceKind.TIME, "/ModDate": TraceKind.TIME, "/Title": TraceKind.PROPERTY,
    "/Subject": TraceKind.PROPERTY, "/Keywords": TraceKind.PROPERTY,
}  # fmt: skip
Nested = Callable[[str, bytes, Gathering], None]
"""Reads a document within a document, by its name."""

_READING: ContextVar[Gathering | None] = ContextVar("reading", default=None)


class _Warnings(logging.Handler):
    """Turns each warning of pypdf, which may quote the file, into a gap: it left something out."""

    def emit(self, record: logging.LogRecord) -> None:
        into = _READING.get()
        if into is not None:
            into.gap(Gap.DAMAGED)


_LOGGER = logging.getLogger("pypdf")
_LOGGER.addHandler(_Warnings())
_LOGGER.propagate = False


def read_pdf(content: bytes, into: Gathering, nested: Nested) -> None:
    """Adds the text of a PDF, of its annotations, forms, properties and attachments."""
    if content.count(b"startxref") > (2 if _LINEAR in content[:_HEAD] else 1):
        into.gap(Gap.HISTORY)
        into.trace(TraceKind.HISTORY)
    if len(content) - content.rfind(_END) > _MOST_BEHIND:
        into.gap(Gap.UNKNOWN)
    around = _READING.set(into)
    try:
        with apply_configuration(_LIMITS):
            reader = PdfReader(io.BytesIO(content))
            if reader.is_encrypted:
                into.gap(Gap.ENCRYPTED)
                return
            _read_properties(reader, into)
            _read_objects(reader, into, nested)
            _read_pages(reader, into)
    except PDF_ERRORS:
        into.gap(Gap.DAMAGED)
    finally:
        _READING.reset(around)


def without_pdf_metadata(content: bytes) -> bytes:
    """Returns a PDF without document properties and XMP, written anew.

    Earlier versions go with them, and signatures no longer hold. Annotations, attachments, layers
    and the metadata of images stay.

    Raises:
        ValueError: If it cannot be read.
    """
    try:
        with apply_configuration(_LIMITS):
            writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
            writer.metadata = None
            for each in writer._objects:
                if isinstance(each, DictionaryObject):
                    each.pop("/Metadata", None)
                    each.pop("/PieceInfo", None)
            written = io.BytesIO()
            writer.write(written)
            return written.getvalue()
    except PDF_ERRORS as error:
        raise ValueError("it cannot be read") from error


def _read_properties(reader: PdfReader, into: Gathering) -> None:
    for key, value in (reader.metadata or {}).items():
        into.trace(_PROPERTIES.get(key, TraceKind.PROPERTY), str(value))


def _read_pages(reader: PdfReader, into: Gathering) -> None:
    left, unread = _MOST_OPERATORS, _MOST_UNPACKED

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            into.exhaust()

    for page in reader.pages:
        into.count(0)
        contents = page.get_contents()
        unread -= 0 if contents is None else len(contents.get_data())
        if unread < 0:
            into.exhaust()
        text = page.extract_text(visitor_operand_before=count)
        into.add(text)
        if not text.strip() and contents is not None:
            into.gap(Gap.SCAN)


def _read_objects(reader: PdfReader, into: Gathering, nested: Nested) -> None:
    """Adds the strings of all objects, also of those that no page shows."""
    numbers = [
        (number, generation) for generation, places in reader.xref.items() for number in places
    ] + [(number, 0) for number in reader.xref_objStm]
    if len(numbers) > _MOST_OBJECTS:
        into.exhaust()
    for number, generation in numbers:
        found = IndirectObject(number, generation, reader).get_object()
        for text in _strings(found):
            into.add(text)
        if isinstance(found, DictionaryObject):
            _judge(found, into, nested)


def _judge(found: DictionaryObject, into: Gathering, nested: Nested) -> None:
    kind, sort = found.get("/Type"), found.get("/Subtype")
    if sort == "/Image":
        into.gap(Gap.IMAGE)
    elif kind == "/Font" and sort in ("/Type0", "/Type3") and "/ToUnicode" not in found:
        into.gap(Gap.SCAN)
    elif kind == "/Annot" and "/Contents" in found:
        into.trace(TraceKind.COMMENT, str(found.get("/T", "")))
    elif isinstance(found, StreamObject) and kind in ("/EmbeddedFile", "/Metadata"):
        data = found.get_data()
        into.count(len(data))
        if kind == "/Metadata":
            into.trace(TraceKind.PROPERTY, "XMP")
        else:
            into.trace(TraceKind.ATTACHMENT)
        nested("", data, into)


def _strings(value: Any) -> Iterator[str]:
    """Yields the strings within an object, without following references."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, DictionaryObject):
            waiting += list(each.values())
        elif isinstance(each, ArrayObject):
            waiting += list(each)
        elif isinstance(each, TextStringObject):
            yield str(each)
        elif isinstance(each, ByteStringObject):
            yield _UNPRINTED.sub(" ", each.decode("latin-1"))
