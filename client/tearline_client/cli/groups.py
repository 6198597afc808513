"""Groups of commands: loaded on use, with the same options everywhere and one end for errors.

Showing help must be quick, so the command line knows its nouns by name and one line each, and
imports the module of the one that is called. Such a module holds one click command or group,
named ``command``; its functions take what they need from ``cli``.
"""

import importlib
import re
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import click

from tearline_client.rendering.output import (
    begin_printing,
    print_line,
    print_traceback,
    slips_shown,
)

FORMATS = ("table", "json", "jsonl", "csv")
_SENTENCE = re.compile(r"(?<=\.)\s")
GLOBALS = "tearline.globals"  # the key in click's Context.meta, which all contexts share


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keeps a global option that was given; one after the verb overrides one before the noun."""
    if value is None or value is False:
        return
    context.meta.setdefault(GLOBALS, {})[parameter.name] = value
    if parameter.name == "verbose":
        sys.excepthook = print_traceback  # a curious reader wants it


def _global_options(*, hidden: bool) -> list[click.Parameter]:
    def option(*names: str, help: str, **rest: Any) -> click.Option:  # noqa: A002 (click's name)
        return click.Option(
            names, help=help, hidden=hidden, expose_value=False, callback=_remember, **rest
        )

    return [
        option("--home", metavar="DIR", help="The node's home directory."),
        option("-o", "--output", type=click.Choice(FORMATS), help="How data is printed."),
        option("--as", "person", metavar="NAME", help="The person who acts, or node."),
        option("--passphrase-file", metavar="FILE", help="File with the keystore's passphrase."),
        option("-q", "--quiet", is_flag=True, help="No messages, only data and errors."),
        option("-v", "--verbose", is_flag=True, help="Details, and tracebacks of faults."),
    ]


class _Listed(click.Command):
    """What stands in a list with its whole first sentence, however long.

    Cut off where click would, most of ours would not say what they do.
    """

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence of its help."""
        first = " ".join((self.help or "").partition("\n\n")[0].split())
        return _SENTENCE.split(first, maxsplit=1)[0]


class Command(_Listed):
    """A command that takes the global options as well, without listing them again.

    An option of its own goes before a global one of the same name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {name for parameter in self.params for name in parameter.opts}
        self.params += [each for each in _global_options(hidden=True) if own.isdisjoint(each.opts)]


class Group(_Listed, click.Group):
    """A noun; its verbs are Commands."""

    command_class = Command
    group_class = type  # click's way to say: a group within is of this class, too


class LazyGroup(click.Group):
    """The whole command line; each noun's module is imported when it is called."""

    def __init__(self, nouns: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        """Takes, for each noun, its module and its line of help."""
        super().__init__(**kwargs)
        self._nouns = nouns
        self.params.extend(_global_options(hidden=False))

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Reads the options that stand before the noun."""
        with slips_shown():
            return super().make_context(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The nouns, in the order of their table."""
        return list(self._nouns)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command or group of one noun, from its module."""
        if cmd_name not in self._nouns:
            return None
        command: click.Command = importlib.import_module(self._nouns[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the nouns from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(noun, line) for noun, (_, line) in self._nouns.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; a TearlineError ends it with its message and exit status."""
        from tearline.errors import TearlineError

        try:
            with slips_shown():
                return super().invoke(ctx)
        except TearlineError as error:
            print_line(str(error), err=True)
            ctx.exit(error.exit_status)


def report_fault(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Says that a fault of ours ended the program, without the contents it may hold."""
    print_line(
        f"tearline: a fault in the program ended it ({kind.__name__}). "
        "Next: run it again with -v for the traceback, and report it.",
        err=True,
    )


def run(command: click.Command) -> None:
    """The entry point: runs ``command`` on the process's arguments and exits.

    The exit statuses are those of ``tearline.errors``. A fault of ours is a local one: the
    interpreter exits with 1 after ``sys.excepthook``.
    """
    sys.excepthook = report_fault
    begin_printing()
    command.main(prog_name="tearline")
