"""Every control of the threat model names a test, and every test it names exists."""

import re

from support.paths import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
_ID = re.compile(r"`(tests/[\w/]+\.py)?::(\w+)(?:\[\w+\])?`")


def named(row: str) -> list[tuple[str, str]]:
    """Returns files and names of a row's tests; `::name` is in the file named before it."""
    found, file = [], ""
    for named_file, name in _ID.findall(row):
        file = named_file or file
        found.append((file, name))
    return found


def test_every_test_that_it_names_exists() -> None:
    tests = [test for line in PAGE.splitlines() for test in named(line)]
    missing = [
        f"{file}::{name}"
        for file, name in tests
        if not (ROOT / file).is_file() or f"def {name}(" not in (ROOT / file).read_text("utf-8")
    ]
    assert tests
    assert missing == []


def test_every_control_names_a_test() -> None:
    _, _, controls = PAGE.partition("## Threats, controls, tests")
    rows = [line for line in controls.splitlines() if line.startswith("|")]
    rest = [row for row in rows if not row.startswith(("|attack|", "|---"))]
    assert rest
    assert [row for row in rest if not named(row)] == []


def test_a_name_without_a_file_is_found() -> None:
    assert named("|a|b|`tests/a.py::x`<br>`::y`|") == [("tests/a.py", "x"), ("tests/a.py", "y")]
    assert named("|a|b|`::y`|") == [("", "y")]
