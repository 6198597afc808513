"""The pages on members and the council, followed to the letter with an exchange at work."""

import re
import shutil
from pathlib import Path

import pytest

from support.docs_pages import blocks, follow
from support.federation import Agency, at_work, copied, serving
from tearline_client.keys.home import Home

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_federation_commands.py::test_a_newcomer_is_admitted_by_two_who_see_its_root"
    ),
]

_ASKS = re.compile(
    r"((?<!server )federation (?:invite|vote|exchange|succeed|leave|rotate-root|rules -)[^\n]*)"
)


def answered(page: str, federation: str) -> str:
    """What a page has its reader type, with an answer to each question."""
    typed = "".join(blocks(page))
    return f"FEDERATION={federation}\n" + _ASKS.sub(r"\1 --yes", typed)


def members(agency: Agency) -> dict[str, dict[str, object]]:
    rows = agency.here("federation", "members", "-o", "json").rows
    return {row["member"]: row for row in rows}


def test_every_command_about_members_works(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        us, homes = federation.us, federation.us.home.parent
        shutil.copy(us.home / "federation.trust", homes)
        follow(us, answered("howto/federation.md", Home(us.home).pinned().federation.hex()), homes)
        found = members(us)
        assert found["jp-customs"]["status"] == "removed"
        # The old root voided its replacement.
        assert found["mx-prosecutor"]["generation"] == 1
        decisions = us.here("federation", "history", "-o", "json").rows
        assert [row["decision"] for row in decisions] == ["admit", "remove", "replace"]


def test_every_command_about_the_council_works(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        us = federation.us
        follow(us, answered("howto/council.md", ""), us.home.parent)
        seats = {name for name, row in members(us).items() if row["council"]}
        assert seats == {"us-justice", "mx-prosecutor"}
        (waiting,) = us.here("federation", "pending", "-o", "json").rows
        assert (waiting["decision"], waiting["missing"]) == ("amend", 1)


def test_every_command_about_the_exchange_s_keys_works(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    us, mx = federation.us, federation.mx
    prepare, decide, retire, away = (
        _ASKS.sub(r"\1 --yes", block) for block in blocks("howto/rotate-exchange.md")
    )
    follow(us, prepare, tmp_path)
    with at_work(federation.operator):
        follow(us, decide, tmp_path)
        mx.done_here("node", "sync")
    shown = follow(us, retire, tmp_path).stdout.splitlines()
    assert [line.endswith("in force") for line in shown] == [False] * 4 + [True] * 4
    with at_work(federation.operator):
        assert federation.cn.here("node", "sync").refused("TL-REQ-001", 3)
        follow(us, away, tmp_path)
        federation.cn.done_here("node", "sync")


def test_every_command_about_a_successor_works(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    us = federation.us
    level, begin, decide, go_on, read = (
        _ASKS.sub(r"\1 --yes", block) for block in blocks("howto/succeed-exchange.md")
    )
    federation.operator.done("backup", str(tmp_path / "exchange.backup"))
    with at_work(federation.operator):
        federation.all("node", "sync")
    shutil.rmtree(federation.operator.home)
    for block in (level, begin, decide, go_on):
        follow(us, block, tmp_path)
    follow(us, level.splitlines()[0] + "\n" + read, tmp_path)
    with at_work(federation.operator):
        for _ in range(3):  # as daemons do
            for agency in federation.agencies.values():
                agency.here("node", "sync")
        federation.all("node", "sync")
