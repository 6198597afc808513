"""Documents: attached, told by what they are, and written out without following their names."""

import hashlib
import json
import stat
from pathlib import Path

import pytest

from support.cli import AUDITOR, Desk
from support.documents import docx, jpeg
from tearline.limits import MAX_BLOB_BYTES

PDF = b"%PDF-1.7\n" + b"\x1b[31mA scan that no terminal should see" + bytes(range(128, 256))
ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)


@pytest.fixture
def lead(tmp_path: Path) -> Path:
    path = tmp_path / "lead.jsonl"
    path.write_text('{"id":"qiu","schema":"Person","properties":{"name":["Qiu Wenhao"]}}\n')
    return path


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.pdf"
    path.write_bytes(PDF)
    return path


def sent(desk: Desk, lead: Path, *attached: object) -> str:
    """Sends the lead with these documents; the packet's id."""
    options = [word for each in attached for word in ("--attach", each)]
    (row,) = desk.rows("packet", "send", "--yes", lead, *ORDER, *options)
    return str(row["packet"])


def test_a_preview_tells_size_and_hash_and_not_a_byte(desk: Desk, lead: Path, scan: Path) -> None:
    shown = desk.run("packet", "preview", lead, *ORDER, "--attach", scan)
    assert shown.exit_code == 0, shown.output
    digest = hashlib.sha256(PDF).hexdigest()
    assert f"[application/pdf, {len(PDF)} bytes, SHA-256 {digest}]" in shown.stdout
    assert "no terminal" not in shown.output


def test_a_guarded_document_is_told_of_only(desk: Desk, lead: Path, scan: Path) -> None:
    rows = desk.rows("packet", "preview", lead, *ORDER, "--attach", f"{scan}:identity.source")
    (file,) = (row for row in rows if row["path"].endswith("Document/file"))
    assert (file["category"], file["form"]) == ("identity.source", "exists")


def test_the_document_that_names_a_guarded_value_is_told_by_its_name(
    desk: Desk, lead: Path, tmp_path: Path
) -> None:
    text = lead.read_text().replace('"]}', '"],"phone":["+525555550142"]}')
    lead.write_text(text)
    (tmp_path / "letter.docx").write_bytes(docx("Call +52 (55) 5555-0142."))
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    both = [word for each in ("letter.docx", "photo.jpg") for word in ("--attach", tmp_path / each)]
    words = (lead, *ORDER, *both, "--guard", "qiu/phone=identity.source")
    told = desk.run("packet", "preview", *words).stderr
    assert "letter.docx repeats " in told
    assert "photo.jpg cannot be searched (an image) for values that mx-prosecutor" in told
    assert "TL-POL-030" in desk.run("packet", "send", "--yes", *words).stderr
    sent = desk.run("packet", "send", "--yes", *words, "--repeats", "I read and saw both.")
    assert sent.exit_code == 0, sent.output


def test_a_milder_category_for_a_document_is_refused(desk: Desk, lead: Path, scan: Path) -> None:
    refused = desk.run("packet", "preview", lead, *ORDER, "--attach", f"{scan}:reference")
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "TL-POL-004" in refused.stderr


def test_what_was_attached_is_written_out_once(desk: Desk, lead: Path, scan: Path) -> None:
    packet = sent(desk, lead, scan)
    shown = desk.run("packet", "show", packet, "--no-sync")
    assert f"SHA-256 {hashlib.sha256(PDF).hexdigest()}" in shown.stdout
    assert "no terminal" not in shown.output
    folder = desk.folder / "out"
    folder.mkdir()
    (row,) = desk.rows("packet", "export", packet, "--documents", folder)
    size = len(PDF)
    assert row == {"file": str(folder / "scan.pdf"), "type": "application/pdf", "bytes": size}
    (written,) = folder.iterdir()
    assert written.read_bytes() == PDF
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    again = desk.run("packet", "export", packet, "--documents", folder)
    assert (again.exit_code, written.read_bytes()) == (2, PDF)
    assert "a file of that name exists" in again.stderr


def test_two_documents_of_one_name_have_two_names_here(
    desk: Desk, lead: Path, scan: Path, tmp_path: Path
) -> None:
    other = tmp_path / "more" / "SCAN.pdf"
    other.parent.mkdir()
    other.write_bytes(b"%PDF-1.4 another")
    packet = sent(desk, lead, scan, other)
    folder = desk.folder / "out"
    folder.mkdir()
    assert len(desk.rows("packet", "export", packet, "--documents", folder)) == 2
    written = {path.name for path in folder.iterdir()}
    assert len({name.casefold() for name in written}) == 2
    assert {name.rpartition("-")[2].casefold() for name in written} == {"scan.pdf"}


def test_a_packet_without_documents_has_none_to_write(desk: Desk) -> None:
    none = desk.run("packet", "export", desk.packet, "--documents", desk.folder)
    assert (none.exit_code, none.stdout) == (6, "")


def test_a_file_that_does_not_travel_is_refused_before_anything_is(
    desk: Desk, lead: Path, tmp_path: Path
) -> None:
    program = tmp_path / "scan.exe"
    program.write_bytes(b"MZ")
    refused = desk.run("packet", "send", "--yes", lead, *ORDER, "--attach", program)
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "TL-PKT-033" in refused.stderr


def test_documents_that_are_too_much_for_a_packet_are_refused(
    desk: Desk, lead: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.txt"
    large.write_bytes(b"a" * (1 << 20))
    three = [word for _ in range(3) for word in ("--attach", large)]
    refused = desk.run("packet", "send", "--yes", lead, *ORDER, *three)
    assert refused.exit_code == 5
    assert "TL-PKT-010" in refused.stderr


def test_the_largest_document_is_taken_by_the_exchange(
    desk: Desk, lead: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.txt"
    large.write_bytes(b"a" * (1 << 20))
    packet = sent(desk, lead, large)
    folder = desk.folder / "out"
    folder.mkdir()
    desk.rows("packet", "export", packet, "--documents", folder)
    assert (folder / "large.txt").stat().st_size == 1 << 20


def test_search_and_ftm_leave_documents_alone(desk: Desk, lead: Path, scan: Path) -> None:
    packet = sent(desk, lead, scan)
    assert desk.rows("packet", "search", "terminal") == []
    lines = desk.run("export", "ftm", packet).stdout.splitlines()
    document = next(e for e in map(json.loads, lines) if e["schema"] == "Document")
    assert document["properties"]["fileName"] == ["scan.pdf"]
    assert "file" not in document["properties"]


def test_a_file_that_is_too_large_is_refused_with_its_own_size(
    desk: Desk, lead: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(MAX_BLOB_BYTES + 1)
    refused = desk.run("packet", "send", "--yes", lead, *ORDER, "--attach", large)
    assert refused.stdout == ""
    assert f"the file has {MAX_BLOB_BYTES + 1} bytes of {MAX_BLOB_BYTES}" in refused.stderr


def test_an_export_that_fails_is_not_logged_as_made(
    desk: Desk, lead: Path, scan: Path, tmp_path: Path
) -> None:
    packet = sent(desk, lead, scan)
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / scan.name).write_text("mine")
    before = len(desk.rows("audit", "access", "action:access-export", "--as", AUDITOR))
    refused = desk.run("packet", "export", packet, "--documents", folder)
    assert "TL-USE-004" in refused.stderr
    assert len(desk.rows("audit", "access", "action:access-export", "--as", AUDITOR)) == before
    assert (folder / scan.name).read_text() == "mine"
