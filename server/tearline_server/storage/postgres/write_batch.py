"""Writes combined into one statement; each column of the rows is an array."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tearline_server.storage.postgres.types import Connection

INT, BYTES, TEXT, BOOL = "bigint", "bytea", "text", "boolean"

Columns = Mapping[str, str]
"""Type of each column, by its name."""


class WriteBatch:
    """Collector of writes that are sent together; none sees the effects of another.

    Every name in its SQL is a constant of its caller, and every value is bound.

    Args:
        connection: The connection, inside the caller's transaction.
        serial: The number of that transaction.
    """

    def __init__(self, connection: Connection, serial: int = 0) -> None:
        self._connection = connection
        self._serial = serial
        self._statements: list[str] = []
        self._values: list[list[Any]] = []

    def rows(
        self, table: str, columns: Columns, rows: Iterable[Sequence[Any]], tail: str = ""
    ) -> None:
        """Adds an insert of rows."""
        names = ", ".join(columns)
        self.run(f"INSERT INTO {table} ({names}) SELECT * FROM new {tail}", columns, rows)  # noqa: S608

    def numbered(
        self, table: str, columns: Columns, rows: Iterable[Sequence[Any]], tail: str = ""
    ) -> None:
        """Adds an insert of rows with the serial of their last transaction."""
        numbered = {**columns, "serial": INT}
        self.rows(table, numbered, ([*row, self._serial] for row in rows), tail)

    def run(self, sql: str, columns: Columns, rows: Iterable[Sequence[Any]]) -> None:
        """Adds a statement over rows, named ``new`` in its SQL; ignored if there are no rows."""
        values = [list(column) for column in zip(*rows, strict=True)]
        if values:
            names = ", ".join(columns)
            places = range(len(self._values) + 1, len(self._values) + len(columns) + 1)
            types = zip(places, columns.values(), strict=True)
            arrays = ", ".join(f"${place}::{type_}[]" for place, type_ in types)
            new = f"WITH new ({names}) AS (SELECT * FROM unnest({arrays}))"  # noqa: S608
            self._statements.append(f"{new} {sql}")
            self._values += values

    async def write(self, last: str = "SELECT") -> None:
        """Sends the collected writes, atomically.

        Args:
            last: A final query, which runs even without writes.
        """
        parts = [f"part{n} AS ({sql})" for n, sql in enumerate(self._statements)]
        values, self._statements, self._values = self._values, [], []
        if parts:
            await self._connection.execute(f"WITH {', '.join(parts)} {last}", *values)
        elif last != "SELECT":
            await self._connection.execute(last)
