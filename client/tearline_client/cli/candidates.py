"""Candidates for completion in a shell: commands, options, and ids and names from the home.

A shell asks at each press of a key. So the commands come from an index, which the reference
generates, and no module of a command is imported; ids are read without the passphrase.
"""

import gc
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, shell_complete

from tearline_client.cli.groups import GLOBALS, INDEX, remembered_options

VARIABLE = "_TEARLINE_COMPLETE"
PARTNER = "partner"
_DIGITS = 12  # of an id, as messages show it

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete(instruction: str) -> int:
    """Prints the candidates that a shell asks for; returns the exit status.

    Args:
        instruction: The value of ``VARIABLE``, such as ``bash_complete``.
    """
    gc.disable()  # this process ends at once
    return shell_complete(indexed(), {}, "tearline", VARIABLE, instruction)


def indexed() -> click.Group:
    """Returns the command line of the index: names and options, without functions."""
    return _Indexed(
        "tearline", json.loads(INDEX.read_text("utf-8")), params=remembered_options(hidden=False)
    )


class _Indexed(click.Group):
    """Group whose commands are built when they are looked up."""

    def __init__(self, name: str, index: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._index = index

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._index)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._index.get(cmd_name)
        if entry is None:
            return None
        if "verbs" in entry:
            return _Indexed(cmd_name, entry["verbs"], help=entry["help"])
        params = [
            *(_option(each) for each in entry["options"]),
            *(_argument(each) for each in entry["arguments"]),
        ]
        return click.Command(
            cmd_name, params=[*params, *remembered_options(hidden=True)], help=entry["help"]
        )


def _option(entry: Mapping[str, Any]) -> click.Option:
    if entry["value"] is None:
        return click.Option(entry["names"], is_flag=True, help=entry["help"])
    return click.Option(
        entry["names"], multiple=entry["many"], help=entry["help"], **_value(entry["value"])
    )


def _argument(entry: Mapping[str, Any]) -> click.Argument:
    return click.Argument(
        [entry["name"]], nargs=-1 if entry["many"] else 1, **_value(entry["value"])
    )


def _value(value: str | list[str]) -> dict[str, Any]:
    """Returns the type of a value or its completer; see ``docs/reference/command_index.py``."""
    if isinstance(value, list):
        return {"type": click.Choice(value)}
    if value == "file":
        return {"type": click.Path()}
    return {"shell_complete": _completer(value)} if value else {}


def _completer(kind: str) -> Completer:
    def found(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        home = _home(context)
        names = _partners(home, incomplete) if kind == PARTNER else _ids(home, kind, incomplete)
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    return found


def _home(context: click.Context) -> Path:
    from tearline.errors import TearlineError
    from tearline_client.config import load_settings

    try:
        return load_settings({"home": context.meta.get(GLOBALS, {}).get("home")}).home
    except TearlineError:
        return Path()  # completion reports no errors; the command itself will


def _partners(home: Path, incomplete: str) -> list[str]:
    """Returns names of members, as the node last read them."""
    from tearline_client.store.clear_ids import member_names

    return list(member_names(home / "node.db", incomplete))


def _ids(home: Path, kind: str, incomplete: str) -> list[str]:
    from tearline_client.store.clear_ids import IdKind, clear_ids

    shown = max(_DIGITS, len(incomplete))
    return [each.hex()[:shown] for each in clear_ids(home / "node.db", IdKind(kind), incomplete)]
