"""The node's copy of the log: what it takes does not grow with how much comes at once."""

import hashlib
import tracemalloc
from pathlib import Path

import apsw
import pytest

from tearline.ledger import BLIND, entry_hash
from tearline.merkle import Frontier
from tearline_client.store.database import Database
from tearline_client.store.log import LogStore
from tearline_client.store.vault import Vault

ENTRIES = [BLIND + hashlib.sha256(b"%d" % number).digest() for number in range(20_000)]


@pytest.fixture
def store(tmp_path: Path) -> LogStore:
    return LogStore(Database(tmp_path / "node.db", Vault(bytes(32))))


def test_many_entries_at_once_are_the_tree_that_they_make(store: LogStore) -> None:
    with store.transaction():
        store.append(0, ENTRIES[:5])
    with store.transaction():
        store.append(5, ENTRIES[5:])
    expected, _ = Frontier().append(map(entry_hash, ENTRIES))
    assert store.frontier() == expected
    assert [store.entry(index) for index in (0, 5, 4100, 4101, 19_999)] == [
        ENTRIES[index] for index in (0, 5, 4100, 4101, 19_999)
    ]


def test_the_nodes_of_many_entries_are_not_all_held(store: LogStore) -> None:
    tracemalloc.start()
    try:
        with store.transaction():
            store.append(0, ENTRIES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(ENTRIES) * 150  # bytes; the nodes of all take twice that, and more


def test_clear_entries_are_found_by_an_index(tmp_path: Path, store: LogStore) -> None:
    clear = b"\0" + bytes(50)
    with store.transaction():
        store.append(0, [*ENTRIES[:3], clear, *ENTRIES[3:6], clear])
    assert store.clear_entries() == [(3, clear), (7, clear)]
    connection = apsw.Connection(str(tmp_path / "node.db"))
    plan = connection.execute(
        "EXPLAIN QUERY PLAN SELECT idx, entry FROM log_entry WHERE length(entry) <> 33 ORDER BY idx"
    )
    assert [step for *_, step in plan] == ["SCAN log_entry USING INDEX log_entry_clear"]
    connection.close()
