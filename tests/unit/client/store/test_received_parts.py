"""Sealed parts in a node's home: written by one process, resumed, verified whole, and dropped."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from support.blobs import Document, document
from support.clamd import EICAR, scanning
from tearline.blobs.parts import PART_BYTES
from tearline.errors import BlobMismatch, ExportRefused, MalwareFound, ScannerUnavailable
from tearline.limits import MIN_FREE_BYTES
from tearline_client.store import received_parts
from tearline_client.store.received_parts import KEPT_S, ReceivedParts, sweep
from tearline_client.transport.clamd import Scanner

PACKET = b"p" * 32
SLOT = 3


@pytest.fixture(scope="module")
def made() -> Document:
    return document()


def parts_of(folder: Path, made: Document) -> ReceivedParts:
    return ReceivedParts(str(folder), PACKET, SLOT, made.blob)


def receive(folder: Path, made: Document) -> ReceivedParts:
    """Writes a document from where its file stands."""
    parts = parts_of(folder, made)
    with parts.opened(made.offer.leaves) as begin:
        for part in made.parts[begin:]:
            parts.write(part.number, part.data)
    return parts


def verify(parts: ReceivedParts, scanner: Scanner | None = None) -> None:
    parts.verify(scanner and scanner.scan, lambda done, total: None)


def place(folder: Path) -> Path:
    return folder / PACKET.hex() / f"{SLOT}.parts"


def test_a_document_is_whole_and_never_plain_in_the_home(tmp_path: Path, made: Document) -> None:
    parts = receive(tmp_path, made)
    verify(parts)
    assert b"".join(parts.pieces()) == made.content
    assert made.content[:64] not in place(tmp_path).read_bytes()
    assert parts.discard()
    assert not parts.discard()


@pytest.mark.parametrize("torn", [1, PART_BYTES - 1, PART_BYTES])
def test_after_a_kill_one_part_at_most_is_written_again(
    tmp_path: Path, made: Document, torn: int
) -> None:
    receive(tmp_path, made)
    os.truncate(place(tmp_path), PART_BYTES + torn)
    with parts_of(tmp_path, made).opened(made.offer.leaves) as begin:
        assert begin == 1 + torn // PART_BYTES


def test_after_a_loss_of_power_parts_that_do_not_fit_are_written_again(
    tmp_path: Path, made: Document
) -> None:
    receive(tmp_path, made)
    os.truncate(place(tmp_path), 2 * PART_BYTES)
    with place(tmp_path).open("r+b") as file:
        file.seek(PART_BYTES)
        file.write(bytes(PART_BYTES))
    assert b"".join(receive(tmp_path, made).pieces()) == made.content


def test_two_processes_do_not_write_one_document(tmp_path: Path, made: Document) -> None:
    parts = parts_of(tmp_path, made)
    with parts.opened(made.offer.leaves), pytest.raises(ExportRefused, match="another process"):
        receive(tmp_path, made)


def test_a_write_that_stops_short_goes_on(
    tmp_path: Path, made: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = os.pwrite
    written: list[int] = []

    def short(descriptor: int, data: memoryview, place: int) -> int:
        written.append(original(descriptor, data[:300_000], place))
        return written[-1]

    monkeypatch.setattr(os, "pwrite", short)
    assert b"".join(receive(tmp_path, made).pieces()) == made.content
    assert max(written) == 300_000


def test_a_document_that_the_disk_has_no_space_for_is_not_begun(
    tmp_path: Path, made: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = made.blob.division.sealed
    usage = SimpleNamespace(free=MIN_FREE_BYTES + sealed - 1)
    monkeypatch.setattr(received_parts.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ExportRefused, match=f"{sealed} bytes are to come"):
        receive(tmp_path, made)
    usage.free += 1
    receive(tmp_path, made)


def test_a_damaged_document_is_deleted(tmp_path: Path, made: Document) -> None:
    parts = receive(tmp_path, made)
    with place(tmp_path).open("r+b") as file:
        file.seek(PART_BYTES + 5)
        file.write(b"another byte")
    with pytest.raises(BlobMismatch):
        verify(parts)
    assert not place(tmp_path).exists()


def test_a_document_is_scanned_whole_before_it_is_shown(tmp_path: Path, made: Document) -> None:
    with scanning(tmp_path) as double:
        scanner = Scanner(double.address, timeout_s=60)
        parts = receive(tmp_path, made)
        verify(parts, scanner)
        assert double.documents == [made.content]
        double.answer = lambda document: b"stream: Eicar-Test FOUND\0"
        with pytest.raises(MalwareFound):
            verify(parts, scanner)
        assert not place(tmp_path).exists()
        assert EICAR not in made.content
    parts = receive(tmp_path, made)
    with pytest.raises(ScannerUnavailable):
        verify(parts, scanner)
    assert parts.is_complete  # the fetch is not repeated for want of a scanner


def test_documents_of_erased_packets_and_unused_ones_are_dropped(
    tmp_path: Path, made: Document
) -> None:
    now_s = int(time.time())
    receive(tmp_path, made)
    (tmp_path / "notes").mkdir()  # not of a packet
    sweep(str(tmp_path), lambda packet: packet == PACKET, now_s)
    assert place(tmp_path).exists()
    sweep(str(tmp_path), lambda packet: False, now_s)
    assert [each.name for each in tmp_path.iterdir()] == ["notes"]
    receive(tmp_path, made)
    for each in (place(tmp_path), place(tmp_path).parent):
        os.utime(each, (0, now_s - KEPT_S - 1))
    sweep(str(tmp_path), lambda packet: True, now_s)
    assert [each.name for each in tmp_path.iterdir()] == ["notes"]


def test_two_processes_sweep_at_once(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number:064x}").mkdir()

    def others_gone(packet: bytes) -> bool:
        for each in tmp_path.iterdir():
            each.rmdir()
        return False

    sweep(str(tmp_path), others_gone, 0)
    assert not [*tmp_path.iterdir()]
