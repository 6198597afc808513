"""The node's database: one SQLite file, owner-only, every acknowledged write on the disk.

The numbered scripts in ``migrations`` create its tables. Each raises the version by one, and a
released one is never changed.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

from tearline.errors import (
    StatementConflict,
    StoreBusy,
    StoreDamaged,
    StoreFull,
)
from tearline_client.store.changes import Changes
from tearline_client.store.vault import Column, Vault
from tearline_runtime import sqlite

_BUSY_MS = 10_000  # a command waits for the daemon's commit, never for the network
_PURGE_BUSY_MS = 1000  # other processes of the node read and write for milliseconds
_PAGE_BYTES = 4096  # rows have one to eight kilobytes: larger pages stay half empty
_ANALYZED = 400  # rows of each index, as SQLite's manual advises
_OPTIMIZE = 0x10002  # includes tables that this connection did not read


def _damaged(error: apsw.Error) -> StoreDamaged:
    return StoreDamaged(type(error).__name__)


def _unreadable(error: apsw.Error) -> StoreDamaged:
    return StoreDamaged(f"the file cannot be read or written: {type(error).__name__}")


_ERRORS: sqlite.ErrorTable = {
    apsw.BusyError: lambda _: StoreBusy(),
    # Not a damaged file: the new row has the identifier of an existing one.
    apsw.ConstraintError: lambda _: StatementConflict(
        "another value is stored under this identifier"
    ),
    apsw.CorruptError: _damaged,
    apsw.NotADBError: _damaged,
    apsw.IOError: _unreadable,
    apsw.CantOpenError: _unreadable,
    apsw.ReadOnlyError: _unreadable,
}


def _translated() -> AbstractContextManager[None]:
    return sqlite.translated(_ERRORS)


_SETTING = Column("setting", "value", ("name",))


class Database:
    """The connection, its transactions, and the vault that seals stored values.

    Attributes:
        changes: Tells readers of commits.

    Raises:
        StoreBusy: If another process holds the database for too long.
        StoreFull: If the disk is full; the transaction is rolled back.
        StoreDamaged: If the file is not such a database.
        StoreVersion: If a later version created it.
        StatementConflict: If another value is stored under the identifier of a row.
    """

    def __init__(self, path: Path, vault: Vault) -> None:
        self.vault = vault
        self.changes = Changes(lambda: int(self.value("PRAGMA data_version")))
        self._is_purge_due = True  # purges erased data of an interrupted process
        sqlite.create_private(path)
        with _translated():
            self._connection = sqlite.connect(path, page_bytes=_PAGE_BYTES, busy_ms=_BUSY_MS)
        self._migrate()

    def _migrate(self) -> None:
        scripts = sqlite.migrations(__package__)
        with self.transaction():
            version = self.value("PRAGMA user_version")
            sqlite.verify_version(version, scripts)
            for script in scripts[version:]:
                self.execute(script.read_text("utf-8"))
            self.execute(f"PRAGMA user_version={len(scripts)}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Runs the context as one transaction, durable at the end."""
        with _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:  # a full disk has already ended it
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        self.changes.note()
        if self._is_purge_due:
            self._purge()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Runs the context's reads on one commit: another process may commit between two."""
        with _translated():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def _purge(self) -> None:
        """Removes erased data from the file and its write-ahead log.

        If another process blocks it for too long, or the disk is full, it is retried after each
        later transaction.
        """
        self._is_purge_due = not sqlite.purge(
            self._connection, _ERRORS, wait_ms=_PURGE_BUSY_MS, busy_ms=_BUSY_MS
        )

    @contextmanager
    def part(self) -> Iterator[None]:
        """Runs the context as a savepoint of the caller's transaction."""
        with _translated():
            self._connection.execute("SAVEPOINT part")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:  # a full disk has already ended it
                    self._connection.execute("ROLLBACK TO part")
                    self._connection.execute("RELEASE part")
                raise
            self._connection.execute("RELEASE part")

    def execute(self, sql: str, bindings: tuple[Any, ...] = ()) -> None:
        """Runs a statement without results."""
        with _translated():
            for _ in self._connection.execute(sql, bindings):
                pass

    def erase(self, sql: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Deletes or replaces rows; returns the statement's results.

        After the transaction, no file of the database contains the old values.
        """
        with _translated():
            before = self._connection.total_changes()
        found = self.rows(sql, bindings)
        with _translated():
            if self._connection.total_changes() != before:  # otherwise there are no erased data
                self._is_purge_due = True
        return found

    def insert_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Runs one statement for each row."""
        with _translated():
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Returns all rows of a query."""
        with _translated():
            return list(self._connection.execute(sql, bindings))

    def row(self, sql: str, bindings: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """Returns the first row of a query, or None, without reading others."""
        with _translated():
            cursor = self._connection.execute(sql, bindings)
            found: tuple[Any, ...] | None = cursor.fetchone()
            cursor.close()
        return found

    def value(self, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
        """Returns the first column of the first row, or None."""
        row = self.row(sql, bindings)
        return None if row is None else row[0]

    def next_id(self, table: str) -> int:
        """Returns the next row id of a table, needed to seal the row before its insertion.

        Runs in the caller's transaction: another process would get the same id.
        """
        sql = f"SELECT coalesce(max(id), 0) + 1 FROM {table}"  # noqa: S608 (a table of our own)
        return int(self.value(sql))

    def setting(self, name: str) -> bytes | None:
        """Returns a stored setting, or None."""
        sealed = self.value("SELECT value FROM setting WHERE name = ?", (name,))
        return None if sealed is None else self.vault.open(_SETTING.at(name), sealed)

    def put_setting(self, name: str, value: bytes) -> None:
        """Stores a setting."""
        self.execute(
            "INSERT INTO setting VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, self.vault.seal(_SETTING.at(name), value)),
        )

    def keep_statistics(self) -> None:
        """Lets SQLite analyse tables that changed size tenfold.

        No query plan depends on it. If the database is busy, it is skipped.
        """
        self._connection.set_busy_timeout(_PURGE_BUSY_MS)
        with suppress(StoreBusy, StoreFull), _translated():
            self._connection.execute(f"PRAGMA analysis_limit={_ANALYZED}")
            for _ in self._connection.execute(f"PRAGMA optimize={_OPTIMIZE}"):
                pass
        self._connection.set_busy_timeout(_BUSY_MS)

    def close(self) -> None:
        """Closes the file; a repeated call is no error."""
        with suppress(apsw.ConnectionClosedError):
            self.keep_statistics()
        self._connection.close()


def copy_database(source: Path, target: Path) -> None:
    """Copies the last commit of a database into a new file, even during writes.

    Args:
        source: The database.
        target: A new file, for its owner only.

    Raises:
        RestoreRefused: If the target exists, or cannot be created.
        StoreError: If the source cannot be read, or the target cannot be written.
    """
    sqlite.copy_database(source, target, _ERRORS, page_bytes=_PAGE_BYTES, busy_ms=_BUSY_MS)


def verify_database(path: Path) -> None:
    """Verifies every page, row and index of a database.

    Raises:
        StoreDamaged: If one is damaged.
    """
    sqlite.verify_database(path, _ERRORS)


class Store:
    """Base of the stores of one database.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
