"""Queries combined into one statement, each answered by its own rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from tearline_server.storage.postgres.types import Connection

Answers = Mapping[str, Sequence[Any]]
"""Rows of each answer, by the name of its query."""


class QueryBatch:
    """Collector of queries that are answered together, as of one moment.

    Every SQL text is a constant of its caller, with ``{0}``, ``{1}`` for bound values. Each answer
    is one value, limited by PostgreSQL to a gibibyte.
    """

    def __init__(self) -> None:
        self._sql: dict[str, str] = {}
        self._values: list[Any] = []

    def put(self, name: str, sql: str, *values: Any) -> None:
        """Adds a query, unless one of its values is an empty list."""
        if [] not in values:
            self.always(name, sql, *values)

    def always(self, name: str, sql: str, *values: Any) -> None:
        """Adds a query."""
        first = len(self._values) + 1
        places = [f"${place}" for place in range(first, first + len(values))]
        self._sql[name] = sql.format(*places)
        self._values += values

    async def answers(self, connection: Connection) -> Answers:
        """Runs the collected queries, if any, and returns their answers."""
        if not self._sql:
            return {}
        parts = [
            f"ARRAY(SELECT ROW (answer.*) FROM ({sql}) AS answer) AS {name}"  # noqa: S608
            for name, sql in self._sql.items()
        ]
        row = await connection.fetchrow(f"SELECT {', '.join(parts)}", *self._values)
        return dict(row or {})
