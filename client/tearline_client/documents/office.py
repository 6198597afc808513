"""Archives of Office Open XML and OpenDocument, and other ZIP archives: all their parts."""

import datetime
import io
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal

from tearline_client.documents import faults
from tearline_client.documents.collected_text import Gap, Gathering, TraceKind
from tearline_client.documents.markup import XmlText, read_xml

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others need memory as a file states
_ENCRYPTED = 1
_EPOCH = datetime.date(1899, 12, 30)  # day 0 of a workbook
_DAYS = range(10_000, 80_000)  # 1927 to 2119
_MARKUP = (".xml", ".rels", ".vml", ".xhtml")
_PRINTER = "printerSettings"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?")
_OF_CORE = {
    "creator": TraceKind.AUTHOR, "lastModifiedBy": TraceKind.AUTHOR, "Company": TraceKind.AUTHOR,
    "Manager": TraceKind.AUTHOR, "initial-creator": TraceKind.AUTHOR,
    "created": TraceKind.TIME, "modified": TraceKind.TIME, "lastPrinted": TraceKind.TIME,
    "Template": TraceKind.PROPERTY, "Application": TraceKind.DEVICE,
}  # fmt: skip
_CHANGES = ("ins", "del", "moveFrom", "moveTo", "tracked-changes")

Nested = Callable[[str, bytes, Gathering], None]
"""Reads a document within a document, by its name."""


def read_archive(content: bytes, into: Gathering, nested: Nested) -> None:
    """Adds the text of an archive's parts, in their order; each part that is no text is a gap."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            into.add(archive.comment.decode("utf-8", "replace"))
            for part in archive.infolist():
                into.count(part.file_size)
                into.add(part.filename)
                if part.flag_bits & _ENCRYPTED:
                    into.gap(Gap.ENCRYPTED)
                elif part.compress_type not in _METHODS:
                    into.gap(Gap.UNKNOWN)
                elif not part.is_dir():
                    _read_part(part.filename, archive.read(part), into, nested)
    except faults.ARCHIVE:
        into.gap(Gap.DAMAGED)


def _read_part(name: str, content: bytes, into: Gathering, nested: Nested) -> None:
    lower = name.lower()
    if _PRINTER in name:  # a record of the system, with the printer's name
        into.add(content.decode("utf-16-le", "replace"))
    elif lower.endswith(_MARKUP):
        found = read_xml(content, into)
        if found is not None:
            _trace(lower, found, into)
            if "/worksheets/" in lower:
                _read_numbers(found, into)
    elif content:
        if "thumbnail" in lower:
            into.trace(TraceKind.THUMBNAIL, name)
        nested(name, content, into)


def _trace(name: str, found: XmlText, into: Gathering) -> None:
    """Records the metadata of a part."""
    if name.startswith("docprops/") or name == "meta.xml":
        is_custom = name.endswith("custom.xml")
        for key, text in found.leaves:
            kind = TraceKind.PROPERTY if is_custom else _OF_CORE.get(key)
            if kind is not None:
                into.trace(kind, text)
    if "comment" in name and found.names.get("comment"):
        into.trace(TraceKind.COMMENT, name)
    for change in _CHANGES:
        if found.names.get(change) and not name.startswith("docprops/"):
            into.trace(TraceKind.CHANGE, name)
    for element, key, value in found.values:
        if key == "author":
            into.trace(TraceKind.AUTHOR, value)
        elif key == "state" and value.lower().endswith("hidden"):
            into.trace(TraceKind.HIDDEN, element)
    if found.names.get("vanish") or found.hidden:
        into.trace(TraceKind.HIDDEN, name)


def _read_numbers(found: XmlText, into: Gathering) -> None:
    """Adds the numbers of cells as digits, and days as dates: a workbook stores neither so."""
    for key, text in found.leaves:
        if key == "v" and _NUMBER.fullmatch(text):
            number = Decimal(text)
            if _DAYS.start <= number < _DAYS.stop:
                into.add((_EPOCH + datetime.timedelta(days=int(number))).isoformat())
            if "e" in text.lower() or "." in text:
                into.add(f"{number:.2f}")
