"""The page on CASE and UCO, followed to the letter by an agency."""

import json
import shlex
from pathlib import Path

import pytest

from support.cli import Desk, desk, quick, rested
from support.docs_pages import blocks

__all__ = ["desk", "quick", "rested"]


def test_every_command_of_the_page_works(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder)
    for line in "".join(blocks("howto/case-uco.md")).replace("3f9a1c", desk.packet).splitlines():
        told = desk.run(*shlex.split(line)[1:])
        assert told.exit_code == 0, told
    graph = json.loads(Path("case.jsonld").read_text(encoding="utf-8"))["@graph"]
    (record,) = [each for each in graph if each["@type"].endswith(":ProvenanceRecord")]
    assert len(record["uco-core:object"]) == 5
    (proven,) = desk.rows("audit", "verify", "lead.exhibit")
    assert record["case-investigation:exhibitNumber"] == proven["packet_id"] == desk.packet
    left = [json.loads(each) for each in Path("report.jsonl").read_text().splitlines()]
    assert "Payment.amount" in {each.get("column") for each in left}
