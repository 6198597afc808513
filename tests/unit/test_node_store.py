"""The node's database: what an earlier version wrote is read by this one."""

import secrets
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import apsw
import pytest

import tearline_client.store
from tearline.channel import Incoming
from tearline.errors import StoreVersion
from tearline_client.store.channels import ChannelStore
from tearline_client.store.database import Database
from tearline_client.store.intake import Evidence, IntakeStore
from tearline_client.store.outbox import OutboxState, OutboxStore
from tearline_client.store.vault import Vault

VAULT = Vault(bytes(32))
_SCRIPTS = files(tearline_client.store).joinpath("migrations").iterdir()
SCRIPTS = [file.read_text("utf-8") for file in sorted(_SCRIPTS, key=lambda file: file.name)]


def written_by_version(path: Path, version: int, *rows: tuple[str, tuple[object, ...]]) -> None:
    """A database as version ``version`` left it."""
    connection = apsw.Connection(str(path))
    for script in SCRIPTS[:version]:
        connection.execute(script)
    connection.execute(f"PRAGMA user_version={version}")
    for sql, bindings in rows:
        connection.execute(sql, bindings)
    connection.close()


def test_what_the_first_version_put_aside_is_still_there(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    row = (1, "TL-PKT-001", "why", VAULT.seal("quarantine", b"evidence"))
    sql = "INSERT INTO quarantine (time_ms, code, why, sealed) VALUES (?, ?, ?, ?)"
    written_by_version(path, 1, (sql, row))
    store = IntakeStore(Database(path, VAULT))
    (item,) = store.quarantined()
    assert (item.time_ms, item.code, item.why) == row[:3]
    assert store.evidence(item.id) == b"evidence"


def test_what_the_first_version_had_to_send_still_waits(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    rows = [
        ("INSERT INTO outbox (urgent, state, sealed) VALUES (?, ?, ?)", (urgent, state, sealed))
        for urgent, state in ((0, "sealed"), (1, "unknown"), (0, "accepted"))
        for sealed in [VAULT.seal("outbox", b"%d" % urgent)]
    ]
    written_by_version(path, 1, *rows)
    store = OutboxStore(Database(path, VAULT))
    first = store.next_waiting()
    assert first is not None
    second = store.next_waiting(after=first.id)
    assert second is not None
    assert (first.publication, second.publication) == (b"0", b"1")
    assert store.next_waiting(after=second.id) is None
    assert store.waiting_since_ms() is None  # nobody noted when


def test_the_oldest_that_waits_is_told_until_it_is_answered(tmp_path: Path) -> None:
    store = OutboxStore(Database(tmp_path / "node.db", VAULT))
    assert store.waiting_since_ms() is None
    first, second = store.put([b"a", b"b"], now_ms=5)
    store.put([b"c"], now_ms=9)
    store.put_first([b"d"], now_ms=7)
    assert store.waiting_since_ms() == 5
    store.mark_unknown(second)
    for each in (first, second):
        item = store.item(each)
        assert item is not None
        assert store.waiting_since_ms() == 5
        store.update(replace(item, state=OutboxState.ACCEPTED, publication=b""))
    assert store.waiting_since_ms() == 7


def test_what_was_ever_sent_is_counted_without_reading_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "node.db", VAULT)
    outbox, asked = OutboxStore(database), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "rows", lambda sql, bindings=(): asked.append(sql) or [])
        assert (outbox.counts(), outbox.faults()) == ({}, {})
        assert outbox.waiting_since_ms() is None
    for sql in asked:
        ((*_, plan),) = [database.row(f"EXPLAIN QUERY PLAN {sql}") or ()]
        assert " USING " in plan, sql
        assert "INDEX outbox_" in plan, sql
    assert len(asked) == 3


def test_what_an_earlier_version_received_is_counted_on(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    rows = [
        ("INSERT INTO channel_in VALUES (?, ?, ?)", ("sender", bytes(16), 3)),
        ("INSERT INTO channel_ahead VALUES (?, ?, ?, ?)", ("sender", bytes(16), 5, b"five")),
    ]
    written_by_version(path, 1, *rows)
    store = ChannelStore(Database(path, VAULT))
    incoming = store.incoming("sender", bytes(16))
    assert incoming == Incoming(contiguous=3, ahead={5: b"five"})
    incoming.receive(4, b"four")
    incoming.counter, incoming.confirmed = 7, 2
    store.put_incoming("sender", bytes(16), incoming)
    assert store.incoming("sender", bytes(16)) == incoming


def test_receipts_of_the_first_version_are_still_compared_with_the_log(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    sql = "INSERT INTO receipt VALUES (?, ?, ?, x'')"
    opened = ("INSERT INTO log_opening VALUES (x'', 0, ?, x'')", (b"known",))
    receipts = [(b"a", b"known", 1), (b"b", b"accepted", 1), (b"c", b"refused", 6), (b"d", b"", 2)]
    written_by_version(path, 1, opened, *((sql, receipt) for receipt in receipts))
    database = Database(path, VAULT)
    found = database.rows("SELECT receipt, due_s FROM promise ORDER BY receipt")
    assert found == [(b"b", None), (b"c", None)]


def test_the_database_of_a_later_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    written_by_version(path, len(SCRIPTS))
    connection = apsw.Connection(str(path))
    connection.execute(f"PRAGMA user_version={len(SCRIPTS) + 1}")
    with pytest.raises(StoreVersion):
        Database(path, VAULT)
    assert connection.pragma("user_version") == len(SCRIPTS) + 1


def holds(folder: Path, value: bytes) -> bool:
    """Whether a file of the database there holds any part of a value.

    SQLite divides a long value over pages, so that no file need hold it in one piece.
    """
    files = [path.read_bytes() for path in folder.glob("node.db*")]
    pieces = [value[at : at + 24] for at in range(0, len(value), 24)]
    return any(piece in data for data in files for piece in pieces)


def put_aside(database: Database, evidence: bytes) -> bytes:
    """Puts something aside; returns it as it is kept."""
    with database.transaction():
        shown = Evidence(data=evidence, about=evidence[:32], agency="")
        assert IntakeStore(database).quarantine(StoreVersion(""), shown, now_ms=1)
    sealed: bytes = database.value("SELECT sealed FROM quarantine")
    return sealed


def forget(database: Database) -> None:
    with database.transaction():
        assert IntakeStore(database).forget(StoreVersion.code) == 1


def test_what_is_erased_leaves_nothing_in_any_file_while_the_node_runs_on(tmp_path: Path) -> None:
    database = Database(tmp_path / "node.db", VAULT)
    sealed = put_aside(database, secrets.token_bytes(40_000))
    assert holds(tmp_path, sealed)
    forget(database)
    assert not holds(tmp_path, sealed)
    database.close()


def test_what_lies_in_the_quarantine_is_found_without_reading_all_of_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "node.db", VAULT)
    intake, asked = IntakeStore(database), []
    asks = database.rows

    def noted(sql: str, bindings: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        asked.append((sql, bindings))
        return asks(sql, bindings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "rows", noted)
        evidence = Evidence(data=b"data", about=b"about", agency="agency", packet=b"packet")
        for each in (evidence, replace(evidence, about=b"other")):
            intake.quarantine(StoreVersion(""), each, now_ms=1, most=1)
        assert len(intake.quarantined()) == len(intake.put_aside_for([StoreVersion.code])) == 1
        assert intake.over_quota() == {"agency": 1}
        assert intake.with_packet(b"packet") == (1,)
        assert intake.noted([StoreVersion.code]) == ()
    assert len(asked) > 8
    for sql, bindings in asked:
        steps = [row[-1] for row in asks(f"EXPLAIN QUERY PLAN {sql}", bindings)]
        tables = [step for step in steps if "quarantine" in step or " q " in step]
        assert tables, sql
        assert all(" USING " in step for step in tables), (sql, steps)


def test_what_could_not_be_overwritten_for_a_reader_is_with_the_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_client.store.database._PURGE_BUSY_MS", 0)
    database = Database(tmp_path / "node.db", VAULT)
    sealed = put_aside(database, b"evidence" * 100)
    reader = apsw.Connection(str(tmp_path / "node.db"))
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM quarantine").fetchone() == (1,)
    forget(database)
    assert holds(tmp_path, sealed)
    reader.close()
    with database.transaction():
        pass
    assert not holds(tmp_path, sealed)
    database.close()


def test_what_a_process_erased_in_its_last_moment_is_gone_when_the_next_one_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(tmp_path / "node.db", VAULT)
    sealed = put_aside(database, b"evidence" * 100)
    monkeypatch.setattr(database, "_purge", lambda: None)
    forget(database)
    left = {path.name: path.read_bytes() for path in tmp_path.glob("node.db*")}
    database.close()
    for name, data in left.items():
        (tmp_path / name).write_bytes(data)
    assert holds(tmp_path, sealed)
    Database(tmp_path / "node.db", VAULT).close()
    assert not holds(tmp_path, sealed)
