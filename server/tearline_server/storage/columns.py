"""Columns that hold several values of one size, one behind the other."""

from collections.abc import Sequence

from tearline.encoding import u32
from tearline.merkle import Frontier

_HASH_SIZE = 32
_SLOT_SIZE = 4


def packed_slots(slots: Sequence[int]) -> bytes:
    """The column that holds slots."""
    return b"".join(map(u32, slots))


def unpacked_slots(data: bytes) -> tuple[int, ...]:
    """Slots from the column that holds them."""
    return tuple(int.from_bytes(part) for part in _parts(data, _SLOT_SIZE))


def tree_of(size: int, hashes: bytes) -> Frontier:
    """A tree from the columns that hold it."""
    return Frontier(size=size, hashes=tuple(_parts(hashes, _HASH_SIZE)))


def _parts(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]
