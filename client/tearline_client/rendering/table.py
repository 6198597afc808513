"""Layout of tables for people: whole words, numbers and ids within the width of a terminal.

A table first wraps texts between words, then drops columns by priority, then shortens long words
with an ellipsis. No line ends inside a word, and ids, numbers and times stay whole.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len, set_cell_size

from tearline.dataclass.immutable import immutable

ELLIPSIS = "…"
_GAP = 2  # cells between columns
_KEPT = 3  # columns that words are shortened for, where a table names no spare ones
_LONG = 40  # cells of a word that is whole while columns can be dropped instead
_SHORT = 10  # cells of a word that is shortened as far as it stays useful
_ATOM = re.compile(r"[0-9a-f]{6,16}|[-+]?[0-9][0-9.,:/-]{0,18}")
"""Ids, numbers, dates and times of usual length: a part of one would be another one."""


@immutable
class Layout:
    """Laid out table.

    Attributes:
        head: The header.
        lines: The lines of the rows.
        hidden: Names of the dropped columns.
    """

    head: str
    lines: tuple[str, ...]
    hidden: tuple[str, ...]


def lay_out(
    columns: Mapping[str, Sequence[str]], *, width: int | None, spare: Sequence[str] = ()
) -> Layout:
    """Lays out a table.

    Args:
        columns: The cells of each column, by its name; each cell is one line.
        width: Cells of a line; None for no limit: then nothing is wrapped, dropped or shortened.
        spare: Columns to drop, the first one first; by default the last ones, and never the first.
    """
    full = {name: max(map(cell_len, (name, *cells))) for name, cells in columns.items()}
    if width is None:
        return _written(columns, full)
    shown = list(columns)
    drops = [name for name in spare if name in columns]
    kept = len(columns) - len(drops) if drops else _KEPT
    drops += [name for name in reversed(shown[1:]) if name not in drops]
    least = {name: _least(name, cells, _LONG) for name, cells in columns.items()}
    while _total(least, shown) > width and len(shown) > kept:
        shown.remove(drops.pop(0))
    if _total(least, shown) > width:
        least = {name: _least(name, cells, _SHORT) for name, cells in columns.items()}
    while _total(least, shown) > width and drops:
        shown.remove(drops.pop(0))
    return _written(columns, _shared(full, least, shown, width))


def _least(name: str, cells: Sequence[str], longest: int) -> int:
    """Returns the cells that a column needs, if no word takes more than ``longest``."""
    words = (word for cell in cells for word in cell.split())
    return max(cell_len(name), *(_room(word, longest) for word in words), 0)


def _room(word: str, longest: int) -> int:
    return cell_len(word) if _ATOM.fullmatch(word) else min(cell_len(word), longest)


def _total(widths: Mapping[str, int], shown: Sequence[str]) -> int:
    return sum(widths[name] for name in shown) + _GAP * (len(shown) - 1)


def _shared(
    full: Mapping[str, int], least: Mapping[str, int], shown: Sequence[str], width: int
) -> dict[str, int]:
    """Returns the width of each column: its least, and a fair part of the rest of the line."""
    rest = max(width - _total(least, shown), 0)
    widths: dict[str, int] = {}
    for left, name in zip(
        range(len(shown), 0, -1),
        sorted(shown, key=lambda name: full[name] - least[name]),
        strict=True,
    ):
        more = min(full[name] - least[name], rest // left)
        widths[name] = min(least[name] + more, width)
        rest -= more
    return {name: widths[name] for name in shown}


def _written(columns: Mapping[str, Sequence[str]], widths: Mapping[str, int]) -> Layout:
    rows = zip(*(columns[name] for name in widths), strict=True)
    return Layout(
        head=_line(tuple(widths), tuple(widths.values())),
        lines=tuple(line for row in rows for line in _row(row, tuple(widths.values()))),
        hidden=tuple(name for name in columns if name not in widths),
    )


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    wrapped = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, wrapped))):
        parts = [lines[number] if number < len(lines) else "" for lines in wrapped]
        yield _line(parts, widths)


def _line(parts: Sequence[str], widths: Sequence[int]) -> str:
    filled = (
        part + " " * (width - cell_len(part)) for part, width in zip(parts, widths, strict=True)
    )
    return (" " * _GAP).join(filled).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    """Returns the lines of a cell; a word that is longer than the column ends in an ellipsis."""
    if cell_len(text) <= width:
        return [text]
    lines = [""]
    for word in text.split():
        fitted = (
            word if cell_len(word) <= width else set_cell_size(word, width - 1).rstrip() + ELLIPSIS
        )
        longer = f"{lines[-1]} {fitted}" if lines[-1] else fitted
        if cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(fitted)
    return lines
