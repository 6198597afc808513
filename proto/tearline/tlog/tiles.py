"""Tiles: the log as immutable files, for readers without any Tearline software.

The paths and contents are those of c2sp.org/tlog-tiles:

    tile/<L>/<N>           hashes 256·N to 256·N + 255 of level L, 32 bytes each
    tile/<L>/<N>.p/<W>     the first W of them, where the log has not all 256 yet
    tile/entries/<N>       the entries under tile/0/<N>, each behind its length in two bytes

Hash ``i`` of level ``L`` is the root over the 256**L entries from ``i * 256**L`` on: the node (8·L,
i) of the tree, in the names of ``tearline.tlog.merkle``. A number of more than three digits stands
in
folders of three, all but the last marked by an ``x``: 1234067 is ``x001/x234/067``.
"""

import re
from collections.abc import Iterable

from tearline.dataclass.immutable import immutable
from tearline.encoding import u16
from tearline.errors import EntryTooLarge, TileMalformed
from tearline.limits import MAX_ENTRY_BYTES, MAX_LOG_SIZE
from tearline.tlog.merkle import HASH_SIZE, NodeId

TILE_WIDTH = 256
TILE_HEIGHT = 8  # levels of the tree from one level of tiles to the next: 2**8 = 256

_MAX_LEVEL = 63
_ENTRIES = "entries"
_LENGTH_SIZE = 2
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,4}[0-9]{3})(?:\.p/([0-9]{1,3}))?")


@immutable
class Tile:
    """Run of neighbouring hashes of one level, or of entries.

    Attributes:
        level: 0 to 63, the level of the hashes; None for a bundle of entries.
        index: Number of the run of 256, from 0.
        width: Length of the run: 256, or 1 to 255 of a partial tile.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not 0 <= (self.level or 0) <= _MAX_LEVEL:
            raise TileMalformed("a level is 0 to 63")
        if not 0 <= self.index < MAX_LOG_SIZE // TILE_WIDTH:
            raise TileMalformed("no log is that large")
        if not 0 < self.width <= TILE_WIDTH:
            raise TileMalformed("a tile has 1 to 256 hashes")

    @property
    def path(self) -> str:
        """Returns its path on a server, without a slash in front."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        *folders, last = (digits[start : start + 3] for start in range(0, len(digits), 3))
        level = _ENTRIES if self.level is None else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return "/".join(("tile", level, *(f"x{folder}" for folder in folders), last)) + partial

    @property
    def start(self) -> int:
        """Returns the position of its first hash in the level, or of its first entry in the log."""
        return self.index * TILE_WIDTH

    @property
    def end(self) -> int:
        """Returns the position behind its last."""
        return self.start + self.width

    def is_within(self, size: int) -> bool:
        """Returns whether a log of ``size`` entries holds all of it."""
        return self.end <= size >> TILE_HEIGHT * (self.level or 0)

    def nodes(self) -> list[NodeId]:
        """Returns the tree nodes of its hashes; for a bundle, those of its leaves."""
        level = TILE_HEIGHT * (self.level or 0)
        return [(level, place) for place in range(self.start, self.end)]


def parse_tile_path(path: str) -> Tile:
    """Returns the tile at ``path``, which has no slash in front.

    Raises:
        TileMalformed: If it is not a tile's path, or not in canonical form.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise TileMalformed("the path is not that of a tile")
    level, index, width = found.groups()
    tile = Tile(
        level=None if level == _ENTRIES else int(level),
        index=int(index.replace("x", "").replace("/", "")),
        width=TILE_WIDTH if width is None else int(width),
    )
    if tile.path != path:
        raise TileMalformed("a number in the path is not in canonical form")
    return tile


def encode_tile(hashes: Iterable[bytes]) -> bytes:
    """Returns a tile of 32-byte hashes."""
    return b"".join(hashes)


def parse_tile(data: bytes, *, width: int) -> tuple[bytes, ...]:
    """Returns the 32-byte hashes of a tile.

    They are not authenticated: a reader hashes them up to the root of a checkpoint.

    Raises:
        TileMalformed: If there are not ``width`` of them.
    """
    if len(data) != width * HASH_SIZE:
        raise TileMalformed(f"a tile of {width} hashes has {width * HASH_SIZE} bytes")
    return tuple(data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE))


def encode_entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Returns entries, each behind its length in two bytes, big-endian.

    Raises:
        EntryTooLarge: If the length of one does not fit.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise EntryTooLarge(f"{len(entry)} bytes, of at most {MAX_ENTRY_BYTES}")
        parts += (u16(len(entry)), entry)
    return b"".join(parts)


def parse_entry_bundle(data: bytes, *, width: int) -> tuple[bytes, ...]:
    """Returns the entries of a bundle.

    They are not authenticated: their hashes must match the tile of level 0.

    Raises:
        TileMalformed: If there are not ``width`` of them, or the last is truncated.
    """
    entries: list[bytes] = []
    place = 0
    while place < len(data) and len(entries) < width:
        start = place + _LENGTH_SIZE
        place = start + int.from_bytes(data[place:start], "big")
        entries.append(data[start:place])
    if len(entries) != width or place != len(data):
        raise TileMalformed(f"the data is not a bundle of {width} entries")
    return tuple(entries)
