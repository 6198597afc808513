"""``tearline inbox``: partners' packets with subjects, each look in the access log."""

import pytest

from support.cli import AUDITOR, Desk

MX, CN = "mx-prosecutor", "cn-public-security"


def log_in(desk: Desk, name: str, agency: str) -> None:
    word = desk.folder / "word"
    for arguments in (("person", "add", name, "--role", "liaison"), ("login", name)):
        ran = desk.run(*arguments, "--person-passphrase-file", word, agency=agency)
        assert ran.exit_code == 0, ran.output


def test_a_packet_is_listed_with_its_subject_until_it_is_read(desk: Desk) -> None:
    log_in(desk, "mar", MX)
    (row,) = desk.rows("inbox", agency=MX)
    assert (row["packet"], row["from"], row["unread"]) == (desk.packet, "us-justice", True)
    assert "Qiu Wenhao" in row["names"][0]
    assert row["subject"].startswith(row["names"][0])
    assert row["at"].endswith("Z")
    assert desk.run("packet", "show", desk.packet[:8], "--as", "mar", agency=MX).exit_code == 0
    (row,) = desk.rows("inbox", agency=MX)
    assert row["unread"] is False
    assert desk.rows("inbox", "--unread", agency=MX) == []
    # Our own packets are no mail.
    assert desk.rows("inbox") == []


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--from", "us-justice"), 1),
        (("--from", CN), 0),
        (("--kind", "lead"), 1),
        (("--kind", "feedback"), 0),
        (("--since", "2000-01-01"), 1),
        (("--until", "2000-01-01"), 0),
        (("--unread", "--limit", "1"), 1),
    ],
)
def test_the_list_is_filtered(desk: Desk, options: tuple[str, ...], count: int) -> None:
    assert len(desk.rows("inbox", *options, agency=MX)) == count


def test_the_names_shown_are_in_the_access_log(desk: Desk) -> None:
    log_in(desk, "mar", MX)
    word = desk.folder / "word"
    for arguments in (("person", "add", AUDITOR, "--role", "auditor"), ("login", AUDITOR)):
        assert desk.run(*arguments, "--person-passphrase-file", word, agency=MX).exit_code == 0
    desk.rows("inbox", "--as", "mar", agency=MX)
    entries = desk.rows("audit", "access", "--as", AUDITOR, "--no-sync", agency=MX)
    (entry,) = [each for each in entries if each["action"] == "access-search"]
    assert (entry["actor"], entry["packet"]) == ("mar", desk.packet)
    assert all(path.endswith("/name") for path in entry["paths"])
    assert entry["paths"]
