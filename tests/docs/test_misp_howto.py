"""The page on MISP, followed to the letter by an agency."""

import json
import re
import shlex
from pathlib import Path

import pytest

from support.cli import Desk, desk, quick, rested
from support.docs_pages import blocks

__all__ = ["desk", "quick", "rested"]

_HEREDOC = re.compile(r"cat > (\S+) <<'END'\n(.*?)^END\n", re.MULTILINE | re.DOTALL)


def test_every_command_of_the_page_works(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder)
    text = "".join(blocks("howto/misp.md")).replace("3f9a1c", desk.packet)
    for name, written in _HEREDOC.findall(text):
        Path(name).write_text(written, encoding="utf-8")
    lines = _HEREDOC.sub("", text).replace("\\\n", "").splitlines()
    told = [desk.run(*shlex.split(line)[1:]) for line in lines]
    assert [done.exit_code for done in told] == [0, 0, 0], told
    (event,) = json.loads(Path("case.misp.json").read_text(encoding="utf-8"))["response"]
    assert len(event["Event"]["Object"]) == 5
    assert all("3 entities in 1 packet" in done.output for done in told[1:])
    left = [json.loads(line) for line in Path("misp-report.jsonl").read_text().splitlines()]
    assert {"Person.alias", "Event.info"} <= {each.get("column") for each in left}
