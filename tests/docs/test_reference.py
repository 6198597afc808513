"""The generated reference of commands: whole, with examples that the parsers take."""

import inspect
import re
import shlex
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType

import click
import pytest

from support.cases import each_case
from support.paths import ROOT
from tearline.persons.tokens import Role

sys.path.append(str(ROOT / "docs" / "reference"))
from commands import _default, agency, example_of, leaves, operator
from examples import AGENCY, EXCHANGE

# The program, and the person that acts.
_START = re.compile(r"tearline(?:-server)?(?: --as [a-z]+)?")

COMMANDS = {
    **{f"tearline {words}": (each, AGENCY) for words, each in leaves(agency)},
    **{f"tearline-server {words}": (each, EXCHANGE) for words, each in leaves(operator)},
}


def test_every_command_has_an_example_and_no_other() -> None:
    assert [*AGENCY] == [words for words, _ in leaves(agency)]
    assert sorted(EXCHANGE) == sorted(words for words, _ in leaves(operator))


@each_case("name", COMMANDS)
def test_the_command_takes_its_example(name: str) -> None:
    command, examples = COMMANDS[name]
    words = name.partition(" ")[2]
    program = name.partition(" ")[0]
    example = example_of(program, words, command, examples[words])
    start, found, rest = example.partition(f" {words}")
    assert found
    assert _START.fullmatch(start)
    context = command.make_context(words, shlex.split(rest))
    assert context.command is command


@each_case("name", COMMANDS)
def test_every_option_has_a_meaning(name: str) -> None:
    command, _ = COMMANDS[name]
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert [each.opts for each in options if not (each.help or each.hidden)] == []


@pytest.mark.parametrize(
    ("default", "shown"), [(None, ""), (True, "`--line`"), (False, "`--alone`")]
)
def test_a_pair_shows_the_default_that_it_has(default: bool | None, shown: str) -> None:
    assert _default(click.Option(["--line/--alone"], default=default)) == shown


def test_an_end_offers_nothing_on_resumption() -> None:
    command, _ = COMMANDS["tearline agreement end"]
    texts = [each.help for each in command.params if isinstance(each, click.Option)]
    assert texts
    assert [text for text in texts if "resum" in (text or "")] == []


def test_an_example_with_a_wrong_option_is_found() -> None:
    command, _ = COMMANDS["tearline packet show"]
    with pytest.raises(click.UsageError):
        command.make_context("show", shlex.split("9f2c61 --quietly"))


def roles_in(function: object, seen: set[object]) -> Iterator[str]:
    """The roles that a command's function names, and the functions of the command line below."""
    function = inspect.unwrap(function)  # type: ignore[arg-type]  # any callable
    if not isinstance(function, FunctionType) or function in seen:
        return
    seen.add(function)
    names = set(names_in(function.__code__))
    yield from ({role.name for role in Role} & names if "Role" in names else ())
    for name in names:
        below = function.__globals__.get(name)
        if getattr(below, "__module__", "").startswith("tearline_client.cli"):
            yield from roles_in(below, seen)


def names_in(code: CodeType) -> Iterator[str]:
    """The names that a function uses, those of functions within it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


@each_case("words", AGENCY)
def test_the_role_is_one_that_the_command_asks_for(words: str) -> None:
    command, _ = COMMANDS[f"tearline {words}"]
    asked = set(roles_in(command.callback, set()))
    told = {role.name for role in Role if role.value in AGENCY[words].role}
    assert asked <= told


def test_a_role_that_is_asked_for_is_found() -> None:
    command, _ = COMMANDS["tearline agreement suspend"]
    assert set(roles_in(command.callback, set())) == {"LIAISON", "OFFICER"}
