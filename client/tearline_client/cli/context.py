"""What every command stands in: its settings, its ways to speak, and its questions."""

import functools
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from tearline.errors import NotConfirmed, SettingInvalid
from tearline_client.cli.groups import FORMATS, GLOBALS
from tearline_client.config import Settings, load_settings, read_passphrase
from tearline_client.rendering.output import Row, ask, emit, emit_aside, print_line, progress

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class CliContext:
    """What a command needs of the world around it.

    Attributes:
        flags: The settings given on the command line.
        quiet: Whether messages are left out; errors never are.
        verbose: Whether details are told as well.
    """

    flags: Mapping[str, str]
    quiet: bool = False
    verbose: bool = False

    @functools.cached_property
    def settings(self) -> Settings:
        """The settings, read when first asked for.

        Raises:
            ConfigError: If one cannot be read or is not as it must be.
        """
        settings = load_settings(self.flags)
        if settings.output not in FORMATS:
            raise SettingInvalid(
                f"output ({settings.origins['output']}): one of {', '.join(FORMATS)} was expected"
            )
        return settings

    def passphrase(self, *, twice: bool = False) -> bytes:
        """The passphrase of the keystore; ``twice`` asks for a new one a second time.

        Raises:
            ConfigError: If there is none, or its file cannot be used.
        """
        return read_passphrase(self.settings, twice=twice)

    def emit(
        self, rows: Iterable[Row], columns: Sequence[str], *, spare: Sequence[str] = ()
    ) -> None:
        """Prints data on standard output, in the format asked for.

        Args:
            rows: The data.
            columns: Keys of the rows, in the order of a table.
            spare: Columns that a narrow terminal does without, the first one first.
        """
        emit(rows, columns, self.settings.output, spare=spare)

    def show(
        self, rows: Iterable[Row], columns: Sequence[str], *, spare: Sequence[str] = ()
    ) -> None:
        """Prints a table on standard error: what a person looks at before they are asked."""
        emit_aside(rows, columns, spare=spare)

    def say(self, message: str) -> None:
        """Tells something on standard error, unless asked to be quiet."""
        if not self.quiet:
            print_line(message, err=True)

    def detail(self, message: str) -> None:
        """Tells something that only a curious reader wants."""
        if self.verbose:
            self.say(message)

    def progress(
        self, label: str, total: int | None
    ) -> AbstractContextManager[Callable[[int], None]]:
        """A progress bar, as ``output.progress`` makes it."""
        return progress(label, total, quiet=self.quiet)

    def confirm(self, act: str, name: str, *, yes: bool) -> None:
        """Has the person type ``name`` before a wide or destructive act.

        Args:
            act: What will be done, as a sentence.
            name: What to type.
            yes: Whether the person said so beforehand, by ``--yes``.

        Raises:
            NotConfirmed: If anything else was typed, or nobody is there to type.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise NotConfirmed("there is no terminal to ask on")
        print_line(act, err=True)
        if ask(f"Type {name} to go on") != name:
            raise NotConfirmed()


def pass_cli(function: Callable[..., R]) -> Callable[..., R]:
    """Gives a command's function its Frame as first argument."""

    @functools.wraps(function)
    def with_frame(*args: Any, **kwargs: Any) -> R:
        given = dict(click.get_current_context().meta.get(GLOBALS, {}))
        cli = CliContext(
            quiet=given.pop("quiet", False), verbose=given.pop("verbose", False), flags=given
        )
        return function(cli, *args, **kwargs)

    return with_frame
