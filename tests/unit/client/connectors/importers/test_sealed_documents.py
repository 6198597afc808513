"""Sealed files of documents to send: stored while the disk has space, dropped by processes."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tearline.blobs.parts import PART_PLAIN_BYTES
from tearline.errors import ImportRefused
from tearline.limits import CONSOLE_DRAFT_S, MIN_FREE_BYTES
from tearline_client.connectors.importers import sealed_documents
from tearline_client.connectors.importers.large_documents import SEALED, sweep_sealed
from tearline_client.connectors.importers.sealed_documents import OutgoingDocument


def test_documents_leave_space_to_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=MIN_FREE_BYTES)
    monkeypatch.setattr(sealed_documents.shutil, "disk_usage", lambda _: usage)
    document = OutgoingDocument(str(tmp_path / "outgoing"), "disk.dd")
    document.add(bytes(PART_PLAIN_BYTES))
    usage.free -= 1
    with pytest.raises(ImportRefused, match="nearly full"):
        document.add(bytes(PART_PLAIN_BYTES))
    document.discard()


def test_two_processes_sweep_at_once(tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / f"{number:032x}{SEALED}"
        path.touch()
        os.utime(path, (0, 0))

    def others_gone(blob: bytes) -> bool:
        for each in tmp_path.iterdir():
            each.unlink()
        return False

    sweep_sealed(str(tmp_path), others_gone, 3 * CONSOLE_DRAFT_S)
    assert not [*tmp_path.iterdir()]
