"""``tearline packet recall`` and its like, at a desk that has granted nothing to anybody."""

import pytest

from support.cli import Desk
from tearline.errors import EXIT_NOT_FOUND, EXIT_USAGE, MalformedInput
from tearline.packets.recall import Reach
from tearline_client.cli.recall import not_undone, verify_line_decided
from tearline_client.features.recalls.service import RecallPlan


def test_there_are_no_recalls_at_first(desk: Desk) -> None:
    assert desk.rows("packet", "recalls") == []
    assert desk.rows("packet", "recalls", "--overdue") == []


NOBODYS = "00" * 16  # no packet's id: two figures may well begin one


@pytest.mark.parametrize(
    "arguments",
    [
        ("recall", NOBODYS, "--reason", "mistake", "--yes"),
        ("recall", NOBODYS, "--reason", "mistake", "--dry-run"),
        ("keep", NOBODYS, "--ground", "evidence"),
        ("keep", NOBODYS, "--end"),
        ("erase", NOBODYS, "--yes"),
    ],
)
def test_what_is_not_here_is_not_found(desk: Desk, arguments: tuple[str, ...]) -> None:
    assert desk.run("packet", *arguments).exit_code == EXIT_NOT_FOUND


@pytest.mark.parametrize("arguments", [(), ("--ground", "evidence", "--end")])
def test_a_hold_begins_or_ends(desk: Desk, arguments: tuple[str, ...]) -> None:
    failed = desk.run("packet", "keep", NOBODYS, *arguments)
    assert failed.exit_code == EXIT_USAGE
    assert "give either --ground or --end" in failed.stderr


def test_a_line_of_corrections_is_not_left_without_a_word() -> None:
    rest = RecallPlan(packet=b"p" * 32, recipients=("spiffe://x/node/a",), slots=(), whole=True)
    verify_line_decided([rest], line=True)
    verify_line_decided([], line=None)
    with pytest.raises(MalformedInput, match=rest.packet.hex()[:12] + ".*--line.*--alone"):
        verify_line_decided([rest], line=None)


def test_what_is_not_undone_is_said_in_words() -> None:
    assert not_undone((Reach.EXPORTED, Reach.SEEN)) == "exported to a file, seen by a person"
    assert not_undone(()) == ""


def test_what_we_recalled_is_said_to_be_gone_there_and_not_here(desk: Desk) -> None:
    assert [row["recalled"] for row in desk.rows("packet", "list", "--no-sync")] == [False]
    recalled = desk.run("packet", "recall", desk.packet, "--reason", "mistake", "--yes")
    assert recalled.exit_code == 0, recalled.output
    for agency in ("mx-prosecutor", "us-justice"):
        assert desk.run("node", "sync", agency=agency).exit_code == 0
    assert [row["recalled"] for row in desk.rows("packet", "list", "--no-sync")] == [True]
    shown = desk.run("packet", "show", desk.packet)
    assert shown.exit_code == 0, shown.output
    assert "We recalled everything from mx-prosecutor: erased there." in shown.stderr
    assert "Its originator" not in shown.stderr
    assert "Qiu Wenhao" in shown.stdout
