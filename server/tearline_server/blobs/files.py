"""Files of large documents: a folder for each, below a folder for each agency.

A folder holds the ``offer`` (size and leaf hashes), the sealed ``parts`` in one file, their
``root`` once all of them were verified, and an empty file for each packet that names the document.
The length of ``parts`` tells which parts are here: each is durable before it is acknowledged, and a
torn last one is dropped when it is found. Every function blocks.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tearline.blobs.parts import PART_BYTES, part_bytes, part_count
from tearline.dataclass.immutable import immutable
from tearline.encoding import u64
from tearline.statements.statement import HASH_SIZE
from tearline.wire.blobs import Offer
from tearline_runtime.files import OWNER_ONLY, fsync_path, replace

_OFFER, _PARTS, _ROOT, _PACKET = "offer", "parts", "root", "packet-"
_AGENCY_NAME, _BLOB_NAME = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{32}")
_LINK_NAME = re.compile(f"{_PACKET}([0-9a-f]{{64}})")
_SIZE_BYTES = 8
_FOLDER_MODE = 0o700


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
        return Offer(id=self.id, size=int.from_bytes(size, "big"), leaves=_hashes(leaves))

    def size(self) -> int | None:
        """Returns the bytes of the document's sealed parts; None if there is no such document."""
        try:
            with (self.path / _OFFER).open("rb") as file:
                return int.from_bytes(file.read(_SIZE_BYTES), "big")
        except FileNotFoundError:
            return None

    def leaves(self, first: int, limit: int) -> tuple[bytes, ...]:
        """Returns leaf hashes from the first one on; none beyond the document's last part."""
        try:
            with (self.path / _OFFER).open("rb") as file:
                start = _SIZE_BYTES + first * HASH_SIZE
                return _hashes(os.pread(file.fileno(), limit * HASH_SIZE, start))
        except FileNotFoundError:
            return ()

    def begin(self, offer: Offer, now_ms: int) -> None:
        """Creates a document, durably, without leftovers of one that was being deleted."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.path)
        self.path.mkdir(mode=_FOLDER_MODE, parents=True)
        (self.path / _PARTS).touch(OWNER_ONLY)
        self.touch(now_ms)
        replace(self.path / _OFFER, u64(offer.size) + b"".join(offer.leaves))
        _set_time(self.path / _OFFER, now_ms)
        for folder in (self.path, self.path.parent, self.path.parent.parent):
            fsync_path(folder)

    def held(self, size: int) -> int:
        """Returns how many parts are here, by the length of their file."""
        missing = self.missing(size)
        return (size - missing) // PART_BYTES if missing > 0 else part_count(size)

    def missing(self, size: int) -> int:
        """Returns the bytes of the document's sealed parts that are not here."""
        try:
            return size - (self.path / _PARTS).stat().st_size
        except FileNotFoundError:
            return size

    def read(self, sealed: int, number: int) -> bytes:
        """Returns a part of a document of ``sealed`` bytes, or less if it is not here."""
        size = max(0, part_bytes(sealed, number))
        try:
            with (self.path / _PARTS).open("rb") as file:
                return os.pread(file.fileno(), size, number * PART_BYTES)
        except FileNotFoundError:
            return b""

    def write(self, number: int, data: bytes) -> None:
        """Writes a part, durably."""
        descriptor = os.open(self.path / _PARTS, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            written = 0
            while written < len(data):
                offset = number * PART_BYTES + written
                written += os.pwrite(descriptor, data[written:], offset)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def root(self) -> bytes:
        """Returns the root over the parts; empty until all of them were verified."""
        try:
            return (self.path / _ROOT).read_bytes()
        except FileNotFoundError:
            return b""

    def keep_root(self, root: bytes) -> None:
        """Stores the root over the parts, which are durable before it is."""
        fsync_path(self.path / _PARTS)
        replace(self.path / _ROOT, root)

    def links(self) -> dict[bytes, int]:
        """Returns when packets that name the document were recorded, by manifest id."""
        with os.scandir(self.path) as entries:
            found = [(_LINK_NAME.fullmatch(entry.name), entry) for entry in entries]
            return {
                bytes.fromhex(match[1]): _ms_of(entry.stat()) for match, entry in found if match
            }

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

    def _link(self, packet: bytes) -> Path:
        return self.path / f"{_PACKET}{packet.hex()}"

    def touch(self, now_ms: int) -> None:
        """Records the time of the last part or offer."""
        _set_time(self.path / _PARTS, now_ms)

    def touched_ms(self) -> int:
        """Returns the time of the last part or offer, Unix milliseconds; 0 without one."""
        return _time_of(self.path / _PARTS)

    def begun_ms(self) -> int:
        """Returns the time of the first offer, Unix milliseconds; 0 if it was never offered."""
        return _time_of(self.path / _OFFER)

    def remove(self) -> None:
        """Deletes the document; without its offer, it does not exist."""
        (self.path / _OFFER).unlink(missing_ok=True)
        fsync_path(self.path)
        shutil.rmtree(self.path)


def owner_folders(root: Path) -> list[bytes]:
    """Returns the owners that have a folder below ``root``, in order."""
    return [bytes.fromhex(each.name) for each in _subfolders(root, _AGENCY_NAME)]


def folders_of(agency: Path) -> Iterator[BlobFolder]:
    """Yields the folders of an agency's documents, by id."""
    return (BlobFolder(path=path) for path in _subfolders(agency, _BLOB_NAME))


def _subfolders(path: Path, name: re.Pattern[str]) -> list[Path]:
    """Returns the folders in a folder whose name matches, in order; files of others are ignored."""
    try:
        with os.scandir(path) as entries:
            names = [each.name for each in entries if each.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return [path / each for each in sorted(names) if name.fullmatch(each)]


def _hashes(data: bytes) -> tuple[bytes, ...]:
    return tuple(data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE))


def _set_time(path: Path, now_ms: int) -> None:
    nanoseconds = now_ms * 1_000_000
    os.utime(path, ns=(nanoseconds, nanoseconds))


def _time_of(path: Path) -> int:
    try:
        return _ms_of(path.stat())
    except FileNotFoundError:
        return 0


def _ms_of(status: os.stat_result) -> int:
    return status.st_mtime_ns // 1_000_000
