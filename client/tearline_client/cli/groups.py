"""Groups of commands, loaded on use, with shared options and error handling.

To show help quickly, the command line holds each noun's name and help line, and imports a module
only when its noun is called. Such a module holds one click command or group named ``command``,
whose functions use ``cli``. Help that lists verbs comes from the index, which the reference
generates from those modules.
"""

import gc
import importlib
import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

import click

from tearline_client.rendering.output import (
    begin_printing,
    print_line,
    print_traceback,
    slips_shown,
    to_json,
)

if TYPE_CHECKING:
    from tearline.errors import TearlineError

FORMATS = ("table", "wide", "json", "jsonl", "csv")
_SENTENCE = re.compile(r"(?<=\.)\s")
INDEX = Path(__file__).with_name("commands.json")
GLOBALS = "tearline.globals"  # the key in click's Context.meta, which all contexts share


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Stores a given global option; one after the verb overrides one before the noun."""
    if value is None or value is False:
        return
    context.meta.setdefault(GLOBALS, {})[parameter.name] = value
    if parameter.name == "verbose":
        sys.excepthook = print_traceback  # the person debugging needs the traceback


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
        option("-q", "--quiet", is_flag=True, help="Print only data and errors."),
        option("-v", "--verbose", is_flag=True, help="Print details, and tracebacks of faults."),
    ]


def remembered_options(*, hidden: bool) -> list[click.Parameter]:
    """Returns the global options, for the completion of the program or of a command."""
    return _global_options(hidden=hidden)


def _version_option() -> click.Option:
    def show(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value:
            from importlib.metadata import version

            print_line(f"tearline {version('tearline')}")
            context.exit()

    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Print the version, and exit.",
    )


class _Listed(click.Command):
    """Command whose list entry shows the whole first sentence of its help.

    click's own limit would cut off the verb or its object.
    """

    def get_short_help_str(self, limit: int = 45) -> str:
        """Returns the first sentence of the help text."""
        first = " ".join((self.help or "").partition("\n\n")[0].split())
        return _SENTENCE.split(first, maxsplit=1)[0]


class Command(_Listed):
    """Command that also accepts the global options, without listing them.

    Its own option takes precedence over a global one of the same name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {name for parameter in self.params for name in parameter.opts}
        self.params += [each for each in _global_options(hidden=True) if own.isdisjoint(each.opts)]


def _near(group: click.Group, context: click.Context, given: str) -> click.UsageError:
    """Returns the refusal of an unknown command, with the nearest one."""
    from difflib import get_close_matches  # imported late, so that help is shown quickly

    near = get_close_matches(given, group.list_commands(context), n=1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    return click.UsageError(f"No such command '{given}'.{meant}", context)


class Group(_Listed, click.Group):
    """Group of a noun; its verbs are Commands."""

    command_class = Command
    group_class = type  # tells click to use this class for nested groups

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the command that the arguments name.

        Raises:
            UsageError: If there is none; names the nearest.
        """
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise _near(self, ctx, args[0])
        return super().resolve_command(ctx, args)


def _overview(noun: str) -> Group | None:
    """Returns the group of a noun by the index, which shows help and runs nothing, or None."""
    entry = json.loads(INDEX.read_text("utf-8")).get(noun, {})
    if "verbs" not in entry:
        return None
    helps = {verb: each["help"] for verb, each in entry["verbs"].items()}
    if noun in ("import", "export"):
        # Imported late: other nouns have no plug-ins.
        from tearline_client.connectors.registry import summaries

        helps |= summaries(noun)
    verbs = [_Listed(verb, help=text) for verb, text in helps.items()]
    return Group(noun, commands=verbs, help=entry["help"])


class LazyGroup(click.Group):
    """The whole command line; imports a noun's module when the noun is called."""

    def __init__(
        self,
        nouns: Mapping[str, tuple[str, str]],
        *,
        sections: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
        **kwargs: Any,
    ) -> None:
        """Stores each noun's module and help line, and the sections of help.

        Args:
            nouns: Module and help line of each noun.
            sections: Nouns under each heading of help, followed by one example; nouns that no
                section lists stand under "Commands".
            kwargs: As for ``click.Group``.
        """
        super().__init__(**kwargs)
        self._nouns = nouns
        self._sections = sections
        self.params.extend([*_global_options(hidden=False), _version_option()])

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parses the options before the noun."""
        with slips_shown():
            return super().make_context(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the nouns in the order of their table."""
        return list(self._nouns)

    def help_line(self, noun: str) -> str:
        """Returns the line of help of a noun, without importing its module."""
        return self._nouns[noun][1]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command or group of a noun, from its module."""
        if cmd_name not in self._nouns:
            return None
        gc.disable()  # everything imported stays: collecting meanwhile takes a tenth of the time
        try:
            command: click.Command = importlib.import_module(self._nouns[cmd_name][0]).command
        finally:
            gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the nouns from the table, without importing them."""
        listed = {noun for nouns in self._sections.values() for noun in nouns[:-1]}
        rest = tuple(noun for noun in self._nouns if noun not in listed)
        for heading, nouns in {**self._sections, "Commands": (*rest, "")}.items():
            if not nouns[:-1]:
                continue
            with formatter.section(heading):
                formatter.write_dl([(noun, self.help_line(noun)) for noun in nouns[:-1]])
                if nouns[-1]:
                    formatter.write_text(f"Example: {nouns[-1]}")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the noun's command; see ``Group.resolve_command``.

        If the arguments only ask for the verbs of a noun, its module is not imported.
        """
        if args[0] not in self._nouns and not args[0].startswith("-"):
            raise _near(self, ctx, args[0])
        asks_for_verbs = {*args[1:]} <= {*ctx.help_option_names}
        if asks_for_verbs and (listed := _overview(args[0])):
            return args[0], listed, args[1:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; an error ends it with its message and exit status."""
        from tearline.errors import TearlineError, extra_missing

        try:
            with slips_shown():
                return super().invoke(ctx)
        except (TearlineError, ModuleNotFoundError) as error:
            told = error if isinstance(error, TearlineError) else extra_missing(error, "client")
            print_line(_as_json(told) if _wants_json(ctx) else str(told), err=True)
            ctx.exit(told.exit_status)


def _wants_json(context: click.Context) -> bool:
    """Returns whether a program reads the output, by the option, the environment or the file."""
    from tearline.errors import TearlineError
    from tearline_client.config import load_settings

    given = context.meta.get(GLOBALS, {})
    asked = given.get("output") or os.environ.get("TEARLINE_OUTPUT")
    if not asked:
        with suppress(TearlineError):  # the settings may be what is refused
            asked = load_settings({"home": given.get("home")}).output
    return asked in ("json", "jsonl")


def _as_json(error: "TearlineError") -> str:
    return to_json(
        {
            "error": {
                "code": error.code,
                "what": error.what,
                "why": error.why,
                "next": error.next,
                "exit_status": error.exit_status,
            }
        }
    )


def report_fault(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Reports an internal fault that ended the program, without the contents it may hold."""
    print_line(
        f"tearline: an internal fault ended the program ({kind.__name__}). "
        "Next: run it again with -v for the traceback, and report it.",
        err=True,
    )


def run(command: click.Command) -> None:
    """Runs ``command`` on the process's arguments and exits.

    The exit statuses are defined in ``tearline.errors``. After an internal fault, the interpreter
    calls ``sys.excepthook`` and exits with 1.
    """
    sys.excepthook = report_fault
    begin_printing()
    command.main(prog_name="tearline")
