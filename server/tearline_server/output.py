"""All that the operator's command line prints: lines, in which nothing is obeyed by a terminal.

Members name themselves, their keys and their files, and the operator reads those names.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import click

from tearline.display import visible, visible_lines


def print_line(text: str, *, err: bool = False) -> None:
    """Prints one line, on standard error if ``err``."""
    click.echo(visible(text), err=err)


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
