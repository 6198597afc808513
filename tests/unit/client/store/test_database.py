"""The node's database: what it keeps, what it erases, and files of other versions."""

import secrets
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import apsw
import pytest

import tearline_client.store
from support.agencies import AGREEMENT_ID, signer
from tearline.errors import StoreDamaged, StoreVersion
from tearline.statements.channel import Address
from tearline.statements.receipt import Receipt, Status
from tearline.statements.statement import StatementType
from tearline.wire.deliveries import START
from tearline.wire.grants import encode_receipt, parse_receipt
from tearline.wire.statements import Signed, signed
from tearline_client.store.database import Database, copy_database
from tearline_client.store.inbox import Evidence, InboxStore
from tearline_client.store.outbox import OutboxState, OutboxStore
from tearline_client.store.receipts import ReceiptStore
from tearline_client.store.value_index import ValueStore
from tearline_client.store.vault import Vault

VAULT = Vault(bytes(32))
NODE = "spiffe://us.example/node/hub"


def test_every_migration_has_the_next_number() -> None:
    """The version of a database is how many ran: of two of one number, the name decided."""
    folder = files(tearline_client.store).joinpath("migrations")
    numbers = sorted(int(file.name[:4]) for file in folder.iterdir() if file.name.endswith(".sql"))
    assert numbers == list(range(1, len(numbers) + 1))


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


def test_what_was_ever_sent_is_counted(tmp_path: Path) -> None:
    store = OutboxStore(Database(tmp_path / "node.db", VAULT))
    assert store.counts() == {}
    for item_id in store.put([b"a", b"b", b"c"], now_ms=5)[:2]:
        store.mark_unknown(item_id)
        item = store.item(item_id)
        assert item is not None
        store.update(replace(item, state=OutboxState.ACCEPTED, publication=b""))
        store.update(replace(item, state=OutboxState.ACCEPTED, fault="TL-REQ-001"))
    assert store.counts() == {OutboxState.SEALED: 1, OutboxState.ACCEPTED: 2}


def test_the_database_of_a_later_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    Database(path, VAULT).close()
    connection = apsw.Connection(str(path))
    version = connection.pragma("user_version")
    connection.execute(f"PRAGMA user_version={version + 1}")
    with pytest.raises(StoreVersion):
        Database(path, VAULT)
    assert connection.pragma("user_version") == version + 1


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
        assert InboxStore(database).quarantine(StoreVersion(""), shown, now_ms=1)
    sealed: bytes = database.value("SELECT sealed FROM quarantine")
    return sealed


def forget(database: Database) -> None:
    with database.transaction():
        assert InboxStore(database).forget(StoreVersion.code) == 1


def test_what_is_erased_leaves_nothing_in_any_file_while_the_node_runs_on(tmp_path: Path) -> None:
    database = Database(tmp_path / "node.db", VAULT)
    sealed = put_aside(database, secrets.token_bytes(40_000))
    assert holds(tmp_path, sealed)
    forget(database)
    assert not holds(tmp_path, sealed)
    database.close()


def test_what_erases_no_row_leaves_the_write_ahead_log_alone(tmp_path: Path) -> None:
    """Emptying it waits for whoever reads, and most rounds of a node erase nothing."""
    database, log = Database(tmp_path / "node.db", VAULT), tmp_path / "node.db-wal"
    put_aside(database, b"evidence")
    assert log.stat().st_size
    with database.transaction():
        assert InboxStore(database).forget("TL-NONE") == 0
        ValueStore(database, bytes(32)).expire(1)
    assert log.stat().st_size
    forget(database)
    assert log.stat().st_size == 0
    database.close()


def test_a_record_whose_number_went_to_another_finding_leaves_that_alone(tmp_path: Path) -> None:
    """Another process of the node released the highest one, and put something else aside."""
    intake = InboxStore(Database(tmp_path / "node.db", VAULT))
    place = replace(START, seq=1)
    over = Evidence(data=b"over", about=b"over", agency="agency", place=place)
    intake.quarantine(StoreVersion(""), over, now_ms=1, most=0)
    (before,) = intake.noted([StoreVersion.code])
    intake.release(before.id, before.about)
    intake.quarantine(StoreVersion(""), replace(over, data=b"new", about=b"new"), now_ms=2)
    assert [each.id for each in intake.quarantined()] == [before.id]
    intake.release(before.id, before.about)
    assert intake.evidence(before.id) == b"new"
    intake.quarantine(StoreVersion(""), replace(over, about=b"third"), now_ms=3, most=0)
    (third,) = intake.noted([StoreVersion.code])
    intake.set_lost(third.id, before.about)
    assert intake.noted([StoreVersion.code]) == (third,)
    intake.set_lost(third.id, third.about)
    assert intake.noted([StoreVersion.code]) == ()


def test_what_is_over_a_quota_is_counted(tmp_path: Path) -> None:
    intake = InboxStore(Database(tmp_path / "node.db", VAULT))
    evidence = Evidence(data=b"data", about=b"about", agency="agency", packet=b"packet")
    for about in (b"about", b"other", b"third", b"other"):  # of the same it is noted once
        intake.quarantine(StoreVersion(""), replace(evidence, about=about), now_ms=1, most=1)
    assert len(intake.quarantined()) == len(intake.put_aside_for([StoreVersion.code])) == 1
    assert intake.over_quota() == {"agency": 2}
    assert intake.with_packet(b"packet") == (1,)
    assert intake.forget(StoreVersion.code) == 3
    assert intake.over_quota() == {}


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


def test_statistics_are_kept_of_what_grew(tmp_path: Path) -> None:
    def known() -> dict[str, int]:
        connection = apsw.Connection(str(tmp_path / "node.db"))
        rows = connection.execute("SELECT tbl, stat FROM sqlite_stat1 WHERE tbl = 'receipt'")
        found = {table: int(stat.split()[0]) for table, stat in rows}
        connection.close()
        return found

    def receive(first: int, last: int) -> None:
        database = Database(tmp_path / "node.db", VAULT)
        database.insert_many(
            "INSERT INTO receipt VALUES (?, ?, 1, x'')",
            [
                (number.to_bytes(32, "big"), number.to_bytes(32, "big"))
                for number in range(first, last)
            ],
        )
        database.close()

    receive(0, 100)
    assert known() == {"receipt": 100}
    receive(100, 5000)
    assert known()["receipt"] > 1000


def test_statistics_wait_for_whoever_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_client.store.database._PURGE_BUSY_MS", 1)
    first = Database(tmp_path / "node.db", VAULT)
    second = Database(tmp_path / "node.db", VAULT)
    with first.transaction():
        first.execute("INSERT INTO taken VALUES (x'01')")
        for _ in range(2):
            second.close()  # and raises nothing
    first.close()


def test_a_copy_has_the_page_size_of_this_version(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    earlier = apsw.Connection(str(path))
    earlier.execute("PRAGMA page_size=16384")
    earlier.execute("PRAGMA journal_mode=WAL")
    earlier.close()
    database = Database(path, VAULT)
    database.put_setting("name", b"value")
    copy_database(path, tmp_path / "copy.db")
    database.close()
    sizes = []
    for name in ("node.db", "copy.db"):
        connection = apsw.Connection(str(tmp_path / name))
        sizes.append(connection.pragma("page_size"))
        connection.close()
    assert sizes == [16384, 4096]
    copied = Database(tmp_path / "copy.db", VAULT)
    assert copied.setting("name") == b"value"
    copied.close()


def statements_of_a_batch() -> list[Signed]:
    """Two receipts under one attestation."""
    recipient = signer("spiffe://mx.example/node/hub", bytes(32))
    receipts = [
        Receipt(
            header=recipient.header,
            address=Address(recipient=NODE, agreement_id=AGREEMENT_ID, seq=number),
            about=bytes([number]) * 32,
            status=Status.STORED,
            code="",
            entry=None,
            acted_by=None,
            time_ms=1,
        )
        for number in (1, 2)
    ]
    tree = recipient.sign([(StatementType.RECEIPT, encode_receipt(each)) for each in receipts])
    return [signed(tree, number) for number in range(2)]


def test_an_attestation_is_kept_once_for_all_that_it_signs(tmp_path: Path) -> None:
    database = Database(tmp_path / "node.db", VAULT)
    store, batch = ReceiptStore(database), statements_of_a_batch()
    for each in batch:
        store.put(each, parse_receipt(each.statement.body))
    assert database.value("SELECT count(*) FROM attestation") == 1
    for each in batch:
        assert store.signed(parse_receipt(each.statement.body).about) == (each,)
    assert database.value("SELECT max(length(sealed)) FROM receipt") < 1024
    database.execute("DELETE FROM attestation")
    with pytest.raises(StoreDamaged, match="attestation"):
        store.signed(parse_receipt(batch[0].statement.body).about)
