"""Tables in workbooks (XLSX): the first visible sheet, as records of text.

A workbook is an archive of XML, and may come from anyone. Its size unpacked is bounded before a
part is read, and the elements of each part by its size; parts without cells are not read. Entities
in XML are refused; formulas are never computed: the value that the program stored last stands for
them. Numbers keep their digits; those that a spreadsheet has rounded, and cells that show an error,
are refused.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import BinaryIO

from tearline.errors import ImportRefused, ImportTooLarge
from tearline.limits import (
    MAX_COLUMNS,
    MAX_PACKED_ELEMENTS,
    MAX_PART_ELEMENTS,
    MAX_WORKBOOK_BYTES,
    MAX_WORKBOOK_PARTS,
    MAX_WORKBOOK_RATIO,
    MAX_WORKBOOK_ROWS,
)
from tearline_client.connectors.importers.source import HIDDEN, Hidden
from tearline_client.connectors.importers.workbook_cells import CellTexts, rich_text, style_forms
from tearline_client.connectors.importers.xml_records import Element, xml_records
from tearline_client.documents import faults

_PIECE = 1 << 10  # a small part may repeat itself
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PLACE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)
_TRUE = ("1", "true")
_MAX_COLUMN = 1 << 14  # by the format
_UNREADABLE = (
    "not a workbook that can be read; save it as XLSX without a password and with a visible sheet"
)


def workbook_records(
    stream: BinaryIO, hidden: Hidden, *, whole: int, cell: int
) -> Iterator[tuple[int, list[str]]]:
    """Yields the records of the first visible sheet, each with the number of its row.

    Empty rows are skipped.

    Args:
        stream: The file.
        hidden: Takes the places that are not read.
        whole: The greatest size of all text, in characters.
        cell: The greatest size of a cell, in characters.

    Raises:
        ImportRefused: If the file is no such workbook, or a cell has no definite text.
        ImportTooLarge: If it exceeds the bounds.
    """
    data = stream.read(MAX_WORKBOOK_BYTES + 1)
    size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _verify_size(archive, len(data), min(whole, MAX_WORKBOOK_BYTES))
            parts = {part.filename: part for part in archive.infolist()}
            for number, texts in _Book(archive=archive, hidden=hidden, parts=parts).rows():
                if len(texts) > MAX_COLUMNS or any(len(text) > cell for text in texts):
                    raise ImportRefused(
                        f"line {number}: over {MAX_COLUMNS} columns, or over {cell} characters in"
                        " one cell"
                    )
                size += sum(map(len, texts))
                if size > whole:
                    raise ImportTooLarge(f"over {whole} characters")
                if texts:
                    yield number, texts
    except faults.ARCHIVE:
        raise ImportRefused(_UNREADABLE) from None


def _verify_size(archive: zipfile.ZipFile, size: int, maximum: int) -> None:
    """Checks the sizes that an archive states; no part of it unpacks to more than it states.

    Args:
        archive: The archive.
        size: Its own size.
        maximum: The greatest size unpacked.

    Raises:
        ImportRefused: If it is encrypted, or has two parts of one name.
        ImportTooLarge: If it is too large.
    """
    parts = archive.infolist()
    total = max(size, sum(part.file_size for part in parts))
    if len(parts) > MAX_WORKBOOK_PARTS or total > maximum:
        raise ImportTooLarge(
            f"a workbook has at most {MAX_WORKBOOK_PARTS} parts and {maximum} bytes, unpacked, too"
        )
    if any(part.file_size > MAX_WORKBOOK_RATIO * (part.compress_size + _PIECE) for part in parts):
        raise ImportTooLarge(f"a part unpacks to over {MAX_WORKBOOK_RATIO} times its size")
    # No spreadsheet encrypts a part or packs it in another way.
    is_odd = any(part.flag_bits & 1 or part.compress_type not in _PACKED for part in parts)
    if is_odd or len({part.filename for part in parts}) < len(parts):
        raise ImportRefused(_UNREADABLE)


@dataclass(slots=True, kw_only=True)
class _Book:
    """An archive, the treatment of its hidden places, and the parts that were not read yet.

    Each part is read once: references that repeat a part would multiply its size.
    """

    archive: zipfile.ZipFile
    hidden: Hidden
    parts: dict[str, zipfile.ZipInfo]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yields the rows of the first visible sheet, with their numbers."""
        (main,) = self._related("")["officeDocument"].values()
        related = self._related(main)
        records = list(self._records(main, "workbookPr", "sheet"))
        is_1904 = any(each.attribute("date1904") in _TRUE for each in records)
        sheets = (each for each in records if each.name == "sheet")
        part = self._first_visible(related.get("worksheet", {}), sheets)
        shared = [
            rich_text(each)
            for strings in related.get("sharedStrings", {}).values()
            for each in self._records(strings, "si")
            if each.name == "si"
        ]
        styles = (
            each
            for forms in related.get("styles", {}).values()
            for each in self._records(forms, "numFmts", "numFmt", "cellXfs", "xf")
        )
        texts = CellTexts(shared=shared, styles=style_forms(styles), is_1904=is_1904)
        yield from _Sheet(texts=texts, hidden=self.hidden).rows(
            self._records(part, "sheetFormatPr", "col", "row", "mergeCell")
        )

    def _first_visible(self, parts: Mapping[str, str], sheets: Iterable[Element]) -> str:
        """Returns the part of the first visible sheet; tells each other sheet."""
        found = ""
        for number, each in enumerate(sheets, 1):
            ids = [value for name, value in each.attributes.items() if name.endswith(" id")]
            part = parts.get(ids[0], "")
            if part and not found and each.attributes.get("state", "visible") == "visible":
                found = part
            else:
                self.hidden.tell(0, f"sheet {number}", "only the first visible sheet is read")
        if not found:
            raise ImportRefused(_UNREADABLE)
        return found

    def _related(self, part: str) -> Mapping[str, Mapping[str, str]]:
        """Returns the parts to which a part refers, by kind and reference."""
        folder, name = posixpath.split(part)
        found: dict[str, dict[str, str]] = {}
        for each in self._records(f"{folder}/_rels/{name}.rels".lstrip("/"), "Relationship"):
            place = posixpath.join("/", folder, each.attribute("Target"))
            parts = found.setdefault(posixpath.basename(each.attribute("Type")), {})
            parts[each.attribute("Id")] = posixpath.normpath(place).lstrip("/")
        return found

    def _records(self, part: str, *names: str) -> Iterator[Element]:
        info = self.parts.pop(part)
        most = MAX_PART_ELEMENTS + MAX_PACKED_ELEMENTS * info.compress_size
        try:
            with self.archive.open(info) as stream:
                yield from xml_records(stream, names, texts=("t", "v"), elements=most)
        except ImportRefused as refused:  # the lines are those of the part
            raise ImportRefused(f"{part}, {refused.why}") from None


@dataclass(slots=True, kw_only=True)
class _Sheet:
    """State of the reading of a sheet: which columns are hidden, and which of them were told."""

    texts: CellTexts
    hidden: Hidden
    columns: dict[int, bool] = field(default_factory=dict)
    are_others_hidden: bool = False
    last: int = 0  # column of the last element of columns
    told: set[int] = field(default_factory=set)

    def rows(self, records: Iterable[Element]) -> Iterator[tuple[int, list[str]]]:
        """Yields the rows with their numbers."""
        number = 0
        for each in records:
            match each.name:
                case "sheetFormatPr":
                    self.are_others_hidden = _is_zero(each, "defaultColWidth")
                case "col":
                    self._add_columns(each)
                case "row":
                    at = int(each.attribute("r") or number + 1)
                    if not number < at <= MAX_WORKBOOK_ROWS:
                        raise ImportRefused(f"line {number}: a row that comes late or twice")
                    number = at
                    if each.children:
                        yield number, self._row(each, number)
                case "mergeCell":
                    why = "the cells are merged, and the first alone has their value"
                    self.hidden.tell(0, each.attribute("ref"), why)
                case _:  # the sheet itself
                    pass

    def _add_columns(self, element: Element) -> None:
        first, last = int(element.attribute("min")), int(element.attribute("max"))
        if not self.last < first <= last <= _MAX_COLUMN:
            raise ImportRefused("a column whose form comes late or twice")
        self.last = last
        is_hidden = _is_zero(element, "width") or element.attribute("hidden") in _TRUE
        self.columns.update(dict.fromkeys(range(first, last + 1), is_hidden))

    def _row(self, row: Element, number: int) -> list[str]:
        """Returns the texts of the cells that are read; tells the others that have a value."""
        texts: list[str] = []
        # A row that the file has is shown even if it hides rows by default (``zeroHeight``).
        is_hidden = _is_zero(row, "ht") or row.attributes.get("hidden") in _TRUE
        is_home, is_told, at = is_hidden and not self.hidden.is_read, False, 0
        for cell in row.all("c"):
            before, at = at, _column(cell, number, at)
            if not before < at <= _MAX_COLUMN:
                raise ImportRefused(f"line {number}: a cell that comes late or twice")
            # The text of a formula is not held, so it has neither.
            if not any(each.children or each.whole_text for each in cell.children):
                if _is_unsaved(cell):
                    why = "a formula without a saved value, which is not computed"
                    self.hidden.tell(number, f"column {_letters(at)}", why)
            elif is_home:
                is_told = True
            elif self._is_home(at):
                self._tell_column(at, number)
            elif text := self.texts.text(cell, f"line {number}, column {at}"):
                texts += [""] * (at - 1 - len(texts))
                texts.append(text)
        if is_told:
            self.hidden.tell(number, "", f"the row {HIDDEN}")
        if not self.columns and not self.are_others_hidden:
            return texts
        return [text for at, text in enumerate(texts, 1) if not self._is_home(at)]

    def _is_home(self, column: int) -> bool:
        return not self.hidden.is_read and self.columns.get(column, self.are_others_hidden)

    def _tell_column(self, column: int, number: int) -> None:
        if column not in self.told:
            self.told.add(column)
            self.hidden.tell(number, f"column {_letters(column)}", f"the column {HIDDEN}")


def _is_unsaved(cell: Element) -> bool:
    """Returns whether a cell without a value has a formula that may have one."""
    return cell.attributes.get("t") != "str" and any(cell.all("f"))


def _is_zero(element: Element, name: str) -> bool:
    return float(element.attributes.get(name, 1)) == 0


def _column(cell: Element, number: int, before: int) -> int:
    """Returns the column of a cell, which may state it."""
    place = cell.attributes.get("r")
    if place is None:
        return before + 1
    found = _PLACE.fullmatch(place)
    if found is None or int(found[2]) != number:
        raise ImportRefused(f"line {number}: a cell that states another row")
    return _number(found[1])


@lru_cache
def _number(letters: str) -> int:
    return reduce(lambda number, letter: 26 * number + ord(letter) - 64, letters, 0)


@lru_cache
def _letters(column: int) -> str:
    before, last = divmod(column - 1, 26)
    return (_letters(before) if before else "") + chr(65 + last)
