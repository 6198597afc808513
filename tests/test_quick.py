"""Each thorough test has a quick twin, which every run of the tests includes."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.paths import ROOT

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(slots=True)
class Module:
    """Tests of a module.

    Attributes:
        tests: Names of its functions.
        thorough: Those of them that only the thorough run takes.
        twins: The quick twins that they name.
    """

    tests: set[str] = field(default_factory=set)
    thorough: set[str] = field(default_factory=set)
    twins: set[str] = field(default_factory=set)


def twins_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yields the twins that uses of the marker ``thorough`` name."""
    for node in nodes:
        for each in ast.walk(node):
            if isinstance(each, ast.Call) and ast.unparse(each.func) == "pytest.mark.thorough":
                (twin,) = each.keywords
                yield ast.literal_eval(twin.value)


def module_of(path: Path) -> Module:
    """Returns the tests of a file, by its source."""
    found = Module()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    others = [node for node in tree.body if not isinstance(node, FUNCTIONS)]
    of_all = set(twins_in(others))
    found.twins |= of_all
    for node in tree.body:
        if isinstance(node, FUNCTIONS):
            found.tests.add(node.name)
            own = set(twins_in(node.decorator_list))
            found.twins |= own
            if own or of_all:
                found.thorough.add(node.name)
    return found


def test_each_thorough_test_has_a_quick_twin() -> None:
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    modules = {path.relative_to(ROOT).as_posix(): module_of(path) for path in paths}
    assert sum(bool(each.twins) for each in modules.values()) > 30
    for name, module in modules.items():
        for twin in module.twins:
            path, _, function = twin.partition("::")
            assert function in modules[path].tests, f"{name}: {twin} does not exist"
            assert function not in modules[path].thorough, f"{name}: {twin} is thorough, too"
