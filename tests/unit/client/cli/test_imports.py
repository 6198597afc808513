"""Modules that commands import: those that load slowly only once they are needed.

Each test starts an interpreter, since this one has imported everything.
"""

import json
import os
import subprocess
import sys

import pytest

from support.cli import Desk
from support.simulation import PASSPHRASE
from tearline.crypto import passphrase

SLOW = {
    *("babel", "grpc", "jinja2", "jwt", "phonenumbers", "rich", "starlette", "stdnum"),
    *("uvicorn", "xml"),
}
MOST = 485
"""Modules of its own that a command imports: each takes about half a millisecond."""
MOST_OF_HELP = 29  # one forbids core dumps, before anything else
NODE = {"apsw", "asyncio", "cryptography", "google", "tearline_client.node"}
_RUN = """
import json, sys
from tearline_client.cli import command
{prepared}
assert not command.main({words!r}, prog_name="tearline", standalone_mode=False)
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
_ALL = """
import click, json, sys
from tearline_client.cli import command
for noun in command.list_commands(click.Context(command)):
    command.get_command(click.Context(command), noun)
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def modules(program: str) -> set[str]:
    """The modules that a program has imported in the end."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TEARLINE_PASSPHRASE": PASSPHRASE.decode()},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def run(*words: str, prepared: str = "") -> set[str]:
    """The modules that a command has imported in the end."""
    return modules(_RUN.format(words=list(words), prepared=prepared))


def run_at(desk: Desk, *words: str) -> set[str]:
    """The same of a command at a home, whose passphrase costs as little as here."""
    quick = f"import tearline.crypto.passphrase as p; p.MEMORY_KIB = {passphrase.MEMORY_KIB}"
    return run("--home", str(desk.home), *words, prepared=quick)


def own(imported: set[str]) -> int:
    """The number of modules of this project."""
    return sum(each.startswith(("tearline.", "tearline_")) for each in imported)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["packet", "--help"]], ids=" ".join)
def test_help_and_version_import_no_node(words: list[str]) -> None:
    imported = run(*words)
    assert imported.isdisjoint(SLOW | NODE)
    assert own(imported) <= MOST_OF_HELP


def test_the_help_of_every_noun_imports_no_connection_and_no_pages() -> None:
    # `import` alone needs the rules of identifiers.
    assert modules(_ALL).isdisjoint(SLOW - {"phonenumbers", "stdnum"})


@pytest.mark.parametrize(
    "words",
    [
        ["packet", "list", "--no-sync"],
        ["inbox", "--no-sync"],
        ["todo", "--no-sync"],
        ["agreement", "list"],
        ["case", "list"],
        ["node", "queue"],
    ],
    ids=" ".join,
)
def test_a_command_that_calls_nothing_imports_no_connection(desk: Desk, words: list[str]) -> None:
    imported = run_at(desk, *words)
    assert "tearline_client.node" in imported
    # Tables measure their cells with rich; a person who is logged in has a token of PyJWT.
    assert imported & (SLOW - {"rich", "jwt"}) == set()
    assert own(imported) <= MOST


def test_a_command_that_calls_the_exchange_imports_the_connection(desk: Desk) -> None:
    assert "grpc" in run_at(desk, "packet", "list")


def test_shared_policies_are_read_by_the_first_decision() -> None:
    # A node with policies of its own reads both as it starts, and refuses to start with bad ones.
    prepared = (
        "from tearline_client.planning.policies import Policies; policies = Policies(own=None)"
    )
    shown = "import json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    assert "cedarpy" not in modules(f"{prepared}; {shown}")
    assert "cedarpy" in modules(f"{prepared}; policies.pins; {shown}")
