"""Move of an exchange's data from its file into a PostgreSQL database, atomically.

The tables are the same, so rows are copied unchanged: the log, its tree, its signatures, and the
epoch. Nodes therefore continue from their cursors. The result is verified before the one
transaction commits.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence, Set
from functools import partial
from pathlib import Path

import apsw

from tearline.errors import StoreNotMoved
from tearline_server.storage.interface import Store
from tearline_server.storage.postgres.connections import Database
from tearline_server.storage.postgres.snapshot import lock_head
from tearline_server.storage.postgres.store import PostgresStore
from tearline_server.storage.postgres.transaction import Transaction
from tearline_server.storage.postgres.types import Connection
from tearline_server.storage.postgres.values import text
from tearline_server.storage.rows import Head
from tearline_server.storage.sqlite.connections import Database as SqliteDatabase
from tearline_server.storage.sqlite.connections import translated

Verify = Callable[[Store], Awaitable[None]]
"""Verifier of a store; raises StoreNotMoved if it differs from the log."""
Report = Callable[[int, int], None]
"""Callback for progress: units done, units in total."""

# Columns only in PostgreSQL: the serial of the last write, and identity columns.
_ITS_OWN = {"serial", "one"}
_NOT_MOVED = ("migrated", "writer", "blob", "blob_packet", "blob_space", "blob_sweep")
# Only tables, and none of an extension; pg_stat_statements, for example, adds views.
_TABLES = (
    "SELECT c.relname, a.attname, a.atttypid::regtype::text"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')"
    " AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> ALL($1::text[])"
    " AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass"
    " AND objid = c.oid AND deptype = 'e') ORDER BY c.relname, a.attnum"
)
_TABLES_HERE = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    " UNION SELECT name FROM sqlite_temp_schema"
)
# A file stores no last place per mailbox, because only one process writes.
_MAILBOX = "CREATE TEMP VIEW mailbox AS SELECT node, max(seq) AS seq FROM mail GROUP BY node"
Columns = dict[str, str]
_MOST_NAMED = 10  # tables in a refusal
_STEP = 1024  # rows between progress reports


class Counted:
    """Counter of copied rows that reports progress.

    Args:
        report: Callback for progress, called every ``_STEP`` rows.
        total: The total number of rows.
    """

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._total = total
        self._done = 0

    def each(self, rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
        """Yields rows, counting them."""
        for row in rows:
            yield row
            self._done += 1
            if not self._done % _STEP or self._done == self._total:
                self._report(self._done, self._total)


async def move(file: Path, url: str, verify: Verify, report: Report) -> int:
    """Moves a file into an empty database, and renames the file with the suffix ``.moved``.

    If an earlier call ended before the rename, this one completes it.

    Args:
        file: The file of a stopped exchange.
        url: The database.
        verify: Verifier of the result.
        report: Callback for progress, in rows.

    Returns:
        The number of entries in the log.

    Raises:
        StoreNotMoved: If the database is not empty, or the result differs from the log.
        StoreError: If one of them cannot be used.
    """
    source = SqliteDatabase(file)  # migrates and locks it
    try:
        database = await Database.open(url)
        try:
            with translated():
                connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
                try:
                    connection.execute(_MAILBOX)
                    head = await _move(connection, database, verify, report)
                finally:
                    connection.close()
        finally:
            await database.close()
    finally:
        await source.close()
    try:
        file.rename(file.with_name(f"{file.name}.moved"))
    except OSError as error:
        raise StoreNotMoved(f"{file}: {error.strerror}; move it away") from None
    return head.tree.size


async def _move(
    source: apsw.Connection, database: Database, verify: Verify, report: Report
) -> Head:
    moved: list[Head] = []

    async def change(connection: Connection) -> int:
        await connection.execute("SET LOCAL statement_timeout = 0")  # a large table takes long
        before = await lock_head(connection)
        if before.serial:
            moved.append(_verified_same(source, before))
            return before.serial
        await connection.execute("DELETE FROM head")
        ((serial,),) = source.execute("SELECT serial FROM head")
        tables = await _tables(connection)
        _verify_same({*tables}, {name for (name,) in source.execute(_TABLES_HERE)})
        copied = Counted(report, sum(map(partial(_count, source), tables)))
        for name, columns in tables.items():
            if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {name})"):  # noqa: S608 (a name of our schema)
                raise StoreNotMoved(f"the database is not empty: {name} has rows")
            await _copy(source, connection, name, columns, serial, copied)
        # Otherwise the server has no statistics until autovacuum runs.
        await connection.execute(f"ANALYZE {', '.join(tables)}")
        moved.append(await lock_head(connection))
        await verify(PostgresStore(Transaction(connection)))
        return moved[-1].serial

    await database.commit(change, may_repeat=lambda: False)
    return moved[-1]


def _verify_same(there: Set[str], here: Set[str]) -> None:
    """Checks that a database has exactly the tables of the file.

    Raises:
        StoreNotMoved: If not; names the tables.
    """
    if others := sorted(there - here):
        raise StoreNotMoved(
            f"the database has foreign tables: {_named(others)}; give the exchange a"
            " database, or a schema, of its own"
        )
    if missing := sorted(here - there):
        raise StoreNotMoved(f"the database has no table {_named(missing)}")


def _named(tables: Sequence[str]) -> str:
    more = f" … and {len(tables) - _MOST_NAMED} more" if len(tables) > _MOST_NAMED else ""
    return ", ".join(tables[:_MOST_NAMED]) + more


def _count(source: apsw.Connection, table: str) -> int:
    ((rows,),) = source.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 (a name of our schema)
    return int(rows)


def _verified_same(source: apsw.Connection, head: Head) -> Head:
    """Returns the head of a database that already has the file's data.

    Raises:
        StoreNotMoved: If it has other data.
    """
    found = source.execute("SELECT epoch, size, frontier, time_ms, serial FROM head").fetchone()
    tree = head.tree
    if found != (head.epoch, tree.size, b"".join(tree.hashes), head.time_ms, head.serial):
        raise StoreNotMoved("the database is not empty, and has other data than the file")
    return head


async def _tables(connection: Connection) -> dict[str, Columns]:
    """Returns the columns of every table to move, with their types."""
    tables: dict[str, Columns] = {}
    for table, column, type_ in await connection.fetch(_TABLES, _NOT_MOVED):
        tables.setdefault(table, {})[column] = type_
    return tables


async def _copy(
    source: apsw.Connection,
    connection: Connection,
    table: str,
    columns: Columns,
    serial: int,
    copied: Counted,
) -> None:
    found = {row[1]: row[6] for row in source.execute(f"PRAGMA table_xinfo({table})")}
    # A column that the file computes is moved, and not the place of its value.
    here = {*found} - {f"{name}_at" for name, computed in found.items() if computed}
    names = [name for name in columns if name in here and (table, name) != ("restoration", "one")]
    if not here <= {*columns} or not {*columns} - {*names} <= _ITS_OWN:
        raise StoreNotMoved(f"the table {table} has other columns in the database than in the file")
    listed = ", ".join(f'"{name}"' for name in names)
    order = " ORDER BY one" if table == "restoration" else ""
    rows = source.execute(f"SELECT {listed} FROM {table}{order}")  # noqa: S608 (names of our schema)
    types = [columns[name] for name in names]
    numbered = "serial" in columns and "serial" not in here
    await connection.copy_records_to_table(
        table,
        records=copied.each(_records(rows, types, (serial,) if numbered else ())),
        columns=[*names, "serial"] if numbered else names,
    )


def _records(
    rows: apsw.Cursor, types: list[str], behind: tuple[int, ...]
) -> Iterator[tuple[object, ...]]:
    for row in rows:
        yield (*(map(_value, row, types)), *behind)


def _value(value: object, type_: str) -> object:
    """Returns a value of the file in the form that PostgreSQL accepts."""
    if type_ == "boolean":
        return bool(value)
    return text(value) if isinstance(value, str) else value
