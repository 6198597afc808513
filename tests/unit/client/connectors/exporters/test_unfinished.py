"""Files of large documents while they are written: by one process, completely, or not at all."""

import fcntl
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from support.blobs import Document, document
from tearline.blobs.parts import PART_PLAIN_BYTES
from tearline.errors import ExportRefused
from tearline_client.connectors.exporters import unfinished
from tearline_client.connectors.exporters.unfinished import UnfinishedFile

NAME = "disk.img"


@pytest.fixture(scope="module")
def made() -> Document:
    return document()


def write(file: UnfinishedFile, made: Document) -> None:
    """Writes a document from where its file stands; ends it."""
    padded = made.content.ljust(made.blob.division.padded, b"\0")
    with file.opened():
        for number in range(file.begin, made.blob.division.parts):
            begin = number * PART_PLAIN_BYTES
            file.write(number, padded[begin : begin + PART_PLAIN_BYTES])
        file.finish()


def test_two_exports_do_not_write_one_file(tmp_path: Path, made: Document) -> None:
    first, second = (UnfinishedFile(tmp_path, NAME, made.blob) for _ in range(2))
    with first.opened(), pytest.raises(ExportRefused, match="another export"):
        write(second, made)
    write(second, made)
    assert (tmp_path / NAME).read_bytes() == made.content


def test_a_finished_file_is_not_written_by_its_other_name(tmp_path: Path, made: Document) -> None:
    """As of a process that was killed between both names."""
    write(UnfinishedFile(tmp_path, NAME, made.blob), made)
    os.link(tmp_path / NAME, tmp_path / f".{made.blob.id.hex()}.unfinished")
    with pytest.raises(ExportRefused, match="finished file"):
        write(UnfinishedFile(tmp_path, "other", made.blob), made)
    assert (tmp_path / NAME).read_bytes() == made.content


def test_a_file_that_is_finished_meanwhile_is_not_written(
    tmp_path: Path, made: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(descriptor: int, operation: int) -> None:
        os.rename(tmp_path / f".{made.blob.id.hex()}.unfinished", tmp_path / NAME)
        fcntl.flock(descriptor, operation)

    locks = SimpleNamespace(flock=late, LOCK_EX=fcntl.LOCK_EX, LOCK_NB=fcntl.LOCK_NB)
    monkeypatch.setattr(unfinished, "fcntl", locks)
    with pytest.raises(ExportRefused):
        write(UnfinishedFile(tmp_path, "other", made.blob), made)
    assert not (tmp_path / NAME).stat().st_size


def test_a_write_that_stops_short_goes_on(
    tmp_path: Path, made: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = os.pwrite
    written: list[int] = []

    def short(descriptor: int, data: memoryview, place: int) -> int:
        written.append(original(descriptor, data[:300_000], place))
        return written[-1]

    monkeypatch.setattr(os, "pwrite", short)
    write(UnfinishedFile(tmp_path, NAME, made.blob), made)
    assert (tmp_path / NAME).read_bytes() == made.content
    assert max(written) == 300_000


def test_a_document_that_the_disk_has_no_space_for_is_not_begun(
    tmp_path: Path, made: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    padded = made.blob.division.padded
    monkeypatch.setattr(unfinished, "disk_usage", lambda _: SimpleNamespace(free=padded - 1))
    with pytest.raises(ExportRefused, match=f"{padded} bytes are to come"):
        write(UnfinishedFile(tmp_path, NAME, made.blob), made)
    monkeypatch.setattr(unfinished, "disk_usage", lambda _: SimpleNamespace(free=padded))
    write(UnfinishedFile(tmp_path, NAME, made.blob), made)
