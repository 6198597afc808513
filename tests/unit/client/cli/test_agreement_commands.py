"""``tearline agreement``: from terms in a file to an agreement in force, by every party."""

from pathlib import Path

import pytest

from support.cli import Desk
from tearline.errors import EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_USAGE
from tearline_client.demo.world import AGENCIES

US, CN, MX = AGENCIES
OFFICER = "olga"
TERMS = f"""
name = "precursors-2026"
parties = ["{US}", "{MX}"]
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = 730
onward_use = "None."

[article.precursors]
purposes = ["criminal-investigation"]
kinds = ["lead"]
crime_areas = ["drug-trafficking"]
highest_tlp = "red"
directions = [["{US}", "{MX}"]]

[article.precursors.share.{MX}]
"chemical.substance" = "exists"
"""
WIDER = TERMS.replace('"exists"', '"clear"').replace("730", "90")


@pytest.fixture
def both(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk at which two agencies have an officer, and files of terms."""
    monkeypatch.chdir(tmp_path)
    word = desk.folder / "word"
    for agency in (US, MX):
        for arguments in (("person", "add", OFFICER, "--role", "officer"), ("login", OFFICER)):
            result = desk.run(*arguments, "--person-passphrase-file", word, agency=agency)
            assert result.exit_code == 0, result.output
    (tmp_path / "terms.toml").write_text(TERMS)
    (tmp_path / "wider.toml").write_text(WIDER)
    return desk


def by_officer(desk: Desk, *arguments: str, agency: str = US, status: int = 0) -> list[dict]:
    return desk.rows("agreement", *arguments, "--as", OFFICER, agency=agency, status=status)


def listed(desk: Desk, agency: str = US) -> dict[int, dict]:
    rows = desk.rows("agreement", "list", agency=agency)
    return {row["version"]: row for row in rows if row["agreement"] == "precursors-2026"}


def test_from_terms_to_force_and_on_to_the_next_version(both: Desk) -> None:
    (gain, *words) = by_officer(both, "propose", "terms.toml", "--yes")
    assert (gain["change"], gain["from"], gain["to"]) == ("gains", US, MX)
    assert (gain["what"], gain["before"], gain["after"]) == (
        "chemical.substance",
        "withheld",
        "exists",
    )
    assert {row["change"] for row in words} == {"text"}
    assert (listed(both)[1]["state"], listed(both)[1]["signed_by"]) == ("proposed", US)

    by_officer(both, "sign", "precursors-2026", "--yes", agency=MX)
    assert listed(both, MX)[1]["state"] == "in force"

    changed = by_officer(both, "amend", "precursors-2026", "wider.toml", "--yes", agency=MX)
    assert [(row["change"], row["what"], row["before"], row["after"]) for row in changed] == [
        ("gains", "chemical.substance", "exists", "clear"),
        ("text", "retention_ms", "730 d", "90 d"),
        ("text", f"shares.{MX} chemical.substance", "exists", "clear"),
    ]
    proposed = listed(both, MX)[2]["proposal"]
    signed = both.run("agreement", "sign", proposed[:12], "--yes", "--as", OFFICER)
    assert (signed.exit_code, signed.stderr) == (
        0,
        "Signed version 2 of precursors-2026; in force.\n",
    )
    assert {v: row["state"] for v, row in listed(both).items()} == {1: "replaced", 2: "in force"}
    shown = both.rows("agreement", "show", "precursors-2026", "--diff")
    assert shown == changed
    said = both.run("agreement", "show", "precursors-2026").stderr.splitlines()
    assert {
        "retention: 90 d",
        "log_retention: for ever",
        "authorisation: none",
        "reply_times.urgent: 72 h",
        "precursors, purposes: criminal-investigation",
        f"precursors, directions: {US} to {MX}",
        "precursors, four_eyes: no",
    } <= set(said)
    assert not any("shares" in line or "b'" in line for line in said)
    again = both.run("agreement", "publish", "precursors-2026")
    assert again.exit_code == 0, again.output


def test_what_is_in_force_is_published_again_by_its_name(both: Desk) -> None:
    again = both.run("agreement", "publish", "narcotics-2026")
    assert (again.exit_code, again.stderr) == (
        0,
        "narcotics-2026 was accepted by the exchange.\n",
    )
    assert both.run("agreement", "publish", "no-such").exit_code == EXIT_REFUSED


def test_a_trial_sends_nothing(both: Desk) -> None:
    assert by_officer(both, "propose", "terms.toml", "--dry-run")
    assert listed(both) == {}


def test_it_takes_an_officer_and_their_word(both: Desk) -> None:
    by_auditor = both.run("agreement", "propose", "terms.toml", "--yes", "--as", "ana")
    assert by_auditor.exit_code == EXIT_REFUSED
    unasked = both.run("agreement", "propose", "terms.toml", "--as", OFFICER)
    assert unasked.exit_code == EXIT_USAGE
    assert listed(both) == {}


def test_other_terms_answer_and_the_first_are_declined(both: Desk) -> None:
    by_officer(both, "propose", "terms.toml", "--yes")
    missing = both.run("agreement", "decline", "none", "--as", OFFICER, agency=MX)
    assert missing.exit_code == EXIT_NOT_FOUND
    answered = by_officer(both, "counter", "precursors-2026", "wider.toml", "--yes", agency=MX)
    assert answered[0]["after"] == "clear"
    rows = both.rows("agreement", "list", agency=MX)
    first, second = [row for row in rows if row["agreement"] == "precursors-2026"]
    assert (first["state"], second["state"]) == ("countered", "proposed")
    declined = both.run("agreement", "decline", second["proposal"], "--as", OFFICER)
    assert (declined.exit_code, declined.stderr) == (
        0,
        "Declined version 1 of precursors-2026.\n",
    )
    late = both.run("agreement", "sign", second["proposal"], "--yes", "--as", OFFICER)
    assert late.exit_code == EXIT_REFUSED
    assert "TL-AGR-022" in late.stderr


def test_terms_are_compared_before_anything_is_proposed(both: Desk) -> None:
    rows = both.rows("agreement", "diff", "wider.toml", "terms.toml")
    assert [(row["change"], row["before"], row["after"]) for row in rows[:2]] == [
        ("gains", "exists", "clear"),
        ("text", "730 d", "90 d"),
    ]
    assert both.run("agreement", "diff", "no-such").exit_code == EXIT_NOT_FOUND
