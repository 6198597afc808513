"""Tables in CSV that a spreadsheet or a terminal shows and never obeys.

Spreadsheets take a cell that begins with certain characters for a formula, which can read
other cells and send them away. Such a cell gets an apostrophe in front, which spreadsheets
take as the sign of plain text (OWASP, CSV injection). The table is for reading: to move data
between programs, use FollowTheMoney's JSON, which needs no such changes.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

from tearline.text.display import visible_lines

# Four signs, and their full-width twins, which some programs fold into them.
_FORMULA = re.compile(r"[=+\-@＝＋－＠]")
_AS_TEXT = "'"


def safe_cell(text: str) -> str:
    """``text`` as a cell: controls spelled out, and no formula whatever it begins with.

    Tabs and line ends inside stay; quoting keeps them in the cell.
    """
    cells = text.replace("\r\n", "\n").replace("\r", "\n").split("\t")
    shown = "\t".join(map(visible_lines, cells))
    begins = shown.lstrip()
    if _FORMULA.match(begins) or shown.startswith(("\t", "\n", _AS_TEXT)):
        return _AS_TEXT + shown
    return shown


def write_table(header: Sequence[str], rows: Iterable[Sequence[str]], out: TextIO) -> int:
    """Write a header and rows (RFC 4180, every cell quoted), and return how many rows.

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
