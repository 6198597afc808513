"""Acts that stand already: a repetition says since when, asks nothing and sends nothing."""

import re
from pathlib import Path

import pytest

from support.cli import AUDITOR, Desk
from tearline.errors import EXIT_REFUSED, PacketRecalled
from unit.client.cli.test_confirmations import CN, MX, sent

NAME = "narcotics-2026"
RECALL = ("packet", "recall", "--reason")
SUSPEND = ("agreement", "suspend", NAME, "--reason", "review")
SINCE = r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


def entries(desk: Desk, action: str) -> int:
    return len(desk.rows("audit", "search", f"action:{action}", "--as", AUDITOR))


def test_a_recall_that_stands_is_not_repeated(desk: Desk) -> None:
    assert desk.run(*RECALL, "mistake", desk.packet, "--yes").exit_code == 0
    first = entries(desk, "recall")
    # Without --yes: there is no question either.
    again = desk.run(*RECALL, "mistake", desk.packet)
    assert again.exit_code == 0, again.output
    assert re.search(f"Recalled from {MX} {SINCE}: open there.", again.stderr)
    assert again.stderr.endswith("Nothing was sent: the recall stands.\n")
    assert again.stdout == ""
    assert len(desk.rows("packet", "recalls")) == 2
    assert entries(desk, "recall") == first


def test_a_recall_for_another_reason_and_from_more_partners_is_sent(desk: Desk) -> None:
    assert desk.run(*RECALL, "mistake", desk.packet, "--from", MX, "--yes").exit_code == 0
    assert len(desk.rows("packet", "recalls")) == 1
    assert desk.run(*RECALL, "mistake", desk.packet, "--from", CN, "--yes").exit_code == 0
    assert len(desk.rows("packet", "recalls")) == 2
    assert desk.run(*RECALL, "source-at-risk", desk.packet, "--from", CN, "--yes").exit_code == 0
    assert len(desk.rows("packet", "recalls")) == 3
    # From all of them at once: nobody may get it any more, so this is no repetition.
    assert desk.run(*RECALL, "mistake", desk.packet, "--yes").exit_code == 0
    assert len(desk.rows("packet", "recalls")) == 5


def test_a_suspension_that_stands_is_not_repeated(desk: Desk) -> None:
    assert desk.run(*SUSPEND, "--yes").exit_code == 0
    before = desk.run("agreement", "show", NAME).stderr
    again = desk.run(*SUSPEND)
    assert again.exit_code == 0, again.output
    assert re.fullmatch(
        f"{NAME}: the whole agreement is suspended {SINCE}. Nothing changed.\n", again.stderr
    )
    assert desk.run("agreement", "show", NAME).stderr == before


TERMS = [("--return",), ("--freeze",)]


@pytest.mark.parametrize("change", [*TERMS, ("--article", "money-laundering")])
def test_other_terms_of_an_officer_and_another_scope_are_a_change(
    desk: Desk, change: tuple[str, ...]
) -> None:
    word = desk.folder / "word"
    for arguments in (("person", "add", "olga", "--role", "officer"), ("login", "olga")):
        assert desk.run(*arguments, "--person-passphrase-file", word).exit_code == 0
    assert desk.run(*SUSPEND, "--yes", "--as", "olga").exit_code == 0
    before = desk.run("agreement", "show", NAME).stderr
    changed = desk.run(*SUSPEND, *change, "--yes", "--as", "olga")
    assert changed.exit_code == 0, changed.output
    assert "is suspended here." in changed.stderr
    assert desk.run("agreement", "show", NAME).stderr != before


@pytest.mark.parametrize("change", TERMS)
def test_other_terms_of_another_person_are_said_not_to_count(
    desk: Desk, change: tuple[str, ...]
) -> None:
    assert desk.run(*SUSPEND, "--yes").exit_code == 0
    again = desk.run(*SUSPEND, *change, "--yes")
    assert again.exit_code == 0, again.output
    assert "Nothing changed.\nOnly an officer may change its reason" in again.stderr


def test_a_field_that_the_partner_has_is_not_disclosed_again(desk: Desk, tmp_path: Path) -> None:
    packet = sent(desk, tmp_path)
    disclose = ("packet", "disclose", packet, "Person/name", "--to", CN)
    disclosed = desk.run(*disclose, "--yes")
    assert "The exchange accepted and logged" in disclosed.stderr
    grants = desk.rows("packet", "status", packet)
    assert [grant["partner"] for grant in grants] == [MX, CN]
    again = desk.run(*disclose)
    assert again.exit_code == 0, again.output
    assert re.fullmatch(f"The partner has this field {SINCE}. Nothing was sent.\n", again.stderr)
    assert desk.rows("packet", "status", packet) == grants


def test_a_field_that_was_recalled_is_not_said_to_be_there(desk: Desk, tmp_path: Path) -> None:
    packet = sent(desk, tmp_path)
    assert desk.run(*RECALL, "mistake", packet, "--field", "Person/name", "--yes").exit_code == 0
    refused = desk.run("packet", "disclose", packet, "Person/name", "--to", MX, "--yes")
    assert refused.exit_code != 0
    assert PacketRecalled.code in refused.stderr


def test_a_name_that_is_no_person_is_refused_with_the_nearest(desk: Desk) -> None:
    refused = desk.run("todo", "--as", f"{AUDITOR}x")
    assert refused.exit_code == EXIT_REFUSED
    assert f"there is no person '{AUDITOR}x' (near: {AUDITOR})" in refused.stderr
    assert desk.run("todo", "--as", AUDITOR).exit_code == 0
    assert desk.run("todo", "--as", "node").exit_code == 0
