"""The page on finding, followed to the letter by an agency."""

import shlex
import zipfile

import networkx
import pytest

from support.cli import Desk, desk, quick, rested
from support.docs_pages import blocks

__all__ = ["desk", "quick", "rested"]


def test_every_command_of_the_page_works(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder)
    lines = "".join(blocks("howto/finding.md")).replace("3f9a1c", desk.packet).splitlines()
    told = [desk.run(*shlex.split(line)[1:]) for line in lines]
    assert [done.exit_code for done in told] == [0] * 6, told
    by_name, by_account, _, plain, *_ = (done.stdout for done in told)
    assert "Person/name" in by_name
    assert "BankAccount/iban" in by_account
    assert (desk.folder / "open.jsonl").read_text(encoding="utf-8") == plain
    graph = networkx.read_graphml(desk.folder / "case.graphml")
    assert "Person" in {attributes["schema"] for _, attributes in graph.nodes(data=True)}
    with zipfile.ZipFile(desk.folder / "case.zip") as archive:
        assert {*archive.namelist()} == {"nodes.csv", "edges.csv"}
