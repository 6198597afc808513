"""A log of any size is all in its tiles, and its paths have one spelling."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.examples import examples
from tearline.errors import TileMalformed
from tearline.limits import MAX_ENTRY_BYTES, MAX_LOG_SIZE
from tearline.tlog.merkle import EMPTY_ROOT, Frontier, NodeId, leaf_hash, root_from_leaf_hashes
from tearline.tlog.tiles import (
    TILE_WIDTH,
    Tile,
    encode_entry_bundle,
    encode_tile,
    parse_entry_bundle,
    parse_tile,
    parse_tile_path,
)

MAX_SIZE = 70_000  # three levels of tiles

Read = Callable[[Tile], tuple[bytes, ...]]


@pytest.fixture(scope="module")
def stored() -> dict[NodeId, bytes]:
    """The nodes of a log; they are those of every shorter one as well."""
    leaves = (leaf_hash(b"%d" % number) for number in range(MAX_SIZE))
    return {(level, index): node for level, index, node in Frontier().append(leaves)[1]}


def edge(size: int) -> Iterator[Tile]:
    """The last tile of each level, the leaves first, if it is partial."""
    level = 0
    while hashes := size >> 8 * level:
        index, width = divmod(hashes, TILE_WIDTH)
        if width:
            yield Tile(level=level, index=index, width=width)
        level += 1


def root_from_edge(size: int, read: Read) -> bytes:
    """The root, from what no full tile of the level above stands for."""
    below: tuple[bytes, ...] = ()
    for tile in edge(size):
        below = (root_from_leaf_hashes(read(tile) + below),)
    return below[0] if below else EMPTY_ROOT


@settings(max_examples=examples(60))
@given(size=st.integers(0, MAX_SIZE), data=st.data())
def test_the_tiles_lead_to_the_root(
    stored: dict[NodeId, bytes], size: int, data: st.DataObject
) -> None:
    def read(tile: Tile) -> tuple[bytes, ...]:
        assert tile.is_within(size)
        content = encode_tile(stored[node] for node in tile.nodes())
        return parse_tile(content, width=tile.width)

    leaves = [stored[0, index] for index in range(size)]
    assert root_from_edge(size, read) == root_from_leaf_hashes(leaves)
    # And each full tile is one hash of the level above.
    level = data.draw(st.integers(0, 1))
    if full := size >> 8 * (level + 1):
        index = data.draw(st.integers(0, full - 1))
        above = Tile(level=level + 1, index=index // TILE_WIDTH, width=index % TILE_WIDTH + 1)
        assert root_from_leaf_hashes(read(Tile(level=level, index=index))) == read(above)[-1]


@given(
    level=st.none() | st.integers(0, 63),
    index=st.integers(0, MAX_LOG_SIZE // TILE_WIDTH - 1) | st.integers(0, 2_000_000),
    width=st.integers(1, TILE_WIDTH),
)
def test_a_path_leads_back_to_its_tile(level: int | None, index: int, width: int) -> None:
    tile = Tile(level=level, index=index, width=width)
    assert parse_tile_path(tile.path) == tile


@given(
    st.from_regex(r"tile/(entries|[0-9]{1,3})/[x0-9/]{0,24}(\.p/[0-9]{0,4})?\n?", fullmatch=True)
)
def test_what_is_taken_for_a_path_is_its_one_spelling(path: str) -> None:
    try:
        tile = parse_tile_path(path)
    except TileMalformed:
        return
    assert tile.path == path


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=TILE_WIDTH))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    data = encode_entry_bundle(entries)
    assert parse_entry_bundle(data, width=len(entries)) == tuple(entries)


@given(st.binary(max_size=600), st.integers(1, TILE_WIDTH))
def test_what_is_taken_for_a_bundle_is_its_one_spelling(data: bytes, width: int) -> None:
    try:
        entries = parse_entry_bundle(data, width=width)
    except TileMalformed:
        return
    assert all(len(entry) <= MAX_ENTRY_BYTES for entry in entries)
    assert encode_entry_bundle(entries) == data
