"""The page on cases, followed to the letter, with partners who answer in between."""

from pathlib import Path

import pytest

from support.docs_pages import blocks, follow
from support.federation import CN, MX, ORDER, serving

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_case_commands.py::test_a_case_from_its_opening_to_its_end"
    ),
]

OPEN, LOOK_BACK = blocks("howto/cases.md")


def test_a_case_is_opened_joined_filled_and_looked_back_on(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        us, cn, mx = federation.us, federation.cn, federation.mx
        shown = follow(us, OPEN, tmp_path)
        assert "Cash collected in two ports" in shown.stderr

        for partner in (cn, mx):
            partner.here("node", "sync")
            assert partner.here("case", "list", "-o", "json").rows[0]["standing"] == "invited"
            partner.here("case", "join", "Harbour")
            us.here("node", "sync")
        for partner in (cn, mx):
            partner.here("node", "sync")
            (row,) = partner.here("case", "list", "-o", "json").rows
            assert (row["standing"], row["to_join"]) == ("in", "")
            assert len(row["members"].split()) == 3

        lead = str(federation.lead())
        us.here(
            "packet", "send", "--yes", lead, f"--to={CN}", f"--to={MX}", *ORDER, "--case=Harbour"
        )
        cn.here("node", "sync")
        assert cn.here("packet", "list", "-o", "json").rows[0]["case_id"] == row["id"]
        told = follow(us, LOOK_BACK, tmp_path).stdout
        for word in ("invited", "accepted", "admitted", "grant-accepted", "lead"):
            assert word in told

        again = us.run("case", "invite", "Harbour", MX)
        assert again.refused("TL-CAS-001", 4)
        us.here("case", "close", "Harbour", "--yes")
        assert us.run(
            "packet", "send", "--yes", lead, f"--to={CN}", *ORDER, "--case=Harbour"
        ).refused("TL-CAS-001", 4)
