"""What both sides do with a SQLite file; what a result code means is passed in."""

import stat
from pathlib import Path

import apsw
import pytest

from tearline.errors import RestoreRefused, StoreBusy, StoreDamaged, StoreFull, StoreVersion
from tearline_runtime import sqlite

ERRORS: sqlite.ErrorTable = {
    apsw.BusyError: lambda _: StoreBusy("a row of the table"),
    apsw.NotADBError: lambda _: StoreDamaged("no database"),
}


def opened(path: Path) -> apsw.Connection:
    sqlite.create_private(path)
    return sqlite.connect(path, page_bytes=4096)


def test_a_database_is_its_owners_alone_and_syncs_every_commit(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = opened(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    pragmas = ("journal_mode", "synchronous", "secure_delete", "page_size")
    assert [connection.pragma(name) for name in pragmas] == ["wal", 2, 1, 4096]
    connection.close()


def test_an_error_of_the_table_is_translated_and_any_other_is_raised_as_it_is() -> None:
    with pytest.raises(StoreBusy, match="a row of the table"), sqlite.translated(ERRORS):
        raise apsw.BusyError
    with pytest.raises(apsw.SQLError), sqlite.translated(ERRORS):
        raise apsw.SQLError


def test_a_full_disk_is_one_to_every_side() -> None:
    no_room_for_an_index = apsw.IOError()
    no_room_for_an_index.extendedresult = apsw.SQLITE_IOERR_SHMSIZE
    for error in (apsw.FullError(), no_room_for_an_index):
        with pytest.raises(StoreFull), sqlite.translated(ERRORS):
            raise error


def test_erased_data_stay_in_the_log_while_another_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    writer = opened(path)
    writer.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    reader = opened(path)
    reader.execute("BEGIN; SELECT * FROM t").fetchall()
    writer.execute("DELETE FROM t")
    assert not sqlite.purge(writer, ERRORS, wait_ms=0)
    reader.execute("COMMIT")
    assert sqlite.purge(writer, ERRORS, wait_ms=0)
    assert not path.with_name("a.db-wal").stat().st_size
    reader.close()
    writer.close()


def test_a_copy_is_private_and_whole_and_replaces_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "a.db", tmp_path / "b.db"
    connection = opened(source)
    connection.execute("CREATE TABLE t (a); INSERT INTO t VALUES (7)")
    sqlite.copy_database(source, target, ERRORS, page_bytes=4096, busy_ms=0)
    connection.close()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    sqlite.verify_database(target, ERRORS)
    copied = apsw.Connection(str(target))
    assert copied.execute("SELECT a FROM t").fetchall() == [(7,)]
    copied.close()
    before = target.read_bytes()
    for place in (target, tmp_path / "no folder" / "b.db"):
        with pytest.raises(RestoreRefused, match=place.name):
            sqlite.copy_database(source, place, ERRORS, page_bytes=4096, busy_ms=0)
    assert target.read_bytes() == before


def test_a_file_that_is_no_database_is_not_verified(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreDamaged, match="no database"):
        sqlite.verify_database(path, ERRORS)


@pytest.mark.parametrize("package", ["tearline_client.store", "tearline_server.storage.sqlite"])
def test_scripts_are_in_the_order_of_their_numbers(package: str) -> None:
    scripts = sqlite.migrations(package)
    numbers = [int(script.name.partition("-")[0].partition("_")[0]) for script in scripts]
    assert numbers == list(range(1, len(scripts) + 1))
    sqlite.verify_version(len(scripts), scripts)
    with pytest.raises(StoreVersion, match="this program knows"):
        sqlite.verify_version(len(scripts) + 1, scripts)
