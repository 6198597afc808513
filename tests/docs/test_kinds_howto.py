"""The page on kinds, followed to the letter by an agency."""

import shlex

import pytest

from support.cli import Desk, desk, quick, rested
from support.docs_pages import blocks

__all__ = ["desk", "quick", "rested"]


def test_every_command_of_the_page_works(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder)
    (desk.folder / "ledger.csv").write_text("date,amount\n2026-02-17,250000.00\n")
    packet = ""
    lines = "".join(blocks("howto/kinds.md")).replace("\\\n", " ").splitlines()
    assert len(lines) == 9
    for line in lines:
        line, _, target = line.partition(" > ")
        words = shlex.split(line.replace("3f9a1c", packet))
        if words[0] == "mkdir":
            (desk.folder / words[1]).mkdir()
            continue
        done = desk.run(*words[1:])
        assert done.exit_code == 0, (line, done.output)
        if target:
            (desk.folder / target).write_text(done.stdout)
        if words[1:3] == ["packet", "send"]:
            packet = done.stdout.split()[-1][:12]
    (ledger,) = (desk.folder / "documents").iterdir()
    assert ledger.name == "ledger.csv"
