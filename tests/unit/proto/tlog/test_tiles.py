"""Tiles and their paths, as c2sp.org/tlog-tiles writes them down."""

import pytest

from support.cases import each_case
from tearline.errors import EntryTooLarge, TileMalformed
from tearline.limits import MAX_ENTRY_BYTES, MAX_LOG_SIZE
from tearline.tlog.merkle import Frontier, leaf_hash
from tearline.tlog.tiles import (
    TILE_WIDTH,
    Tile,
    encode_entry_bundle,
    encode_tile,
    parse_entry_bundle,
    parse_tile,
    parse_tile_path,
)

LAST = MAX_LOG_SIZE // TILE_WIDTH - 1


@each_case(
    ("path", "tile"),
    [
        ("tile/0/000", Tile(level=0, index=0)),
        ("tile/0/007.p/1", Tile(level=0, index=7, width=1)),
        ("tile/0/999", Tile(level=0, index=999)),
        ("tile/1/x001/000.p/255", Tile(level=1, index=1000, width=255)),
        ("tile/9/x001/x234/067", Tile(level=9, index=1_234_067)),  # the specification's example
        ("tile/10/x010/x000/000", Tile(level=10, index=10_000_000)),
        ("tile/63/000", Tile(level=63, index=0)),
        ("tile/entries/000", Tile(level=None, index=0)),
        ("tile/entries/x001/x234/067.p/8", Tile(level=None, index=1_234_067, width=8)),
        ("tile/0/x001/x099/x511/x627/775", Tile(level=0, index=LAST)),
    ],
)
def test_a_path_names_one_tile(path: str, tile: Tile) -> None:
    assert parse_tile_path(path) == tile
    assert tile.path == path


@each_case(
    "path",
    [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile//000",
        "tile/0/000/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/x1/000",
        "tile/0/X001/000",
        "tile/0/x001/x000",
        "tile/0/x001",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/entry/000",
        "tile/Entries/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/1/",
        "tile/0/000.P/1",
        "tile/0/000xp/1",
        "tile/0/000.p/1.p/1",
        "tile/0/x001.p/1/000",
        "tile/0/000\n",
        "tile/0/000.p/1\n",
        "tile/0/٠٠٠",
        "tile/0/%30%30%30",
        "tile/0/../0/000",
        "tile/8/0/000",  # with the height of a tile, as an older form had it
        "tile/0/x001/x099/x511/x627/776",
        "tile/0/x001/x000/x000/x000/x000/000",
    ],
)
def test_any_other_spelling_is_no_path(path: str) -> None:
    with pytest.raises(TileMalformed):
        parse_tile_path(path)


@pytest.mark.parametrize(
    "places",
    [
        {"level": -1, "index": 0},
        {"level": 64, "index": 0},
        {"level": 0, "index": -1},
        {"level": 0, "index": LAST + 1},
        {"level": 0, "index": 0, "width": 0},
        {"level": None, "index": 0, "width": 257},
    ],
)
def test_a_tile_beyond_every_log_is_none(places: dict[str, int]) -> None:
    with pytest.raises(TileMalformed):
        Tile(**places)


def test_the_tiles_of_the_specification_s_example() -> None:
    size = 70_000
    held = {
        level: [tile.width for index in range(300) for tile in _widest(level, index, size)]
        for level in range(4)
    }
    assert held == {0: [256] * 273 + [112], 1: [256, 17], 2: [1], 3: []}


def _widest(level: int, index: int, size: int) -> list[Tile]:
    """The widest tile at a place that a log of ``size`` entries holds, if it holds any."""
    tiles = (Tile(level=level, index=index, width=width) for width in range(256, 0, -1))
    return (
        [next(tile for tile in tiles if tile.is_within(size))] if _holds(level, index, size) else []
    )


def _holds(level: int, index: int, size: int) -> bool:
    return Tile(level=level, index=index, width=1).is_within(size)


def test_a_full_tile_of_level_0_begins_one_of_level_1() -> None:
    assert Tile(level=0, index=0).is_within(256)
    assert Tile(level=1, index=0, width=1).is_within(256)
    assert not Tile(level=1, index=0, width=1).is_within(255)
    assert not Tile(level=1, index=0, width=2).is_within(511)


def test_an_empty_log_has_no_tiles() -> None:
    assert not Tile(level=0, index=0, width=1).is_within(0)
    assert not Tile(level=None, index=0, width=1).is_within(0)


def test_entries_are_held_with_their_leaves() -> None:
    bundle = Tile(level=None, index=1, width=3)
    assert bundle.is_within(259)
    assert not bundle.is_within(258)
    assert bundle.nodes() == [(0, 256), (0, 257), (0, 258)]


def test_hashes_of_a_level_are_nodes_of_the_tree() -> None:
    assert Tile(level=2, index=3, width=2).nodes() == [(16, 768), (16, 769)]
    leaves = [leaf_hash(b"%d" % number) for number in range(512)]
    stored = {(level, index): node for level, index, node in Frontier().append(leaves)[1]}
    tile = Tile(level=1, index=0, width=2)
    halves = [Frontier().append(half)[0].root() for half in (leaves[:256], leaves[256:])]
    assert encode_tile(stored[node] for node in tile.nodes()) == b"".join(halves)


def test_a_tile_has_exactly_its_hashes() -> None:
    hashes = tuple(leaf_hash(b"%d" % number) for number in range(3))
    data = encode_tile(hashes)
    assert len(data) == 96
    assert parse_tile(data, width=3) == hashes
    for wrong, width in ((data, 2), (data, 4), (data[:-1], 3), (data + b"\0", 3), (b"", 1)):
        with pytest.raises(TileMalformed):
            parse_tile(wrong, width=width)


def test_an_entry_stands_behind_its_length() -> None:
    assert encode_entry_bundle([b"", b"ab", b"c" * 258]) == b"\0\0\0\2ab\1\2" + b"c" * 258


def test_the_largest_entry_fits_and_no_larger_one() -> None:
    largest = b"\xff" * MAX_ENTRY_BYTES
    assert parse_entry_bundle(encode_entry_bundle([largest]), width=1) == (largest,)
    with pytest.raises(EntryTooLarge):
        encode_entry_bundle([largest + b"\xff"])


@each_case(
    ("data", "width"),
    [
        (b"", 1),
        (b"\0", 1),
        (b"\0\2a", 1),
        (b"\0\1a", 2),
        (b"\0\1a\0", 1),
        (b"\0\1a\0\1b", 1),
        (b"\0\1a\0\1b\0", 3),
        (b"\0\1a\0\2b", 2),
        (b"\0\1a\0", 2),
    ],
)
def test_a_bundle_cut_short_or_overlong_is_none(data: bytes, width: int) -> None:
    with pytest.raises(TileMalformed):
        parse_entry_bundle(data, width=width)
