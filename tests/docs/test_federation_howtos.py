"""The pages on members and the council, followed to the letter with an exchange at work."""

import re
import shutil
from pathlib import Path

import pytest

from support.docs_pages import blocks, follow
from support.federation import Agency, serving
from tearline_client.keys.home import Home

pytestmark = pytest.mark.integration

_ASKS = re.compile(r"(federation (?:invite|vote|leave|rotate-root|rules -)[^\n]*)")


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
