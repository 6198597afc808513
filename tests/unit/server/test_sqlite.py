"""SQLite alone: one process, one file, and what goes wrong with files."""

import sqlite3
import stat
from pathlib import Path

import pytest

from stores import event, packet_row, put
from tearline.errors import StoreBusy, StoreDamaged, StoreFull, StoreVersion
from tearline_server.storage.sqlite import SqliteStore


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
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA page_size").fetchone() == (16384,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


async def test_a_full_disk_is_named_and_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await put(store, event(1))
    pages = await store._db.write(lambda c: c.pragma("max_page_count", c.pragma("page_count")))
    assert pages
    with pytest.raises(StoreFull):
        await put(store, event(2), packets=[packet_row(1, id=b"p", parts=bytes(1 << 20))])
    assert (await store.load()).head.tree.size == 1
    await store._db.write(lambda c: c.pragma("max_page_count", 1 << 20))
    assert await put(store, event(2)) == 1
    await store.close()


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as database:
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
