"""The page on cases, followed to the letter, with partners who answer in between."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from federation import CN, MX, ORDER, Agency, serving
from support import ROOT

pytestmark = pytest.mark.integration

PAGE = (ROOT / "docs" / "howto" / "cases.md").read_text(encoding="utf-8")
OPEN, LOOK_BACK = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def follow(agency: Agency, commands: str) -> subprocess.CompletedProcess[str]:
    """Runs commands in a shell of that agency."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    followed = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        env={**agency.environment, "TEARLINE_HOME": str(agency.home), "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert followed.returncode == 0, followed
    return followed


def test_a_case_is_opened_joined_filled_and_looked_back_on(tmp_path: Path) -> None:
    with serving(tmp_path) as federation:
        us, cn, mx = federation.us, federation.cn, federation.mx
        shown = follow(us, OPEN)
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
        us.here("packet", "send", lead, f"--to={CN}", f"--to={MX}", *ORDER, "--case=Harbour")
        cn.here("node", "sync")
        assert cn.here("packet", "list", "-o", "json").rows[0]["case"] == row["id"]
        told = follow(us, LOOK_BACK).stdout
        for word in ("invited", "accepted", "admitted", "grant-accepted", "lead"):
            assert word in told

        again = us.run("case", "invite", "Harbour", MX)
        assert again.refused("TL-CAS-001", 4)
        us.here("case", "close", "Harbour", "--yes")
        assert us.run("packet", "send", lead, f"--to={CN}", *ORDER, "--case=Harbour").refused(
            "TL-CAS-001", 4
        )
