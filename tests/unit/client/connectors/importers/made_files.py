"""Files that are made while they are read, and the memory that reading them takes."""

import io
import tracemalloc
from collections.abc import Callable, Iterator
from typing import BinaryIO


class MadeFile(io.RawIOBase):
    """A file of pieces, made while it is read; ``seek`` takes the last read back."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = self._last = b""

    def read(self, size: int = -1) -> bytes:
        taken, wanted = [self._left], size - len(self._left)
        while wanted > 0 and (piece := next(self._pieces, b"")):
            taken.append(piece)
            wanted -= len(piece)
        whole = b"".join(taken)
        self._last, self._left = whole[:size], whole[size:]
        return self._last

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self._left, self._last = self._last + self._left, b""
        return place


def around(whole: bytes, mark: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yields a file with pieces in the place of a mark."""
    begin, end = whole.split(mark)
    yield begin
    yield from pieces
    yield end


def peak(read: Callable[[BinaryIO], object], pieces: Iterator[bytes]) -> int:
    """Returns the most bytes that reading a file takes."""
    tracemalloc.start()
    read(MadeFile(pieces))  # type: ignore[arg-type]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most
