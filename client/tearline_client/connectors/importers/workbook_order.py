"""Check that the rows and cells of a workbook stand in order, each once.

The reader of workbooks takes a row's place from its number. It drops a row that comes late or
twice, and a cell whose place another one takes, without a word.
"""

from typing import IO
from xml.parsers import expat
from zipfile import ZipFile

from tearline.errors import ImportRefused
from tearline_client.connectors.importers import faults

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_SHEET, _ROW, _CELL = (f"{_MAIN}{name}" for name in ("worksheet", "row", "c"))
_PIECE = 64 << 10
_MAX_TAG = 1 << 20


def verify_order(archive: ZipFile) -> None:
    """Checks all sheets of a workbook, whatever their names.

    Raises:
        ImportRefused: If a row or cell is out of order.
    """
    for part in archive.infolist():
        with archive.open(part) as stream:
            _Order().read(stream)


class _Order:
    """Place of the last row and cell of a part; a part that is no sheet is left unread."""

    def __init__(self) -> None:
        self._is_sheet: bool | None = None
        self._row = self._column = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = _refuse_type

    def read(self, stream: IO[bytes]) -> None:
        total = 0
        while self._is_sheet is not False and (piece := stream.read(_PIECE)):
            total += len(piece)
            try:
                self._parser.Parse(piece)
            except faults.XML:
                if self._is_sheet:
                    self._refuse("no XML, or no place of a cell")
                return
            # The parser reads a tag that goes on anew with each piece.
            if self._is_sheet is None or total - self._parser.CurrentByteIndex > _MAX_TAG:
                raise ImportRefused("not a workbook that can be read, for a part or tag has no end")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._is_sheet is None:
            self._is_sheet = name == _SHEET
        elif name == _ROW:
            number = int(float(attributes.get("r", self._row + 1)))
            if number <= self._row:
                self._refuse("a row that comes late or twice")
            self._row, self._column = number, 0
        elif name == _CELL:
            row, column = self._place(attributes.get("r", ""))
            if row != self._row or column <= self._column:
                self._refuse("a cell that comes late or twice, or states another row")
            self._column = column

    def _place(self, text: str) -> tuple[int, int]:
        if not text:
            return self._row, self._column + 1
        from openpyxl.utils.cell import coordinate_to_tuple

        row, column = coordinate_to_tuple(text)
        return int(row), int(column)

    def _refuse(self, why: str) -> None:
        raise ImportRefused(f"line {self._row}: {why}")


def _refuse_type(*_: object) -> None:
    raise ImportRefused("not a workbook that can be read, for it has a document type")
