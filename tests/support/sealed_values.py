"""What lies sealed in a node's database: every value opens in its own row, and in no other."""

import importlib
import pkgutil
from collections.abc import Iterator

import tearline_client.store
from tearline.errors import StoreDamaged
from tearline_client.store.database import Database
from tearline_client.store.vault import Column, Part

_MOST_MOVED = 24  # values of one column: each is moved to the row of each other one


def sealed_columns() -> set[Column]:
    """Every column that a store declares as sealed."""
    package = tearline_client.store
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return {each for m in modules for each in vars(m).values() if isinstance(each, Column)}


def sealed_values(database: Database, column: Column) -> Iterator[tuple[tuple[Part, ...], bytes]]:
    """The values of a column, each with the key of its row; without those that are empty."""
    names = ", ".join((*column.key, column.name))
    for *key, sealed in database.rows(f"SELECT {names} FROM {column.table}"):
        if sealed:
            yield tuple(key), sealed


def moves(database: Database) -> int:
    """Moves sealed values to other rows of their tables; returns how many were moved.

    Each must open where it is, and none elsewhere: also where the table has one row alone. Of a
    long table the first rows are moved among each other.
    """
    count = 0
    for column in sealed_columns():
        values = list(sealed_values(database, column))
        for key, sealed in values:
            database.vault.open(column.at(*key), sealed)
        values = values[:_MOST_MOVED]
        beside = [(*key[:-1], _other(key[-1])) for key, _ in values[:1]]
        for key, sealed in values:
            for other in [each for each, _ in values if each != key] + beside:
                if other != key:
                    assert not _opens(database, column, other, sealed), (column, key, other)
                    count += 1
    return count


def _other(part: Part) -> Part:
    return part + 1 if isinstance(part, int) else part * 2


def _opens(database: Database, column: Column, key: tuple[Part, ...], sealed: bytes) -> bool:
    try:
        database.vault.open(column.at(*key), sealed)
    except StoreDamaged:
        return False
    return True
