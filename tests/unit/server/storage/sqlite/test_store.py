"""SQLite alone: one process, one file, and what goes wrong with files."""

import asyncio
import errno
import os
import sqlite3
import stat
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import apsw
import pytest

import tearline_server.storage.sqlite.connections as database
from support.stores import AGREEMENT, PACKET, A, B, event, known, packet_row, put
from tearline.audit.event import EventOutcome
from tearline.errors import StoreBusy, StoreDamaged, StoreForbidden, StoreFull, StoreVersion
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_event
from tearline_server.storage.lookups import Lookups
from tearline_server.storage.rows import Restoration
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.tlog.log import event_row


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


def before(path: Path, migration: str) -> sqlite3.Connection:
    """Opens a new file of the version before a migration."""
    scripts = sorted(
        files("tearline_server.storage.sqlite").joinpath("migrations").iterdir(), key=str
    )
    earlier = scripts[: [script.name for script in scripts].index(migration)]
    database = sqlite3.connect(path)
    for script in earlier:
        database.executescript(script.read_text("utf-8"))
    database.execute(f"PRAGMA user_version={len(earlier)}")
    return database


async def test_receipts_of_an_earlier_version_go_and_what_they_were_about_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"
    with before(path, "0020_receipts.sql") as database:
        database.execute(
            "INSERT INTO event VALUES (1, x'', ?, 1001, '', '', '', '', '', x'', x'', x'')",
            (encode_event(event(1)),),
        )
        database.executemany(
            "INSERT INTO statement VALUES (?, ?, ?, 7, ?, NULL, ?, ?, x'', x'aa', ?)",
            [(1, b"1", A, b"n", "", "", b"said"), (2, b"2", A, None, "TL-AGR-001", "no", None)],
        )
        database.execute("INSERT INTO attestation VALUES (x'aa', x'01'), (x'bb', x'02')")
    database.close()
    store = SqliteStore(path)
    rows = [
        (row.idx, row.code, row.why, row.envelope) for row in await store.statement_rows(0, limit=9)
    ]
    assert rows == [(1, "", "", b"said"), (2, "TL-AGR-001", "no", None)]
    asked = Lookups(statements=frozenset({(b"1", A), (b"2", A)}), naturals=frozenset({(A, b"n")}))
    found = await known(store, asked)
    assert [found.statements[id_, A].logged is not None for id_ in (b"1", b"2")] == [True, False]
    assert found.naturals == {(A, b"n"): b"1"}
    assert set(await store.attestations([b"\xaa", b"\xbb"])) == {b"\xbb"}
    await store.close()


async def test_grants_that_waited_in_an_earlier_version_are_found_by_their_agreement(
    tmp_path: Path,
) -> None:
    """Of one that was held, one that was handed out, one that came back, and one that waits."""
    path = tmp_path / "store.db"
    with before(path, "0019_open_grants.sql") as database:
        database.execute(
            "INSERT INTO event VALUES (1, x'', ?, 1001, '', '', '', '', '', x'', x'', ?)",
            (encode_event(event(1)), AGREEMENT),
        )
        database.execute(
            "INSERT INTO statement VALUES (1, x'01', ?, ?, NULL, NULL, '', '', x'', x'', x'')",
            (A, int(StatementType.GRANT)),
        )
        rows = [(B, 1, None, 5), (B, 2, 5, None), (A, 1, None, None), (B, 3, None, None)]
        sql = "INSERT INTO mail (node, seq, statement, entry, delivered, held)"
        database.executemany(f"{sql} VALUES (?, ?, 1, 1, ?, ?)", rows)
    database.close()
    store = SqliteStore(path)
    found = (await known(store, Lookups(agreements=frozenset({AGREEMENT})))).undelivered
    assert [(each.node, each.seq) for each in found[AGREEMENT]] == [(B, 3)]
    await store.close()


async def test_packets_of_an_earlier_version_are_looked_at_for_their_end(tmp_path: Path) -> None:
    """Of one whose entry was erased, its own end alone counts."""
    path = tmp_path / "store.db"
    scripts = sorted(
        files("tearline_server.storage.sqlite").joinpath("migrations").iterdir(), key=str
    )
    earlier = scripts[: [script.name for script in scripts].index("0016_packet_end.sql")]
    with closing(sqlite3.connect(path)) as database, database:
        for script in earlier:
            database.executescript(script.read_text("utf-8"))
        database.execute(f"PRAGMA user_version={len(earlier)}")
        for name, entry in ((b"p", 1), (b"q", 2)):
            database.execute("INSERT INTO packet VALUES (?, ?, x'')", (name, entry))
        database.execute(
            "INSERT INTO event VALUES (1, x'', x'', 1001, '', '', '', '', '', x'', x'', ?)",
            (AGREEMENT,),
        )
    database.close()
    store = SqliteStore(path)
    assert set(await store.ended(0, {}, limit=9)) == {b"p", b"q"}
    await put(store, ends={b"p": 5000, b"q": 6000})
    assert await store.ended(0, {AGREEMENT: 1001}, limit=9) == [b"p"]
    assert await store.ended(6000, {AGREEMENT: 1000}, limit=9) == [b"p", b"q"]
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


async def test_events_of_an_earlier_version_are_found_by_what_their_encoding_says(
    tmp_path: Path,
) -> None:
    """A column that says something else than its event becomes empty: its row is no longer so."""
    path = tmp_path / "store.db"
    refused = event(1, agreement_id=AGREEMENT, outcome=EventOutcome.REFUSED, reason="TL-GRT-001")
    told = [refused, event(2, packet=b""), event(3)]
    rows = [event_row(n, bytes(32), encode_event(each), each) for n, each in enumerate(told)]
    names = ["code", "outcome", "reason", "actor", "party", "statement", "packet", "agreement"]
    with before(path, "0021_event_places.sql") as database:
        for row in rows:
            values = [getattr(row, name) for name in names]
            values[3] = "nobody" if row.idx == 2 else values[3]
            database.execute(
                "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (row.idx, row.salt, row.event, row.time_ms, *values),
            )
            database.execute("INSERT INTO event_agency VALUES (?, ?)", (row.agencies[0], row.idx))
    database.close()
    store = SqliteStore(path)
    found = await store.event_rows(0, limit=9)
    assert [[getattr(row, name) for name in names] for row in found[:2]] == [
        [getattr(row, name) for name in names] for row in rows[:2]
    ]
    assert (found[2].actor, found[2].party) == ("", rows[2].party)
    assert len(await store.openings_of(rows[0].statement, rows[0].agencies[0])) == 1
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
