"""Every statement of both stores on a store that use has filled: none costs more as it grows.

The statements are those that a small store was asked, and a statement of the source that it was
not asked fails the test. Each is measured on the small store and on one that is ten times as large,
with statistics and without.
"""

import asyncio
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import apsw
import asyncpg
import pytest

from support.postgres import Postgres
from tearline_server.storage.postgres import connections
from tearline_server.storage.postgres.connections import Database
from tearline_server.storage.postgres.store import PostgresStore
from tearline_server.storage.postgres.types import Session
from tearline_server.storage.sqlite.store import SqliteStore
from unit.server.storage.filled_stores import COLUMNS, GOES_ON, Table, act, fill_sqlite, tables
from unit.server.storage.query_plans import (
    Cost,
    Trace,
    literals,
    postgres_cost,
    sqlite_cost,
    traced,
    untraced,
)

SMALL, LARGE = 1200, 12_000  # packets; the large log has 108,000 entries
STORAGE = Path(str(files("tearline_server.storage")))
APART = {
    "import_sqlite.py": "it reads everything, once",
    "migrate.py": "it asks for the version of the tables",
    "replication.py": "it asks the server about itself",
}
"""Modules whose statements read no table that grows, or all of it once."""
SHORT = {
    "head": "one row",
    "checkpoint": "one row",
    "restoration": "a row for each restore",
    "cosigned": "the newest sizes stay",
    "evidence": "it ends the log",
    "acknowledged": "a row for each node",
    "waiting": "a row for each node and each agency that sends to it",
    "agreement": "people sign each version",
    "migrated": "a row for each version of the tables",
    "writer": "a row for each process",
}
"""Tables that do not grow with use, each with its reason."""
WHOLE = {
    re.compile(r" FROM channel "): "an exchange that starts holds where every channel stands",
    re.compile(r" FROM standing t JOIN statement s "): "and every standing",
    re.compile(r" FROM case_step JOIN statement s "): "and the newest step of every case",
    re.compile(
        r" FROM mailbox WHERE serial .* \(0, -1, -1, "
    ): "PostgreSQL is asked for all at once",
    re.compile(
        r" FROM entry WHERE idx IN \(SELECT idx FROM entry WHERE length"
    ): "its indexes have few entries",
}
"""What is read whole, by a part of its statement and the values in it, each with its reason."""


Costs = Mapping[tuple[str, str], Cost]


@pytest.fixture(scope="module")
def sqlite_stores(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("filled")
    for name, packets in (("small", SMALL), ("large", LARGE)):
        path = folder / name
        asyncio.run(SqliteStore(path).close())
        with closing(apsw.Connection(str(path))) as connection:
            fill_sqlite(connection, tables(packets))
    return {name: folder / name for name in ("small", "large")}


@pytest.fixture(scope="module")
def sqlite_trace(
    sqlite_stores: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Trace:
    path = tmp_path_factory.mktemp("traced") / "store"
    shutil.copyfile(sqlite_stores["small"], path)
    trace = Trace()

    def hook(connection: apsw.Connection) -> None:
        traced(connection, trace)

    apsw.connection_hooks.append(hook)
    try:
        asyncio.run(_act(path))
    finally:
        apsw.connection_hooks.remove(hook)
    return trace


async def _act(path: Path) -> None:
    store = SqliteStore(path)
    await act(store)
    await store.close()


def test_every_statement_of_sqlite_is_measured(sqlite_trace: Trace) -> None:
    patterns = literals(*STORAGE.glob("sqlite/*.py"))
    assert len(patterns) > 60
    assert untraced(patterns, sqlite_trace) == []


@pytest.mark.parametrize("analyzed", [False, True])
def test_no_statement_of_sqlite_costs_more_as_the_store_grows(
    sqlite_stores: Mapping[str, Path], sqlite_trace: Trace, tmp_path: Path, analyzed: bool
) -> None:
    costs: dict[str, Costs] = {}
    for name in ("small", "large"):
        copy = tmp_path / name
        shutil.copyfile(sqlite_stores[name], copy)
        with closing(apsw.Connection(str(copy))) as connection:
            if analyzed:
                connection.execute("ANALYZE")
            costs[name] = {
                (sql, str(values)): sqlite_cost(connection, sql, values)
                for sql, values in sqlite_trace
            }
    found = complaints(costs["small"], costs["large"])
    assert not found, "\n".join(found)


# PostgreSQL.


async def fill_postgres(url: str, filled: Mapping[str, Table]) -> None:
    await (await Database.open(url)).close()
    connection = await asyncpg.connect(url)
    for name, table in filled.items():
        await connection.execute(f"ALTER TABLE {name} SET (autovacuum_enabled = false)")
        known = "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass"
        columns = {column for (column,) in await connection.fetch(known, name)}
        places = [n for n, column in enumerate(table.columns) if column in columns]
        numbered = ("serial",) if "serial" in columns else ()
        await connection.copy_records_to_table(
            name,
            records=([*(row[n] for n in places), *(0 for _ in numbered)] for row in table.rows),
            columns=[*(table.columns[n] for n in places), *numbered],
        )
    sql = "UPDATE head SET size = $1, frontier = $2, serial = 1"
    await connection.execute(sql, GOES_ON, bytes(32))
    await connection.close()


def address(postgres: Postgres, name: str) -> str:
    return postgres.url().replace("/postgres?", f"/plans_{name}?")


@pytest.fixture(scope="module")
def postgres_stores(postgres: Postgres) -> Iterator[Postgres]:
    names = ("small", "large", "small_analyzed", "large_analyzed", "traced")
    for name, packets in (("small", SMALL), ("large", LARGE)):
        postgres.run_sql(f"CREATE DATABASE plans_{name}")
        asyncio.run(fill_postgres(address(postgres, name), tables(packets)))
        copy = f"{name}_analyzed"
        postgres.run_sql(f"CREATE DATABASE plans_{copy} TEMPLATE plans_{name}")
        postgres.run("psql", "--quiet", "--command=ANALYZE", address(postgres, copy))
    postgres.run_sql("CREATE DATABASE plans_traced TEMPLATE plans_small")
    yield postgres
    postgres.run_sql(*(f"DROP DATABASE plans_{name} WITH (FORCE)" for name in names))


@pytest.fixture(scope="module")
def postgres_trace(postgres_stores: Postgres) -> Trace:
    trace = Trace()
    begin = connections._begin

    async def begin_traced(session: Session) -> None:
        await begin(session)
        session.add_query_logger(lambda query: trace.add(query.query, query.args))

    async def run() -> None:
        store = await PostgresStore.open(address(postgres_stores, "traced"))
        await act(store)
        await store._db._is_written(1)  # where the answer to a COMMIT was lost
        await store.close()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connections, "_begin", begin_traced)
        asyncio.run(run())
    return trace


def test_every_statement_of_postgres_is_measured(
    postgres_trace: Trace, sqlite_trace: Trace
) -> None:
    modules = [each for each in STORAGE.glob("postgres/*.py") if each.name not in APART]
    patterns = literals(*modules)
    assert len(patterns) > 50
    assert untraced(patterns, postgres_trace) == []
    shared = literals(*STORAGE.glob("*.py"))
    assert not {*untraced(shared, postgres_trace)} & {*untraced(shared, sqlite_trace)}


@pytest.mark.parametrize("analyzed", [False, True])
@pytest.mark.parametrize("is_generic", [False, True])
async def test_no_statement_of_postgres_costs_more_as_the_store_grows(
    postgres_stores: Postgres, postgres_trace: Trace, analyzed: bool, is_generic: bool
) -> None:
    costs: dict[str, Costs] = {}
    for name in ("small", "large"):
        url = address(postgres_stores, f"{name}_analyzed" if analyzed else name)
        connection = await asyncpg.connect(url, server_settings=connections._SETTINGS)
        costs[name] = {
            (sql, str(values)): await postgres_cost(connection, sql, values, is_generic=is_generic)
            for sql, values in postgres_trace
        }
        await connection.close()
    found = complaints(costs["small"], costs["large"])
    assert not found, "\n".join(found)


def complaints(small: Costs, large: Costs) -> list[str]:
    """Returns a line for each statement that scans what grows, or costs more on the large store."""
    found = []
    growing = COLUMNS.keys() - SHORT.keys()
    for key, cost in large.items():
        if any(pattern.search(" ".join(key)) for pattern in WHOLE):
            continue
        if scans := cost.scans & growing:
            found.append(f"scans {', '.join(sorted(scans))}: {key[0]}")
        if cost.work > small[key].work * 1.5 + 200:
            found.append(f"{small[key].work} -> {cost.work}: {key[0]}")
    return found
