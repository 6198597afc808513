"""A council of two agencies, by the commands that officers type: a lost root, and an empty seat."""

from pathlib import Path

import pytest

from support.federation import AGENCIES, MX, US, Agency, at_work, copied
from tearline_client.keys.home import Home

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/client/cli/test_federation_commands.py::test_a_newcomer_is_admitted_by_two_who_see_its_root"
    ),
]

TWO = {name: AGENCIES[name] for name in (US, MX)}
JP, JP_DOMAIN = "jp-customs", "customs.jp.example"


def newcomer(by: Agency, name: str, domain: str, generation: int = 1) -> Agency:
    """A home that asks to be admitted to the federation of an agency."""
    folder = by.home.parent / f"{name}-{generation}"
    folder.mkdir()
    agency = Agency(folder / name, domain)
    agency.secret.touch(mode=0o600)
    agency.secret.write_text(by.secret.read_text())
    agency.variables.update(by.variables)
    agency.done_here(
        *("init", "--agency", name, "--domain", domain, "--node", "liaison"),
        *("--federation", Home(by.home).pinned().federation.hex()),
        *("--generation", str(generation)),
    )
    return agency


def invited(by: Agency, agency: Agency) -> str:
    """What an invitation says, which decides at once."""
    file = str(agency.home / f"{agency.home.name}.agency")
    return by.done("federation", "invite", file, "--yes").err


def joined(by: Agency, agency: Agency) -> None:
    agency.done_here("federation", "join", str(by.home / "federation.trust"))
    for each in (agency, by, agency):
        each.done_here("node", "sync")


def members(agency: Agency) -> dict[str, tuple[str, bool]]:
    """The status of each agency, and whether it has a seat."""
    rows = agency.done_here("federation", "members", "-o", "json").rows
    return {row["member"]: (row["status"], row["council"]) for row in rows}


def test_the_other_agency_alone_replaces_a_lost_root(tmp_path: Path) -> None:
    federation = copied(tmp_path, TWO)
    us, mx = federation.us, federation.mx
    with at_work(federation.operator):
        again = newcomer(us, MX, mx.domain, generation=2)
        assert f"Decided: replace {MX}." in invited(us, again)
        pending = us.done_here("federation", "pending")
        assert pending.out.splitlines()[1].startswith(f"replace   {MX}")
        assert "UTC UTC" not in pending.err
        assert "if mx-prosecutor has its old root" in pending.err.casefold()
        # Until it takes effect, the new home is no member's, and the old root may void it.
        again.done_here("federation", "join", str(us.home / "federation.trust"))
        assert again.here("node", "sync").refused("TL-REQ-001", 3)
        mx.done("federation", "rotate-root", "--yes")
        assert us.done_here("federation", "pending", "-o", "json").rows == []
        (decided,) = us.done_here("federation", "history", "-o", "json").rows
        assert (decided["decision"], decided["votes"]) == ("replace", US)


def test_the_last_seat_alone_admits_and_both_then_form_the_council(tmp_path: Path) -> None:
    federation = copied(tmp_path, TWO)
    us, mx = federation.us, federation.mx
    with at_work(federation.operator):
        mx.done("federation", "leave", "--reason", "end of the treaty", "--yes")
        us.done_here("node", "sync")
        assert "above 1, the filled seats, means all" in us.done_here("federation", "rules").err
        jp = newcomer(us, JP, JP_DOMAIN)
        assert f"Decided: admit {JP}." in invited(us, jp)
        joined(us, jp)
        assert members(jp) == {MX: ("left", False), US: ("member", True), JP: ("member", False)}

        seats = ("--seat", US, "--seat", JP, "--threshold", "2", "--yes")
        refused = us.here("federation", "rules", *seats)
        assert "mx-prosecutor is no member: name the agencies that stay" in refused.err
        cosigners = ("--cosigner", US, "--cosigner", JP)
        us.done("federation", "rules", *seats, *cosigners)
        (open_,) = jp.done_here("federation", "pending", "-o", "json").rows
        assert "Decided: amend" in jp.done("federation", "vote", open_["content"], "--yes").err
        assert members(us)[JP] == ("member", True)
        # The new council of two replaces a lost root by the other's vote, too.
        assert f"Decided: replace {JP}." in invited(us, newcomer(us, JP, JP_DOMAIN, generation=2))
