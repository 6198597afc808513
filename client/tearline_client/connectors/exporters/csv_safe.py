"""Cells of CSV tables that are safe to open in a spreadsheet or show on a terminal.

Spreadsheets treat a cell that begins with certain characters as a formula. A formula can read
other cells and send them to a server. Such a cell gets a leading apostrophe, the spreadsheets'
sign of plain text (OWASP, CSV injection). The table is for reading. To move data between
programs, use FollowTheMoney's JSON, which needs no such changes.
"""

import re

from tearline.text.display import visible_lines

# Four signs, and their full-width forms: some programs convert these into the signs.
_SIGNS = r"[=+\-@＝＋－＠]"
_FORMULA = re.compile(_SIGNS)
# Where the comma is a decimal sign, spreadsheets part cells at semicolons, quoted or not.
_FURTHER = re.compile(rf"(?<=[;\t\n])([\s\"]*)({_SIGNS})")
_AS_TEXT = "'"


def safe_cell(text: str) -> str:
    """Returns ``text`` as a cell: with visible control characters, and never a formula.

    Inner tabs and line ends stay; quoting keeps them in the cell. Also where a program parts the
    text at semicolons, tabs or line ends, no part is a formula.
    """
    cells = text.replace("\r\n", "\n").replace("\r", "\n").split("\t")
    shown = "\t".join(map(visible_lines, cells))
    is_marked = _FORMULA.match(shown.lstrip()) or shown.startswith(("\t", "\n", _AS_TEXT))
    parts = _FURTHER.sub(rf"\1{_AS_TEXT}\2", shown)
    return _AS_TEXT + parts if is_marked else parts
