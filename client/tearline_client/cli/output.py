r"""Data on its way out: tables for people, JSON and CSV for programs, and nothing in between.

Names and values come from partners. A character that a terminal would obey instead of show
(escapes, other controls, bidirectional overrides) is printed as ``\u001b``; in JSON that is the
same value, in tables and CSV it is what a reader sees. A CSV cell that a spreadsheet would
calculate is preceded by an apostrophe.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

Row = Mapping[str, object]

# What starts a formula in Excel, LibreOffice or Sheets, in ASCII and in full width.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_UNWRAPPED = 1 << 14  # columns of a table that goes to a pipe: wide enough never to wrap


def visible(text: str) -> str:
    r"""``text`` with every character that would not be seen as itself written as ``\u….``."""
    if text.isprintable():
        return text
    return "".join(character if _shown(character) else _escaped(character) for character in text)


def _shown(character: str) -> bool:
    # Spaces other than ASCII's are not "printable", but stand in Chinese and French texts.
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]


def cell(value: object) -> str:
    """One value as a person reads it, on one line."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return visible(value)
        case int() | float():
            return str(value)
    return to_json(value)


def csv_cell(value: object) -> object:
    """One value as a spreadsheet may have it: numbers as they are, text never a formula."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = cell(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def to_json(value: object) -> str:
    """``value`` as one line of JSON that holds the same data and is safe to print."""
    return visible(json.dumps(value, ensure_ascii=False, allow_nan=False))


def emit(
    rows: Iterable[Row], columns: Sequence[str], form: str, stream: TextIO | None = None
) -> None:
    """Prints ``rows``.

    Args:
        rows: The data; JSON prints each row whole, a table and CSV only its ``columns``.
        columns: Keys of the rows, in the order of a table.
        form: ``table``, ``json``, ``jsonl`` or ``csv``. All but the table are printed row by
            row, whatever their number.
        stream: Where to; standard output unless given.
    """
    stream = stream or sys.stdout
    match form:
        case "json":
            _emit_json(rows, stream)
        case "jsonl":
            stream.writelines(to_json(row) + "\n" for row in rows)
        case "csv":
            import csv

            writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([csv_cell(row.get(column)) for column in columns] for row in rows)
        case _:
            _emit_table(rows, columns, stream)


def _emit_json(rows: Iterable[Row], stream: TextIO) -> None:
    between = "[\n"
    for row in rows:
        stream.write(between + to_json(row))
        between = ",\n"
    stream.write("[]\n" if between == "[\n" else "\n]\n")


def _emit_table(rows: Iterable[Row], columns: Sequence[str], stream: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(
        file=stream, width=None if stream.isatty() else _UNWRAPPED, highlight=False, markup=False
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(row.get(column))) for column in columns))
    console.print(table)


@contextmanager
def progress(
    label: str, total: int | None, *, quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, where that is a terminal.

    Args:
        label: What is being done.
        total: How many steps there are, None if that is not known.
        quiet: Whether to show nothing.

    Yields:
        A function to call with the number of steps just done.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(visible(label).replace("[", r"\["), total=total)
        yield lambda done: bar.advance(task, done)
