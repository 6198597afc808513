"""Versions side by side on one PostgreSQL: who may connect, and what is migrated while they do."""

from collections.abc import Callable

import asyncpg
import pytest

from support.stores import event, put
from tearline.errors import StoreVersion
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
