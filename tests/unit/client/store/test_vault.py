"""What is sealed at rest: bound to its table, its column and its row."""

from pathlib import Path

import pytest

from support.cases import each_case
from support.sealed_values import moves, sealed_columns
from tearline.errors import StoreDamaged
from tearline_client.store.database import Database
from tearline_client.store.vault import Column, Part, Vault

VAULT = Vault(bytes(32))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "node.db", VAULT)


def columns_of(database: Database, table: str) -> dict[str, str]:
    """The names and types of a table's columns."""
    return {row[1]: row[2] for row in database.rows(f"PRAGMA table_info({table})")}


def tables(database: Database) -> list[str]:
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in database.rows(sql)]


def test_the_key_of_every_sealed_column_names_one_row(database: Database) -> None:
    for column in sealed_columns():
        info = database.rows(f"PRAGMA table_info({column.table})")
        primary = {row[1] for row in info if row[5]}
        unique = [
            {each[2] for each in database.rows(f"PRAGMA index_info({index[1]})")}
            for index in database.rows(f"PRAGMA index_list({column.table})")
            if index[2] and not index[4]  # a unique index over all rows
        ]
        assert set(column.key) in [primary, *unique], column
        assert all(row[3] or row[5] for row in info if row[1] in column.key), column


def test_every_column_that_is_called_so_is_sealed(database: Database) -> None:
    sealed = {f"{column.table}.{column.name}" for column in sealed_columns()}
    of_bytes = {
        f"{table}.{name}"
        for table in tables(database)
        for name, kind in columns_of(database, table).items()
        if kind == "BLOB"
    }
    assert {name for name in of_bytes if name.endswith(".sealed")} <= sealed <= of_bytes


@each_case("column", sorted(sealed_columns(), key=repr))
def test_a_value_that_was_swapped_with_another_rows_does_not_open(
    column: Column, database: Database
) -> None:
    kinds = columns_of(database, column.table)

    def key(number: int) -> tuple[Part, ...]:
        parts: dict[str, Part] = {"INTEGER": number, "TEXT": str(number), "BLOB": b"%d" % number}
        return tuple(parts[kinds[name]] for name in column.key)

    one, two = (VAULT.seal(column.at(*key(number)), b"value") for number in (1, 2))
    assert VAULT.open(column.at(*key(1)), one) == VAULT.open(column.at(*key(2)), two) == b"value"
    for swapped, place in ((two, column.at(*key(1))), (one, column.at(*key(2)))):
        with pytest.raises(StoreDamaged):
            VAULT.open(place, swapped)


def test_a_value_does_not_move_to_another_column_or_table() -> None:
    columns = sorted(sealed_columns(), key=repr)
    places = {column.at(*(b"1" for _ in column.key)).encode() for column in columns}
    assert len(places) == len(columns)


def test_no_two_keys_are_written_alike() -> None:
    pair = Column("table", "column", ("one", "other"))
    keys: list[tuple[Part, Part]] = [
        ("a", "bc"),
        ("ab", "c"),
        (b"a", "bc"),
        ("a", b"bc"),
        ("", "abc"),
        (1, 2),
        (1, "2"),
        (-1, 2),
    ]
    assert len({pair.at(*key).encode() for key in keys}) == len(keys)


def test_nothing_is_sealed_without_its_row() -> None:
    column = Column("packet_key", "sealed", ("packet", "grant_id"))
    for key in ((), (b"packet",), (b"packet", b"grant", b"more")):
        with pytest.raises(ValueError, match="packet, grant_id"):
            column.at(*key)


def test_what_the_stores_write_is_bound_to_its_row(database: Database) -> None:
    with database.transaction():
        for name in ("one", "other"):
            database.put_setting(name, b"value")
    assert moves(database) == 4
    first, second = database.rows("SELECT name, value FROM setting ORDER BY name")
    with database.transaction():
        for name, value in ((first[0], second[1]), (second[0], first[1])):
            database.execute("UPDATE setting SET value = ? WHERE name = ?", (value, name))
    for name in ("one", "other"):
        with pytest.raises(StoreDamaged):
            database.setting(name)
