"""Output of the operator's command line: lines without terminal control characters.

Members choose the names of themselves, their keys and their files, which the operator reads.
"""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import click

from tearline.text.display import visible, visible_lines
from tearline_runtime.progress import ProgressLine


def print_line(text: str, *, err: bool = False) -> None:
    """Prints one line, to standard error if ``err``."""
    click.echo(visible(text), err=err)


def progress(label: str) -> ProgressLine:
    """Returns a context that shows a task's progress on standard error, if that is a terminal."""
    return ProgressLine(visible(label), None, _write_aside if sys.stderr.isatty() else None)


def _write_aside(text: str) -> None:
    click.echo(text, err=True, nl=False)


def print_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Prints the traceback of a fault, like ``sys.excepthook``."""
    for piece in traceback.format_exception(kind, error, trace):
        click.echo(visible_lines(piece), err=True, nl=False)


@contextmanager
def slips_shown() -> Iterator[None]:
    """Escapes the parts of a command line that click quotes in a refusal.

    Raises:
        UsageError: The refusal, with its quotations escaped.
    """
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # shows help, and quotes no part
    except click.UsageError as slip:
        raise click.UsageError(visible_lines(slip.format_message()), slip.ctx) from None
