"""Files of large documents: a folder for each, below a folder for each agency.

A folder holds the ``offer`` (size and leaf hashes), the sealed ``parts`` in one file, and an empty
file for each packet that names the document. The length of ``parts`` tells which parts are here:
each is durable before it is acknowledged, and a torn last one is dropped when it is found. Every
function blocks.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tearline.blobs.parts import PART_BYTES, part_bytes, part_count
from tearline.dataclass.immutable import immutable
from tearline.encoding import u64
from tearline.errors import BlobMismatch
from tearline.statements.statement import HASH_SIZE
from tearline.tlog.merkle import leaf_hash
from tearline.wire.blobs import Offer
from tearline_runtime.files import OWNER_ONLY, fsync_path, replace

_OFFER, _PARTS, _PACKET = "offer", "parts", "packet-"
_SIZE_BYTES = 8
_FOLDER_MODE = 0o700


def agency_folder(root: Path, agency: str) -> Path:
    """Returns the folder of an agency's documents, whose name no agency can choose."""
    return root / hashlib.sha256(agency.encode()).hexdigest()


@immutable
class BlobFolder:
    """Folder of one document.

    Attributes:
        path: Its path.
    """

    path: Path

    @property
    def id(self) -> bytes:
        """Returns the document's id."""
        return bytes.fromhex(self.path.name)

    def offer(self) -> Offer | None:
        """Returns the document's offer, or None if there is no such document."""
        try:
            data = (self.path / _OFFER).read_bytes()
        except FileNotFoundError:
            return None
        size, leaves = data[:_SIZE_BYTES], data[_SIZE_BYTES:]
        return Offer(
            id=self.id,
            size=int.from_bytes(size, "big"),
            leaves=tuple(leaves[i : i + HASH_SIZE] for i in range(0, len(leaves), HASH_SIZE)),
        )

    def size(self) -> int | None:
        """Returns the bytes of the document's sealed parts; None if there is no such document."""
        try:
            with (self.path / _OFFER).open("rb") as file:
                return int.from_bytes(file.read(_SIZE_BYTES), "big")
        except FileNotFoundError:
            return None

    def leaf(self, number: int) -> bytes:
        """Returns the leaf hash of a part; empty if the document has no such part."""
        with (self.path / _OFFER).open("rb") as file:
            return os.pread(file.fileno(), HASH_SIZE, _SIZE_BYTES + number * HASH_SIZE)

    def begin(self, offer: Offer) -> None:
        """Creates a document, durably."""
        self.path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        replace(self.path / _OFFER, u64(offer.size) + b"".join(offer.leaves))
        for folder in (self.path, self.path.parent, self.path.parent.parent):
            fsync_path(folder)

    def complete(self, offer: Offer) -> int:
        """Returns how many parts of an offer, from the first on, are here and as announced."""
        count = self.held(offer.size)
        # The last one may be torn, of a machine that lost power.
        if count and leaf_hash(self.read(offer.size, count - 1)) != offer.leaves[count - 1]:
            count -= 1
        return count

    def held(self, size: int) -> int:
        """Returns how many parts are here, by the length of their file."""
        try:
            held = (self.path / _PARTS).stat().st_size
        except FileNotFoundError:
            return 0
        return part_count(size) if held >= size else held // PART_BYTES

    def read(self, sealed: int, number: int) -> bytes:
        """Returns a part.

        Raises:
            BlobMismatch: If it is not here.
        """
        size = max(0, part_bytes(sealed, number))
        try:
            with (self.path / _PARTS).open("rb") as file:
                data = os.pread(file.fileno(), size, number * PART_BYTES)
        except FileNotFoundError:
            data = b""
        if not size or len(data) != size:
            raise BlobMismatch(f"part {number} is not here")
        return data

    def write(self, number: int, data: bytes) -> None:
        """Writes a part, durably."""
        descriptor = os.open(
            self.path / _PARTS, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, OWNER_ONLY
        )
        try:
            written = 0
            while written < len(data):
                offset = number * PART_BYTES + written
                written += os.pwrite(descriptor, data[written:], offset)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if not number:
            fsync_path(self.path)

    def packets(self) -> frozenset[bytes]:
        """Returns the packets that name the document, by manifest id."""
        names = [entry.name for entry in os.scandir(self.path)]
        return frozenset(
            bytes.fromhex(name.removeprefix(_PACKET)) for name in names if name.startswith(_PACKET)
        )

    def link(self, packet: bytes, now_ms: int) -> bool:
        """Records that a packet names the document, durably; returns whether it is new."""
        path = self._link(packet)
        is_new = not path.exists()
        path.touch(OWNER_ONLY)
        _set_time(path, now_ms)
        fsync_path(self.path)
        return is_new

    def unlink(self, packet: bytes) -> None:
        """Removes the record that a packet names the document."""
        self._link(packet).unlink(missing_ok=True)
        fsync_path(self.path)

    def linked_ms(self, packet: bytes) -> int:
        """Returns when a packet was recorded, Unix milliseconds; 0 if it is not."""
        return _time_of(self._link(packet))

    def _link(self, packet: bytes) -> Path:
        return self.path / f"{_PACKET}{packet.hex()}"

    def touch(self, now_ms: int) -> None:
        """Records the time of the last part."""
        _set_time(self.path / _OFFER, now_ms)

    def touched_ms(self) -> int:
        """Returns the time of the last part, Unix milliseconds; 0 if it was never offered."""
        return _time_of(self.path / _OFFER)

    def remove(self) -> None:
        """Deletes the document; without its offer, it does not exist."""
        (self.path / _OFFER).unlink(missing_ok=True)
        fsync_path(self.path)
        shutil.rmtree(self.path)


def folders(root: Path, after: str) -> Iterator[BlobFolder]:
    """Yields the folders of all documents below a folder, by agency and id, after a place."""
    begin, _, last = after.partition("/")
    with suppress(FileNotFoundError):
        for agency in sorted(root.iterdir()):  # one for each member
            if agency.name >= begin:
                is_begun = agency.name == begin
                for folder in folders_of(agency):
                    if not is_begun or folder.path.name > last:
                        yield folder


def folders_of(agency: Path) -> Iterator[BlobFolder]:
    """Yields the folders of an agency's documents, by id."""
    with suppress(FileNotFoundError):
        for path in sorted(agency.iterdir()):
            yield BlobFolder(path=path)


def _set_time(path: Path, now_ms: int) -> None:
    nanoseconds = now_ms * 1_000_000
    os.utime(path, ns=(nanoseconds, nanoseconds))


def _time_of(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return 0
