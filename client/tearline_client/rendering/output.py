r"""Output of the command line: data as tables, JSON or CSV, and messages for people.

Names and values come from partners, so every text passes ``tearline.text.display`` here. No other
module
of the command line may write to a terminal: the rules of ``pyproject.toml`` forbid it. In JSON,
``\u001b`` keeps the same value; tables, lines and CSV show it literally. An apostrophe precedes a
CSV cell that a spreadsheet would calculate.
"""

import json
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

import click

from tearline.text.display import visible, visible_lines

Row = Mapping[str, object]


class Value(ABC):
    """Value of a row with two spellings: short for people, and whole for programs."""

    __slots__ = ()

    @abstractmethod
    def text(self) -> str:
        """Returns the spelling for people."""

    @abstractmethod
    def whole(self) -> str:
        """Returns the spelling for programs."""


# Characters that start a formula in Excel, LibreOffice or Sheets, in ASCII and full width.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def print_line(text: str, *, err: bool = False) -> None:
    """Prints one line, on standard error if ``err``."""
    click.echo(visible(text), err=err)


def print_lines(text: str) -> None:
    """Prints a text that contains its own newlines, unchanged in a pipe."""
    click.echo(visible_lines(text), nl=False)


def is_terminal() -> bool:
    """Returns whether a person reads standard output."""
    return sys.stdout.isatty()


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
        case Value():
            return value.text()
        case _:  # lists and tables
            return to_json(value)


def csv_cell(value: object) -> object:
    """Returns one value for a spreadsheet: numbers unchanged, text never a formula."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = value.whole() if isinstance(value, Value) else cell(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def to_json(value: object) -> str:
    """Returns ``value`` as one line of JSON with the same data, safe to print."""
    return visible(json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain))


def _plain(value: object) -> str:
    if isinstance(value, Value):
        return value.whole()
    raise TypeError(f"{type(value).__name__} is no type of JSON")


def emit(
    rows: Iterable[Row],
    columns: Sequence[str],
    form: str,
    stream: TextIO | None = None,
    *,
    spare: Sequence[str] = (),
    absolute: bool = False,
) -> None:
    """Prints rows.

    Args:
        rows: The data; JSON prints whole rows, a table and CSV only the ``columns``.
        columns: Keys of the rows, in the order of a table.
        form: ``table``, ``wide``, ``json``, ``jsonl`` or ``csv``. A wide table has every column in
            full. All formats except tables are printed row by row, for any number of rows.
        stream: The output stream; by default standard output.
        spare: Columns dropped on a narrow terminal, the first one first.
        absolute: Whether a terminal, too, gets dates and times instead of distances from now.
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
        case "table" | "wide":
            _emit_table(rows, columns, stream, spare, absolute=absolute, wide=form == "wide")
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
    rows: Iterable[Row],
    columns: Sequence[str],
    stream: TextIO,
    spare: Sequence[str],
    *,
    absolute: bool = False,
    wide: bool = False,
) -> None:
    import shutil  # imported late, as the layout: help is shown quickly

    from tearline_client.rendering.table import lay_out

    terminal, now_ms = stream.isatty(), time.time_ns() // 1_000_000
    now = now_ms if terminal and not (absolute or wide) else None
    rows = tuple(rows)
    laid = lay_out(
        {
            column.replace("_", " "): _cells([row.get(column) for row in rows], now, wide=wide)
            for column in columns
        },
        width=shutil.get_terminal_size().columns if terminal and not wide else None,
        spare=[column.replace("_", " ") for column in spare],
    )
    bold = terminal and not os.environ.get("NO_COLOR")
    head = click.style(laid.head, bold=True) if bold else laid.head
    text = "".join(f"{line}\n" for line in (head, *laid.lines))
    if terminal and stream is sys.stdout and len(laid.lines) >= shutil.get_terminal_size().lines:
        _page(text)
    else:
        stream.write(text)
    if laid.hidden:
        names = ", ".join(laid.hidden)
        print_line(f"Hidden columns: {names}. Next: widen the terminal, or use -o wide.", err=True)


def _cells(values: Sequence[object], now_ms: int | None, *, wide: bool) -> list[str]:
    """Returns a column: ids at their shortest, and times as distances from ``now_ms``, if given."""
    from tearline_client.rendering.values import Id, Moment, distance_text, shortest

    digits = None if wide else shortest([each.id for each in values if isinstance(each, Id)])

    def write(value: object) -> str:
        match value:
            case Id():
                return value.id.hex()[:digits]
            case Moment() if now_ms is not None:
                return distance_text(value.time_ms, now_ms)
            case _:  # a value that is the same in every table
                return cell(value)

    return [write(value) for value in values]


def _page(text: str) -> None:
    """Prints a long text through the person's pager, which may neither run nor write files."""
    for name, value in (("LESS", "FRX"), ("LESSSECURE", "1"), ("LESSHISTFILE", "-")):
        os.environ.setdefault(name, value)
    click.echo_via_pager(text)


@contextmanager
def progress(
    label: str, total: int | None, *, quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """Shows a progress bar on standard error after two seconds, if that is a terminal.

    Args:
        label: Name of the work.
        total: Number of steps, or None if unknown.
        quiet: Whether to hide the bar.

    Yields:
        A function to call with the number of steps just done.
    """
    from tearline_runtime.progress import ProgressLine

    write = None if quiet or not sys.stderr.isatty() else _write_aside
    with ProgressLine(visible(label), total, write) as line:
        yield line.advance


def _write_aside(text: str) -> None:
    click.echo(text, err=True, nl=False)
