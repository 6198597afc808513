"""``tearline packet recall`` and its like, at a desk that has granted nothing to anybody."""

import pytest

from desk import Desk
from tearline.errors import EXIT_NOT_FOUND, EXIT_USAGE
from tearline.recall import Reach
from tearline_client.cli.recall import not_undone


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
    assert "either --ground, or --end" in failed.stderr


def test_what_is_not_undone_is_said_in_words() -> None:
    assert not_undone((Reach.EXPORTED, Reach.SEEN)) == "exported to a file, seen by a person"
    assert not_undone(()) == ""
