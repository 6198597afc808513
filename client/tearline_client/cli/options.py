"""Options shared by commands of several groups, and argument types for files and free text."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tearline.errors import ConfigUnreadable
from tearline.limits import MAX_TEXT_BYTES

FILE = click.Path(path_type=Path)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_STDIN = "tearline.stdin"  # the key in click's Context.meta: which parameter read it


class FreeText(click.ParamType[str]):
    """Free text: literal, ``@FILE`` for a file's text, or ``-`` for standard input.

    Process lists and shell histories show command-line arguments to other users. A literal text
    that begins with ``@`` is written ``@@…``.
    """

    name = "text"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Returns the placeholder of an option's value in help; an argument shows its own name."""
        return None if isinstance(param, click.Argument) else "TEXT|@FILE|-"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the text that a value names.

        Raises:
            ConfigUnreadable: If its file cannot be read, is too large, or is not UTF-8.
        """
        if value == "-":
            self._take_stdin(param, ctx)
            return _decoded(sys.stdin.buffer.read(MAX_TEXT_BYTES + 1), "standard input")
        if value.startswith("@@") or not value.startswith("@"):
            return value.removeprefix("@")
        try:
            with Path(value[1:]).open("rb") as file:
                return _decoded(file.read(MAX_TEXT_BYTES + 1), value[1:])
        except OSError as error:
            raise ConfigUnreadable(f"{value[1:]}: {error.strerror}") from None

    def _take_stdin(self, param: click.Parameter | None, ctx: click.Context | None) -> None:
        meta = {} if ctx is None else ctx.meta
        name = "" if param is None else param.name
        if meta.setdefault(_STDIN, name) != name:
            self.fail("standard input can hold only one text; give the other in a file", param, ctx)


def _decoded(data: bytes, place: str) -> str:
    if len(data) > MAX_TEXT_BYTES:
        raise ConfigUnreadable(f"{place} is larger than {MAX_TEXT_BYTES} bytes")
    try:
        return data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigUnreadable(f"{place}: not UTF-8") from None


FREE_TEXT = FreeText()


def free_text(name: str, *, help: str, required: bool = False) -> Decorator:  # noqa: A002 (click's name)
    """Returns an option for free text; optional ones are empty by default."""
    if required:
        return click.option(name, type=FREE_TEXT, required=True, help=help)
    return click.option(name, type=FREE_TEXT, default="", help=help)


root_option = click.option(
    "--root-passphrase-file", type=FILE, help="File with the passphrase of the agency's root."
)
sync_option = click.option(
    "--sync/--no-sync", default=True, show_default=True, help="Synchronise with the exchange first."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
