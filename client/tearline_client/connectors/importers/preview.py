"""Preview of a table before it is mapped: its encoding, its delimiter and its first rows.

Encoding and delimiter are detected from the table alone, so a person confirms them: text in UTF-8
or UTF-16 shows itself. Another text is taken for GB18030 if its bytes come in pairs as those of
Chinese characters do, and else for Windows-1252, which is often right.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import islice
from typing import BinaryIO

from tearline.dataclass.immutable import immutable
from tearline.errors import ImportRefused
from tearline.limits import MAX_UPLOADED_TABLE
from tearline_client.connectors.importers.mapping import DELIMITERS, ROW
from tearline_client.connectors.importers.report import Finding, Report, reported
from tearline_client.connectors.importers.source import Bounds, is_workbook, read_records

PREVIEWED_ROWS = 5
_COMPARED_ROWS = 20  # enough to see which delimiter gives rows of one length
_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_BEGINNING = 64 << 10  # bytes that show the form of a large file
_HIGH = re.compile(rb"[\x80-\xff]")
# Characters of GB 2312; of these, the common ones. Accents of small letters of Windows-1252 are
# none, and those of capitals seldom follow one another.
_CHINESE = re.compile(rb"[\xa1-\xa9\xb0-\xf7][\xa1-\xfe]")
_COMMON = frozenset(range(0xB0, 0xD8))


@immutable
class TableForm:
    """Form of a table, as its beginning shows it.

    Attributes:
        encoding: One of ``source.ENCODINGS``; empty for a workbook.
        has_mark: Whether it began with a byte order mark.
        delimiter: Delimiter of cells; empty if its lines are no table.
    """

    encoding: str
    has_mark: bool
    delimiter: str


@immutable
class TablePreview:
    """The beginning of a table, and the table as text.

    Attributes:
        encoding: One of ``source.ENCODINGS``; empty for a workbook.
        has_mark: Whether it began with a byte order mark.
        delimiter: Delimiter of cells, in the table and in ``text``.
        header: Names of its columns.
        rows: Its first rows.
        text: The whole table.
        findings: Places of a workbook that are no part of it.
    """

    encoding: str
    has_mark: bool
    delimiter: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: str
    findings: Collection[Finding] = ()


def preview_table(data: bytes, *, hidden: bool = False) -> TablePreview:
    """Returns the preview of a table.

    Args:
        data: The table.
        hidden: Whether hidden rows and columns of a workbook are part of it.

    Raises:
        ImportRefused: If it is no table.
        ImportTooLarge: If it exceeds the bounds of an upload.
    """
    bounds = Bounds(whole=MAX_UPLOADED_TABLE)
    if is_workbook(data):
        report = Report()
        home = reported(report, is_read=hidden)
        found = read_records(io.BytesIO(data), bounds=bounds, hidden=home)
        records = [record for _, record in found]
        seen = _preview(records, "", has_mark=False, delimiter=",", text=_as_text(records))
        return replace(seen, findings=report)
    encoding, has_mark = _encoding(data, is_whole=True)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise ImportRefused(f"it begins as {encoding.upper()}, and is not in it") from None
    delimiter, records = _delimited(text)
    if not records:
        raise ImportRefused("line 1: the file is empty, or no table")
    return _preview(records, encoding, has_mark=has_mark, delimiter=delimiter, text=text)


def detect_form(stream: BinaryIO) -> TableForm:
    """Returns the form of a table, from its beginning; the file is at its beginning then."""
    data = stream.read(_BEGINNING)
    stream.seek(0)
    if is_workbook(data):
        return TableForm(encoding="", has_mark=False, delimiter="")
    encoding, has_mark = _encoding(data, is_whole=len(data) < _BEGINNING)
    text = _decoded(data, encoding) or ""
    # The piece may end within a line; a table of one line has no end of it.
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    if len(data) == _BEGINNING and len(lines) > 1:
        lines.pop()
    delimiter, records = _delimited("".join(lines[: 2 * _COMPARED_ROWS]))
    return TableForm(encoding=encoding, has_mark=has_mark, delimiter=delimiter if records else "")


def _encoding(data: bytes, *, is_whole: bool) -> tuple[str, bool]:
    """Returns the encoding of a text, and whether a byte order mark states it."""
    mark = next((each for each in _MARKS if data.startswith(each)), b"")
    return _MARKS.get(mark) or _unmarked(data, is_whole=is_whole), bool(mark)


def _decoded(data: bytes, encoding: str, *, is_whole: bool = False) -> str | None:
    """Returns the text of a piece, which may end within a character; None if it has none."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data, final=is_whole)
    except UnicodeDecodeError:
        return None


def _delimited(text: str) -> tuple[str, list[list[str]]]:
    """Returns the delimiter that gives the most regular records, and the first of these."""
    found = {each: _records(text, each) for each in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda each: _regularity(found[each]))
    return delimiter, found[delimiter]


def _preview(
    records: list[list[str]], encoding: str, *, has_mark: bool, delimiter: str, text: str
) -> TablePreview:
    if not records:
        raise ImportRefused("line 1: the file is empty")
    header, *rows = records[: PREVIEWED_ROWS + 1]
    return TablePreview(
        encoding=encoding,
        has_mark=has_mark,
        delimiter=delimiter,
        header=tuple(name.strip() for name in header),
        rows=tuple(map(tuple, rows)),
        text=text,
    )


def _unmarked(data: bytes, *, is_whole: bool) -> str:
    start = data[:16]  # its header, which may go on in any script
    for zeros, name in ((start[1::2], "utf-16-le"), (start[::2], "utf-16-be")):
        if len(zeros) > 1 and not any(zeros):
            return name
    if _decoded(data, "utf-8", is_whole=is_whole) is not None:
        return "utf-8"
    pairs = _CHINESE.findall(data)
    is_chinese = 2 * len(pairs) > 0.8 * len(_HIGH.findall(data)) and (
        sum(pair[0] in _COMMON for pair in pairs) > 0.3 * len(pairs)
    )
    if is_chinese and _decoded(data, "gb18030", is_whole=is_whole) is not None:
        return "gb18030"
    return "cp1252"


def _records(text: str, delimiter: str) -> list[list[str]]:
    """Returns the first records by a delimiter; none if they are no records."""
    stream = io.BytesIO(text.encode())
    try:
        read = read_records(stream, delimiter=delimiter, bounds=Bounds(whole=MAX_UPLOADED_TABLE))
        return [record for _, record in islice(read, _COMPARED_ROWS)]
    except ImportRefused:
        return []


def _regularity(records: list[list[str]]) -> tuple[bool, int]:
    """Returns a rank of records: those of one length are better, and so are more columns."""
    lengths = {len(record) for record in records}
    return len(lengths) == 1, len(records[0]) if records else 0


def _as_text(records: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(records)
    return text.getvalue()


def mapping_text(
    delimiter: str,
    schema: str,
    chosen: Mapping[str, str],
    ids: Collection[str],
    *,
    hidden: bool = False,
) -> str:
    """Returns a mapping of columns to the properties of one entity for each row, in TOML.

    Args:
        delimiter: Delimiter of cells.
        schema: The schema of the entities.
        chosen: The property that each column supplies, by its name.
        ids: The columns that identify an entity; none: each row is another entity.
        hidden: Whether hidden rows and columns of a workbook are read.
    """
    columns: dict[str, list[str]] = {}
    for column, name in chosen.items():
        columns.setdefault(name, []).append(column)
    lines = [
        f"delimiter = {_toml(delimiter)}",
        *["hidden = true"] * hidden,
        "[entities.row]",
        f"schema = {_toml(schema)}",
        f"id = {_toml(list(ids) or ROW)}",
        "[entities.row.properties]",
        *(f"{name} = {_toml(sources)}" for name, sources in columns.items()),
    ]
    return "\n".join(lines) + "\n"


def _toml(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)  # a string of JSON is one of TOML
