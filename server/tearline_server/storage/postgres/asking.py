"""Questions that go to the database as one, each answered by its own rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from tearline_server.storage.postgres.connection import Connection

Answers = Mapping[str, Sequence[Any]]
"""The rows of each answer, by the name of its question."""


class Questions:
    """Gathers questions until they are asked; all are answered as of one moment.

    Every SQL is a constant of its caller, with ``{0}``, ``{1}`` for its values, which are bound.
    The rows of an answer come as one value, of which PostgreSQL lets none exceed a gibibyte.
    """

    def __init__(self) -> None:
        self._sql: dict[str, str] = {}
        self._values: list[Any] = []

    def put(self, name: str, sql: str, *values: Any) -> None:
        """Adds a question, or nothing where one of its values is an empty list."""
        if [] not in values:
            self.always(name, sql, *values)

    def always(self, name: str, sql: str, *values: Any) -> None:
        """Adds a question, whatever its values are."""
        first = len(self._values) + 1
        places = [f"${place}" for place in range(first, first + len(values))]
        self._sql[name] = sql.format(*places)
        self._values += values

    async def answers(self, connection: Connection) -> Answers:
        """Asks them, if there are any."""
        if not self._sql:
            return {}
        parts = [
            f"ARRAY(SELECT ROW (answer.*) FROM ({sql}) AS answer) AS {name}"  # noqa: S608
            for name, sql in self._sql.items()
        ]
        row = await connection.fetchrow(f"SELECT {', '.join(parts)}", *self._values)
        return dict(row or {})
