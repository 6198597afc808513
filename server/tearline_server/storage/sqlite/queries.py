"""Helpers to run SQLite statements, and to read one row or one value."""

from typing import Any

import apsw


def run(connection: apsw.Connection, sql: str, bindings: tuple[Any, ...]) -> None:
    """Runs a statement to its end."""
    for _ in connection.execute(sql, bindings):
        pass


def first(connection: apsw.Connection, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
    """Returns the first row, or None."""
    return next(iter(connection.execute(sql, bindings)), None)


def value(connection: apsw.Connection, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
    """Returns the first column of the first row, or None if there is no row."""
    row = first(connection, sql, bindings)
    return None if row is None else row[0]
