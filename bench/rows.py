"""What an exchange wrote into its database, and a bare loop that writes exactly that."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw

Row = tuple[Any, ...]
BATCH = 256
"""Packets in each transaction of the bare loop."""


def snapshot(database: Path, copy: Path) -> None:
    """Copies what is committed in a database, whoever is writing to it."""
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))


def gained(before: Path, after: Path) -> dict[str, list[Row]]:
    """The rows that one copy has and an earlier one has not, by table, oldest first."""
    with _both(after, before) as connection:
        return {
            name: [row[plain:] for row in connection.execute(_except(name, columns, plain))]
            for name, plain, columns in _tables(connection)
        }


def difference(one: Path, other: Path) -> int:
    """How many rows either of two databases has and the other has not."""
    count = 0
    for ours, theirs in ((one, other), (other, one)):
        with _both(ours, theirs) as connection:
            for name, _, columns in _tables(connection):
                count += len(list(connection.execute(_except(name, columns, False))))
    return count


def write(
    rows: Mapping[str, Sequence[Row]], database: Path, *, packets: int
) -> tuple[float, float]:
    """Writes rows into a copy as the exchange's store is set up, every transaction synced.

    Args:
        rows: By table.
        database: The copy.
        packets: How many packets the rows are of.

    Returns:
        Seconds, and microseconds of processor time.
    """
    batches = -(-packets // BATCH)
    with closing(apsw.Connection(str(database))) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        began, used_ns = time.perf_counter(), time.process_time_ns()
        for number in range(batches):
            with connection:
                for name, every in rows.items():
                    first, stop = (len(every) * n // batches for n in (number, number + 1))
                    if first < stop:
                        values = ", ".join("?" * len(every[0]))
                        connection.executemany(
                            f"INSERT OR REPLACE INTO {name} VALUES ({values})",
                            every[first:stop],
                        )
        return time.perf_counter() - began, (time.process_time_ns() - used_ns) / 1000


@contextmanager
def _both(one: Path, other: Path) -> Iterator[apsw.Connection]:
    with closing(apsw.Connection(str(one))) as connection:
        connection.execute("ATTACH ? AS other", (str(other),))
        yield connection


def _tables(connection: apsw.Connection) -> list[tuple[str, bool, str]]:
    """Name, whether it has row ids, and stored columns, of each table."""
    found = connection.execute(
        "SELECT name, NOT wr, (SELECT group_concat(name, ', ') FROM pragma_table_info(t.name))"
        " FROM pragma_table_list t"
        " WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return [(str(name), bool(plain), str(columns)) for name, plain, columns in found]


def _except(table: str, columns: str, by_rowid: bool) -> str:
    listed = f"rowid, {columns}" if by_rowid else columns
    ours, theirs = (f"SELECT {listed} FROM {each}.{table}" for each in ("main", "other"))
    return f"{ours} EXCEPT {theirs}" + (" ORDER BY 1" if by_rowid else "")
