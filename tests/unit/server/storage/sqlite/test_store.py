"""SQLite alone: one process, one file, and what goes wrong with files."""

import asyncio
import errno
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import apsw
import pytest

import tearline_server.storage.sqlite.connections as database
from support.stores import AGREEMENT, PACKET, event, packet_row, put
from tearline.errors import StoreBusy, StoreDamaged, StoreForbidden, StoreFull, StoreVersion
from tearline_server.storage.rows import Restoration
from tearline_server.storage.sqlite.store import SqliteStore


async def test_one_process_holds_a_file(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first = SqliteStore(path)
    with pytest.raises(StoreBusy):
        SqliteStore(path)
    await first.close()
    second = SqliteStore(path)
    await second.close()


async def test_a_file_is_its_owners_alone_and_durable(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await put(store, event(1))
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await store.close()
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute("PRAGMA page_size").fetchone() == (16384,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


async def test_a_full_disk_is_named_and_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await put(store, event(1))
    pages = await store._db.write(lambda c: c.pragma("max_page_count", c.pragma("page_count")))
    assert pages
    with pytest.raises(StoreFull):
        await put(store, event(2), packets=[packet_row(1, id=b"p", ciphertexts=bytes(1 << 20))])
    assert (await store.load()).head.tree.size == 1
    await store._db.write(lambda c: c.pragma("max_page_count", 1 << 20))
    assert await put(store, event(2)) == 1
    await store.close()


async def test_what_a_reader_keeps_in_the_file_goes_with_the_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_server.storage.sqlite.connections._PURGE_BUSY_MS", 1)

    def is_there() -> bool:
        return any(b"deleted soon" in path.read_bytes() for path in tmp_path.iterdir())

    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await put(store, event(1), packets=[packet_row(0, id=b"p", ciphertexts=b"deleted soon")])
    reader = apsw.Connection(str(path))  # of the same library, or it sees no locks of the other
    reader.execute("BEGIN")
    assert list(reader.execute("SELECT parts FROM ciphertext")) == [(b"deleted soon",)]
    await put(store, dropped={b"p": None}, ends={b"p": None})
    assert is_there()
    assert list(reader.execute("SELECT parts FROM ciphertext")) == [(b"deleted soon",)]
    reader.close()
    await put(store, event(2))
    assert not is_there()
    await store.close()


async def test_a_reader_holds_up_what_deletes_and_no_change_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await put(store, event(1), packets=[packet_row(0)])
    reader = apsw.Connection(str(path))
    reader.execute("BEGIN")
    assert list(reader.execute("SELECT parts FROM ciphertext"))
    monkeypatch.setattr(database, "_PURGE_BUSY_MS", 1)
    await put(store, dropped={PACKET: None})
    monkeypatch.setattr(database, "_PURGE_BUSY_MS", 60_000)
    async with asyncio.timeout(30):
        await put(store, event(2))
    reader.close()
    await store.close()


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(StoreVersion):
        SqliteStore(path)


@pytest.mark.parametrize("content", [b"not a database at all " * 100, b"SQLite format 3\0 cut"])
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(StoreDamaged):
        SqliteStore(path)


def test_a_folder_or_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "elsewhere")
    for name in ("folder.db", "link.db", "missing/store.db"):
        with pytest.raises(StoreDamaged):
            SqliteStore(tmp_path / name)


@pytest.mark.parametrize("ours", [".db", ".lock"])
@pytest.mark.parametrize("reason", [errno.EACCES, errno.EROFS])
def test_what_this_user_may_not_open_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: str, reason: int
) -> None:
    real = os.open

    def refuse(path: Path, flags: int, mode: int) -> int:
        if path.suffix == ours:
            raise OSError(reason, os.strerror(reason))
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)  # the tests may run as root, who may open all
    with pytest.raises(StoreForbidden, match=os.strerror(reason)):
        SqliteStore(tmp_path / "store.db")


def test_what_lies_beside_the_file_and_cannot_be_opened_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE one (two)")
    database.close()
    (tmp_path / "store.db-wal").mkdir()
    with pytest.raises(StoreForbidden):
        SqliteStore(path)


async def test_to_take_one_opening_back_costs_the_same_however_much_was_restored(
    tmp_path: Path,
) -> None:
    store, steps = SqliteStore(tmp_path / "store.db"), []

    def count() -> bool:
        steps.append(1)
        return False

    async def cost() -> int:
        steps.clear()
        await store.put_events([row])
        return len(steps)

    await put(store, *map(event, range(2)))
    (row,) = await store.event_rows(0, limit=1)
    await store.begin_epoch(Restoration(start=0, stop=2000, settled=True))
    await store._db.write(lambda connection: connection.set_progress_handler(count, 1))
    few = await cost()
    await put(store, *map(event, range(2, 2000)))
    assert await cost() == few
    await store.close()


async def test_an_event_is_stored_once(tmp_path: Path) -> None:
    """Its values stand in it: the row has their places, a few bytes each."""
    store = SqliteStore(tmp_path / "store.db")
    await put(store, *(event(number, agreement_id=AGREEMENT) for number in range(1, 65)))
    sql = (
        "SELECT sum(payload), (SELECT sum(length(event)) FROM event) FROM dbstat"
        " WHERE name = 'event'"
    )
    taken, given = await store._db.write(lambda c: next(c.execute(sql)))
    assert taken - given < 64 * (32 + 40)  # salt, and the places
    await store.close()
