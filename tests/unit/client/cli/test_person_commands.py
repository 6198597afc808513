"""Persons at the command line: their passphrases, and which of several acts."""

import re

import pytest

from support.cli import AUDITOR, OUR_NAME, Desk
from tearline.errors import EXIT_REFUSED, EXIT_USAGE
from tearline_client.demo.world import AGENCIES

OFFICER = "olga"
CHANGES = ("access-acted", "access-person-added", "access-person-code", "access-sign-in")
NODE = f"spiffe://{AGENCIES[OUR_NAME]}/node/liaison"


@pytest.fixture
def several(desk: Desk) -> Desk:
    """A desk at which an auditor, who is a liaison officer too, and an officer are logged in."""
    word = desk.folder / "word"
    for arguments in (("person", "add", OFFICER, "--role", "officer"), ("login", OFFICER)):
        assert desk.run(*arguments, "--person-passphrase-file", word).exit_code == 0
    return desk


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("login", "ana"), "--person-passphrase-file"),
        (("person", "add", "ben", "--role", "analyst"), "--person-passphrase-file"),
        (("keys", "passphrase"), "--new-passphrase-file"),
    ],
)
def test_a_missing_passphrase_names_the_option_for_it(
    desk: Desk, command: tuple[str, ...], option: str
) -> None:
    refused = desk.run(*command)
    assert f"TL-CFG-005: No passphrase was given: {option}. Next: Name its file" in refused.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("packet", "show", "PACKET"),
        ("packet", "search", "Qiu"),
        ("packet", "print", "PACKET"),
        ("export", "ftm", "PACKET"),
        ("audit", "access"),
        ("audit", "search"),
        ("agreement", "suspend", "narcotics-2026", "--reason", "review", "--yes"),
        ("agreement", "resume", "narcotics-2026"),
        ("case", "open", "Harbour", "--agreement", "narcotics-2026", "--with", "mx-prosecutor"),
    ],
)
def test_of_several_persons_logged_in_one_is_named(several: Desk, command: tuple[str, ...]) -> None:
    line = [several.packet if word == "PACKET" else word for word in command]
    refused = several.run(*line)
    assert refused.exit_code == EXIT_REFUSED, refused.output
    assert "TL-TLS-011: Several persons are logged in, and none was named: ana, olga." in (
        refused.stderr
    )
    assert refused.stdout == ""


def test_the_person_who_is_named_acts(several: Desk) -> None:
    stop = ("agreement", "suspend", "narcotics-2026", "--reason", "review", "--yes")
    assert several.run(*stop, "--as", "ana").exit_code == 0
    resumed = several.run("agreement", "resume", "narcotics-2026", "--as", OFFICER)
    assert resumed.exit_code == 0, resumed.output
    assert several.run("packet", "show", several.packet, "--as", OFFICER).exit_code == EXIT_REFUSED
    assert several.run("login", OFFICER, "--out").exit_code == 0
    assert several.run("packet", "show", several.packet).exit_code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("packet", "show", "PACKET"),
        ("packet", "search", "Qiu"),
        ("packet", "print", "PACKET"),
        ("export", "ftm", "PACKET"),
        ("audit", "who-saw", "Qiu Wenhao"),
    ],
)
def test_a_program_reads_as_the_node_whoever_is_logged_in(
    several: Desk, command: tuple[str, ...]
) -> None:
    line = [several.packet if word == "PACKET" else word for word in command]
    shown = several.run(*line, "--as", "node")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout
    access = several.rows("audit", "access", "--as", AUDITOR)
    access = [row for row in access if row["action"] not in CHANGES]
    assert [row["actor"] for row in access] == [NODE, AUDITOR]  # who looks is the last entry


@pytest.mark.parametrize(
    "command",
    [
        ("consent", "own", "PACKET", "Person/name", "--reason", "a register"),
        ("audit", "search"),
        ("audit", "access"),
    ],
)
def test_the_node_is_no_person_where_one_must_decide(
    several: Desk, command: tuple[str, ...]
) -> None:
    line = [several.packet if word == "PACKET" else word for word in command]
    refused = several.run(*line, "--as", "node")
    assert refused.exit_code == EXIT_REFUSED, refused.output
    assert "TL-TLS-009" in refused.stderr


def test_no_person_is_called_as_the_node_is(several: Desk) -> None:
    word = several.folder / "word"
    line = ("person", "add", "node", "--role", "officer", "--person-passphrase-file", word)
    refused = several.run(*line)
    assert refused.exit_code == EXIT_USAGE, refused.output
    assert "node stands for the node itself" in refused.stderr


def test_a_code_to_enrol_a_passkey_is_printed_for_living_persons(desk: Desk) -> None:
    word = desk.folder / "word"
    line = ("person", "add", "ben", "--role", "analyst", "--person-passphrase-file", word)
    first = desk.run(*line).stderr.strip().rpartition(" ")[2]
    (row,) = desk.rows("person", "enrol", "ben")
    assert row["person"] == "ben"
    for code in (first, row["code"]):
        assert re.fullmatch(r"(?:[A-HJ-NP-Z2-9]{5}-){3}[A-HJ-NP-Z2-9]{5}", code)
    assert first != row["code"]
    assert desk.run("person", "disable", "ben").exit_code == 0
    for name in ("ben", "nobody"):
        refused = desk.run("person", "enrol", name)
        assert refused.exit_code == EXIT_REFUSED
        assert "TL-TLS-010" in refused.stderr
        assert refused.stdout == ""


def test_changes_of_persons_and_logins_are_entries_of_the_access_log(desk: Desk) -> None:
    word, other = desk.folder / "word", desk.folder / "other"
    other.write_text("another word of theirs\n")
    other.chmod(0o600)
    file = "--person-passphrase-file"
    assert desk.run("person", "add", "rosa", "--role", "analyst", file, word).exit_code == 0
    assert desk.run("person", "passphrase", "rosa", file, other).exit_code == 0
    assert desk.run("login", "rosa", file, word).exit_code == EXIT_REFUSED
    assert desk.run("login", "rosa", file, other).exit_code == 0
    assert desk.run("login", "a word", file, word).exit_code == EXIT_REFUSED
    assert desk.run("person", "disable", "rosa").exit_code == 0
    rows = desk.rows("audit", "access", "--as", AUDITOR)
    found = [
        (row["action"], row["actor"], row["person"], row["reason"] or row["detail"])
        for row in rows
        if row["person"] in ("rosa", "") and row["action"] != "access-read"
    ]
    assert found[-7:] == [
        ("access-person-added", NODE, "rosa", "analyst"),
        ("access-person-code", NODE, "rosa", ""),
        ("access-person-passphrase", NODE, "rosa", ""),
        ("access-sign-in", NODE, "rosa", "TL-TLS-008"),
        ("access-sign-in", "rosa", "rosa", "passphrase"),
        ("access-sign-in", NODE, "", "TL-TLS-008"),
        ("access-person-disabled", NODE, "rosa", ""),
    ]


def test_a_person_of_the_console_has_no_passphrase_until_one_is_set(desk: Desk) -> None:
    word, file = desk.folder / "word", "--person-passphrase-file"
    refused = desk.run("person", "passphrase", "nobody", file, word)
    assert refused.exit_code == EXIT_REFUSED
    assert "TL-TLS-010" in refused.stderr
    short = desk.folder / "short"
    short.write_text("short\n")
    short.chmod(0o600)
    assert desk.run("person", "passphrase", AUDITOR, file, short).exit_code == EXIT_USAGE
    assert desk.run("person", "passphrase", AUDITOR, file, word).exit_code == 0
    ended = desk.run("audit", "access", "--as", AUDITOR)  # the session of before
    assert (ended.exit_code, "TL-TLS-009" in ended.stderr) == (EXIT_REFUSED, True)
