"""The EU's consolidated list of financial sanctions as CSV (version 1.1), as elements of its XML.

The table has a row for each name, address, date of birth, document and citizenship of an entry, and
repeats the entry in each. Its columns are named by element and attribute, as ``NameAlias_Title``.
The rows of an entry follow one another, so one entry is held at a time.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import groupby
from typing import BinaryIO

from tearline.errors import ImportRefused
from tearline.limits import MAX_XML_RECORD_NODES
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.importers.source import peek, read_table
from tearline_client.connectors.importers.xml_records import Element

_ENTITY, _KEY = "Entity_", "Entity_LogicalId"
_BEGINS = (b"fileGenerationDate", _ENTITY.encode())
_ACT = "Regulation_"
_PARTS = {
    "Entity_Regulation_": "regulation",
    "NameAlias_": "nameAlias",
    "Address_": "address",
    "BirthDate_": "birthdate",
    "Identification_": "identification",
    "Citizenship_": "citizenship",
}
_SUBJECT = ("Entity_SubjectType", "Entity_SubjectType_ClassificationCode")
_NAMES = {
    "Address_ContactInfo": "",
    "BirthDate_BirthDate": "birthdate",
    "BirthDate_Day": "dayOfMonth",
    "BirthDate_Month": "monthOfYear",
    "Entity_EU_ReferenceNumber": "euReferenceNumber",
    "Entity_Regulation_Type": "regulationType",
    "Identification_TypeCode": "identificationTypeCode",
    "Identification_TypeDescription": "identificationTypeDescription",
}
"""Attributes that have another name than their column; empty for a child."""

Cells = Mapping[str, str]


def is_eu_table(stream: BinaryIO) -> bool:
    """Returns whether a file begins as the table, and not as XML."""
    return peek(stream, 64).removeprefix(b"\xef\xbb\xbf").lstrip(b'"').startswith(_BEGINS)


def eu_table_entries(
    stream: BinaryIO, report: Report, *, name: str, subjects: Collection[str]
) -> Iterator[Element]:
    """Yields each entry as the element that the XML has for it.

    Args:
        stream: The file.
        report: Takes the columns that are of no entry.
        name: Name of the element.
        subjects: Codes of known kinds of subjects.

    Raises:
        ImportRefused: If the file is no such table.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    header, rows = read_table(stream, delimiter=";")
    if _KEY not in header:
        raise ImportRefused(f"line 1: no column {_KEY}")
    for column in header:
        if not column.startswith((_ENTITY, *_PARTS)):
            why = "a column that is no part of an entry"
            report.add_once(Concern.STAYS_HOME, why, line=1, column=column)
    for _, group in groupby(rows, key=lambda row: row[1][_KEY]):
        seen: set[tuple[tuple[str, str], ...]] = set()
        entry: Element | None = None
        for line, cells in group:
            if entry is None:
                entry = _element(name, _ENTITY, _own(cells), line)
                entry.children.append(_subject(cells, subjects, line))
            for prefix, part in _PARTS.items():
                given = {key: text for key, text in cells.items() if key.startswith(prefix)}
                told = tuple((key, text) for key, text in given.items() if text.strip())
                if told and told not in seen:  # the table repeats them in each row
                    seen.add(told)
                    entry.children.append(_element(part, prefix, dict(told), line))
                    if len(seen) > MAX_XML_RECORD_NODES:
                        raise ImportRefused(f"line {line}: an entry of over {len(seen)} parts")
        if entry is not None:
            yield entry


def _subject(cells: Cells, subjects: Collection[str], line: int) -> Element:
    """Returns the kind of the subject, which stands in either of two columns."""
    codes = sorted(filter(None, (cells.get(column, "").strip() for column in _SUBJECT)))
    codes.sort(key=lambda code: code not in subjects)
    names = ("code", "classificationCode")
    return Element("subjectType", dict(zip(names, codes, strict=False)), line)


def _own(cells: Cells) -> Cells:
    """Returns the cells of the entry itself."""
    parts = (*_PARTS, *_SUBJECT)
    return {key: text for key, text in cells.items() if not key.startswith(parts)}


def _element(name: str, prefix: str, cells: Cells, line: int) -> Element:
    element = Element(name, {}, line)
    act: dict[str, str] = {}
    for column, text in cells.items():
        if not column.startswith(prefix) or not text.strip():
            continue
        rest = column.removeprefix(prefix)
        attribute = _NAMES.get(column, rest[:1].lower() + rest[1:])
        if attribute == "remark" or (name == "regulation" and attribute == "publicationUrl"):
            element.children.append(Element(attribute, {}, line, text))
        elif not attribute:
            element.children.append(Element("contactInfo", {"value": text}, line))
        elif rest.startswith(_ACT):
            rest = rest.removeprefix(_ACT)
            act["regulationType" if rest == "Type" else rest[:1].lower() + rest[1:]] = text
        else:
            element.attributes[attribute] = text
    if act:
        element.children.append(Element("regulationSummary", act, line))
    return element
