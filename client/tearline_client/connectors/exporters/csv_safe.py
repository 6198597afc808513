"""Cells of CSV tables that are safe to open in a spreadsheet or show on a terminal.

Spreadsheets treat a cell that begins with certain characters as a formula. A formula can read
other cells and send them to a server. Such a cell gets a leading apostrophe, the spreadsheets'
sign of plain text (OWASP, CSV injection). The table is for reading. To move data between
programs, use FollowTheMoney's JSON, which needs no such changes.
"""

import re

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
