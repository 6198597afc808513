"""The index of texts: what it gives, what ends with a packet's keys, and what its file shows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.agencies import secret
from support.canary import canary, found
from tearline_client.store import search_texts
from tearline_client.store.database import Database
from tearline_client.store.index_queue import IndexQueue
from tearline_client.store.search_texts import SearchTextStore
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
    store = SearchTextStore(database)
    for number, packet in enumerate(PACKETS):
        with database.transaction():
            put(store, packet, f"text{number}")
            IndexQueue(database).finish(packet)
    while store.unite():
        pass
    return store


def put(store: SearchTextStore, packet: bytes, lines: str) -> None:
    """Stores all texts of a packet in place of earlier ones."""
    store.forget(packet)
    store.put(packet, part=0, is_whole=True, kind="lead", case_id="case", lines=lines)


def read(store: SearchTextStore) -> tuple[dict[int, str], int]:
    """The texts by number of the packet, and how many damaged pieces were met."""
    blocks = [*store.blocks()]
    found: dict[int, str] = {}
    for block in blocks:
        for texts in () if block is None else block.packets():
            known = found.get(texts.received_ms)
            found[texts.received_ms] = texts.lines if known is None else f"{known}\n{texts.lines}"
    return found, blocks.count(None)


def lines(store: SearchTextStore) -> dict[int, str]:
    """The texts by number of the packet; none is damaged."""
    found, damaged = read(store)
    assert damaged == 0
    return found


def due(database: Database) -> list[int]:
    """The numbers of the packets that are due."""
    return sorted(PACKETS.index(packet) for packet in IndexQueue(database).due())


def test_texts_are_found_in_blocks_and_in_rows(store: SearchTextStore, database: Database) -> None:
    assert database.value("SELECT count(*) FROM search_block") == 2
    assert lines(store) == {number: f"text{number}" for number in range(5)}
    texts = next(texts for block in store.blocks() if block for texts in block.packets())
    assert (texts.kind, texts.case_id, texts.origin) == ("lead", "case", "node")
    assert store.packet(texts.place) == PACKETS[texts.received_ms]


def test_texts_are_replaced_wherever_they_are(store: SearchTextStore, database: Database) -> None:
    for number, packet in enumerate(PACKETS):
        with database.transaction():
            put(store, packet, f"new{number}")
    assert lines(store) == {number: f"new{number}" for number in range(5)}
    assert database.value("SELECT count(*) FROM search_block") == 0


@pytest.mark.parametrize("number", range(5))
def test_erased_texts_are_in_no_block_and_no_other_packet_is_due(
    store: SearchTextStore, database: Database, tmp_path: Path, number: int
) -> None:
    sealed = [row[0] for row in database.rows("SELECT sealed FROM search_block ORDER BY id")]
    with database.transaction():
        store.forget(PACKETS[number])
        database.erase("DELETE FROM packet_key WHERE packet = ?", (PACKETS[number],))
    assert lines(store) == {n: f"text{n}" for n in range(5) if n != number}
    assert due(database) == []
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert [each in kept for each in sealed] == [number // 2 != 0, number // 2 != 1]


@pytest.mark.parametrize("number", range(5))
def test_texts_end_with_the_keys_and_the_rest_of_the_block_is_due(
    store: SearchTextStore, database: Database, number: int
) -> None:
    with database.transaction():
        database.erase("DELETE FROM packet_key WHERE packet = ?", (PACKETS[number],))
    others = due(database)
    assert others == ([] if number == 4 else [number ^ 1])
    assert lines(store) == {n: f"text{n}" for n in range(5) if n not in (number, *others)}
    for each in others:
        with database.transaction():
            put(store, PACKETS[each], f"text{each}")
    assert lines(store) == {n: f"text{n}" for n in range(5) if n != number}


def test_parts_of_a_large_packet_stay_rows(store: SearchTextStore, database: Database) -> None:
    with database.transaction():
        store.forget(PACKETS[0])
        for part in (0, 256):
            store.put(
                PACKETS[0], part=part, is_whole=False, kind="lead", case_id="", lines=f"part{part}"
            )
    assert lines(store)[0] == "part0\npart256"
    while store.unite():
        pass
    assert database.value("SELECT count(*) FROM search_text WHERE block = -1") == 2
    with database.transaction():
        database.erase("DELETE FROM packet_key WHERE packet = ?", (PACKETS[0],))
    assert 0 not in lines(store)


def test_what_moves_while_it_is_read_is_read(store: SearchTextStore, database: Database) -> None:
    seen = set[int]()
    for step, block in enumerate(store.blocks()):
        assert block is not None
        seen |= {texts.received_ms for texts in block.packets()}
        if step == 0:  # a text of the second block comes again, with the last row in a new block
            with database.transaction():
                put(store, PACKETS[3], "text3")
        if step == 1:
            while store.unite():
                pass
    assert seen == set(range(5))


def test_the_file_shows_no_text_and_no_deleted_text(tmp_path: Path, database: Database) -> None:
    store, word = SearchTextStore(database), canary()
    with database.transaction():
        put(store, PACKETS[0], word)
    assert lines(store) == {0: word}
    assert found([word], (file.read_bytes() for file in tmp_path.iterdir())) == set()
    sealed = database.value("SELECT sealed FROM search_text")
    with database.transaction():
        database.erase("DELETE FROM packet_key WHERE packet = ?", (PACKETS[0],))
    assert sealed not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_texts_of_another_row_do_not_open(store: SearchTextStore, database: Database) -> None:
    one, other = database.rows("SELECT id, sealed FROM search_block")
    database.execute("UPDATE search_block SET sealed = ? WHERE id = ?", (one[1], other[0]))
    assert read(store) == ({0: "text0", 1: "text1", 4: "text4"}, 1)
    assert due(database) == [2, 3]  # the block is deleted, and made anew
    assert lines(store) == {0: "text0", 1: "text1", 4: "text4"}


def test_a_damaged_row_makes_its_packet_due(store: SearchTextStore, database: Database) -> None:
    database.execute("UPDATE search_text SET sealed = x'00' WHERE block = 0")
    assert read(store) == ({n: f"text{n}" for n in range(4)}, 1)
    assert due(database) == [4]


def test_a_damaged_row_moves_into_no_block(store: SearchTextStore, database: Database) -> None:
    with database.transaction():
        put(store, PACKETS[0], "text0")
    database.execute(
        "UPDATE search_text SET sealed = x'00' WHERE place = "
        "(SELECT place FROM packet_place WHERE packet = ?)",
        (PACKETS[4],),
    )
    while store.unite():
        pass
    assert due(database) == [4]
    assert lines(store) == {n: f"text{n}" for n in range(4)}


def test_a_packet_of_a_damaged_block_is_erased_with_the_block(
    store: SearchTextStore, database: Database
) -> None:
    database.execute("UPDATE search_block SET sealed = x'00' WHERE id = 1")
    with database.transaction():
        store.forget(PACKETS[0])
        database.erase("DELETE FROM packet_key WHERE packet = ?", (PACKETS[0],))
    assert due(database) == [1]
    assert lines(store) == {n: f"text{n}" for n in (2, 3, 4)}
