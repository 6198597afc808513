"""The index of texts: what it gives, what ends with a packet's keys, and what its file shows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.agencies import secret
from support.canary import canary, found
from tearline.errors import StoreDamaged
from tearline_client.store import search_texts
from tearline_client.store.database import Database
from tearline_client.store.search_texts import SearchTextStore
from tearline_client.store.value_index import ValueStore
from tearline_client.store.vault import Vault

PACKETS = [secret(f"packet {number}") for number in range(5)]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "node.db", Vault(secret("vault")))
    for number, packet in enumerate(PACKETS):
        database.execute("INSERT INTO packet VALUES (?, 'node', ?, x'', x'')", (packet, number))
        database.execute("INSERT INTO packet_key VALUES (?, x'01', x'')", (packet,))
    yield database
    database.close()


@pytest.fixture
def store(database: Database, monkeypatch: pytest.MonkeyPatch) -> SearchTextStore:
    """The texts of five packets: two blocks of two, and a row."""
    monkeypatch.setattr(search_texts, "_AT_ONCE", 2)
    store, values = SearchTextStore(database), ValueStore(database, secret("key"))
    for number, packet in enumerate(PACKETS):
        with database.transaction():
            store.put(packet, kind="lead", case_id="case", lines=f"text{number}")
            values.put(packet, [])
    while store.unite():
        pass
    return store


def lines(store: SearchTextStore) -> dict[int, str]:
    """The texts by number of the packet."""
    return {texts.received_ms: texts.lines for block in store.blocks() for texts in block.packets()}


def test_texts_are_found_in_blocks_and_in_rows(store: SearchTextStore, database: Database) -> None:
    assert database.value("SELECT count(*) FROM search_block") == 2
    assert lines(store) == {number: f"text{number}" for number in range(5)}
    texts = next(texts for block in store.blocks() for texts in block.packets())
    assert (texts.kind, texts.case_id, texts.origin) == ("lead", "case", "node")
    assert store.packet(texts.place) == PACKETS[texts.received_ms]


def test_texts_are_replaced_wherever_they_are(store: SearchTextStore, database: Database) -> None:
    for number, packet in enumerate(PACKETS):
        with database.transaction():
            store.put(packet, kind="lead", case_id="", lines=f"new{number}")
    assert lines(store) == {number: f"new{number}" for number in range(5)}
    assert database.value("SELECT count(*) FROM search_block") == 0


@pytest.mark.parametrize("number", range(5))
def test_texts_end_with_the_keys_and_the_rest_of_the_block_is_due(
    store: SearchTextStore, database: Database, number: int
) -> None:
    values = ValueStore(database, secret("key"))
    with database.transaction():
        database.erase("DELETE FROM packet_key WHERE packet = ?", (PACKETS[number],))
    due = [PACKETS.index(packet) for packet in values.behind()]
    assert due == ([] if number == 4 else [number ^ 1])
    assert lines(store) == {n: f"text{n}" for n in range(5) if n not in (number, *due)}
    for each in due:
        with database.transaction():
            store.put(PACKETS[each], kind="lead", case_id="", lines=f"text{each}")
            values.put(PACKETS[each], [])
    assert lines(store) == {n: f"text{n}" for n in range(5) if n != number}


def test_what_moves_while_it_is_read_is_read(store: SearchTextStore, database: Database) -> None:
    read = set[int]()
    for step, block in enumerate(store.blocks()):
        read |= {texts.received_ms for texts in block.packets()}
        with database.transaction():
            if step == 0:  # the first block's rows come again, one with the last row in a new block
                store.put(PACKETS[3], kind="lead", case_id="", lines="text3")
        if step == 1:
            while store.unite():
                pass
    assert read == set(range(5))


def test_the_file_shows_no_text_and_no_deleted_text(tmp_path: Path, database: Database) -> None:
    store, word = SearchTextStore(database), canary()
    with database.transaction():
        store.put(PACKETS[0], kind="lead", case_id="", lines=word)
    assert lines(store) == {0: word}
    assert found([word], (file.read_bytes() for file in tmp_path.iterdir())) == set()
    sealed = database.value("SELECT sealed FROM search_text")
    with database.transaction():
        database.erase("DELETE FROM packet_key WHERE packet = ?", (PACKETS[0],))
    assert sealed not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_texts_of_another_row_do_not_open(store: SearchTextStore, database: Database) -> None:
    one, other = database.rows("SELECT id, sealed FROM search_block")
    database.execute("UPDATE search_block SET sealed = ? WHERE id = ?", (one[1], other[0]))
    with pytest.raises(StoreDamaged):
        lines(store)
