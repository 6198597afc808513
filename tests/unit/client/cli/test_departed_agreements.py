"""An agreement whose party was removed: shown as suspended, on the worklist, and amended."""

from pathlib import Path

import pytest

from support.cli import Desk
from tearline.errors import EXIT_REFUSED, PartyDeparted
from tearline_client.demo.lead import AGREEMENT
from tearline_client.demo.world import AGENCIES

US, CN, MX = AGENCIES
NAME, OFFICER = "narcotics-2026", "olga"
STAYS = (US, CN)
AS_NODE = ("--yes", "--as", "node")


def without_mx() -> str:
    """The terms of the two other parties."""
    sections = AGREEMENT.replace(f', "{MX}"', "").split("\n[")
    return "\n[".join(each for each in sections if f".share.{MX}]" not in each)


@pytest.fixture
def left(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk after the removal of a party, with an officer at each other one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "terms.toml").write_text(without_mx())
    for agency in STAYS:
        for arguments in (("person", "add", OFFICER, "--role", "officer"), ("login", OFFICER)):
            word = desk.folder / "word"
            result = desk.run(*arguments, "--person-passphrase-file", word, agency=agency)
            assert result.exit_code == 0, result.output
    for arguments, agency in ((("--remove", MX), US), ((MX,), CN)):
        voted = desk.run("federation", "vote", *arguments, "--yes", agency=agency)
        assert voted.exit_code == 0, voted.output
    for agency in STAYS:
        assert desk.run("node", "sync", agency=agency).exit_code == 0
    return desk


def state(desk: Desk) -> object:
    rows = desk.rows("agreement", "list")
    return [row["state"] for row in rows if row["agreement"] == NAME][-1]


def tasks(desk: Desk, agency: str = US) -> list[dict]:
    rows = desk.rows("todo", agency=agency)
    return [row for row in rows if row["kind"] == "departure" and row["name"] == NAME]


def test_the_list_shows_the_departed_party(left: Desk) -> None:
    assert state(left) == f"suspended: {MX} departed"
    shown = left.run("agreement", "show", NAME)
    assert f"{NAME} is suspended: {MX} departed." in shown.stderr


@pytest.mark.parametrize("agency", STAYS)
def test_the_worklist_asks_for_a_version_without_it(left: Desk, agency: str) -> None:
    (task,) = tasks(left, agency)
    assert task["task"] == f"sign a version of {NAME} without the departed party"
    assert task["next"] == f"tearline agreement show {NAME}"


def test_an_amendment_without_it_ends_the_suspension(left: Desk) -> None:
    amended = left.run("agreement", "amend", NAME, "terms.toml", "--yes", "--as", OFFICER)
    assert amended.exit_code == 0, amended.output
    assert not tasks(left)  # it is proposed
    signed = left.run("agreement", "sign", NAME, "--yes", "--as", OFFICER, agency=CN)
    assert signed.exit_code == 0, signed.output
    assert left.run("node", "sync").exit_code == 0
    assert state(left) == "in force"
    assert not tasks(left)


def test_an_amendment_that_names_it_is_refused(left: Desk, tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(AGREEMENT.replace("730", "90"))
    kept = left.run("agreement", "amend", NAME, "all.toml", "--yes", "--as", OFFICER)
    assert kept.exit_code == EXIT_REFUSED
    assert f"no agency of the federation '{MX}'" in kept.stderr


def test_nothing_is_sent_meanwhile(left: Desk, tmp_path: Path) -> None:
    lead = tmp_path / "lead.jsonl"
    lead.write_text('{"id":"q","schema":"Person","properties":{"name":["Qiu Wenhao"]}}\n')
    terms = ("--article", "money-laundering", "--purpose", "criminal-investigation")
    sent = left.run("packet", "send", lead, "--to", CN, "--agreement", NAME, *terms, *AS_NODE)
    assert sent.exit_code == EXIT_REFUSED
    assert PartyDeparted.code in sent.stderr
