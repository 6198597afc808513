"""CSV tables that are safe to open in a spreadsheet or show on a terminal.

Spreadsheets treat a cell that begins with certain characters as a formula. A formula can read
other cells and send them to a server. Such a cell gets a leading apostrophe, the spreadsheets'
sign of plain text (OWASP, CSV injection). The table is for reading. To move data between
programs, use FollowTheMoney's JSON, which needs no such changes.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

from tearline.text.display import visible_lines

# Four signs, and their full-width forms: some programs convert these into the signs.
_FORMULA = re.compile(r"[=+\-@＝＋－＠]")
_AS_TEXT = "'"


def safe_cell(text: str) -> str:
    """Returns ``text`` as a cell: with visible control characters, and never a formula.

    Inner tabs and line ends stay; quoting keeps them in the cell.
    """
    cells = text.replace("\r\n", "\n").replace("\r", "\n").split("\t")
    shown = "\t".join(map(visible_lines, cells))
    begins = shown.lstrip()
    if _FORMULA.match(begins) or shown.startswith(("\t", "\n", _AS_TEXT)):
        return _AS_TEXT + shown
    return shown


def write_table(header: Sequence[str], rows: Iterable[Sequence[str]], out: TextIO) -> int:
    """Writes a header and rows (RFC 4180, every cell quoted), and returns the number of rows.

    Raises:
        ValueError: If a row has more or fewer cells than the header.
    """
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in header])
    count = 0
    for row in rows:
        if len(row) != len(header):
            raise ValueError("a row has as many cells as the header")
        writer.writerow([safe_cell(cell) for cell in row])
        count += 1
    return count
