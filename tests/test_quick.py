"""Each thorough test has a quick twin, which every run of the tests includes."""

import ast
from collections.abc import Iterator
from pathlib import Path

from support.paths import ROOT


def marks(tree: ast.AST) -> Iterator[ast.Call]:
    """Yields the uses of the marker ``thorough``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.thorough":
            yield node


def twins() -> dict[str, set[str]]:
    """Returns the twins of each module with thorough tests."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        called = list(marks(ast.parse(path.read_text(encoding="utf-8"))))
        if called:
            name = str(path.relative_to(ROOT))
            found[name] = {
                ast.literal_eval(each.value) for call in called for each in call.keywords
            }
    return found


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in tree.body if isinstance(node, kinds)}


def test_each_thorough_test_has_a_quick_twin() -> None:
    known = twins()
    assert len(known) > 30
    for module, named in known.items():
        assert len(named) == 1, module
        for twin in named:
            path, _, function = twin.partition("::")
            assert path not in known, f"{module}: its twin {twin} is thorough, too"
            assert function in functions(ROOT / path), f"{module}: {twin} does not exist"
