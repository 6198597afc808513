"""The reference of commands, from click itself and from the table of examples."""

import inspect
from collections.abc import Iterator, Mapping

import click

from examples import AGENCY, EXCHANGE, Example
from tables import GENERATED, table
from tearline_client.cli import command as agency
from tearline_server.cli import cli as operator

EXAMPLE = "Example:"


def leaves(group: click.Group, words: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, by its words."""
    context = click.Context(group)
    for word in group.list_commands(context):
        below = group.get_command(context, word)
        if isinstance(below, click.Group):
            yield from leaves(below, f"{words}{word} ")
        elif below is not None:
            yield f"{words}{word}", below


def nouns() -> list[str]:
    """The first words of the agency's commands, in the order of its help."""
    return agency.list_commands(click.Context(agency))


def index_page() -> Iterator[str]:
    """Every command in a line, and what holds for all of them."""
    yield "# Commands"
    yield GENERATED
    yield ""
    yield (
        "Every command of the two programs: `tearline` of an agency, and `tearline-server` of an "
        "exchange. [Errors](errors.md#exit-statuses) lists the exit statuses that all share."
    )
    yield ""
    yield (
        "**Role** is the required role of the person who is logged in. If several persons are "
        "logged in, `--as` names one. If no person is logged in, the node itself performs acts of "
        "a liaison. Requests, their steps and giving a consent always require a person. If an "
        "article requires four eyes, an analyst may also draft. Role *none*: the command needs at "
        "most the node's passphrase."
    )
    yield ""
    yield "## Options of every `tearline` command"
    yield ""
    yield (
        "Write them before the first word or after the last. Each except `--quiet` and "
        "`--verbose` overrides a [setting](settings.md)."
    )
    yield ""
    yield from _options(agency)
    for noun in nouns():
        yield ""
        yield f"## tearline {noun}"
        yield ""
        yield from _listed(
            f"commands/{noun}.md",
            "tearline",
            dict(leaves_of(noun)),
        )
    yield ""
    yield "## tearline-server"
    yield ""
    yield from _listed("commands/server.md", "tearline-server", dict(leaves(operator)))


def _listed(page: str, program: str, commands: Mapping[str, click.Command]) -> Iterator[str]:
    yield from table(
        ("command", "use"),
        (
            (
                f"[`{program} {words}`]({page}#{_anchor(program, words)})",
                command.get_short_help_str(),
            )
            for words, command in commands.items()
        ),
    )


def _anchor(program: str, words: str) -> str:
    return f"{program} {words}".replace(" ", "-")


def leaves_of(noun: str) -> Iterator[tuple[str, click.Command]]:
    """The commands of one noun."""
    return ((words, each) for words, each in leaves(agency) if words.split()[0] == noun)


def noun_page(noun: str) -> Iterator[str]:
    """The commands of one noun of the agency."""
    yield from _page("tearline", f"tearline {noun}", dict(leaves_of(noun)), AGENCY)


def server_page() -> Iterator[str]:
    """The commands of the exchange."""
    yield from _page("tearline-server", "tearline-server", dict(leaves(operator)), EXCHANGE)


def _page(
    program: str,
    title: str,
    commands: Mapping[str, click.Command],
    examples: Mapping[str, Example],
) -> Iterator[str]:
    alone = [*commands] == [title.removeprefix(f"{program} ")]
    yield f"# {title}{' command' if alone else ' commands'}"
    yield GENERATED
    yield ""
    yield "[All commands](../commands.md), with what holds for each."
    for words, command in commands.items():
        yield ""
        yield f"## {program} {words}"
        yield ""
        yield from _command(program, words, command, examples[words])


def _command(program: str, words: str, command: click.Command, example: Example) -> Iterator[str]:
    context = click.Context(command, info_name=f"{program} {words}")
    yield "```text"
    yield " ".join([f"{program} {words}", *command.collect_usage_pieces(context)])
    yield "```"
    for paragraph in paragraphs(command):
        if not paragraph.startswith(EXAMPLE):
            yield ""
            yield paragraph
    if program == "tearline":
        yield ""
        yield f"**Role:** {example.role or 'none'}."
    if example.exits:
        yield ""
        yield f"**Exit status** besides those of errors: {example.exits}."
    yield ""
    yield from _options(command)
    yield ""
    yield "```sh"
    yield example_of(program, words, command, example)
    yield "```"


def example_of(program: str, words: str, command: click.Command, example: Example) -> str:
    """The example in a command's help, else the one in the table."""
    for paragraph in paragraphs(command):
        if paragraph.startswith(EXAMPLE):
            return paragraph.removeprefix(EXAMPLE).strip()
    return f"{program} {words} {example.words}".rstrip()


def paragraphs(command: click.Command) -> Iterator[str]:
    """The paragraphs of a command's help."""
    text = inspect.cleandoc(command.help or "")
    return (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _options(command: click.Command) -> Iterator[str]:
    options = [
        each
        for each in command.params
        if isinstance(each, click.Option) and (not each.hidden or command is agency)
    ]
    if not options:
        yield "It has no options of its own."
        return
    yield from table(
        ("option", "value", "default", "meaning"),
        (
            (
                ", ".join(f"`{name}`" for name in [*each.opts, *each.secondary_opts]),
                _value(each, click.Context(command)),
                _default(each),
                each.help or "",
            )
            for each in options
        ),
    )


def _value(option: click.Option, context: click.Context) -> str:
    if option.is_flag:
        return "none"
    kind = option.type
    if isinstance(kind, click.Choice):
        value = ", ".join(f"`{choice}`" for choice in kind.choices)
    elif isinstance(kind, click.IntRange | click.FloatRange):
        value = " ".join(
            ["number"]
            + ([f"from {kind.min}"] if kind.min is not None else [])
            + ([f"to {kind.max}"] if kind.max is not None else [])
        )
    else:
        value = f"`{option.make_metavar(context)}`"
    return f"{value}; may be repeated" if option.multiple else value


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    default = option.to_info_dict()["default"]
    if default in (None, "", (), []):
        return ""
    if option.is_flag and option.secondary_opts:
        return f"`{option.opts[0] if default else option.secondary_opts[0]}`"
    if option.is_flag:
        return ""
    return f"`{default}`"
