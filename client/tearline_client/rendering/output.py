r"""Output of the command line: data as tables, JSON or CSV, and messages for people.

Names and values come from partners, so every text passes ``tearline.text.display`` here. No other
module
of the command line may write to a terminal: the rules of ``pyproject.toml`` forbid it. In JSON,
``\u001b`` keeps the same value; tables, lines and CSV show it literally. An apostrophe precedes a
CSV cell that a spreadsheet would calculate.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

import click

from tearline.text.display import visible, visible_lines

Row = Mapping[str, object]

# Characters that start a formula in Excel, LibreOffice or Sheets, in ASCII and full width.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_UNWRAPPED = 1 << 14  # columns of a table that goes to a pipe: wide enough never to wrap


def print_line(text: str, *, err: bool = False) -> None:
    """Prints one line, on standard error if ``err``."""
    click.echo(visible(text), err=err)


def print_lines(text: str) -> None:
    """Prints a text that contains its own newlines, unchanged in a pipe."""
    click.echo(visible_lines(text), nl=False)


def ask(question: str) -> str:
    """Returns the person's typed answer to ``question``, asked on standard error."""
    answer: str = click.prompt(visible(question), default="", show_default=False, err=True)
    return answer


@contextmanager
def slips_shown() -> Iterator[None]:
    """Makes the quoted parts of a refused command line safe to print.

    Raises:
        UsageError: The refusal, with its quotations made visible.
    """
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # shows help, and quotes no argument
    except click.UsageError as slip:
        raise click.UsageError(visible_lines(slip.format_message()), slip.ctx) from None


def print_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Prints the traceback of a fault, as ``sys.excepthook`` would."""
    import traceback  # imported late, so that help is shown quickly

    for piece in traceback.format_exception(kind, error, trace):
        click.echo(visible_lines(piece), err=True, nl=False)


def begin_printing() -> None:
    """Configures both streams, and sends the logs of libraries to standard error."""
    from tearline_client.rendering.log_lines import (
        log_lines,  # imported late, so that help is shown quickly
    )

    for stream in (sys.stdout, sys.stderr):
        # A terminal without a glyph for a name shows its code, and keeps the line.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # TextIOWrapper
    log_lines()


def cell(value: object) -> str:
    """Returns one value for a person, on one line."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return visible(value)
        case int() | float():
            return str(value)
        case _:  # lists and tables
            return to_json(value)


def csv_cell(value: object) -> object:
    """Returns one value for a spreadsheet: numbers unchanged, text never a formula."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = cell(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def to_json(value: object) -> str:
    """Returns ``value`` as one line of JSON with the same data, safe to print."""
    return visible(json.dumps(value, ensure_ascii=False, allow_nan=False))


def emit(
    rows: Iterable[Row],
    columns: Sequence[str],
    form: str,
    stream: TextIO | None = None,
    *,
    spare: Sequence[str] = (),
) -> None:
    """Prints rows.

    Args:
        rows: The data; JSON prints whole rows, a table and CSV only the ``columns``.
        columns: Keys of the rows, in the order of a table.
        form: ``table``, ``json``, ``jsonl`` or ``csv``. All formats except the table are printed
            row by row, for any number of rows.
        stream: The output stream; by default standard output.
        spare: Columns dropped on a narrow terminal, the first one first.
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
        case "table":
            _emit_table(rows, columns, stream, spare)
        case _:
            raise ValueError(f"{form!r} is no form of output")
    stream.flush()


def emit_aside(rows: Iterable[Row], columns: Sequence[str], *, spare: Sequence[str] = ()) -> None:
    """Prints a table for the person at the terminal, on standard error; see ``emit``."""
    _emit_table(rows, columns, sys.stderr, spare)


def _emit_json(rows: Iterable[Row], stream: TextIO) -> None:
    between = "[\n"
    for row in rows:
        stream.write(between + to_json(row))
        between = ",\n"
    stream.write("[]\n" if between == "[\n" else "\n]\n")


def _emit_table(
    rows: Iterable[Row], columns: Sequence[str], stream: TextIO, spare: Sequence[str]
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(
        file=stream, width=None if stream.isatty() else _UNWRAPPED, highlight=False, markup=False
    )
    shown, rows, left = list(columns), tuple(rows), [each for each in spare if each in columns]
    while True:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in shown:
            table.add_column(column.replace("_", " "), overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell(row.get(column))) for column in shown))
        if not left or table.__rich_measure__(console, console.options).minimum <= console.width:
            break
        shown.remove(left.pop(0))
    console.print(table)
    if len(shown) < len(columns):
        names = ", ".join(column for column in columns if column not in shown)
        print_line(f"Hidden columns: {names}. Next: widen the terminal, or use -o json.", err=True)


@contextmanager
def progress(
    label: str, total: int | None, *, quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """Shows a progress bar on standard error, if that is a terminal.

    Args:
        label: Name of the work.
        total: Number of steps, or None if unknown.
        quiet: Whether to hide the bar.

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
