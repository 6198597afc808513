"""Every control of the threat model names a test, and every test it names exists."""

import re

from support.paths import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
_ID = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_test_that_it_names_exists() -> None:
    named = _ID.findall(PAGE)
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).is_file() or f"def {name}(" not in (ROOT / file).read_text("utf-8")
    ]
    assert named
    assert missing == []


def test_every_control_names_a_test() -> None:
    _, _, controls = PAGE.partition("## Threats, controls, tests")
    rows = [line for line in controls.splitlines() if line.startswith("| ")]
    assert [row for row in rows if "| threat |" not in row and not _ID.search(row)] == []
