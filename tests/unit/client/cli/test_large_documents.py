"""Documents beside a packet: sent and fetched in parts, from where a command was cut off."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.agencies import FIELDS, US, federation
from support.blobs import document
from support.clamd import EICAR, ClamdDouble, scanning
from support.cli import AUDITOR, Desk
from support.exchange import sealed_packet
from support.simulation import LocalTransport
from tearline.blobs.parts import PART_BYTES, PART_PLAIN_BYTES
from tearline.errors import BlobUnavailable, ExchangeUnreachable, PacketTooLarge
from tearline.statements.statement import StatementType
from tearline.wire.blobs import (
    encode_leaves,
    encode_question,
    parse_leaves,
    parse_part,
    parse_question,
)
from tearline.wire.packets import encode_manifest
from tearline_client.connectors.importers import documents, large_documents
from tearline_client.messages.compose import _composed, _messages
from unit.client.cli.test_document_commands import ORDER, lead, sent

__all__ = ["lead"]

MX = "mx-prosecutor"
SIZE = 5 * PART_PLAIN_BYTES + 12_345
NUMBERS = list(range(6))
CUT_AFTER = 3


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "telephone.dd"
    path.write_bytes(os.urandom(SIZE))
    return path


def waiting(desk: Desk, agency: str = MX) -> list[Path]:
    """The sealed parts that lie in an agency's home."""
    return [*(desk.folder / agency / "documents").glob("*/*")]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def counted(
    patch: pytest.MonkeyPatch, call: str, number_of: Callable[[bytes], int], cut: int
) -> list[int]:
    """The numbers of the parts in calls; the line is cut once so many were answered."""
    numbers: list[int] = []
    original = getattr(LocalTransport, call)

    async def counting(self: LocalTransport, request: bytes) -> bytes:
        if len(numbers) == cut:
            numbers.append(-1)
            raise ExchangeUnreachable
        reply: bytes = await original(self, request)
        numbers.append(number_of(request))
        return reply

    patch.setattr(LocalTransport, call, counting)
    return numbers


def test_a_large_document_travels_beside_the_packet(
    desk: Desk, lead: Path, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_server.blobs.documents.LEAVES_PAGE", 4)
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    shown = desk.run("packet", "preview", lead, *ORDER, "--attach", image)
    assert shown.exit_code == 0, shown.output
    told = f"[application/octet-stream, {SIZE} bytes beside the packet, SHA-256 {digest}]"
    assert told in shown.stdout
    packet = sent(desk, lead, image)
    desk.rows("packet", "list", agency=MX)
    assert told in desk.run("packet", "show", packet, agency=MX).stdout
    (row,) = desk.rows("packet", "export", packet, "--documents", out, agency=MX)
    assert (row["type"], row["bytes"]) == ("application/octet-stream", SIZE)
    (written,) = out.iterdir()
    assert row["file"] == str(written)
    assert written.read_bytes() == image.read_bytes()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_sender_that_was_cut_off_sends_the_rest(
    desk: Desk, lead: Path, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = counted(monkeypatch, "put_blob", lambda part: parse_part(part).number, CUT_AFTER)
    order = ("packet", "send", "--yes", lead, *ORDER, "--attach", image)
    queued = desk.run(*order)
    assert queued.exit_code == 7, queued.output
    assert "TL-REQ-011" in queued.stderr
    assert desk.run("node", "sync").exit_code == 0
    assert numbers == [*NUMBERS[:CUT_AFTER], -1, *NUMBERS[CUT_AFTER:]]
    (packet, _) = desk.rows("packet", "list", agency=MX)
    desk.rows("packet", "export", packet["packet"], "--documents", out, agency=MX)
    (written,) = out.iterdir()
    assert written.read_bytes() == image.read_bytes()


def test_a_recipient_that_was_cut_off_fetches_the_rest(
    desk: Desk, lead: Path, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packet = sent(desk, lead, image)
    desk.rows("packet", "list", agency=MX)
    numbers = counted(
        monkeypatch, "get_blob", lambda asked: parse_question(asked).number, CUT_AFTER
    )
    export = ("packet", "export", packet, "--documents", out)
    cut = desk.run(*export, agency=MX)
    assert (cut.exit_code, "TL-REQ-001" in cut.stderr) == (3, True), cut.output
    assert not list(out.iterdir())
    (parts,) = waiting(desk)
    assert stat.S_IMODE(parts.stat().st_mode) == 0o600
    assert image.read_bytes()[:64] not in parts.read_bytes()  # they lie there sealed
    with parts.open("r+b") as file:  # a killed process may leave a torn part
        file.truncate(CUT_AFTER * PART_BYTES - 1)
    desk.rows(*export, agency=MX)
    assert numbers == [*NUMBERS[:CUT_AFTER], -1, *NUMBERS[CUT_AFTER - 1 :]]
    (written,) = out.iterdir()
    assert written.read_bytes() == image.read_bytes()
    assert not waiting(desk)


def test_parts_of_a_document_that_was_recalled_are_deleted(
    desk: Desk, lead: Path, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packet = sent(desk, lead, image)
    desk.rows("packet", "list", agency=MX)
    counted(monkeypatch, "get_blob", lambda asked: parse_question(asked).number, CUT_AFTER)
    export = ("packet", "export", packet, "--documents", out)
    desk.run(*export, agency=MX)
    assert waiting(desk)

    async def gone(self: LocalTransport, request: bytes) -> bytes:
        raise BlobUnavailable

    monkeypatch.setattr(LocalTransport, "blob_leaves", gone)
    refused = desk.run(*export, agency=MX)
    assert (refused.exit_code, "TL-BLB-004" in refused.stderr) == (6, True), refused.output
    assert "its parts here are deleted" in refused.stderr
    assert not waiting(desk)


def test_a_file_that_changed_since_its_draft_is_not_sent(
    desk: Desk, lead: Path, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = counted(monkeypatch, "put_blob", lambda part: parse_part(part).number, CUT_AFTER)
    desk.run("packet", "send", "--yes", lead, *ORDER, "--attach", image)
    with image.open("r+b") as file:
        file.seek(4 * PART_PLAIN_BYTES)
        file.write(b"another byte")
    desk.run("node", "sync")
    assert numbers == [0, 1, 2, -1, 3]
    (waiting,) = desk.rows("node", "queue")
    assert "TL-BLB-006" in str(waiting)


def test_a_packet_has_few_large_documents(
    desk: Desk, lead: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline.sealing.packets.MAX_BLOB_LINKS", 1)
    attached: list[str | Path] = []
    for number in range(2):
        image = tmp_path / f"telephone-{number}.dd"
        image.write_bytes(os.urandom(PART_PLAIN_BYTES + 1))
        attached += ["--attach", image]
    shown = desk.run("packet", "preview", lead, *ORDER, *attached)
    assert shown.exit_code == PacketTooLarge.exit_status
    assert "TL-PKT-010" in shown.stderr
    assert "2 large documents, of 1 in a packet" in shown.stderr


def test_packets_with_documents_go_in_messages_of_few_links(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_client.messages.compose.MAX_BLOB_LINKS", 3)
    signer = federation().node(US)
    packets = [sealed_packet(signer.header, fields=(*FIELDS, document(1).field)) for _ in range(5)]
    bodies = [(StatementType.MANIFEST, encode_manifest(each.manifest)) for each in packets]
    tree = signer.sign(bodies)
    places = [(number, number + 1) for number in range(5)]
    composed = [_composed(tree, each, *place) for each, place in zip(packets, places, strict=True)]
    linked = [
        [len(parts.blobs) for parts in each.parts] for each in _messages(tree, composed, places)
    ]
    assert linked == [[1, 1, 1], [1, 1]]


def test_the_sender_of_a_document_has_its_file(
    desk: Desk, lead: Path, image: Path, out: Path
) -> None:
    packet = sent(desk, lead, image)
    refused = desk.run("packet", "export", packet, "--documents", out)
    assert (refused.exit_code, refused.stdout) == (6, "")
    assert "TL-BLB-004" in refused.stderr
    assert not list(out.iterdir())


def test_a_program_is_refused_at_any_size(desk: Desk, lead: Path, tmp_path: Path) -> None:
    program = tmp_path / "scan.pdf"
    program.write_bytes(b"MZ".ljust(2 << 20, b"\0"))
    refused = desk.run("packet", "send", "--yes", lead, *ORDER, "--attach", program)
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "TL-PKT-033" in refused.stderr


def fetched(desk: Desk, lead: Path, image: Path, out: Path, wrong: object) -> None:
    """Sends the image, and a recipient's export must end with ``wrong`` and without a file."""
    packet = sent(desk, lead, image)
    desk.rows("packet", "list", agency=MX)
    refused = desk.run("packet", "export", packet, "--documents", out, agency=MX)
    assert str(wrong) in refused.stderr, refused.output
    assert not list(out.iterdir())


def test_swapped_parts_are_refused(
    desk: Desk, lead: Path, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = LocalTransport.get_blob

    async def swapped(self: LocalTransport, request: bytes) -> bytes:
        asked = parse_question(request)
        return await original(self, encode_question(replace(asked, number=asked.number ^ 1)))

    monkeypatch.setattr(LocalTransport, "get_blob", swapped)
    fetched(desk, lead, image, out, "part 0 is not the one that its sender signed")
    assert all(not each.stat().st_size for each in waiting(desk))


def test_a_truncated_document_is_refused(
    desk: Desk, lead: Path, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = LocalTransport.blob_leaves

    async def cut(self: LocalTransport, request: bytes) -> bytes:
        leaves = parse_leaves(await original(self, request))
        return encode_leaves(leaves[:-1] if parse_question(request).number == 0 else ())

    monkeypatch.setattr(LocalTransport, "blob_leaves", cut)
    fetched(desk, lead, image, out, "its parts are not those that its sender signed")
    assert not waiting(desk)


def test_a_document_of_another_digest_is_refused(
    desk: Desk, lead: Path, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A patched sender states another SHA-256 than that of the parts which it signs."""
    original = large_documents.read_large

    def lied(*arguments: Any) -> large_documents.LargeDocument:
        found = original(*arguments)
        return replace(found, blob=replace(found.blob, sha256=b"s" * 32))

    monkeypatch.setattr(documents, "read_large", lied)
    fetched(desk, lead, image, out, "TL-BLB-001")
    assert not waiting(desk)


def test_a_document_of_another_type_is_refused(
    desk: Desk, lead: Path, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A patched sender calls a disk's image a PDF."""
    monkeypatch.setattr(large_documents, "large_media_type_of", lambda *_: "application/pdf")
    fetched(desk, lead, image, out, "TL-PKT-033")
    assert not waiting(desk)


@pytest.fixture
def scanner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClamdDouble]:
    """A scanner that the commands of this test use."""
    with scanning(tmp_path) as double:
        monkeypatch.setenv("TEARLINE_SCANNER", double.address)
        yield double


def refusals(desk: Desk) -> list[str]:
    """The codes of refused exports in the recipient's access log."""
    word = desk.folder / "word"
    for act in (("person", "add", AUDITOR, "--role", "auditor"), ("login", AUDITOR)):
        assert desk.run(*act, "--person-passphrase-file", word, agency=MX).exit_code == 0
    rows = desk.rows("audit", "access", "action:access-export", "--as", AUDITOR, agency=MX)
    return [row["reason"] for row in rows if row["reason"]]


def test_a_large_document_is_saved_after_its_scan(
    desk: Desk, lead: Path, image: Path, out: Path, scanner: ClamdDouble
) -> None:
    packet = sent(desk, lead, image)
    desk.rows("packet", "list", agency=MX)
    desk.rows("packet", "export", packet, "--documents", out, agency=MX)
    assert scanner.documents == [image.read_bytes()]
    assert refusals(desk) == []


@pytest.mark.parametrize("size", [64, SIZE], ids=["small", "large"])
def test_a_document_that_the_scanner_refuses_is_not_saved(
    desk: Desk, lead: Path, tmp_path: Path, out: Path, scanner: ClamdDouble, size: int
) -> None:
    note = tmp_path / "note.txt"
    note.write_bytes(b"a" * size + EICAR)
    packet = sent(desk, lead, note)
    desk.rows("packet", "list", agency=MX)
    refused = desk.run("packet", "export", packet, "--documents", out, agency=MX)
    assert (refused.exit_code, "TL-BLB-007" in refused.stderr) == (4, True), refused.output
    assert "Eicar-Test" in refused.stderr
    assert not list(out.iterdir())
    assert not waiting(desk)
    assert refusals(desk) == ["TL-BLB-007"]


@pytest.mark.parametrize("size", [64, SIZE], ids=["small", "large"])
def test_without_its_scanner_a_node_saves_no_document(
    desk: Desk,
    lead: Path,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    note = tmp_path / "note.txt"
    note.write_bytes(b"a" * size)
    packet = sent(desk, lead, note)
    desk.rows("packet", "list", agency=MX)
    monkeypatch.setenv("TEARLINE_SCANNER", str(tmp_path / "none"))
    refused = desk.run("packet", "export", packet, "--documents", out, agency=MX)
    assert (refused.exit_code, "TL-BLB-008" in refused.stderr) == (4, True), refused.output
    assert not list(out.iterdir())
    assert not waiting(desk)  # a document of hours is not fetched for nothing
    assert refusals(desk) == ["TL-BLB-008"]


def test_parts_of_an_erased_packet_go_with_the_next_sync(
    desk: Desk, lead: Path, image: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packet = sent(desk, lead, image)
    desk.rows("packet", "list", agency=MX)
    with monkeypatch.context() as cutting:
        counted(cutting, "get_blob", lambda asked: parse_question(asked).number, CUT_AFTER)
        desk.run("packet", "export", packet, "--documents", out, agency=MX)
    assert waiting(desk)
    recalled = desk.run("packet", "recall", packet, "--reason", "mistake", "--yes")
    assert recalled.exit_code == 0, recalled.output
    desk.run("node", "sync", agency=MX)
    desk.rows("packet", "list", agency=MX)
    desk.run("node", "sync", agency=MX)
    assert not waiting(desk)
