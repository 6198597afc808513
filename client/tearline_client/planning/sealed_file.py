"""Temporary file of which the disk holds no legible byte.

Its pieces are sealed rows of a temporary database. So its content may exceed memory, ends with the
process, and is nowhere in clear: neither beside the node's home nor after the process was killed.
"""

import io
from typing import TYPE_CHECKING, BinaryIO, cast

from tearline.errors import TearlineError
from tearline_client.planning.sealed_rows import SealedRows

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_PIECE_BYTES = 1 << 16
_SCHEMA = "CREATE TABLE piece (place INTEGER PRIMARY KEY, sealed BLOB) STRICT;"


def sealed_file(refused: type[TearlineError]) -> BinaryIO:
    """Returns a new file, open to be written, read and sought in.

    Args:
        refused: The error to raise if the disk fails; it takes the reason.
    """
    return cast("BinaryIO", io.BufferedRandom(_Pieces(refused), _PIECE_BYTES))


class _Pieces(io.RawIOBase):
    """The unbuffered file: one row for each piece of its content.

    Raises:
        StoreFull: From ``write``, if the disk of temporary files is full.
    """

    def __init__(self, refused: type[TearlineError]) -> None:
        self._rows = SealedRows(_SCHEMA, refused)
        self._size = self._at = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer)
        place, start = divmod(self._at, _PIECE_BYTES)
        size = max(0, min(len(target), _PIECE_BYTES - start, self._size - self._at))
        target[:size] = self._piece(place)[start : start + size].ljust(size, b"\0")
        self._at += size
        return size

    def write(self, data: "ReadableBuffer") -> int:
        source = memoryview(data)
        place, start = divmod(self._at, _PIECE_BYTES)
        part = source[: _PIECE_BYTES - start]
        piece = bytearray(self._piece(place).ljust(start, b"\0"))
        piece[start : start + len(part)] = part
        sealed = self._rows.seal(bytes(piece))
        self._rows.execute("INSERT OR REPLACE INTO piece VALUES (?, ?)", place, sealed)
        self._at += len(part)
        self._size = max(self._size, self._at)
        return len(part)

    def _piece(self, place: int) -> bytes:
        found = self._rows.execute("SELECT sealed FROM piece WHERE place = ?", place)
        return self._rows.open(found[0][0]) if found else b""
