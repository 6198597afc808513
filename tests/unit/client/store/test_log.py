"""The node's copy of the log: its tree, of which the lowest nodes are made anew."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from tearline.errors import EntryMismatch
from tearline.federation.directory import DirectoryEntry
from tearline.tlog.merkle import Frontier, root_from_leaf_hashes, tree_path, verify_consistency
from tearline.tlog.tiles import Tile
from tearline.verification.log_entries import BLIND, entry_hash
from tearline_client.store.database import Database
from tearline_client.store.log import _STATE, LogStore
from tearline_client.store.vault import Vault

ENTRIES = [BLIND + hashlib.sha256(b"%d" % number).digest() for number in range(20_000)]


@pytest.fixture
def store(tmp_path: Path) -> LogStore:
    return LogStore(Database(tmp_path / "node.db", Vault(bytes(32))))


def append(store: LogStore, entries: Sequence[bytes]) -> None:
    """Adds entries as whoever verified them does."""
    _, nodes = store.grown(store.frontier(), entries)
    with store.transaction():
        store.append(store.size, entries, nodes)


def test_many_entries_at_once_are_the_tree_that_they_make(store: LogStore) -> None:
    append(store, ENTRIES[:5])
    append(store, ENTRIES[5:])
    expected, _ = Frontier().append(map(entry_hash, ENTRIES))
    assert store.frontier() == expected
    assert [store.entry(index) for index in (0, 5, 4100, 4101, 19_999)] == [
        ENTRIES[index] for index in (0, 5, 4100, 4101, 19_999)
    ]


def test_proofs_and_tiles_are_those_of_the_whole_tree(store: LogStore) -> None:
    """Nodes over a few entries are not kept, but made of those."""
    append(store, ENTRIES)
    leaves = [entry_hash(entry) for entry in ENTRIES]
    for size in (1, 15, 16, 17, 300, 19_999):
        root = Frontier().append(leaves[:size])[0].root()
        assert store.root_at(size) == root
        verify_consistency(
            size, 20_000, root, store.root_at(20_000), store.consistency(size, 20_000)
        )
        for index in {0, size // 2, size - 1}:
            assert store.path(index, size) == tree_path(leaves[:size], index)
    assert store.tile(Tile(level=0, index=3, width=256)) == b"".join(leaves[768:1024])
    assert store.tile(Tile(level=1, index=0, width=78))[:32] == root_from_leaf_hashes(leaves[:256])


@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM log_entry WHERE idx = 40", "DELETE FROM log_node WHERE level = 4 AND idx = 3"],
)
def test_a_tree_with_a_hole_proves_nothing(store: LogStore, damage: str) -> None:
    append(store, ENTRIES[:100])
    store._db.execute(damage)
    with pytest.raises(EntryMismatch):
        store.path(41, 100)


def test_entries_that_do_not_follow_are_refused(store: LogStore) -> None:
    append(store, ENTRIES[:5])
    with pytest.raises(EntryMismatch), store.transaction():
        store.append(6, ENTRIES[6:7], [])


def test_few_of_the_nodes_are_kept(store: LogStore) -> None:
    _, nodes = store.grown(Frontier(), ENTRIES)
    assert len(nodes) < len(ENTRIES) / 7


def test_of_the_directories_of_a_year_those_beside_clear_entries_are_read(
    tmp_path: Path, store: LogStore
) -> None:
    clear, minutes = b"\0" + bytes(50), 1_000
    directories = [DirectoryEntry(time_ms=n, root=bytes(32)).encode() for n in range(2 * minutes)]
    first, blind, second = directories[:minutes], ENTRIES[0], directories[minutes:]
    append(store, [clear, blind, *first, blind, clear, clear, blind, *second, blind])
    store.put_effects([500])
    at = minutes + 3
    read = [0, 2, 500, at - 2, at, at + 1, at + 3, at + 2 + minutes]
    assert [index for index, _ in store.clear_entries()] == read
    assert [index for index, _ in store.clear_entries(501)] == [501, *read[3:]]
    connection = apsw.Connection(str(tmp_path / "node.db"))
    plan = connection.execute(f"EXPLAIN QUERY PLAN {_STATE}", (0,))
    steps = [step for *_, step in plan if "log_entry" in step or " d " in step or " c " in step]
    assert steps
    assert all("USING" in step for step in steps), steps
    connection.close()
