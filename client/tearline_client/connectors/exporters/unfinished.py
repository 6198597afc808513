"""File of a large document that is written part by part, and gets its name when it is verified."""

import hashlib
import os
from io import BufferedRandom
from pathlib import Path
from types import TracebackType
from typing import Self

from tearline.blobs.description import Blob
from tearline.blobs.parts import PART_PLAIN_BYTES
from tearline.bodies.documents import verify_head
from tearline.errors import BlobMismatch, DocumentRefused, ExportRefused, FileExposed
from tearline_client.connectors.exporters.files import verify_file_name
from tearline_runtime.files import OWNER_ONLY, fsync_file, fsync_path, verify_owner_only


class UnfinishedFile:
    """Context in which a large document is written to a new file, readable only by its owner.

    Until ``finish``, it is a hidden file beside, where a later context continues.

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

    def __enter__(self) -> Self:
        try:
            self._file = _reopened(self._draft)
        except OSError as failure:
            raise _refused(failure) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

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
        try:
            os.pwrite(self._file.fileno(), plaintext, number * PART_PLAIN_BYTES)
        except OSError as failure:
            raise _refused(failure) from None

    def finish(self) -> None:
        """Verifies the whole document, makes it durable, and gives it its name.

        Raises:
            BlobMismatch: If its SHA-256 is not that of its description; a later call begins anew.
            DocumentRefused: If its content is not of the type that its sender stated; likewise.
        """
        try:
            self._verify()
            fsync_file(self._file)
            os.link(self._draft, self._target)  # unlike renaming, fails if the name exists
            self._draft.unlink()
            fsync_path(self._target.parent)
        except OSError as failure:
            raise _refused(failure) from None
        except (BlobMismatch, DocumentRefused):
            self._draft.unlink()
            raise

    def _verify(self) -> None:
        os.ftruncate(self._file.fileno(), self._blob.length)
        self._file.seek(0)
        verify_head(self._blob.media_type, self._file.read(PART_PLAIN_BYTES))
        self._file.seek(0)
        if hashlib.file_digest(self._file, "sha256").digest() != self._blob.sha256:
            raise BlobMismatch("its SHA-256 differs")


def _reopened(draft: Path) -> BufferedRandom:
    """Opens the unfinished file of a document, or a new one."""
    descriptor = os.open(draft, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, OWNER_ONLY)
    try:
        verify_owner_only(os.fstat(descriptor), draft)
    except FileExposed:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "r+b")


def _refused(failure: OSError) -> ExportRefused:
    return ExportRefused(f"the file cannot be written ({failure.strerror})")
