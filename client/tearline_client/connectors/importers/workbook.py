"""Tables in workbooks (XLSX): the first visible sheet, as records of text.

A workbook is an archive of XML, and may come from anyone. Its size unpacked is bounded before a
part is read; entities in XML are refused; formulas are never computed: the value that the program
stored last stands for them. Numbers keep their digits; those that a spreadsheet has rounded, and
cells that show an error, are refused.
"""

import datetime
import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from tearline.errors import ExtraMissing, ImportRefused, ImportTooLarge, extra_missing
from tearline.limits import (
    MAX_COLUMNS,
    MAX_WORKBOOK_BYTES,
    MAX_WORKBOOK_PARTS,
    MAX_WORKBOOK_RATIO,
    WORKBOOK_ELEMENT_BYTES,
)
from tearline_client.connectors.importers import faults
from tearline_client.connectors.importers.source import Hidden
from tearline_client.connectors.importers.workbook_order import HiddenPlaces, verify_order

_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"}
)
_PIECE = 1 << 10  # a small part may repeat itself
_ROUNDED = 10**15  # spreadsheets keep 15 digits of a number
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNREADABLE = (
    "not a workbook that can be read; save it as XLSX without a password and with a visible sheet"
)


def workbook_records(
    stream: BinaryIO, *, whole: int, cell: int, hidden: Hidden | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Yields the records of the first visible sheet, each with the number of its row.

    Empty rows are skipped.

    Args:
        stream: The file.
        whole: The greatest size of all text, in characters.
        cell: The greatest size of a cell, in characters.
        hidden: Takes the places that a spreadsheet does not show; None: they are read.

    Raises:
        ImportRefused: If the file is no such workbook, or a cell has no definite text.
        ImportTooLarge: If it exceeds the bounds.
        ExtraMissing: If the reader is not installed.
    """
    load = _loader()
    data = stream.read(MAX_WORKBOOK_BYTES + 1)
    maximum = min(whole, MAX_WORKBOOK_BYTES)
    _verify_size(data, maximum)
    size = 0
    for number, values in _rows(load, data, maximum // WORKBOOK_ELEMENT_BYTES, hidden):
        texts = [_text(value, f"line {number}, column {at}") for at, value in values]
        while texts and not texts[-1]:
            texts.pop()
        if len(texts) > MAX_COLUMNS or any(len(text) > cell for text in texts):
            raise ImportRefused(
                f"line {number}: over {MAX_COLUMNS} columns, or over {cell} characters in one cell"
            )
        size += sum(map(len, texts))
        if size > whole:
            raise ImportTooLarge(f"over {whole} characters")
        if texts:
            yield number, texts


def _loader() -> Any:
    """Returns the function that opens a workbook.

    Raises:
        ExtraMissing: If it, or its guard against entities in XML, is not installed.
    """
    try:
        import defusedxml  # noqa: F401 (the reader takes it if it is there)
        from openpyxl import load_workbook
        from openpyxl.xml import DEFUSEDXML
    except ModuleNotFoundError as error:
        raise extra_missing(error, "client") from None
    if not DEFUSEDXML:  # an operator may have switched it off by a variable
        raise ExtraMissing("OPENPYXL_DEFUSEDXML is not True: workbooks are not read without it")
    return load_workbook


def _verify_size(data: bytes, maximum: int) -> None:
    """Checks the sizes that an archive states; no part of it unpacks to more than it states.

    Args:
        data: The archive.
        maximum: The greatest size unpacked.

    Raises:
        ImportRefused: If it is no archive, or an encrypted one.
        ImportTooLarge: If it is too large.
    """
    too_large = ImportTooLarge(
        f"a workbook has at most {MAX_WORKBOOK_PARTS} parts and {maximum} bytes, unpacked, too"
    )
    if len(data) > MAX_WORKBOOK_BYTES:
        raise too_large
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except faults.ARCHIVE:
        raise ImportRefused(_UNREADABLE) from None
    if len(parts) > MAX_WORKBOOK_PARTS or sum(part.file_size for part in parts) > maximum:
        raise too_large
    if any(part.file_size > MAX_WORKBOOK_RATIO * (part.compress_size + _PIECE) for part in parts):
        raise ImportTooLarge(f"a part unpacks to over {MAX_WORKBOOK_RATIO} times its size")
    # No spreadsheet encrypts a part or packs it in another way.
    if any(part.flag_bits & 1 or part.compress_type not in _PACKED for part in parts):
        raise ImportRefused(_UNREADABLE)


_Cells = Iterable[tuple[int, object]]
"""Values of a row, each with the number of its column."""


def _rows(
    load: Any, data: bytes, elements: int, hidden: Hidden | None
) -> Iterator[tuple[int, _Cells]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            places = verify_order(archive, elements)
        book = load(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
        if sheet is None:
            raise ImportRefused(_UNREADABLE)
        sheet.reset_dimensions()  # the file may state others than it has
        for number, each in enumerate(book.worksheets if hidden else (), 1):
            if hidden and each is not sheet:
                hidden.tell(0, f"sheet {number}", "only the first visible sheet is read")
        rows = (
            (n, enumerate(row, 1)) for n, row in enumerate(sheet.iter_rows(values_only=True), 1)
        )
        path = sheet._worksheet_path  # the name of its part
        yield from _shown(rows, places[path], hidden) if hidden and not hidden.is_read else rows
    except faults.WORKBOOK:  # entities in XML among them
        raise ImportRefused(_UNREADABLE) from None


def _shown(
    rows: Iterable[tuple[int, _Cells]], places: HiddenPlaces, hidden: Hidden
) -> Iterator[tuple[int, _Cells]]:
    """Yields the rows without hidden rows and columns; tells each that has a value."""
    from openpyxl.utils import get_column_letter

    told: set[int] = set()
    for number, row in rows:
        cells = list(row)
        if number in places.rows:
            if any(value is not None for _, value in cells):
                hidden.tell(number, "", "the row is hidden")
            continue
        for at, value in cells if places.columns else ():
            if at in places.columns and at not in told and value is not None:
                told.add(at)
                hidden.tell(number, f"column {get_column_letter(at)}", "the column is hidden")
        yield number, [each for each in cells if each[0] not in places.columns]


def _text(value: object, place: str) -> str:
    match value:
        case None:
            return ""
        case str():
            if value in _ERRORS or "\0" in value:
                raise ImportRefused(f"{place}: {value!r} is no text")
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value, place)
        case datetime.datetime():
            is_day = value.time() == datetime.time()
            return value.date().isoformat() if is_day else value.isoformat(timespec="seconds")
        case datetime.date():
            return value.isoformat()
        case datetime.time():
            return value.isoformat(timespec="seconds")
        case _:
            raise ImportRefused(f"{place}: a {type(value).__name__} is no text")


def _number(value: float, place: str) -> str:
    if not abs(value) < _ROUNDED:  # no number, too
        raise ImportRefused(
            f"{place}: a number of more than 15 digits, which spreadsheets round; format the column"
            " as text and enter it again"
        )
    return str(int(value)) if value == int(value) else f"{value:.15g}"
