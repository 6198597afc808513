"""PostgreSQL alone: several processes, connections that are lost, and what goes wrong with them."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest

import tearline_server.storage.postgres.connections as database
from support.postgres import Postgres
from support.stores import (
    AGREEMENT,
    A,
    B,
    event,
    known,
    news_since,
    packet_row,
    put,
    statement,
    told,
)
from tearline.errors import (
    ExchangeFault,
    SettingInvalid,
    StoreAbsent,
    StoreDamaged,
    StoreForbidden,
    StoreNotReplicated,
    StoreUnreachable,
    StoreVersion,
)
from tearline.tlog.merkle import Frontier
from tearline_server.config import config_of, load_config, write_config
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import ask_nothing
from tearline_server.storage.lookups import LookupResults, Lookups
from tearline_server.storage.open import open_store
from tearline_server.storage.postgres.store import PostgresStore
from tearline_server.storage.postgres.types import Session
from tearline_server.storage.rows import ChannelRow, Head, MailRow
from tearline_server.storage.snapshot import Changes, Snapshot

SETTINGS = {"name": "exchange.example", "dns": "exchange.example", "address": "127.0.0.1:8443"}


@pytest.fixture
async def stores(database_url: str) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    """The stores of two processes over one database, which begin at once."""
    one, other = await asyncio.gather(*(PostgresStore.open(database_url) for _ in range(2)))
    yield one, other
    await one.close()
    await other.close()


@pytest.fixture
async def store(stores: tuple[PostgresStore, PostgresStore]) -> PostgresStore:
    return stores[0]


async def end_connections(postgres: Postgres) -> None:
    """Ends every connection to the server but the one that asks for it."""
    connection = await asyncpg.connect(postgres.url())
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    await connection.close()


async def test_two_processes_write_one_log(stores: tuple[PostgresStore, PostgresStore]) -> None:
    written = await asyncio.gather(
        *(put(stores[number % 2], event(number)) for number in range(40))
    )
    assert sorted(written) == list(range(40))
    one, other = [await each.load() for each in stores]
    assert one == other
    assert (one.head.tree.size, one.head.serial) == (40, 40)


async def test_what_another_process_wrote_is_told_alone(
    stores: tuple[PostgresStore, PostgresStore],
) -> None:
    one, other = stores
    old = ChannelRow(sender=A, recipient=B, agreement=b"g" * 16, seq=1, mark=0)
    new = ChannelRow(sender=B, recipient=A, agreement=b"g" * 16, seq=1, mark=0)
    await put(one, event(0), channels=[old])
    before = (await one.load()).head
    await put(other, event(1), channels=[new])
    news = await news_since(one, before)
    assert news is not None
    assert news.channels == [new]


async def test_a_commit_asks_few_times_while_it_holds_the_head(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    begin = database._begin

    async def listen_in(session: Session) -> None:
        await begin(session)
        session.add_query_logger(lambda query: asked.append(query.query))

    monkeypatch.setattr(database, "_begin", listen_in)
    one, other = [await PostgresStore.open(database_url) for _ in range(2)]
    channel = ChannelRow(sender=A, recipient=B, agreement=AGREEMENT, seq=1, mark=0)

    async def take(entry: int, name: bytes) -> None:
        await put(
            one,
            event(entry),
            asked=Lookups(
                statements=frozenset({(name * 32, A)}),
                naturals=frozenset({(A, b"natural")}),
                packets=((b"1" * 32, "spiffe://a.example"),),
                waiting=frozenset({(B, A)}),
            ),
            since=before,
            statements=[statement(entry, name)],
            packets=[packet_row(entry, id=name * 32)],
            channels=[channel],
            mail=[MailRow(node=B, seq=entry, statement=entry, entry=entry, agency=A, bytes=1)],
        )

    before = (await one.load()).head
    await put(other, event(0), channels=[channel])
    await take(1, b"1")  # what a connection asks about types, it asks once
    asked.clear()
    await take(2, b"2")
    # It begins, locks, asks for the past, packets and news, writes, says who it is, and commits.
    assert len(asked) == 8, asked
    for each in (one, other):
        await each.close()


async def test_what_others_write_is_heard_of(stores: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = stores
    changes = other.changes()
    assert await anext(changes) == Changes(cosigned=None)
    before = (await other.load()).head
    await put(one, event(0))
    assert await anext(changes) == Changes(cosigned=frozenset())
    news = await other.news(before)
    assert news is not None
    assert await other.grown(0, 0) == (news.head.tree, None)
    await one.put_cosigned(1, "us", b"note", since=0, above=-1)
    assert await anext(changes) == Changes(cosigned=frozenset({1}))
    await one.put_evidence(b"1" * 32, b"evidence")
    assert await anext(changes) == Changes(cosigned=None)
    await changes.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_whoever_may_have_missed_something_is_told_so(
    store: PostgresStore, postgres: Postgres
) -> None:
    changes = store.changes()
    await anext(changes)
    await end_connections(postgres)
    with pytest.raises(StoreUnreachable):
        await drained(changes)
    again = store.changes()
    assert await anext(again) == Changes(cosigned=None)
    await again.aclose()  # type: ignore[attr-defined]  # it is a generator


async def drained(changes: AsyncIterator[Changes]) -> None:
    async for _ in changes:
        pass


async def test_a_process_that_ends_leaves_nothing_of_its_own(
    store: PostgresStore, database_url: str
) -> None:
    await put(store, event(0))
    another = await PostgresStore.open(database_url)
    await put(another, event(1))
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT count(*) FROM writer") == 2
    await another.close()
    assert await connection.fetchval("SELECT count(*) FROM writer") == 1
    await connection.close()


async def test_a_connection_that_was_lost_is_replaced(
    store: PostgresStore, postgres: Postgres
) -> None:
    await put(store, event(0))
    await end_connections(postgres)
    assert (await store.load()).head.tree.size == 1
    await end_connections(postgres)
    assert await put(store, event(1)) == 1


async def test_who_writes_and_who_listens_wait_for_no_reader(store: PostgresStore) -> None:
    is_enough = asyncio.Event()

    async def read(_: database.Connection) -> None:
        await is_enough.wait()

    readers = [asyncio.create_task(store._db.ask(read)) for _ in range(20)]
    await asyncio.sleep(0)
    async with asyncio.timeout(60), aclosing(store._db.changes()) as changes:
        await put(store, event(0))
        assert await anext(changes)
    is_enough.set()
    await asyncio.gather(*readers)


async def test_who_reads_too_long_is_not_waited_for(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store._db, "_readers", asyncio.Semaphore(0))
    with pytest.raises(StoreUnreachable):
        await store._db.read(_nothing, within_s=0)


async def _nothing(_: database.Connection) -> None:
    pass


async def test_what_was_judged_is_never_judged_again_by_the_store(
    store: PostgresStore, postgres: Postgres
) -> None:
    judged = []

    def judge(head: Head, known: LookupResults) -> Commit:
        judged.append(head)
        asyncio.run(end_connections(postgres))
        return Commit(tree=head.tree, time_ms=1)

    with pytest.raises(StoreUnreachable):
        await store.commit(ask_nothing, judge)
    assert len(judged) == 1
    assert (await store.load()).head.serial == 0


async def test_a_commit_whose_answer_was_lost_is_looked_up(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = database._end

    async def lose_the_answer(connection: database.Connection, before: str = "") -> None:
        await end(connection)
        connection.terminate()
        monkeypatch.setattr(database, "_end", end)
        raise asyncpg.ConnectionDoesNotExistError

    monkeypatch.setattr(database, "_end", lose_the_answer)
    assert await put(store, event(0)) == 0
    assert (await store.load()).head.serial == 1


async def test_a_commit_that_never_arrived_is_known_for_none(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = database._end
    await put(store, event(0))

    async def lose_the_question(connection: database.Connection, before: str = "") -> None:
        connection.terminate()
        monkeypatch.setattr(database, "_end", end)
        raise asyncpg.ConnectionDoesNotExistError

    monkeypatch.setattr(database, "_end", lose_the_question)
    with pytest.raises(StoreUnreachable):
        await put(store, event(1))
    assert (await store.load()).head.serial == 1
    assert await put(store, event(1)) == 1


async def test_a_commit_that_is_under_way_is_waited_for(
    store: PostgresStore, postgres: Postgres, database_url: str
) -> None:
    """The server still works on what its client has lost; only its end says what became of it."""
    lost = await asyncpg.connect(database_url)
    await lost.execute("BEGIN")
    await lost.execute("UPDATE head SET serial = 1")
    await lost.execute("INSERT INTO writer VALUES ($1, 1)", store._db._id)
    looking = asyncio.create_task(store._db._is_written(1))
    async with asyncio.timeout(30):
        while not await waits_for_the_head(postgres):
            await asyncio.sleep(0)
    assert not looking.done()
    await lost.execute("COMMIT")
    assert await looking
    await lost.close()


async def waits_for_the_head(postgres: Postgres) -> bool:
    connection = await asyncpg.connect(postgres.url())
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    waiting = await connection.fetchval(sql)
    await connection.close()
    return bool(waiting)


async def test_a_transaction_that_failed_is_not_taken_for_written(store: PostgresStore) -> None:
    async def swallow(connection: database.Connection) -> None:
        with pytest.raises(asyncpg.UndefinedTableError):
            await connection.execute("SELECT FROM nowhere")

    with pytest.raises(StoreDamaged):
        await store._db.write(swallow)


async def test_a_process_that_waits_for_the_head_sees_what_was_written(
    stores: tuple[PostgresStore, PostgresStore],
) -> None:
    one, other = stores
    before = (await other.load()).head
    waiting: list[asyncio.Task[tuple[LookupResults, Snapshot | None]]] = []
    loop = asyncio.get_running_loop()

    def judge(head: Head, found: LookupResults) -> Commit:
        asked = Lookups(statements=frozenset({(b"a" * 32, A)}))
        loop.call_soon_threadsafe(
            lambda: waiting.append(asyncio.ensure_future(told(other, asked, before)))
        )
        row = statement(0, b"a")
        return Commit(tree=head.tree, time_ms=9, statements=[row])

    await one.commit(ask_nothing, judge)
    while not waiting:
        await asyncio.sleep(0)
    found, news = await waiting[0]
    assert (b"a" * 32, A) in found.statements
    assert news is not None
    assert news.head.time_ms == 9


def test_a_machine_that_is_gone_is_noticed_within_seconds() -> None:
    with socket.socket() as line:

        class Transport:
            def get_extra_info(self, name: str) -> socket.socket:
                return line

        asyncio.run(database.notice_loss(SimpleNamespace(_transport=Transport())))  # type: ignore[arg-type]
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000


async def test_a_text_may_hold_any_character(store: PostgresStore) -> None:
    refused = statement(0, b"a", code="TL-AGR-001", why="a\0b裘", natural=None, envelope=None)
    await put(store, event(0), statements=[refused])
    found = await known(store, Lookups(statements=frozenset({(b"a" * 32, A)})))
    assert found.statements[b"a" * 32, A].why == "a\N{REPLACEMENT CHARACTER}b裘"


async def test_a_value_that_no_row_can_hold_is_no_damage(store: PostgresStore) -> None:
    row = ChannelRow(sender=A, recipient=B, agreement=AGREEMENT, seq=1 << 63, mark=0)
    with pytest.raises(ExchangeFault):
        await put(store, channels=[row])


async def test_an_older_checkpoint_never_takes_the_place_of_a_newer(
    stores: tuple[PostgresStore, PostgresStore],
) -> None:
    assert await stores[0].put_checkpoint(7, b"newer") == (7, b"newer")
    assert await stores[1].put_checkpoint(6, b"older") == (7, b"newer")
    assert (await stores[0].load()).checkpoint == (7, b"newer")


async def test_a_later_version_is_refused(store: PostgresStore, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO migrated VALUES (99)")
    await connection.close()
    with pytest.raises(StoreVersion):
        await PostgresStore.open(database_url)


async def test_a_server_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_PATIENCE_S", 0)
    with pytest.raises(StoreUnreachable):
        await PostgresStore.open(f"postgresql://x@/y?host={tmp_path}")


async def test_a_database_that_is_not_there_is_named(postgres: Postgres) -> None:
    url = postgres.url().replace("@/postgres?", "@/elsewhere?")
    with pytest.raises(StoreAbsent, match='database "elsewhere" does not exist'):
        await PostgresStore.open(url)


async def test_who_is_not_let_in_is_told_so_in_the_servers_words(postgres: Postgres) -> None:
    url = postgres.url().replace("tearline@", "stranger@")
    with pytest.raises(StoreForbidden, match='role "stranger" does not exist'):
        await PostgresStore.open(url)


async def test_who_may_not_make_tables_is_told_so(postgres: Postgres, database_url: str) -> None:
    name = f"guest_of_{database_url.rpartition('=')[2]}"
    postgres.run_sql(f"CREATE ROLE {name} LOGIN")
    with pytest.raises(StoreForbidden, match=r"no schema has been selected|permission denied"):
        await PostgresStore.open(database_url.replace("tearline@", f"{name}@"))


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("sslmod=require", 'unrecognized configuration parameter "sslmod"'),
        ("sslmode=perhaps", "`sslmode` parameter must be one of"),
    ],
)
async def test_an_address_that_cannot_be_used_is_refused_with_the_reason(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, why: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SettingInvalid, match=f"store: {why}"):
        await PostgresStore.open(f"{postgres.url()}&{query}")


async def test_the_settings_name_the_store(database_url: str, tmp_path: Path) -> None:
    config = config_of(tmp_path, SETTINGS | {"store": database_url})
    write_config(config)
    assert load_config(tmp_path) == config
    store = await open_store(config)
    assert isinstance(store, PostgresStore)
    assert (await store.load()).head.tree == Frontier()
    await store.close()
    assert not config.database.exists()


async def test_a_server_that_is_alone_is_not_highly_available(
    database_url: str, tmp_path: Path
) -> None:
    config = config_of(tmp_path, SETTINGS | {"store": database_url, "ha": True})
    write_config(config)
    assert load_config(tmp_path) == config
    with pytest.raises(StoreNotReplicated, match="synchronous_standby_names is empty"):
        await open_store(config)


@pytest.mark.parametrize("wrong", [{"ha": True}, {"ha": "true"}, {"ha": 1}])
def test_high_availability_is_said_of_a_database(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(SettingInvalid, match="ha: "):
        config_of(tmp_path, SETTINGS | wrong)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:secret@host/name",
        "postgresql://user@host/name?password=secret",
        "postgresql://user@host/name?sslpassword=secret",
        "mysql://host/name",
        "exchange.db",
        'postgresql://host/"name',
        "postgresql://[::1/name",
        "",
        7,
    ],
)
def test_an_address_holds_no_secret_and_is_one(tmp_path: Path, address: object) -> None:
    with pytest.raises(SettingInvalid) as refused:
        config_of(tmp_path, SETTINGS | {"store": address})
    assert "secret" not in refused.value.why
