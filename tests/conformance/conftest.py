"""The stores that all of these tests are for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.stores import Open
from tearline_server.storage.interface import Store
from tearline_server.storage.sqlite.store import SqliteStore


@pytest.fixture(params=["sqlite", "postgres"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """A database of its own for each test."""
    if request.param == "sqlite":

        async def open_sqlite() -> Store:
            return SqliteStore(tmp_path / "store.db")

        return open_sqlite
    url: str = request.getfixturevalue("database_url")

    async def open_postgres() -> Store:
        from tearline_server.storage.postgres.store import PostgresStore

        return await PostgresStore.open(url)

    return open_postgres


@pytest.fixture
async def store(open_store: Open) -> AsyncIterator[Store]:
    """An empty store."""
    made = await open_store()
    yield made
    await made.close()
