"""All that the operator's command line prints: lines, in which nothing is obeyed by a terminal.

Members name themselves, their keys and their files, and the operator reads those names.
"""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import click

from tearline.display import visible, visible_lines


def print_line(text: str, *, err: bool = False) -> None:
    """Prints one line, on standard error if ``err``."""
    click.echo(visible(text), err=err)


class Progress:
    """How far something long is, on standard error: a line for each stage of it.

    On a terminal the line counts each hundredth; elsewhere there is a line for each tenth.
    """

    def __init__(self) -> None:
        self._lasts = sys.stderr.isatty()
        self._told: tuple[str, int] | None = None

    def tell(self, stage: str, done: int, total: int) -> None:
        """Says it, if it is news."""
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
    """Prints the traceback of a fault, as ``sys.excepthook`` would."""
    for piece in traceback.format_exception(kind, error, trace):
        click.echo(visible_lines(piece), err=True, nl=False)


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
