"""Values as PostgreSQL takes them."""

from collections.abc import Iterable
from typing import Any


def text(value: str) -> str:
    """Returns a text without NUL characters, which PostgreSQL cannot store."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")


def columns(keys: Iterable[tuple[Any, ...]], number: int) -> list[list[Any]]:
    """Returns the columns of keys of ``number`` parts, to be bound as arrays."""
    # Statements may contain any name; one with a NUL character, invalid in text, matches no row.
    rows = [[text(part) if isinstance(part, str) else part for part in key] for key in keys]
    return [[row[column] for row in rows] for column in range(number)]
