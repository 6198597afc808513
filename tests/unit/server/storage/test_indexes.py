"""Both stores find rows by the same columns: each index of one has its sibling, or a reason."""

import asyncio
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw
import asyncpg
import pytest

from support.postgres import Postgres
from tearline_server.storage.postgres.connections import Database
from tearline_server.storage.sqlite.store import SqliteStore

PROCESSES = "rows that another process wrote are found by its transaction; SQLite has one process"
IN_ORDER = "SQLite's indexes end with the row's number, here its entry; PostgreSQL's name it"
EVENTS = {"agreement": "agreement <> x''", "packet": "packet <> x''"}
"""Columns by which events are paged through in log order."""


@dataclass(frozen=True, slots=True, order=True)
class Index:
    """An index or a key, by its contents.

    Attributes:
        table: Its table.
        columns: Its columns, in order.
        is_unique: Whether no two rows have the same values.
        rows: The condition of a partial index; empty if it has all rows.
    """

    table: str
    columns: tuple[str, ...]
    is_unique: bool = False
    rows: str = ""


ONLY_POSTGRES: Mapping[Index, str] = {
    **{
        Index(table, ("serial",)): PROCESSES
        for table in ("agreement", "budget", "case_step", "channel", "mailbox", "standing")
    },
    Index("writer", ("id",), is_unique=True): PROCESSES,
    **{Index("event", (name, "idx"), rows=rows): IN_ORDER for name, rows in EVENTS.items()},
    Index("mailbox", ("node",), is_unique=True): "SQLite takes the last place from the mail",
    **{
        Index(table, columns, is_unique=True): "documents of one process lie in files"
        for table, columns in (
            ("blob", ("owner", "id")),
            ("blob_packet", ("owner", "id", "packet", "claim")),
            ("blob_space", ("owner",)),
            ("blob_sweep", ("one",)),
        )
    },
}
ONLY_SQLITE: Mapping[Index, str] = {
    Index("event", (name,), rows=rows): IN_ORDER for name, rows in EVENTS.items()
}


async def sqlite_indexes(path: Path) -> set[Index]:
    await SqliteStore(path).close()
    with closing(apsw.Connection(str(path))) as connection:
        sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        return {
            index
            for (table,) in list(connection.execute(sql))
            for index in _sqlite_indexes(connection, table)
        }


def _sqlite_indexes(connection: apsw.Connection, table: str) -> Iterator[Index]:
    found = list(connection.execute(f"PRAGMA index_list({table})"))
    if all(origin != "pk" for *_, origin, _ in found):  # the key of a table that lies in its order
        key = [name for _, name, *_, pk in connection.execute(f"PRAGMA table_info({table})") if pk]
        yield Index(table, tuple(key), is_unique=True)
    for _, name, is_unique, _, is_partial in found:
        columns = [row[2] for row in connection.execute(f"PRAGMA index_info({name})")]
        rows = ""
        if is_partial:
            schema = "SELECT sql FROM sqlite_schema WHERE name = ?"
            ((sql,),) = connection.execute(schema, (name,))
            rows = condition(sql.partition(" WHERE ")[2])
        yield Index(table, tuple(columns), is_unique=bool(is_unique), rows=rows)


async def postgres_indexes(url: str) -> set[Index]:
    await (await Database.open(url)).close()
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT c.relname, i.indisunique, coalesce(pg_get_expr(i.indpred, i.indrelid), ''),"
        " ARRAY(SELECT a.attname FROM unnest(i.indkey) WITH ORDINALITY k (number, place)"
        "  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number ORDER BY k.place)"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema()"
    )
    await connection.close()
    return {
        Index(table, tuple(columns), is_unique=is_unique, rows=condition(rows_))
        for table, is_unique, rows_, columns in rows
    }


def condition(text: str) -> str:
    """Returns a condition as both databases may write it."""
    text = re.sub(r'::\w+|[()"]', "", text).replace(r"'\x'", "x''")
    return " ".join(text.split())


@pytest.fixture(scope="module")
def indexes(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> tuple[set[Index], set[Index]]:
    postgres.run_sql("CREATE DATABASE indexes")
    url = postgres.url().replace("/postgres?", "/indexes?")
    try:
        theirs = asyncio.run(postgres_indexes(url))
    finally:
        postgres.run_sql("DROP DATABASE indexes WITH (FORCE)")
    return asyncio.run(sqlite_indexes(tmp_path_factory.mktemp("indexes") / "store")), theirs


def told(indexes: Collection[Index]) -> list[str]:
    return [str(each) for each in sorted(indexes)]


def test_postgres_has_every_index_of_sqlite(indexes: tuple[set[Index], set[Index]]) -> None:
    sqlite, postgres = indexes
    assert len(sqlite) > 40
    assert told(sqlite - postgres) == told(ONLY_SQLITE)


def test_sqlite_has_every_index_of_postgres(indexes: tuple[set[Index], set[Index]]) -> None:
    sqlite, postgres = indexes
    assert told(postgres - sqlite) == told(ONLY_POSTGRES)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "packet <> x'' AND code = 'ok' AND NOT passed",
            r"((packet <> '\x'::bytea) AND (code = 'ok'::text) AND (NOT passed))",
        ),
        ("ends_ms IS NOT NULL", "(ends_ms IS NOT NULL)"),
    ],
    ids=["values", "null"],
)
def test_conditions_are_compared_by_their_meaning(written: str, shown: str) -> None:
    assert condition(written) == condition(shown)
