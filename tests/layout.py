"""The layout in figures: modules, names, lines, and the words of docstrings.

``make weight`` prints each figure, beside its bound if it has one. ``test_layout.py`` keeps the
bounds. A change that improves a figure may lower its bound; no change raises one. Lines of code
and modules have no bound: a reviewer judges the weight of a change.
"""

import ast
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

SIDES = ("proto", "server", "client")
PACKAGES = {"proto": "tearline", "server": "tearline_server", "client": "tearline_client"}

AT_MOST: Mapping[str, float] = {
    "modules at the root of tearline": 3,
    "modules at the root of tearline_server": 7,
    "modules at the root of tearline_client": 10,
    "modules named by a gerund": 9,
    "modules of more than 400 lines": 0,
    "reads of node.state in client": 0,
    "reads of node.state in tests": 1,
    # For each thousand words of docstrings, rounded up to the next half.
    "'what' in proto": 0.5,
    "'what' in server": 0.5,
    "'what' in client": 1,
    "'who', 'whose', 'whom' in proto": 0.5,
    "'who', 'whose', 'whom' in server": 1.5,
    "'who', 'whose', 'whom' in client": 1.5,
    "'nobody', 'nothing' in proto": 0.5,
    "'nobody', 'nothing' in server": 0.5,
    "'nobody', 'nothing' in client": 0.5,
}
AT_LEAST: Mapping[str, float] = {
    "'return', 'returns' in proto": 18.5,
    "'return', 'returns' in server": 18.5,
    "'return', 'returns' in client": 17,
}

_LONG = 400
_STATE = re.compile(r"node\.(state|_context)\b")
_WORDS = (("what",), ("who", "whose", "whom"), ("nobody", "nothing"), ("return", "returns"))
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@cache
def figures() -> dict[str, float]:
    """Returns every figure that has a bound, by its name."""
    found: dict[str, float] = {
        "modules named by a gerund": len(gerunds()),
        "modules of more than 400 lines": len(long_modules()),
        "reads of node.state in client": state_reads(sources("client")),
        "reads of node.state in tests": state_reads((ROOT / "tests").rglob("*.py")),
    }
    for side in SIDES:
        package = PACKAGES[side]
        found[f"modules at the root of {package}"] = len(root_modules(ROOT / side / package))
        words = [word.lower() for path in sources(side) for word in docstring_words(path)]
        for group in _WORDS:
            name = f"{', '.join(map(repr, group))} in {side}"
            found[name] = 1000 * sum(word in group for word in words) / len(words)
    return found


def weights() -> dict[str, int]:
    """Returns the figures of size, by their names."""
    found = {
        "modules": sum(len(sources(side)) for side in SIDES),
        "lines of code in console": sum(map(code_lines, console())),
        "lines of code in connectors": sum(map(code_lines, connectors())),
    }
    for side in SIDES:
        found[f"lines of code in {side}"] = sum(map(code_lines, core(side)))
    found["lines of test support"] = sum(len(_lines(path)) for path in test_support())
    return found


@cache
def sources(side: str) -> tuple[Path, ...]:
    """Returns the modules of a side that people write."""
    paths = (ROOT / side).glob("*/**/*.py")
    return tuple(sorted(path for path in paths if not path.name.endswith("_pb2.py")))


def console() -> tuple[Path, ...]:
    """Returns the modules of the console, and those that serve it alone."""
    client = ROOT / "client" / "tearline_client"
    persons = client / "persons"
    beside = (
        client / "cli" / "console.py",
        client / "demo" / "consoles.py",
        persons / "enrolment_codes.py",
        persons / "passkeys.py",
        persons / "register.py",
        persons / "sign_ins.py",
    )
    return tuple(
        path
        for path in sources("client")
        if path.is_relative_to(client / "console") or path in beside
    )


def connectors() -> tuple[Path, ...]:
    """Returns the modules that read and write the formats of other programs."""
    folder = ROOT / "client" / "tearline_client" / "connectors"
    return tuple(path for path in sources("client") if path.is_relative_to(folder))


def core(side: str) -> tuple[Path, ...]:
    """Returns the modules of a side without those of the console and the connectors."""
    apart = {*console(), *connectors()}
    return tuple(path for path in sources(side) if path not in apart)


def root_modules(package: Path) -> list[Path]:
    """Returns the public modules that lie in a package itself, and in no folder of it."""
    return [path for path in package.glob("*.py") if not path.name.startswith("_")]


def gerunds() -> list[Path]:
    """Returns the modules with a word in -ing in their name."""
    return [
        path
        for side in SIDES
        for path in sources(side)
        if any(word.endswith("ing") for word in path.stem.split("_"))
    ]


def long_modules() -> list[Path]:
    """Returns the modules that have become too long for one concept."""
    return [path for side in SIDES for path in sources(side) if len(_lines(path)) > _LONG]


def test_support() -> list[Path]:
    """Returns the modules that several tests share."""
    tests = ROOT / "tests"
    shared = [path for path in tests.glob("*.py") if not path.name.startswith("test_")]
    return [*shared, *(tests / "support").rglob("*.py")]


def state_reads(paths: Iterable[Path]) -> int:
    """Counts the reads of a node's inner state by its attribute."""
    named = (path for path in paths if _STATE.search(path.read_text("utf-8")))
    nodes = (node for path in named for node in ast.walk(_tree(path)))
    return sum(map(_is_state_read, nodes))


def _is_state_read(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(
            attr="state" | "_context",
            value=ast.Name(id="node") | ast.Attribute(attr="node" | "_node"),
        ):
            return True
        case _:
            return False


def code_lines(path: Path) -> int:
    """Counts the lines of a module without docstrings, comments, imports and blank lines."""
    with path.open("rb") as file:
        tokens = [each for each in tokenize.tokenize(file.readline) if each.type not in _NO_CODE]
    lines = {line for each in tokens[1:] for line in range(each.start[0], each.end[0] + 1)}
    tree = _tree(path)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in (*imports, *_docstrings(tree)):
        lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def docstring_words(path: Path) -> list[str]:
    """Returns the words of a module's docstrings, in order."""
    return [
        word
        for each in _docstrings(_tree(path))
        for word in re.findall(r"[^\W\d_][\w'’-]*", ast.literal_eval(each.value))
    ]


def _docstrings(tree: ast.Module) -> Iterator[ast.Expr]:
    """Yields the strings that stand alone, those behind a constant included."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                yield node


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def main() -> None:
    """Prints each figure, beside its bound if it has one."""
    for name, figure in (weights() | figures()).items():
        bounds = [f"≥ {least}" for least in (AT_LEAST.get(name),) if least is not None]
        bounds += [f"≤ {most}" for most in (AT_MOST.get(name),) if most is not None]
        print(f"{name:42} {figure:10,.1f}   {' '.join(bounds)}".rstrip())


if __name__ == "__main__":
    main()
