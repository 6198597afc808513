"""Every command and option that a page names exists."""

import re
from pathlib import Path

import click
import pytest

from support import ROOT
from tearline_client.cli import command as agency
from tearline_server.__main__ import cli as operator

PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "howto").glob("*.md")),
)
_NAMED = re.compile(r"\b(tearline(?:-server)?)((?: +[\w./=-]+)+)")
_CODE = re.compile(r"^```(?:sh|text)\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
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
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z-]+", word):
            below = command.get_command(click.Context(command), word)
            if below is None:
                found.append(word)
                break
            command = below
            options |= {name for parameter in command.params for name in parameter.opts}
    return found


def named(page: Path) -> list[tuple[str, list[str]]]:
    """The program and the words behind it, wherever code of a page names one."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    code = "\n".join(block or inline for block, inline in _CODE.findall(text))
    code = re.sub(r"^(?:us|mx) ", "tearline ", code, flags=re.MULTILINE)
    return [(match[1], match[2].split()) for match in _NAMED.finditer(code)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_exists(page: Path) -> None:
    programs = {"tearline": agency, "tearline-server": operator}
    wrong = [
        (program, words, bad)
        for program, words in named(page)
        if (bad := unknown(programs[program], words))
    ]
    assert wrong == []


def test_what_does_not_exist_is_found() -> None:
    assert unknown(agency, ["packet", "shred"]) == ["shred"]
    assert unknown(agency, ["packet", "send", "--quietly"]) == ["--quietly"]
    assert unknown(operator, ["serve", "--home", "DIR"]) == []
