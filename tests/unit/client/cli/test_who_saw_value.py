"""``audit who-saw VALUE`` and ``audit access``: readers by pseudonym and role, fields by name."""

from pathlib import Path

import pytest

from support.cli import AUDITOR, Desk
from tearline.errors import EXIT_NOT_FOUND
from tearline_client.demo.lead import SUSPECT

MX = "mx-prosecutor"


@pytest.fixture
def read(desk: Desk, tmp_path: Path) -> Desk:
    """A desk whose partner's liaison officer has read the lead."""
    word = tmp_path / "word"
    word.write_text("a word of his own")
    word.chmod(0o600)
    for arguments in (("person", "add", "luis", "--role", "liaison"), ("login", "luis")):
        done = desk.run(*arguments, "--person-passphrase-file", word, agency=MX)
        assert done.exit_code == 0, done.output
    shown = desk.run("packet", "show", desk.packet, "--as", "luis", agency=MX)
    assert shown.exit_code == 0, shown.output
    return desk


def test_a_value_is_asked_for_and_its_readers_are_named(read: Desk) -> None:
    rows = read.rows("audit", "who-saw", SUSPECT)
    (row,) = [each for each in rows if each["partner"] == MX and each["seen"] == "yes"]
    assert (row["packet_id"], row["field"][6:]) == (read.packet, "/Person/name")
    (reader,) = row["readers"]
    assert reader["role"] == "liaison"
    assert row["seen_by"] == f"liaison {reader['pseudonym'][:12]}"
    assert "luis" not in str(rows)
    by_field = read.rows("audit", "who-saw", read.packet, row["path"])
    assert [r["readers"] for r in by_field if r["partner"] == MX] == [[reader]]


def test_no_reader_is_named_where_no_receipt_names_one(desk: Desk) -> None:
    rows = desk.rows("audit", "who-saw", SUSPECT)
    assert {(row["seen_by"], row["seen"]) for row in rows} == {("", "indeterminate")}


def test_a_value_that_is_nowhere_was_seen_by_nobody(desk: Desk) -> None:
    answer = desk.run("audit", "who-saw", "Nomen Nescio")
    assert answer.exit_code == EXIT_NOT_FOUND
    assert "No field readable here has that value" in answer.stderr


def test_a_search_for_a_value_is_an_entry_and_entries_name_fields(desk: Desk) -> None:
    assert desk.run("audit", "who-saw", SUSPECT, "--as", AUDITOR).exit_code == 0
    assert desk.run("packet", "show", desk.packet, "--as", AUDITOR).exit_code == 0
    rows = desk.rows("audit", "access", "--as", AUDITOR)
    (sought,) = [row for row in rows if row["action"] == "access-search"]
    assert (sought["packet_id"], sought["actor"]) == (desk.packet, AUDITOR)
    opened = [row for row in rows if row["action"] == "access-open"][-1]
    assert "/Person/name" in opened["fields"]
    assert any(path.endswith("/Person/name") for path in opened["paths"])
    assert "slot:" not in opened["fields"]
    table = desk.run("audit", "access", "--as", AUDITOR).stdout
    assert "/Person/name" in table
