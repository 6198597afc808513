"""``tearline agreement suspend``, ``resume``, ``end`` and ``gap``: asked, told, and shown."""

import pytest

from support.cli import AUDITOR, Desk, Dialling
from tearline.errors import (
    EXIT_NOT_FOUND,
    EXIT_PENDING,
    EXIT_REFUSED,
    EXIT_USAGE,
    ExchangeUnreachable,
)

NAME = "narcotics-2026"
SUSPEND = ("agreement", "suspend", NAME, "--reason", "political")


@pytest.fixture
def officer(desk: Desk) -> Desk:
    word = desk.folder / "word"
    for arguments in (("person", "add", "olga", "--role", "officer"), ("login", "olga")):
        assert desk.run(*arguments, "--person-passphrase-file", word).exit_code == 0
    return desk


def state(desk: Desk, name: str = NAME) -> object:
    return next(r["state"] for r in desk.rows("agreement", "list") if r["agreement"] == name)


def test_an_officer_suspends_as_well_as_a_liaison(officer: Desk) -> None:
    suspended = officer.run(*SUSPEND, "--yes", "--as", "olga")
    assert (suspended.exit_code, suspended.stderr) == (
        0,
        f"{NAME}: the whole agreement is suspended here.\n",
    )


def test_from_suspension_to_the_proof_of_the_gap(officer: Desk) -> None:
    suspended = officer.run(*SUSPEND, "--yes", "--as", AUDITOR)
    assert suspended.exit_code == 0, suspended.output
    assert suspended.stderr == f"{NAME}: the whole agreement is suspended here.\n"
    assert state(officer) == "suspended by us-justice"
    assert state(officer, "bilateral") == "in force"
    shown = officer.run("agreement", "show", NAME)
    assert f"{NAME} is suspended by us-justice." in shown.stderr
    assert "reason political, mail in flight: hold, earlier packets: keep." in shown.stderr

    refused = officer.run("agreement", "resume", NAME, "--as", AUDITOR)
    assert refused.exit_code == EXIT_REFUSED
    resumed = officer.run("agreement", "resume", NAME, "--as", "olga")
    assert (resumed.exit_code, resumed.stderr) == (0, f"{NAME}: the whole agreement is resumed.\n")
    assert state(officer) == "in force"
    again = officer.run("agreement", "resume", NAME, "--as", "olga")
    assert again.exit_code == EXIT_NOT_FOUND

    rows = officer.rows("agreement", "gap", NAME)
    assert {(row["from"], row["to"]) for row in rows} == {
        ("us-justice", "mx-prosecutor"),
        ("mx-prosecutor", "us-justice"),
        ("us-justice", "cn-public-security"),
        ("cn-public-security", "us-justice"),
    }
    for row in rows:
        assert row["crossed"] == 0
        assert row["suspended"] <= row["resumed"]
        # The partners did not run, so their marks are missing: that is no proof.
        assert row["proved"] is False


def test_one_direction_of_an_article(officer: Desk) -> None:
    way = ("--article", "money-laundering", "--direction", "us-justice:mx-prosecutor")
    assert (
        officer.run(*SUSPEND, *way, "--return", "--freeze", "--yes", "--as", "olga").exit_code == 0
    )
    shown = officer.run("agreement", "show", NAME).stderr
    assert "article money-laundering from us-justice to mx-prosecutor" in shown
    assert "mail in flight: return, earlier packets: freeze" in shown
    assert officer.run("agreement", "resume", NAME, *way, "--as", "olga").exit_code == 0
    assert state(officer) == "in force"


@pytest.mark.parametrize(
    "way",
    [
        ("--direction", "us-justice:mx-prosecutor"),
        ("--article", "money-laundering", "--direction", "us-justice"),
        ("--article", "money-laundering", "--direction", "us-justice:nobody"),
    ],
)
def test_a_direction_is_two_parties_of_an_article(desk: Desk, way: tuple[str, ...]) -> None:
    assert desk.run(*SUSPEND, *way, "--yes").exit_code != 0
    assert state(desk) == "in force"


@pytest.mark.parametrize(
    "way",
    [
        ("--article", "nothing-of-that"),
        ("--article", "money-laundering", "--direction", "cn-public-security:mx-prosecutor"),
    ],
)
def test_what_is_not_there_is_not_suspended(desk: Desk, way: tuple[str, ...]) -> None:
    assert desk.run(*SUSPEND, *way, "--yes").exit_code in (EXIT_NOT_FOUND, EXIT_REFUSED)
    assert state(desk) == "in force"


def test_what_was_sent_before_is_recalled(desk: Desk) -> None:
    result = desk.run(*SUSPEND, "--erase", "--yes")
    assert result.exit_code == 0, result.stderr
    assert "`tearline packet recalls` lists the answers" in result.stderr
    assert "cannot be undone" in result.stderr
    assert state(desk) == "suspended by us-justice"
    shown = desk.run("agreement", "show", NAME).stderr
    assert "earlier packets: erase" in shown


def test_it_is_asked_for_twice(desk: Desk) -> None:
    result = desk.run(*SUSPEND)
    assert result.exit_code == EXIT_USAGE
    assert state(desk) == "in force"


def test_an_officer_ends_it_for_good(officer: Desk) -> None:
    end = ("agreement", "end", NAME, "--reason", "breach", "--return", "--yes")
    assert officer.run(*end, "--as", AUDITOR).exit_code == EXIT_REFUSED
    assert officer.run(*end, "--as", "olga").exit_code == 0
    assert state(officer) == "ended by us-justice"
    assert officer.run("agreement", "resume", NAME, "--as", "olga").exit_code == EXIT_REFUSED


def test_an_end_that_erases_recalls_what_was_sent_before(officer: Desk) -> None:
    end = ("agreement", "end", NAME, "--reason", "breach", "--erase", "--yes")
    refused = officer.run(*end, "--as", AUDITOR)
    assert refused.exit_code == EXIT_REFUSED
    assert officer.rows("packet", "recalls") == []
    result = officer.run(*end, "--as", "olga")
    assert result.exit_code == 0, result.stderr
    assert "`tearline packet recalls` lists the answers" in result.stderr
    assert "cannot be undone" in result.stderr
    assert state(officer) == "ended by us-justice"
    recalls = officer.rows("packet", "recalls")
    assert {row["partner"] for row in recalls} == {"mx-prosecutor", "cn-public-security"}
    assert {row["reason"] for row in recalls} == {"suspended"}


def test_without_the_exchange_it_holds_here(officer: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(self: Dialling, publication: bytes) -> bytes:
        raise ExchangeUnreachable("it is cut off")

    with monkeypatch.context() as cut:
        cut.setattr(Dialling, "publish", gone)
        result = officer.run(*SUSPEND, "--yes", "--as", "olga")
        assert result.exit_code == EXIT_PENDING
        assert "is suspended here" in result.stderr
        assert "TL-REQ-011" in result.stderr
        assert "number 1 in the queue" in result.stderr
        assert state(officer) == "suspended by us-justice"
        assert (
            "the exchange has not accepted it yet" in officer.run("agreement", "show", NAME).stderr
        )
    assert officer.run("packet", "list").exit_code == 0  # it syncs
    assert (
        "the exchange has not accepted it yet" not in officer.run("agreement", "show", NAME).stderr
    )
