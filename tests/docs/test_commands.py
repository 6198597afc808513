"""Every command and option that a page names exists."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from support.cases import each_case
from support.paths import ROOT
from tearline_client.cli import command as agency
from tearline_server.cli import cli as operator

PAGES = (
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "deploy").glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)
NOUNS = {
    noun: agency.get_command(click.Context(agency), noun)
    for noun in agency.list_commands(click.Context(agency))
}
VERBS = {verb for noun in NOUNS.values() if isinstance(noun, click.Group) for verb in noun.commands}
_NAMED = re.compile(r"\b(tearline(?:-server)?)((?: +[\w./=-]+)+)")
_CODE = re.compile(r"^```(?:sh|text)\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
_CONTAINER = re.compile(r"^(?:.*podman|\$run) .*", re.MULTILINE)  # there `tearline` is an image
_BARE = re.compile(r"`([a-z][a-z-]* [^`\n]+)`")
_PLUG_INS = {"ledger"}  # of docs/examples/plug-in
_OTHERS = {"make", "patronictl"}  # programs that are not ours
_VALUED = {"--home": 1, "--as": 1, "-o": 1, "--output": 1, "--passphrase-file": 1}


def unknown(program: click.Command, words: list[str]) -> list[str]:
    """Which words are neither a command nor an option where they stand."""
    found, command, options = [], program, {"--help", "-h"}
    options |= {name for parameter in program.params for name in parameter.opts}
    skip = 0
    for word in words:
        if skip:
            skip -= 1
        elif word.startswith("-") and word != "-":  # alone it is standard input
            found += [] if word in options else [word]
            skip = _VALUED.get(word, 0)
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z0-9-]*", word):
            below = command.get_command(click.Context(command), word)
            if below is None:
                found += [] if word in _PLUG_INS else [word]
                break
            command = below
            options |= {
                name
                for parameter in command.params
                for name in (*parameter.opts, *parameter.secondary_opts)
            }
    return found


def named(text: str) -> list[tuple[str, list[str]]]:
    """The program and the words behind it, wherever code of a page names one."""
    text = _CONTAINER.sub("", text.replace("\\\n", " "))
    code = "\n".join(block or inline for block, inline in _CODE.findall(text))
    code = re.sub(r"^(?:us|mx) ", "tearline ", code, flags=re.MULTILINE)
    return [(match[1], match[2].split()) for match in _NAMED.finditer(code)]


def named_bare(text: str) -> list[tuple[str, list[str]]]:
    """The same where the program goes without saying, as in `packet list`."""
    found = []
    for words in map(str.split, _BARE.findall(text)):
        if words[0].startswith("tearline") or words[0] in _OTHERS:
            continue
        if words[0] in NOUNS or (len(words) == 2 and words[1] in VERBS):
            found.append(("tearline", words))
        elif words[0] in operator.commands:
            found.append(("tearline-server", words))
    return found


@each_case("page", PAGES)
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    programs = {"tearline": agency, "tearline-server": operator}
    wrong = [
        (program, words, bad)
        for program, words in [*named(text), *named_bare(text)]
        if (bad := unknown(programs[program], words))
    ]
    assert wrong == []


def leaves(program: click.Command, name: str) -> Iterator[str]:
    """Every command below one, by all of its words."""
    if not isinstance(program, click.Group):
        yield name
        return
    context = click.Context(program)
    for word in program.list_commands(context):
        below = program.get_command(context, word)
        assert below is not None
        yield from leaves(below, f"{name} {word}".strip())


def test_every_command_is_named_by_a_page() -> None:
    written = [page for page in PAGES if "commands" not in (page.stem, page.parent.name)]
    read = (page.read_text(encoding="utf-8") for page in written if page.name != "CHANGELOG.md")
    text = re.sub(r"\s+", " ", re.sub(r"^(?:us|mx) ", "", "\n".join(read), flags=re.MULTILINE))
    commands = [*leaves(agency, ""), *leaves(operator, "tearline-server")]
    assert [each for each in commands if not re.search(rf"\b{each}\b", text)] == []


def command_at(program: click.Command, name: str) -> click.Command:
    """Returns the command below a program that a line of words names."""
    for word in name.split():
        assert isinstance(program, click.Group)
        below = program.get_command(click.Context(program), word)
        assert below is not None
        program = below
    return program


@each_case("name", [*leaves(agency, "")])
def test_help_shows_an_example_that_exists(name: str) -> None:
    help_text = command_at(agency, name).help or ""
    _, found, example = help_text.partition("Example: tearline ")
    words = shlex.split(example)
    assert found
    assert unknown(agency, words) == []
    assert f" {name} " in f" {' '.join(words)} "


def test_what_does_not_exist_is_found() -> None:
    assert unknown(agency, ["packet", "shred"]) == ["shred"]
    assert unknown(agency, ["packet", "send", "--quietly"]) == ["--quietly"]
    assert unknown(operator, ["serve", "--home", "DIR"]) == []
    assert named_bare("`recall list` shows it") == [("tearline", ["recall", "list"])]
    assert unknown(agency, ["recall", "list"]) == ["recall"]


def test_no_line_of_a_list_of_commands_is_cut_off() -> None:
    groups = [agency, operator, *NOUNS.values()]
    listed = [
        command.get_short_help_str()
        for group in groups
        if isinstance(group, click.Group)
        for command in group.commands.values()
    ]
    assert len(listed) > 100
    assert [line for line in listed if line.endswith("...")] == []
