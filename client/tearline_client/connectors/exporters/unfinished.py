"""File of a large document that is written part by part, and gets its name when it is verified."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from shutil import disk_usage

from tearline.blobs.description import Blob
from tearline.blobs.parts import PART_PLAIN_BYTES
from tearline.bodies.documents import verify_head
from tearline.errors import BlobMismatch, DocumentRefused, ExportRefused, FileExposed
from tearline_client.connectors.exporters.files import refusing, verify_file_name
from tearline_runtime.files import OWNER_ONLY, fsync_file, fsync_path, verify_owner_only


class UnfinishedFile:
    """New file for a large document, readable only by its owner.

    Until ``finish``, it is a hidden file beside, where a later export continues.

    Args:
        folder: The folder.
        name: The file's name.
        blob: The document.

    Raises:
        ExportRefused: From each method, if the file exists or cannot be written.
    """

    def __init__(self, folder: Path, name: str, blob: Blob) -> None:
        self._target = folder / verify_file_name(name)
        self._draft = folder / f".{blob.id.hex()}.unfinished"
        self._blob = blob

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Opens it, for this process alone; what was written stays for a later call.

        Raises:
            ExportRefused: If another process writes it, or the disk has too little space for it.
        """
        with refusing():
            free = disk_usage(self._draft.parent).free
            self._file = _reopened(self._draft)
        with self._file:
            lacking = self._blob.division.padded - os.fstat(self._file.fileno()).st_size
            if free < lacking:
                raise ExportRefused(f"{lacking} bytes are to come, and the disk has {free} left")
            yield

    def discard(self) -> bool:
        """Deletes what was written; returns whether there was something."""
        was_there = os.path.lexists(self._draft)
        with refusing():
            self._draft.unlink(missing_ok=True)
        return was_there

    @property
    def begin(self) -> int:
        """Returns the first part to write: the last one that is here may be torn."""
        return max(0, os.fstat(self._file.fileno()).st_size // PART_PLAIN_BYTES - 1)

    def write(self, number: int, plaintext: bytes) -> None:
        """Writes a verified part, padding included.

        Raises:
            BlobMismatch: If its padding is not valid.
        """
        if plaintext[max(0, self._blob.length - number * PART_PLAIN_BYTES) :].strip(b"\0"):
            raise BlobMismatch("its padding is not valid")
        rest, place = memoryview(plaintext), number * PART_PLAIN_BYTES
        with refusing():
            while rest:
                done = os.pwrite(self._file.fileno(), rest, place)
                rest, place = rest[done:], place + done

    def finish(self) -> None:
        """Verifies the whole document, makes it durable, and gives it its name.

        Raises:
            BlobMismatch: If its SHA-256 is not that of its description; a later call begins anew.
            DocumentRefused: If its content is not of the type that its sender stated; likewise.
        """
        with refusing():
            try:
                self._verify()
            except (BlobMismatch, DocumentRefused):
                self._draft.unlink()
                raise
            fsync_file(self._file)
            os.link(self._draft, self._target)  # unlike renaming, fails if the name exists
            self._draft.unlink()
            fsync_path(self._target.parent)

    def _verify(self) -> None:
        os.ftruncate(self._file.fileno(), self._blob.length)
        self._file.seek(0)
        verify_head(self._blob.media_type, self._file.read(PART_PLAIN_BYTES))
        self._file.seek(0)
        if hashlib.file_digest(self._file, "sha256").digest() != self._blob.sha256:
            raise BlobMismatch("its SHA-256 differs")


def _reopened(draft: Path) -> BufferedRandom:
    """Opens the unfinished file of a document, or a new one, for this process alone."""
    descriptor = os.open(draft, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, OWNER_ONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = os.fstat(descriptor)
        verify_owner_only(found, draft)
        # A finished document has, or had, both names: its bytes do not change again.
        if found.st_nlink != 1 or not os.path.samestat(found, draft.lstat()):
            raise ExportRefused(f"{draft.name} is another name of a finished file: delete it")
    except (OSError, FileExposed, ExportRefused):
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "r+b")
