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


def print_line(text: str, *, err: bool = False) -> None:
    """Prints one line, to standard error if ``err``."""
    click.echo(visible(text), err=err)


class Progress:
    """Progress of a long task on standard error, one line per stage.

    A terminal line counts every 1 %; elsewhere a new line is printed every 10 %.
    """

    def __init__(self) -> None:
        self._lasts = sys.stderr.isatty()
        self._told: tuple[str, int] | None = None

    def tell(self, stage: str, done: int, total: int) -> None:
        """Prints the progress, if it changed by a step."""
        steps = 100 if self._lasts else 10
        step = done * steps // total if total else steps
        if self._told == (stage, step):
            return
        self._told = (stage, step)
        text = visible(f"{stage}: {done:,} of {total:,}")
        if self._lasts:
            click.echo(f"\r{text}", err=True, nl=step == steps)
        else:
            click.echo(text, err=True)


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
