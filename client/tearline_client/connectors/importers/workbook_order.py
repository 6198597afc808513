"""Check that the rows and cells of a workbook stand in order, each once, and are not too many.

The reader of workbooks takes a row's place from its number. It drops a row that comes late or
twice, and a cell whose place another one takes, without a word. It holds a row, and each part that
is no sheet, as a tree: so their elements are counted here, before it sees them.
"""

from collections.abc import Mapping
from typing import IO
from xml.parsers import expat
from zipfile import ZipFile

from tearline.dataclass.immutable import immutable
from tearline.errors import ImportRefused, ImportTooLarge
from tearline.limits import (
    MAX_WORKBOOK_CELLS,
    MAX_WORKBOOK_COLUMNS,
    MAX_WORKBOOK_OTHERS,
    MAX_WORKBOOK_ROWS,
)
from tearline_client.connectors.importers import faults

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_SHEET, _ROW, _CELL, _COLUMNS = (f"{_MAIN}{name}" for name in ("worksheet", "row", "c", "col"))
# Elements of each cell of a sheet, which its row bounds; and parts of which a program writes many.
_OF_CELLS = frozenset(f"{_MAIN}{name}" for name in ("row", "c", "v", "f", "is", "t"))
_LONG = frozenset(f"{_MAIN}{name}" for name in ("sst", "pivotCacheRecords"))
_PIECE = 64 << 10
_MAX_TAG = 1 << 20
_CELL_ELEMENTS = 4  # of one cell, at most: itself, its formula, value and text


@immutable
class HiddenPlaces:
    """Numbers of the rows and columns of a sheet that a spreadsheet does not show."""

    rows: frozenset[int] = frozenset()
    columns: frozenset[int] = frozenset()


def verify_order(archive: ZipFile, maximum: int) -> Mapping[str, HiddenPlaces]:
    """Checks all parts of a workbook, whatever their names; returns the hidden places of each.

    Args:
        archive: The workbook.
        maximum: Elements that all its parts may have.

    Raises:
        ImportRefused: If a row or cell is out of order, or far out.
        ImportTooLarge: If there are too many elements.
    """
    found = {}
    for part in archive.infolist():
        with archive.open(part) as stream:
            order = _Order(maximum)
            order.read(stream)
            maximum -= order.elements
            found[part.filename] = order.hidden()
    return found


class _Order:
    """Place of the last row and cell of a part, and counts of its elements."""

    def __init__(self, maximum: int) -> None:
        self.elements = 0
        self._maximum = maximum
        self._root = ""
        self._row = self._column = 0
        self._cells = 0  # of the rows before; a row is as long as its last cell is far to the right
        self._of_row = self._others = 0
        self._last = 0  # column of the last element of columns
        self._rows: set[int] = set()
        self._columns: set[int] = set()
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = _refuse_type

    def hidden(self) -> HiddenPlaces:
        """Returns the hidden rows and columns, as far as the part is read."""
        return HiddenPlaces(rows=frozenset(self._rows), columns=frozenset(self._columns))

    def read(self, stream: IO[bytes]) -> None:
        total = 0
        while piece := stream.read(_PIECE):
            total += len(piece)
            try:
                self._parser.Parse(piece)
            except faults.XML:
                if self._root == _SHEET:
                    self._refuse("no XML, or no place of a cell")
                return
            # The parser reads a tag that goes on anew with each piece.
            if not self._root or total - self._parser.CurrentByteIndex > _MAX_TAG:
                raise ImportRefused("not a workbook that can be read, for a part or tag has no end")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._root = self._root or name
        self._count(name)
        if self._root != _SHEET:
            return
        if name == _ROW:
            number = int(float(attributes.get("r", self._row + 1)))
            if number <= self._row:
                self._refuse("a row that comes late or twice")
            self._cells += self._column
            self._row, self._column, self._of_row = number, 0, 0
            if number > MAX_WORKBOOK_ROWS:
                raise ImportTooLarge(f"over {MAX_WORKBOOK_ROWS} rows")
            if _is_hidden(attributes, "ht"):
                self._rows.add(number)
        elif name == _CELL:
            row, column = self._place(attributes.get("r", ""))
            if row != self._row or column <= self._column:
                self._refuse("a cell that comes late or twice, or states another row")
            self._column = column
            if column > MAX_WORKBOOK_COLUMNS or self._cells + column > MAX_WORKBOOK_CELLS:
                raise ImportTooLarge(
                    f"line {row}: over {MAX_WORKBOOK_COLUMNS} columns, or over"
                    f" {MAX_WORKBOOK_CELLS} cells to there"
                )

        elif name == _COLUMNS:
            first, last = int(attributes["min"]), int(attributes["max"])
            if not self._last < first <= last <= MAX_WORKBOOK_COLUMNS:
                self._refuse("a column whose form comes late or twice")
            self._last = last
            if _is_hidden(attributes, "width"):
                self._columns.update(range(first, last + 1))

    def _count(self, name: str) -> None:
        self.elements += 1
        self._of_row += 1
        is_of_cell = self._root == _SHEET and name in _OF_CELLS
        if not is_of_cell and self._root not in _LONG:
            self._others += 1
        is_long = is_of_cell and self._of_row > _CELL_ELEMENTS * MAX_WORKBOOK_COLUMNS
        if is_long or self._others > MAX_WORKBOOK_OTHERS or self.elements > self._maximum:
            raise ImportTooLarge(
                f"too many elements in a row, in the workbook, or, over {MAX_WORKBOOK_OTHERS}, of"
                " its form; save the values alone as a new workbook"
            )

    def _place(self, text: str) -> tuple[int, int]:
        if not text:
            return self._row, self._column + 1
        from openpyxl.utils.cell import coordinate_to_tuple

        row, column = coordinate_to_tuple(text)
        return int(row), int(column)

    def _refuse(self, why: str) -> None:
        raise ImportRefused(f"line {self._row}: {why}")


def _is_hidden(attributes: Mapping[str, str], size: str) -> bool:
    return attributes.get("hidden") in ("1", "true") or float(attributes.get(size, 1)) == 0


def _refuse_type(*_: object) -> None:
    raise ImportRefused("not a workbook that can be read, for it has a document type")
