"""Versions side by side on one PostgreSQL: who may connect, and what is migrated while they do."""

from collections.abc import Callable

import asyncpg
import pytest

from support.stores import AGREEMENT, A, B, event, known, put
from tearline.errors import StoreVersion
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_event
from tearline_server.storage.lookups import Lookups
from tearline_server.storage.postgres import migrate
from tearline_server.storage.postgres.migrate import Migration, migrations
from tearline_server.storage.postgres.store import PostgresStore

NOW = len(migrations())
ADDITIVE = Migration(
    version=NOW + 1, beside=NOW, sql="ALTER TABLE mail ADD COLUMN read_ms BIGINT DEFAULT 0"
)
BREAKING = Migration(
    version=NOW + 1, beside=NOW + 1, sql="ALTER TABLE mail RENAME COLUMN passed TO gone"
)

Become = Callable[[Migration], None]


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Become:
    """Makes what opens a store from now on a program of the next version."""
    known = migrations()

    def become(migration: Migration) -> None:
        monkeypatch.setattr(migrate, "migrations", lambda: [*known, migration])

    return become


async def versions(url: str) -> list[tuple[int, int | None]]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT version, beside FROM migrated ORDER BY version")
    await connection.close()
    return [tuple(row) for row in rows]


async def test_a_new_version_works_beside_the_old(
    database_url: str, become: Become, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await PostgresStore.open(database_url)
    await put(old, event(0))
    become(ADDITIVE)
    new = await PostgresStore.open(database_url)
    assert (await versions(database_url))[-1] == (NOW + 1, NOW)
    assert [await put(new, event(1)), await put(old, event(2))] == [1, 2]
    assert await old.load() == await new.load()
    monkeypatch.undo()
    another = await PostgresStore.open(database_url)  # an old one may be started, too
    assert await put(another, event(3)) == 3
    for store in (old, new, another):
        await store.close()


async def test_what_an_old_one_cannot_live_with_waits_for_its_end(
    database_url: str, become: Become
) -> None:
    old = await PostgresStore.open(database_url)
    become(BREAKING)
    with pytest.raises(StoreVersion, match=f"a process of version {NOW} is connected"):
        await PostgresStore.open(database_url)
    assert await put(old, event(0)) == 0
    await old.close()
    new = await PostgresStore.open(database_url)
    assert await put(new, event(1)) == 1
    await new.close()


async def test_a_version_that_is_too_old_for_the_tables_connects_no_more(
    database_url: str, become: Become, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(BREAKING)
    await (await PostgresStore.open(database_url)).close()
    monkeypatch.undo()
    with pytest.raises(StoreVersion, match=f"for programs of version {NOW + 1}"):
        await PostgresStore.open(database_url)


async def test_what_was_broken_once_stays_so_for_those_of_before(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [*migrations(), BREAKING]
    later = Migration(version=NOW + 2, beside=NOW, sql="SELECT 1")
    monkeypatch.setattr(migrate, "migrations", lambda: [*known, later])
    await (await PostgresStore.open(database_url)).close()
    assert (await versions(database_url))[-1] == (NOW + 2, NOW + 1)


def test_every_migration_says_whom_it_lets_go_on() -> None:
    for migration in migrations():
        assert migration.sql.startswith(f"-- beside: {migration.beside}\n"), migration.version
        assert 1 <= migration.beside <= migration.version


async def test_receipts_of_an_earlier_version_go_and_what_they_were_about_stays(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_known = migrations()
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "migrations", lambda: all_known[:9])
        await (await PostgresStore.open(database_url)).close()
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "INSERT INTO statement VALUES (1, '1', $1, 7, NULL, NULL, '', '', '', 'a', 'said')", A
    )
    await connection.execute("INSERT INTO attestation VALUES ('a', '1'), ('b', '2')")
    await connection.close()
    store = await PostgresStore.open(database_url)
    (row,) = await store.statement_rows(0, limit=9)
    assert (row.idx, row.id, row.envelope) == (1, b"1", b"said")
    assert await store.attestations([b"a", b"b"]) == {b"b": b"2"}
    await store.close()


async def test_grants_that_waited_in_an_earlier_version_are_found_by_their_agreement(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that was held, one that was handed out, one that came back, and one that waits."""
    all_known = migrations()
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "migrations", lambda: all_known[:8])
        await (await PostgresStore.open(database_url)).close()
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "INSERT INTO event VALUES (1, '', $1, 1001, '', '', '', '', '', '', '', $2)",
        encode_event(event(1)),
        AGREEMENT,
    )
    await connection.execute(
        "INSERT INTO statement VALUES (1, '1', $1, $2, NULL, NULL, '', '', '', '', '')",
        A,
        int(StatementType.GRANT),
    )
    await connection.executemany(
        "INSERT INTO mail (node, seq, statement, entry, delivered, held)"
        " VALUES ($1, $2, 1, 1, $3, $4)",
        [(B, 1, None, 5), (B, 2, 5, None), (A, 1, None, None), (B, 3, None, None)],
    )
    await connection.close()
    store = await PostgresStore.open(database_url)
    found = (await known(store, Lookups(agreements=frozenset({AGREEMENT})))).undelivered
    assert [(each.node, each.seq) for each in found[AGREEMENT]] == [(B, 3)]
    await store.close()
