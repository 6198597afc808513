"""Moving an exchange from its file to PostgreSQL: all of it, as it was, or nothing."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from support.agencies import CN, MX, ORIGIN, US, log_signers, node_of
from support.exchange import (
    IDENTITY,
    Clock,
    World,
    address,
    codes,
    components_of,
    opened,
    packet_publication,
    receipt_of,
)
from support.suspensions import WHOLE, standing
from tearline.audit.query import parse_query
from tearline.errors import SettingInvalid, StoreMisplaced, StoreNotMoved
from tearline.statements.receipt import Receipt
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import parse_checkpoint
from tearline.tlog.merkle import Frontier
from tearline.verification.log_entries import entry_hash, verify_opening_in_log
from tearline.wire.deliveries import Cursor
from tearline.wire.publications import Publication
from tearline.wire.suspensions import encode_standing
from tearline_server.admin.migrate_store import migrate
from tearline_server.config import Config, config_of
from tearline_server.exchange import Exchange
from tearline_server.storage.open import open_store
from tearline_server.storage.postgres import import_sqlite
from tearline_server.storage.postgres.store import PostgresStore
from tearline_server.storage.reads import Search
from tearline_server.storage.rows import OpeningRow
from tearline_server.storage.snapshot import Snapshot
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.tlog.fsck import LogVerifier

SETTINGS = {"name": "exchange.example", "dns": "exchange.example", "address": "127.0.0.1:8443"}


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Config:
    return config_of(tmp_path, SETTINGS | {"store": database_url})


class Past:
    """What an exchange did before it was moved."""

    publication: Publication
    receipts: list[Receipt]
    refused: list[str]
    cursor: Cursor
    stored: Snapshot
    found: list[OpeningRow]
    world: World


SEARCH = Search(agency=CN, query=parse_query(""), after=-1, below=1 << 40, limit=1000)


async def lived(path: Path) -> Past:
    """An exchange in ``path`` that did a little of everything."""
    past = Past()
    async with opened(path) as world:
        await world.agree(oversight=())
        sealed = world.packet()
        grants = [world.grant(sealed, CN), world.grant(sealed, MX)]
        past.publication = packet_publication(world.parties.node(US), sealed, grants)
        outcomes = await world.publish(US, past.publication)
        assert codes(outcomes) == [""] * 3
        past.receipts = [receipt_of(outcome) for outcome in outcomes]
        past.cursor = (await world.read(CN))[-1].cursor
        await world.exchange.acknowledge(node_of(CN), past.cursor)
        refused = world.packet()
        late = world.grant(refused, CN, address=address(CN, 99))
        past.refused = codes(await world.send(refused, late))
        assert past.refused[1]
        said = standing(WHOLE, by=MX, header=world.parties.node(MX).header)
        assert codes([await world.say(MX, StatementType.STANDING, encode_standing(said))]) == [""]
        world.clock.time_ms += 1000
        note = await world.exchange.checkpoint()
        await world.store.put_cosigned(1, node_of(US), note, since=0, above=-1)
        past.world = world
    store = SqliteStore(path / "exchange.db")
    past.stored = await store.load()
    past.found = list(await store.search(SEARCH))
    await store.close()
    return past


@asynccontextmanager
async def moved_exchange(config: Config, past: Past) -> AsyncIterator[World]:
    """The exchange over the database that it was moved to."""
    store = await open_store(config)
    house = components_of(store, Clock(past.world.clock.time_ms + 5000))
    exchange = await Exchange.open(house)
    try:
        yield replace(past.world, exchange=exchange, store=store)
    finally:
        await exchange.close()


def rows_of(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        names = connection.execute(tables).fetchall()
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for (name,) in names
        }


async def test_everything_is_there_and_proves_what_it_proved(
    config: Config, tmp_path: Path, database_url: str
) -> None:
    past = await lived(tmp_path)
    before = rows_of(config.database)
    assert await migrate(config, IDENTITY.log) == past.stored.head.tree.size
    assert not config.database.exists()
    assert rows_of(tmp_path / "exchange.db.moved") == before
    connection = await asyncpg.connect(database_url)
    for name, count in before.items():
        assert await connection.fetchval(f"SELECT count(*) FROM {name}") == count, name
    counted = "SELECT count(*) FROM pg_stats WHERE schemaname = current_schema() AND tablename = $1"
    for name in ("mail", "event", "statement"):  # the server plans by what is there
        assert await connection.fetchval(counted, name), name
    await connection.close()

    async with moved_exchange(config, past) as world:
        assert await world.store.load() == past.stored
        assert list(await world.store.search(SEARCH)) == past.found
        entries = await world.store.entries(0, past.stored.head.tree.size, max_bytes=1 << 24)
        assert Frontier().append(map(entry_hash, entries))[0] == past.stored.head.tree
        keys = [each.verifier for each in log_signers()]
        assert past.stored.checkpoint is not None
        signed = parse_checkpoint(past.stored.checkpoint[1], origin=ORIGIN, required=keys)
        covered = [row for row in past.found if row.idx < signed.checkpoint.size]
        assert covered
        for row in covered:
            (path,) = await world.exchange._log.prove([row.idx], signed.checkpoint.size)
            verify_opening_in_log(row.opening, path, signed)


async def test_nodes_go_on_where_they_were(config: Config, tmp_path: Path) -> None:
    past = await lived(tmp_path)
    await migrate(config, IDENTITY.log)
    async with moved_exchange(config, past) as world:
        again = await world.publish(US, past.publication)
        assert [receipt_of(outcome) for outcome in again] == past.receipts
        behind = await world.read(CN, past.cursor)
        assert [each.cursor.seq for each in behind] == [past.cursor.seq + 1]  # the standing
        sealed = world.packet()
        outcomes = await world.send(sealed, world.grant(sealed, MX))
        assert codes(outcomes)[1] == "TL-AGR-010"
        outcomes = await world.send(sealed, world.grant(sealed, CN))
        assert codes(outcomes) == ["", ""]
        found = [each async for each in LogVerifier(world.store, IDENTITY.log).findings()]
        assert found == []


async def test_a_database_with_something_in_it_is_left_alone(
    config: Config, tmp_path: Path
) -> None:
    past = await lived(tmp_path)
    await migrate(config, IDENTITY.log)
    other = tmp_path / "other"
    other.mkdir()
    await lived(other)
    with pytest.raises(StoreNotMoved, match="is not empty"):
        await migrate(replace(config, home=other), IDENTITY.log)
    assert (other / "exchange.db").exists()
    store = await open_store(config)
    assert await store.load() == past.stored
    await store.close()


async def run_sql(url: str, *commands: str) -> None:
    connection = await asyncpg.connect(url)
    for command in commands:
        await connection.execute(command)
    await connection.close()


async def test_what_an_extension_has_there_is_in_nobodys_way(
    config: Config, tmp_path: Path, whole_database_url: str
) -> None:
    past = await lived(tmp_path)
    await run_sql(
        whole_database_url,
        "CREATE EXTENSION pg_stat_statements",
        "CREATE VIEW seen AS SELECT 1 AS one",
        # Some extensions have tables of their own, which stand here for all of them.
        "CREATE TABLE of_an_extension (one INT)",
        "ALTER EXTENSION pg_stat_statements ADD TABLE of_an_extension",
    )
    moved = await migrate(replace(config, store=whole_database_url), IDENTITY.log)
    assert moved == past.stored.head.tree.size


async def test_a_table_that_is_in_the_way_is_named(
    config: Config, tmp_path: Path, database_url: str
) -> None:
    await lived(tmp_path)
    await run_sql(database_url, "CREATE TABLE accounts (one INT)")
    with pytest.raises(StoreNotMoved, match=r"foreign tables: accounts; give the exchange"):
        await migrate(config, IDENTITY.log)
    await nothing_was_moved(config)


async def test_it_says_how_far_it_is(config: Config, tmp_path: Path) -> None:
    past = await lived(tmp_path)
    said: dict[str, list[tuple[int, int]]] = {}
    await migrate(
        config, IDENTITY.log, lambda stage, *counts: said.setdefault(stage, []).append(counts)
    )
    assert [*said] == ["copying rows", "verifying what arrived"]  # once: it stands still so long
    size = past.stored.head.tree.size
    assert said["verifying what arrived"][-1] == (size, size)
    done, total = said["copying rows"][-1]
    rows = rows_of(tmp_path / "exchange.db.moved")  # and one for each mailbox, which it has not
    assert done == total == sum(rows.values()) + len(past.stored.mailboxes)


async def test_no_second_log_is_begun_because_a_setting_was_forgotten(
    config: Config, tmp_path: Path
) -> None:
    await lived(tmp_path)
    with pytest.raises(StoreMisplaced, match=r"exchange\.db is there"):
        await open_store(config)
    await migrate(config, IDENTITY.log)
    with pytest.raises(StoreMisplaced, match=r"exchange\.db\.moved is there"):
        await open_store(replace(config, store=None))
    assert not config.database.exists()


async def test_what_was_cut_short_before_its_end_is_ended(config: Config, tmp_path: Path) -> None:
    past = await lived(tmp_path)
    await migrate(config, IDENTITY.log)
    (tmp_path / "exchange.db.moved").rename(config.database)
    assert await migrate(config, IDENTITY.log) == past.stored.head.tree.size
    assert not config.database.exists()


async def test_what_does_not_verify_is_not_moved(config: Config, tmp_path: Path) -> None:
    await lived(tmp_path)
    with closing(sqlite3.connect(config.database)) as connection:
        connection.execute("UPDATE event SET reason_at = code_at")
        connection.commit()
    with pytest.raises(StoreNotMoved, match="its row does not match"):
        await migrate(config, IDENTITY.log)
    await nothing_was_moved(config)


async def test_what_arrives_otherwise_is_not_kept(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived(tmp_path)
    value = import_sqlite._value

    def spoil(found: object, type_: str) -> object:
        return b"\0" * 33 if isinstance(found, bytes) and len(found) == 33 else value(found, type_)

    monkeypatch.setattr(import_sqlite, "_value", spoil)
    with pytest.raises(StoreNotMoved, match="entry"):
        await migrate(config, IDENTITY.log)
    await nothing_was_moved(config)


async def nothing_was_moved(config: Config) -> None:
    assert config.database.exists()
    assert config.store is not None
    store = await PostgresStore.open(config.store)
    assert (await store.load()).head.tree == Frontier()
    await store.close()


async def test_what_is_not_there_cannot_be_moved(config: Config) -> None:
    with pytest.raises(StoreNotMoved, match="no such file"):
        await migrate(config, IDENTITY.log)
    with pytest.raises(SettingInvalid, match="name the database"):
        await migrate(replace(config, store=None), IDENTITY.log)
