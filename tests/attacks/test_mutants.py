"""The table names what exists, and a function taken away is away for everyone."""

import ast
import asyncio
import builtins
import functools
import importlib
import inspect
import os
import subprocess
import sys

import pytest

from attacks.loaded_process import OPTIONS, TESTS, LoadedProcess
from attacks.mutant import INJECT, MutantUnknown, find_function, parse_mutant, take_away
from attacks.mutants import weakness
from attacks.table import ATTACKS, Attack
from support.cases import each_case
from tearline.errors import error_by_code


@each_case("row", ATTACKS)
def test_each_row_names_a_code_a_function_and_a_test(row):
    assert not row.code or error_by_code(row.code) is not None
    assert row.evidence
    mutant = parse_mutant(row.function)
    function = find_function(importlib.import_module(mutant.module), mutant.qualname)
    compile(row.returns, "returns", "eval", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert function.__module__ == mutant.module
    path, _, name = row.test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (TESTS.parent / path).read_text(encoding="utf-8")


@each_case("row", ATTACKS)
def test_each_row_returns_what_its_function_knows(row):
    # A name that is unknown there would end a server's act by accident, and show nothing.
    mutant = parse_mutant(row.function)
    function = find_function(importlib.import_module(mutant.module), mutant.qualname)
    code = function.__code__
    parameters = code.co_argcount + code.co_kwonlyargcount
    parameters += bool(code.co_flags & inspect.CO_VARARGS)
    parameters += bool(code.co_flags & inspect.CO_VARKEYWORDS)
    known = {*code.co_varnames[:parameters], *function.__globals__, *vars(builtins)}
    nodes = [*ast.walk(ast.parse(row.returns, mode="eval"))]
    own = {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    assert used <= known | own


@pytest.mark.thorough(
    twin="tests/attacks/test_mutants.py::test_each_row_names_a_code_a_function_and_a_test"
)
def test_each_row_with_a_case_names_one_that_pytest_makes():
    cases = sorted({row.test for row in ATTACKS if row.test.endswith("]")})
    assert collected(cases) == cases


@pytest.mark.thorough(
    twin="tests/attacks/test_mutants.py::test_each_row_names_a_code_a_function_and_a_test"
)
def test_a_case_that_pytest_does_not_make_is_found():
    assert collected(["tests/attacks/test_mutants.py::test_no_attack_stands_twice[gone]"]) == []


def collected(tests):
    """Returns those of the tests that pytest finds, in order."""
    output = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "--collect-only", "-n", "0", *tests],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,  # pytest fails where it runs no test
    ).stdout
    return sorted({*tests} & {*output.splitlines()})


def test_no_attack_stands_twice():
    assert len({row.name for row in ATTACKS}) == len(ATTACKS)


def plain(a, b=2, /, *rest, c, d=4, **more):
    raise ValueError(a)


async def waiting(a):
    raise ValueError(a)


def yielding(a):
    yield a
    raise ValueError(a)


async def streaming(a):
    yield a
    raise ValueError(a)


class Base:
    def method(self):
        raise ValueError


class Kinds(Base):
    def method(self):
        return super().method()  # closes over __class__

    @staticmethod
    def static(a):
        raise ValueError(a)

    @classmethod
    def of(cls, a):
        raise ValueError(a)

    @property
    def computed(self):
        raise ValueError

    @functools.cached_property
    def kept(self):
        raise ValueError


@functools.lru_cache
def cached(a):
    raise ValueError(a)


def without(qualname, returns="None"):
    """Takes a function of this module away, as a loader would."""
    take_away(find_function(sys.modules[__name__], qualname), returns)


def test_every_kind_of_function_can_be_taken_away():
    without("plain", "(a, b, rest, c, d, more)")
    assert plain(1, c=3) == (1, 2, (), 3, 4, {})
    assert plain(1, 5, 6, c=3, e=7) == (1, 5, (6,), 3, 4, {"e": 7})
    without("waiting", "a")
    assert asyncio.run(waiting(8)) == 8
    without("yielding")
    assert list(yielding(1)) == []

    async def collected():
        return [each async for each in streaming(1)]

    without("streaming")
    assert asyncio.run(collected()) == []
    for name in ("method", "static", "of", "computed", "kept"):
        without(f"Kinds.{name}", "'gone'")
    kinds = Kinds()
    assert [kinds.method(), kinds.static(1), kinds.of(1), kinds.computed, kinds.kept] == [
        "gone"
    ] * 5
    without("cached", "a")
    assert cached(9) == 9


@pytest.mark.parametrize("text", ["", "module", ":name", "module:"])
def test_a_function_needs_its_module(text):
    with pytest.raises(MutantUnknown):
        parse_mutant(text)


@pytest.mark.parametrize("name", ["none", "sep", "path.none"])
def test_what_is_no_function_cannot_be_taken_away(name):
    with pytest.raises(MutantUnknown):
        find_function(os, name)


def test_it_is_away_in_processes_that_a_process_starts():
    grandchild = (
        "from tearline.encoding import parse_decimal; from tearline import limits;"
        "print(parse_decimal('no number', maximum=1))"
    )
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    ended = subprocess.run(
        [sys.executable, "-c", child],
        env=os.environ
        | {"PYTHONPATH": str(INJECT), "TEARLINE_MUTANT": "tearline.encoding:parse_decimal=text"},
        capture_output=True,
        text=True,
    )
    assert ended.stdout == "no number\n", ended.stderr


def row(function: str, test: str, returns: str = "None") -> Attack:
    return Attack(
        name="n", code="TL-KEY-002", evidence="e", function=function, test=test, returns=returns
    )


VERIFY = "tearline.crypto.keys:SigningPublicKey.verify"
FLIPPED = "tests/attacks/test_keys.py::test_a_flipped_bit_in_either_half_is_refused"


@pytest.fixture(scope="module")
def process():
    with LoadedProcess() as process:
        yield process


def test_a_row_whose_test_needs_its_function_shows_it(process):
    assert weakness(row(VERIFY, FLIPPED), process) == ""


def test_a_row_whose_test_does_not_need_its_function_is_weak(process):
    unneeded = row("tearline.encoding:parse_hex", FLIPPED)
    assert "passes without it" in weakness(unneeded, process)


def test_a_row_whose_test_fails_by_accident_is_weak(process):
    broken = row("tearline.crypto.keys:SigningPublicKey._halves", FLIPPED)
    assert "by accident" in weakness(broken, process)


def test_a_row_that_cannot_run_is_weak(process):
    absent = "tests/attacks/test_keys.py::test_none"
    assert "could not run" in weakness(row(VERIFY, absent), process)
    assert "could not run" in weakness(row("tearline.crypto.keys:none", FLIPPED), process)


def test_a_test_that_hangs_is_ended(process):
    sleeping = "tearline.crypto.keys:SigningPublicKey.verify=__import__('time').sleep(99)"
    ended = process.run(FLIPPED, sleeping, timeout_s=1)
    assert ended.status is None


# Prints every function of the program that is called while its modules load.
CALLED = """
import sys
sys.path[:0] = [{tests!r}]
from attacks.loaded_process import load
called = set()
def note(frame, event, argument):
    called.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))
sys.setprofile(note)
load()
sys.setprofile(None)
print(*(f"{{file}}:{{line}}" for file, line in called), sep="\\n")
"""


@pytest.mark.thorough(
    twin="tests/attacks/test_mutants.py::test_each_row_names_a_code_a_function_and_a_test"
)
def test_no_function_of_the_table_is_called_while_the_program_is_loaded():
    script = CALLED.format(tests=str(TESTS))
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    called = set(ended.stdout.split())

    def place(name):
        mutant = parse_mutant(name)
        module = importlib.import_module(mutant.module)
        code = find_function(module, mutant.qualname).__code__
        return f"{code.co_filename}:{code.co_firstlineno}"

    assert place("tearline.encoding:label") in called
    assert not [attack.function for attack in ATTACKS if place(attack.function) in called]
