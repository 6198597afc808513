"""The node's database: one SQLite file, owner-only, every acknowledged write on the disk.

Its tables are made by the numbered scripts in ``migrations``; each brings what is there one
version forward, and none is ever changed once released.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import apsw

from tearline.errors import (
    StatementConflict,
    StoreBusy,
    StoreDamaged,
    StoreFull,
    StoreVersion,
)
from tearline_client.store.vault import Column, Vault

_BUSY_MS = 10_000  # a command waits for the daemon's commit, never for the network
_PURGE_BUSY_MS = 1000  # other processes of the node read and write for milliseconds
_PAGE_BYTES = 4096  # rows have one to eight kilobytes: larger pages stay half empty beside them
_ANALYZED = 400  # rows of each index, as SQLite's manual advises
_OPTIMIZE = 0x10002  # tables that this connection did not read, too
_OLDEST = 36  # before it, what was sealed was not bound to its row

_SETTING = Column("setting", "value", ("name",))


class Database:
    """The connection, its transactions, and the vault that seals what is stored.

    Raises:
        StoreBusy: If another process holds the database for too long.
        StoreFull: If the disk is full; nothing of the transaction remains.
        StoreDamaged: If the file is not such a database.
        StoreVersion: If it was made by a later version.
        StatementConflict: If something else is stored under the identifier of a row.
    """

    def __init__(self, path: Path, vault: Vault) -> None:
        self.vault = vault
        self._is_purge_due = True  # what an earlier process erased, and had no time to
        # Created before SQLite does, so that no moment leaves it readable to others.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        with _translated():
            self._connection = apsw.Connection(str(path))
            self._connection.set_busy_timeout(_BUSY_MS)
            self._connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten
        self._migrate()

    def _migrate(self) -> None:
        folder = files(__package__).joinpath("migrations")
        scripts = sorted(
            (file for file in folder.iterdir() if file.name.endswith(".sql")),
            key=lambda file: file.name,
        )
        with self.transaction():
            version = self.value("PRAGMA user_version")
            if 0 < version < _OLDEST:
                raise StoreVersion(
                    f"version {version}; what is older than {_OLDEST} was sealed without its row"
                )
            if version > len(scripts):
                raise StoreVersion(f"version {version}, this program knows {len(scripts)}")
            for script in scripts[version:]:
                self.execute(script.read_text("utf-8"))
            self.execute(f"PRAGMA user_version={len(scripts)}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, or nothing does; durable when it ends."""
        with _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        if self._is_purge_due:
            self._purge()

    def _purge(self) -> None:
        """Leaves nothing of what was erased in the file or its write-ahead log.

        Where another process is in the way for too long, or the disk is full, it is tried again
        after each transaction that follows.
        """
        self._connection.set_busy_timeout(_PURGE_BUSY_MS)
        try:
            with _translated():
                # The file is overwritten where it held what was erased; the log is emptied.
                (row,) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._is_purge_due = bool(row[0])
        except (StoreBusy, StoreFull):
            return  # what was committed is committed
        finally:
            self._connection.set_busy_timeout(_BUSY_MS)

    @contextmanager
    def part(self) -> Iterator[None]:
        """One part of the caller's transaction: all of it happens with the rest, or none of it."""
        with _translated():
            self._connection.execute("SAVEPOINT part")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK TO part")
                    self._connection.execute("RELEASE part")
                raise
            self._connection.execute("RELEASE part")

    def execute(self, sql: str, bindings: tuple[Any, ...] = ()) -> None:
        """Runs a statement for its effect."""
        with _translated():
            for _ in self._connection.execute(sql, bindings):
                pass

    def erase(self, sql: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Deletes or replaces something, and gives what the statement returns.

        When the transaction has ended, no file of the database holds what was there.
        """
        with _translated():
            before = self._connection.total_changes()
        found = self.rows(sql, bindings)
        with _translated():
            if self._connection.total_changes() != before:  # else there is nothing to purge
                self._is_purge_due = True
        return found

    def insert_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Runs one statement for each row."""
        with _translated():
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with _translated():
            return list(self._connection.execute(sql, bindings))

    def row(self, sql: str, bindings: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None; no other is read."""
        with _translated():
            cursor = self._connection.execute(sql, bindings)
            found: tuple[Any, ...] | None = cursor.fetchone()
            cursor.close()
        return found

    def value(self, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.row(sql, bindings)
        return None if row is None else row[0]

    def next_id(self, table: str) -> int:
        """The id of the next row of a table, to be sealed before it is written.

        In the caller's transaction: another process would get the same.
        """
        sql = f"SELECT coalesce(max(id), 0) + 1 FROM {table}"  # noqa: S608 (a table of our own)
        return int(self.value(sql))

    def setting(self, name: str) -> bytes | None:
        """A stored setting, or None."""
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
        """Has SQLite look at the tables that grew tenfold or shrank so since it last did.

        No plan of ours depends on it, and it is left for another time where something is in the
        way.
        """
        self._connection.set_busy_timeout(_PURGE_BUSY_MS)
        with suppress(StoreBusy, StoreFull), _translated():
            self._connection.execute(f"PRAGMA analysis_limit={_ANALYZED}")
            for _ in self._connection.execute(f"PRAGMA optimize={_OPTIMIZE}"):
                pass
        self._connection.set_busy_timeout(_BUSY_MS)

    def close(self) -> None:
        """Closes the file; again is no error."""
        with suppress(apsw.ConnectionClosedError):
            self.keep_statistics()
        self._connection.close()


def ids_from(prefix: str, size: int) -> tuple[bytes, bytes]:
    """Returns the least and the greatest id that begins so; an empty range where none can.

    Args:
        prefix: Of the id in hexadecimal.
        size: Bytes of an id.
    """
    text = prefix.lower()
    if not 0 < len(text) <= 2 * size or not set(text) <= set("0123456789abcdef"):
        return b"\xff", b""
    return bytes.fromhex(text.ljust(2 * size, "0")), bytes.fromhex(text.ljust(2 * size, "f"))


def copy_database(source: Path, target: Path) -> None:
    """Writes the last commit of a database into a new file, whoever is writing meanwhile.

    Args:
        source: The database.
        target: A file that is not there yet; for its owner only.

    Raises:
        StoreError: If the one cannot be read, or the other cannot be written.
    """
    # SQLite takes an empty file for none, and leaves its mode alone.
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    with _translated():
        connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(_BUSY_MS)
            connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")  # an earlier version's were 16384
            connection.execute("VACUUM INTO ?", (str(target),))
        finally:
            connection.close()


def verify_database(path: Path) -> None:
    """Checks that every page, row and index of a database is where it should be.

    Raises:
        StoreDamaged: If one is not.
    """
    with _translated():
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            if connection.pragma("integrity_check") != "ok":
                raise StoreDamaged("SQLite's integrity check found faults")
        finally:
            connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except apsw.BusyError:
        raise StoreBusy() from None
    except apsw.FullError:
        raise StoreFull() from None
    except apsw.ConstraintError:
        # Not a fault of the file: what came has an identifier of something that is here.
        raise StatementConflict("something else is stored under it") from None
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreDamaged(type(error).__name__) from None
    except (apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError) as error:
        if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:
            # No room for the index of the write-ahead log, which it makes when it opens.
            raise StoreFull() from None
        raise StoreDamaged(f"the file cannot be read or written: {type(error).__name__}") from None
