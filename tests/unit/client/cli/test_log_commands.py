"""``tearline log``: what agencies cosigned, comparing by hand, evidence, and an officer's word."""

from pathlib import Path

from support.cli import AUDITOR, Desk
from support.simulation import ORIGIN
from tearline.errors import EXIT_INTEGRITY, EXIT_REFUSED
from tearline.tlog.checkpoint import parse_checkpoint_text, sign_checkpoint
from tearline.tlog.note import parse_note

EXIT_USAGE = 2

CONSISTENT = "The checkpoint is consistent with the log that this node follows.\n"


def forged(desk: Desk, folder: Path) -> Path:
    """Our own newest checkpoint with another root, under every key of the log."""
    note = parse_note(desk.run("log", "checkpoint").stdout.encode())
    checkpoint = parse_checkpoint_text(note.text)
    other = type(checkpoint)(origin=ORIGIN, size=checkpoint.size, root=bytes(32))
    path = folder / "theirs.checkpoint"
    path.write_bytes(sign_checkpoint(other, desk.template.keys.log, time_s=1))
    return path


def officer(desk: Desk) -> None:
    word = desk.folder / "word"
    for arguments in (("person", "add", "olga", "--role", "officer"), ("login", "olga")):
        result = desk.run(*arguments, "--person-passphrase-file", word)
        assert result.exit_code == 0, result.output


def test_what_each_agency_cosigned_is_shown(desk: Desk) -> None:
    rows = desk.rows("log", "cosigners")
    assert {row["agency"] for row in rows} == {"cn-public-security", "mx-prosecutor"}
    assert all(row["entries"] > 0 and row["at"] for row in rows)


def test_two_agencies_compare_what_they_saw(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "ours.checkpoint"
    assert desk.run("log", "checkpoint", "--output-file", file).exit_code == 0
    note = parse_note(file.read_bytes())
    assert {signature.name for signature in note.signatures} >= {ORIGIN}
    compared = desk.run("log", "compare", file)
    assert (compared.exit_code, compared.stderr) == (0, CONSISTENT)


def test_what_is_no_checkpoint_is_refused(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "nothing"
    file.write_text("nothing of the kind\n")
    result = desk.run("log", "compare", file)
    assert result.exit_code == EXIT_INTEGRITY
    assert "TL-LOG-005" in result.stderr
    assert desk.rows("log", "evidence") == []
    assert desk.run("log", "evidence", "--output-file", tmp_path / "new").exit_code == EXIT_USAGE
    assert not (tmp_path / "new").exists()


def test_two_histories_stop_everything_until_an_officer_decides(desk: Desk, tmp_path: Path) -> None:
    result = desk.run("log", "compare", forged(desk, tmp_path))
    assert result.exit_code == EXIT_INTEGRITY
    assert "TL-LOG-030" in result.stderr
    (row,) = desk.rows("log", "evidence")
    assert row["decision"] == "none: sending stopped"

    # The evidence, as a file, convinces anyone: here, the other agency.
    file = tmp_path / "log.evidence"
    assert desk.run("log", "evidence", "--output-file", file).exit_code == 0
    told = desk.run("log", "compare", file)
    assert (told.exit_code, told.stderr) == (
        0,
        "The evidence is valid and already recorded. Next: tearline log evidence.\n",
    )

    # Nothing is sent; and only an officer may lift that, by name.
    refused = desk.run("log", "resume", "--reason", "compared by telephone", "--yes")
    assert refused.exit_code == EXIT_REFUSED
    assert AUDITOR not in refused.stdout
    officer(desk)
    lifted = desk.run("log", "resume", "--as", "olga", "--reason", "compared by telephone", "--yes")
    assert lifted.stderr == "Sending is resumed; 1 accusation decided.\n"
    (row,) = desk.rows("log", "evidence")
    assert row["decision"] == "olga: compared by telephone"
    assert desk.run("log", "compare", file).exit_code == 0


def test_evidence_that_does_not_hold_accuses_nobody(desk: Desk, tmp_path: Path) -> None:
    desk.run("log", "compare", forged(desk, tmp_path))
    file = tmp_path / "log.evidence"
    assert desk.run("log", "evidence", "--output-file", file).exit_code == 0
    file.write_text(file.read_text().replace("A", "B", 1))
    assert desk.run("log", "compare", file).exit_code != 0
    assert len(desk.rows("log", "evidence")) == 1
