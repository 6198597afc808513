"""Commands of an agency that is no longer a member."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import AUDITOR, Desk
from tearline.errors import EXIT_REFUSED, MembershipEnded

MX = "mx-prosecutor"


@pytest.fixture
def removed(desk: Desk) -> Iterator[Desk]:
    """Our agency, after the two others have removed it."""
    voted = desk.run("federation", "vote", "--remove", "us-justice", "--yes", agency=MX)
    assert voted.exit_code == 0, voted.output
    voted = desk.run("federation", "vote", "us-justice", "--yes", agency="cn-public-security")
    assert voted.exit_code == 0, voted.output
    return desk


@pytest.mark.parametrize(
    "command",
    [
        ("packet", "list"),
        ("packet", "show", "PACKET"),
        ("packet", "print", "PACKET"),
        ("packet", "search", "Qiu"),
        ("export", "ftm", "PACKET"),
        ("request", "list"),
        ("agreement", "list"),
        ("federation", "members"),
        ("todo",),
        ("audit", "who-saw", "PACKET", "Person/name"),
        ("audit", "access", "--as", AUDITOR),
        ("audit", "prove", "PACKET", "--output-dir", "DIR", "--as", AUDITOR),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_contents_stay_readable(removed: Desk, tmp_path: Path, command: tuple[str, ...]) -> None:
    words = {"PACKET": removed.packet, "DIR": tmp_path / "proof"}
    shown = removed.run(*(words.get(word, word) for word in command))
    assert shown.exit_code == 0, shown.output
    assert "SignerUnknown" not in shown.output


def test_sync_and_status_tell_the_end(removed: Desk) -> None:
    synced = removed.run("node", "sync")
    assert synced.exit_code == EXIT_REFUSED
    assert f"{MembershipEnded.code}: {MembershipEnded.what.removesuffix('.')}" in synced.stderr
    assert "the council removed it on 20" in synced.stderr
    assert "Packets here stay readable" in synced.stderr
    assert removed.run("keys", "list").exit_code == 0
    (row,) = (row for row in removed.rows("node", "status") if row["what"] == "membership")
    assert row["which"].startswith("ended by entry ")
    assert "the council removed it, 20" in row["state"]
    assert "Packets here stay readable" in row["state"]
    assert row["at"]


def test_sending_is_refused(removed: Desk, tmp_path: Path) -> None:
    lead = tmp_path / "lead.jsonl"
    person = {"id": "qiu", "schema": "Person", "properties": {"name": ["Qiu Wenhao"]}}
    lead.write_text(json.dumps(person) + "\n")
    order = ("--to", MX, "--agreement", "narcotics-2026", "--yes")
    terms = ("--article", "money-laundering", "--purpose", "criminal-investigation")
    sent = removed.run("packet", "send", lead, *order, *terms)
    assert sent.exit_code == EXIT_REFUSED
    assert MembershipEnded.code in sent.stderr
    suspended = removed.run(
        "agreement", "suspend", "narcotics-2026", "--reason", "political", "--yes"
    )
    assert suspended.exit_code == EXIT_REFUSED
    assert MembershipEnded.code in suspended.stderr
