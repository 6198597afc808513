"""Context of a command: its settings, its output and its questions."""

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
from tearline_client.rendering.output import (
    Row,
    ask,
    emit,
    emit_aside,
    is_terminal,
    print_line,
    progress,
)

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class CliContext:
    """Settings and output of a running command.

    Attributes:
        flags: The settings given on the command line.
        quiet: Whether messages are suppressed; errors never are.
        verbose: Whether details are printed.
    """

    flags: Mapping[str, str]
    quiet: bool = False
    verbose: bool = False

    @functools.cached_property
    def settings(self) -> Settings:
        """Returns the settings, read on first use.

        Raises:
            ConfigError: If a setting cannot be read or is invalid.
        """
        settings = load_settings(self.flags)
        if settings.output not in FORMATS:
            raise SettingInvalid(
                f"output ({settings.origins['output']}): one of {', '.join(FORMATS)} was expected"
            )
        return settings

    def passphrase(self, *, twice: bool = False) -> bytes:
        """Returns the keystore's passphrase; ``twice`` asks for a new one a second time.

        Raises:
            ConfigError: If there is none, or its file is unusable.
        """
        return read_passphrase(self.settings, twice=twice)

    def emit(
        self, rows: Iterable[Row], columns: Sequence[str], *, spare: Sequence[str] = ()
    ) -> None:
        """Prints data on standard output, in the chosen format.

        Args:
            rows: The data.
            columns: Keys of the rows, in the order of a table.
            spare: Columns dropped on a narrow terminal, the first one first.
        """
        emit(rows, columns, self.settings.output, spare=spare, absolute=self.verbose)

    def show(
        self, rows: Iterable[Row], columns: Sequence[str], *, spare: Sequence[str] = ()
    ) -> None:
        """Prints a table on standard error, for a person to read before a confirmation."""
        emit_aside(rows, columns, spare=spare)

    def say(self, message: str) -> None:
        """Prints a message on standard error, unless quiet."""
        if not self.quiet:
            print_line(message, err=True)

    def advise(self, command: str) -> None:
        """Prints the next useful command, for a person at a terminal."""
        if is_terminal():
            self.say(f"Next: {command}")

    def detail(self, message: str) -> None:
        """Prints a message if verbose."""
        if self.verbose:
            self.say(message)

    def progress(
        self, label: str, total: int | None
    ) -> AbstractContextManager[Callable[[int], None]]:
        """Returns a progress bar, as built by ``output.progress``."""
        return progress(label, total, quiet=self.quiet)

    def confirm(self, act: str, name: str, *, yes: bool) -> None:
        """Requires the person to type ``name`` before a wide or destructive act.

        Args:
            act: The act, as a sentence.
            name: The text to type.
            yes: Whether ``--yes`` was given.

        Raises:
            NotConfirmed: If the typed text differs, or there is no terminal.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise NotConfirmed("no terminal to ask on; use --yes in a script")
        print_line(act, err=True)
        if ask(f"Type {name} to continue") != name:
            raise NotConfirmed()


def pass_cli(function: Callable[..., R]) -> Callable[..., R]:
    """Returns the command's function with its CliContext as first argument."""

    @functools.wraps(function)
    def with_context(*args: Any, **kwargs: Any) -> R:
        given = dict(click.get_current_context().meta.get(GLOBALS, {}))
        cli = CliContext(
            quiet=given.pop("quiet", False), verbose=given.pop("verbose", False), flags=given
        )
        return function(cli, *args, **kwargs)

    return with_context
