"""The index of commands that completion reads: words to type, without the modules behind them."""

import json
from collections.abc import Iterator

import click

from commands import agency

# The names of arguments and options whose values the home can complete, and how.
_COMPLETED = {
    **dict.fromkeys(["packet", "packets"], "packet"),
    **dict.fromkeys(["case", "case_id"], "case"),
    **dict.fromkeys(["partner", "partners", "to", "sender", "agency"], "partner"),
    "request": "request",
    "consent": "consent",
    "release": "pending",
    "proposal": "proposal",
}


def command_index() -> Iterator[str]:
    """The index, as a file: one command a line."""
    yield "{"
    yield from _entries(agency)
    yield "}"


def _entries(group: click.Group) -> Iterator[str]:
    context = click.Context(group)
    words = group.list_commands(context)
    for word in words:
        end = "" if word == words[-1] else ","
        command = group.get_command(context, word)
        if isinstance(command, click.Group):
            yield f'{_json(word)}: {{"help": {_json(command.help)}, "verbs": {{'
            yield from _entries(command)
            yield f"}}}}{end}"
        elif command is not None:
            yield f"{_json(word)}: {_json(_leaf(command))}{end}"


def _leaf(command: click.Command) -> dict[str, object]:
    options = [_option(each) for each in command.params if isinstance(each, click.Option)]
    return {
        "help": command.get_short_help_str(),
        "options": [each for each in options if each],
        "arguments": [
            {"name": each.name, "many": each.nargs == -1, "value": _value(each)}
            for each in command.params
            if isinstance(each, click.Argument)
        ],
    }


def _option(option: click.Option) -> dict[str, object] | None:
    if option.hidden:
        return None
    return {
        "names": [*option.opts, *option.secondary_opts],
        "help": option.help,
        "many": option.multiple,
        "value": None if option.is_flag else _value(option),
    }


def _value(parameter: click.Parameter) -> object:
    """Choices, ``file``, the kind of a candidate, or empty for a text."""
    if isinstance(parameter.type, click.Choice):
        return [str(choice) for choice in parameter.type.choices]
    if isinstance(parameter.type, click.Path):
        return "file"
    if parameter.type is click.STRING:
        return _COMPLETED.get(parameter.name or "", "")
    return ""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
