"""Sealed parts of a large document in the node's home, until a person has saved it.

They lie there as the exchange delivers them. Their key follows from the packet, so an erased packet
takes the document along, and no plaintext lies on the disk before a person saves it.
"""

import fcntl
import hashlib
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from io import BufferedRandom
from pathlib import Path

from tearline.blobs.cipher import BlobCipher
from tearline.blobs.description import Blob
from tearline.blobs.parts import PART_BYTES, PART_PLAIN_BYTES, part_bytes
from tearline.bodies.documents import verify_head
from tearline.errors import BlobMismatch, DocumentRefused, ExportRefused, MalwareFound
from tearline.limits import MIN_FREE_BYTES
from tearline.tlog.merkle import leaf_hash
from tearline_runtime.files import fsync_file, fsync_path, open_private, reported_as

KEPT_S = 7 * 24 * 3600
"""Seconds after its last part, or its last verification, for which a document stays."""
_SUFFIX = ".parts"
Scan = Callable[[Iterator[bytes], int], None]
"""Judges the bytes of a document, of a number."""


class ReceivedParts:
    """Parts of one document, in order; the length of their file tells which are there.

    Args:
        folder: The node's folder of such documents.
        packet_id: 32 bytes.
        slot: The slot of the field that describes it.
        blob: Its description, unmasked.

    Raises:
        ExportRefused: From each method, if the file cannot be read or written.
    """

    def __init__(self, folder: str, packet_id: bytes, slot: int, blob: Blob) -> None:
        self.blob = blob
        self._path = Path(folder) / packet_id.hex() / f"{slot}{_SUFFIX}"

    @property
    def is_complete(self) -> bool:
        """Returns whether all bytes are there."""
        return self.size == self.blob.division.sealed

    @property
    def size(self) -> int:
        """Returns the number of bytes that are there."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    @contextmanager
    def opened(self, leaves: Sequence[bytes]) -> Iterator[int]:
        """Opens the file for this process alone, to write further parts.

        Args:
            leaves: The leaf hashes of all parts.

        Yields:
            The number of the first part to write; a torn one is written again.

        Raises:
            ExportRefused: If another process writes it, or the disk has too little space.
        """
        with self._refusing():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = open_private(self._path)
        with os.fdopen(descriptor, "r+b") as file:
            with self._refusing():
                _lock(descriptor)
                begin = _begin(file, leaves)
                os.ftruncate(descriptor, begin * PART_BYTES)
                lacking = self.blob.division.sealed - begin * PART_BYTES
                free = shutil.disk_usage(self._path.parent).free - MIN_FREE_BYTES
            if free < lacking:
                raise ExportRefused(f"{lacking} bytes are to come, and the disk has {free} for it")
            self._file = file
            yield begin
            with self._refusing():
                fsync_file(file)
                fsync_path(self._path.parent)

    def write(self, number: int, data: bytes) -> None:
        """Writes a part that fits its leaf hash."""
        rest, place = memoryview(data), number * PART_BYTES
        with self._refusing():
            while rest:
                done = os.pwrite(self._file.fileno(), rest, place)
                rest, place = rest[done:], place + done

    def verify(self, scan: Scan | None, tell: Callable[[int, int], None]) -> None:
        """Verifies the whole document, and has it scanned, before anything of it is shown.

        It blocks: call it in a thread. After a refusal by its content, the parts are deleted.

        Args:
            scan: Asks the agency's scanner, or None.
            tell: Told of each part.

        Raises:
            BlobMismatch: If it is not the document that its sender signed.
            DocumentRefused: If its content is not of the type that its sender stated.
            ScannerError: If the scanner does not find it clean.
        """
        pieces = self._verified(tell)
        try:
            if scan is None:
                deque(pieces, maxlen=0)
            else:
                scan(pieces, self.blob.length)
        except (BlobMismatch, DocumentRefused, MalwareFound):
            self.discard()
            raise
        with self._refusing():
            os.utime(self._path)

    def _verified(self, tell: Callable[[int, int], None]) -> Iterator[bytes]:
        """Yields the document; raises at its end if it is not the signed one."""
        digest, count = hashlib.sha256(), self.blob.division.parts
        for number, piece in enumerate(self.pieces()):
            if not number:
                verify_head(self.blob.media_type, piece)
            digest.update(piece)
            tell(min(number + 1, count), count)
            yield piece
        verify_digest(self.blob, digest.digest())

    def pieces(self) -> Iterator[bytes]:
        """Yields the document, decrypted, in pieces of up to 1 MiB.

        Raises:
            BlobMismatch: If a part is not authentic, or its padding is not valid.
        """
        cipher, blob = BlobCipher(self.blob.secret, self.blob.id), self.blob
        with self._refusing():
            file = self._path.open("rb")
        with file:
            for number in range(blob.division.parts):
                with self._refusing():
                    sealed = file.read(PART_BYTES)
                if len(sealed) != part_bytes(blob.division.sealed, number):
                    raise BlobMismatch(f"part {number} is not complete here")
                plaintext = cipher.open(number, sealed)
                rest = max(0, blob.length - number * PART_PLAIN_BYTES)
                if plaintext[rest:].strip(b"\0"):
                    raise BlobMismatch("its padding is not valid")
                if piece := plaintext[:rest]:
                    yield piece

    def _refusing(self) -> AbstractContextManager[None]:
        return reported_as(ExportRefused, self._path)

    def discard(self) -> bool:
        """Deletes the parts; returns whether there were some."""
        was_there = self._path.exists()
        with self._refusing():
            self._path.unlink(missing_ok=True)
        return was_there


def verify_digest(blob: Blob, digest: bytes) -> None:
    """Checks the SHA-256 of a whole document.

    Raises:
        BlobMismatch: If it is another one than its sender stated.
    """
    if digest != blob.sha256:
        raise BlobMismatch("its SHA-256 differs")


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ExportRefused("another process fetches the document") from None


def _begin(file: BufferedRandom, leaves: Sequence[bytes]) -> int:
    """Returns the number of whole parts; the last one counts if it is not torn."""
    count = min(os.fstat(file.fileno()).st_size // PART_BYTES, len(leaves))
    while count:
        file.seek((count - 1) * PART_BYTES)
        if leaf_hash(file.read(PART_BYTES)) == leaves[count - 1]:
            break
        count -= 1
    return count


def sweep(folder: str, is_readable: Callable[[bytes], bool], now_s: int) -> None:
    """Deletes the documents of packets that are erased, and those that stay unused.

    The loop is short: persons fetch what it finds, within a week. Another process of the node may
    delete some meanwhile.

    Args:
        folder: The node's folder of such documents.
        is_readable: Returns whether a packet can still be read here.
        now_s: The time that log and node agree on, Unix seconds.
    """
    oldest_s = now_s - KEPT_S
    for place in Path(folder).glob("*/"):
        try:
            packet_id = bytes.fromhex(place.name)
        except ValueError:
            continue  # not one of ours
        with suppress(FileNotFoundError):
            newest_s = max(each.stat().st_mtime for each in (place, *place.iterdir()))
            if newest_s < oldest_s or not is_readable(packet_id):
                shutil.rmtree(place, ignore_errors=True)
