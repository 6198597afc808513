"""SQLite files of either side: opened, migrated, purged, copied and verified.

A side passes its table of errors, since one result code means different things: to a node, a broken
constraint is a conflict of two values; to an exchange, it is damage.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import apsw

from tearline.errors import (
    RestoreRefused,
    StoreBusy,
    StoreDamaged,
    StoreFull,
    StoreVersion,
    TearlineError,
)
from tearline_runtime.files import fsync_path

ErrorTable = Mapping[type[apsw.Error], Callable[[apsw.Error], TearlineError]]
"""Our error for each of SQLite's; an error without a row is a defect, and is raised as it is."""


@contextmanager
def translated(table: ErrorTable) -> Iterator[None]:
    """Translates SQLite's errors.

    Raises:
        StoreFull: If the disk is full.
        TearlineError: As the table says.
    """
    try:
        yield
    except apsw.Error as error:
        # SHMSIZE: no space for the index of the write-ahead log, created on opening.
        is_full = getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE
        if is_full or isinstance(error, apsw.FullError):
            raise StoreFull() from None
        for kind, translate in table.items():
            if isinstance(error, kind):
                raise translate(error) from None
        raise


def create_private(path: Path) -> None:
    """Creates a file for its owner only, unless it exists.

    SQLite keeps the mode of an empty file: its database is never readable by others.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))


def connect(
    path: Path, *, page_bytes: int, busy_ms: int = 0, statements: int = 100
) -> apsw.Connection:
    """Opens a database whose commits are durable, and whose erased data are overwritten.

    Args:
        path: The file.
        page_bytes: Size of a page, if the file is new.
        busy_ms: Maximum wait for another process.
        statements: Maximum number of prepared statements to keep.
    """
    connection = apsw.Connection(str(path), statementcachesize=statements)
    connection.set_busy_timeout(busy_ms)
    connection.execute(f"PRAGMA page_size={page_bytes}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    return connection


def migrations(package: str) -> tuple[Traversable, ...]:
    """Returns the numbered scripts in the folder ``migrations`` of a package, in order."""
    scripts = files(package).joinpath("migrations").iterdir()
    found = (script for script in scripts if script.name.endswith(".sql"))
    return tuple(sorted(found, key=lambda script: script.name))


def verify_version(version: int, scripts: tuple[Traversable, ...]) -> None:
    """Checks that a database is of no later version than these scripts make.

    Raises:
        StoreVersion: If it is.
    """
    if version > len(scripts):
        raise StoreVersion(f"version {version}, this program knows {len(scripts)}")


def purge(
    connection: apsw.Connection, table: ErrorTable, *, wait_ms: int, busy_ms: int = 0
) -> bool:
    """Removes erased data from the file and its write-ahead log; committed data stay.

    Args:
        connection: A connection without a transaction.
        table: Our errors.
        wait_ms: Maximum wait for readers.
        busy_ms: The connection's usual wait, restored at the end.

    Returns:
        Whether all were removed. Others block it, or the disk is full, if not.
    """
    connection.set_busy_timeout(wait_ms)
    try:
        with translated(table):
            # The file is overwritten where it held erased data; the log is emptied.
            (row,) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return not row[0]
    except (StoreBusy, StoreFull):
        return False
    finally:
        connection.set_busy_timeout(busy_ms)


def copy_database(
    source: Path, target: Path, table: ErrorTable, *, page_bytes: int, busy_ms: int
) -> None:
    """Copies the last commit of a database into a new file, even during writes.

    Args:
        source: The database; it is not locked, and may be served or not.
        target: A new file, for its owner only.
        table: Our errors.
        page_bytes: Size of a page of the copy.
        busy_ms: Maximum wait for another process.

    Raises:
        RestoreRefused: If the target exists, or cannot be created.
        StoreError: If the source cannot be read, or the target cannot be written.
    """
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        with translated(table):
            connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                connection.set_busy_timeout(busy_ms)
                connection.execute(f"PRAGMA page_size={page_bytes}")
                connection.execute("VACUUM INTO ?", (str(target),))
            finally:
                connection.close()
        fsync_path(target)
    except OSError as error:
        raise RestoreRefused(f"{target}: {error.strerror}") from None


def verify_database(path: Path, table: ErrorTable) -> None:
    """Verifies every page, row and index of a database.

    Raises:
        StoreDamaged: If one is damaged.
    """
    with translated(table):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            if connection.pragma("integrity_check") != "ok":
                raise StoreDamaged("SQLite's integrity check found faults")
        finally:
            connection.close()
