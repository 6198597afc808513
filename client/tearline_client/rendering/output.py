r"""All that the command line prints: data as tables, JSON or CSV, and lines for people.

Names and values come from partners, so every text passes ``tearline.text.display`` here, and no
other
module of the command line may write to a terminal: the rules of ``pyproject.toml`` forbid it. In
JSON, ``\u001b`` is the same value; in tables, lines and CSV it is what a reader sees. A CSV cell
that a spreadsheet would calculate is preceded by an apostrophe.
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

# What starts a formula in Excel, LibreOffice or Sheets, in ASCII and in full width.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_UNWRAPPED = 1 << 14  # columns of a table that goes to a pipe: wide enough never to wrap


def print_line(text: str, *, err: bool = False) -> None:
    """Prints one line, on standard error if ``err``."""
    click.echo(visible(text), err=err)


def print_lines(text: str) -> None:
    """Prints a text that ends its lines itself; it goes through a pipe as it is."""
    click.echo(visible_lines(text), nl=False)


def ask(question: str) -> str:
    """Returns the line that a person types in answer to ``question``, asked on standard error."""
    answer: str = click.prompt(visible(question), default="", show_default=False, err=True)
    return answer


@contextmanager
def slips_shown() -> Iterator[None]:
    """Makes harmless the parts of a command line that click quotes when it refuses it.

    Raises:
        UsageError: The refusal, its quotations made visible.
    """
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # shows help, and quotes no part
    except click.UsageError as slip:
        raise click.UsageError(visible_lines(slip.format_message()), slip.ctx) from None


def print_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Prints the traceback of a fault, as ``sys.excepthook`` would."""
    import traceback  # not what showing help waits for

    for piece in traceback.format_exception(kind, error, trace):
        click.echo(visible_lines(piece), err=True, nl=False)


def begin_printing() -> None:
    """Sets up both streams, and sends what libraries log to standard error."""
    from tearline_client.rendering.log_lines import log_lines  # not what showing help waits for

    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a name shows its code; it does not lose the line.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # TextIOWrapper
    log_lines()


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
        case _:  # lists and tables
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
    rows: Iterable[Row],
    columns: Sequence[str],
    form: str,
    stream: TextIO | None = None,
    *,
    spare: Sequence[str] = (),
) -> None:
    """Prints ``rows``.

    Args:
        rows: The data; JSON prints each row whole, a table and CSV only its ``columns``.
        columns: Keys of the rows, in the order of a table.
        form: ``table``, ``json``, ``jsonl`` or ``csv``. All but the table are printed row by
            row, whatever their number.
        stream: Where to; standard output unless given.
        spare: Columns that a terminal does without where it is too narrow, the first one first.
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
        print_line(f"The terminal is too narrow for: {names}. -o json has all of it.", err=True)


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
