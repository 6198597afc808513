"""Preview of a table before it is mapped: its encoding, its delimiter and its first rows.

Encoding and delimiter are detected from the table alone, so a person confirms them: text in UTF-8
or UTF-16 shows itself, and any other text is taken for Windows-1252, which is often right.
"""

import csv
import io
import json
from collections.abc import Collection, Mapping
from itertools import islice

from tearline.dataclass.immutable import immutable
from tearline.errors import ImportRefused
from tearline.limits import MAX_UPLOADED_TABLE
from tearline_client.connectors.importers.mapping import DELIMITERS, ROW
from tearline_client.connectors.importers.source import Bounds, is_workbook, read_records

PREVIEWED_ROWS = 5
_COMPARED_ROWS = 20  # enough to see which delimiter gives rows of one length
_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


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
    """

    encoding: str
    has_mark: bool
    delimiter: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: str


def preview_table(data: bytes) -> TablePreview:
    """Returns the preview of a table.

    Raises:
        ImportRefused: If it is no table.
        ImportTooLarge: If it exceeds the bounds of an upload.
    """
    bounds = Bounds(whole=MAX_UPLOADED_TABLE)
    if is_workbook(data):
        records = [record for _, record in read_records(io.BytesIO(data), bounds=bounds)]
        return _preview(records, "", has_mark=False, delimiter=",", text=_as_text(records))
    mark = next((each for each in _MARKS if data.startswith(each)), b"")
    encoding = _MARKS.get(mark) or _unmarked(data)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise ImportRefused(f"it begins as {encoding.upper()}, and is not in it") from None
    found = {each: _records(text, each) for each in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda each: _regularity(found[each]))
    if not found[delimiter]:
        raise ImportRefused("line 1: the file is empty, or no table")
    return _preview(found[delimiter], encoding, has_mark=bool(mark), delimiter=delimiter, text=text)


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


def _unmarked(data: bytes) -> str:
    start = data[:16]  # its header, which may go on in any script
    for zeros, name in ((start[1::2], "utf-16-le"), (start[::2], "utf-16-be")):
        if len(zeros) > 1 and not any(zeros):
            return name
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


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
    delimiter: str, schema: str, chosen: Mapping[str, str], ids: Collection[str]
) -> str:
    """Returns a mapping of columns to the properties of one entity for each row, in TOML.

    Args:
        delimiter: Delimiter of cells.
        schema: The schema of the entities.
        chosen: The property that each column supplies, by its name.
        ids: The columns that identify an entity; none: each row is another entity.
    """
    columns: dict[str, list[str]] = {}
    for column, name in chosen.items():
        columns.setdefault(name, []).append(column)
    lines = [
        f"delimiter = {_toml(delimiter)}",
        "[entities.row]",
        f"schema = {_toml(schema)}",
        f"id = {_toml(list(ids) or ROW)}",
        "[entities.row.properties]",
        *(f"{name} = {_toml(sources)}" for name, sources in columns.items()),
    ]
    return "\n".join(lines) + "\n"


def _toml(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)  # a string of JSON is one of TOML
