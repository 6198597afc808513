"""SQLite file: its lock, its connections and their threads, its migrations.

One thread writes. A few others read, each with its own connection, and see the last commit. Exactly
one process serves a file, and holds a lock file beside it while it lives.
"""

import errno
import fcntl
import os
import threading
import time
from asyncio import get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import apsw

from tearline.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreForbidden,
)
from tearline_runtime import sqlite

A = TypeVar("A")
T = TypeVar("T")

_READERS = 2  # a page of mail takes tens of microseconds; more would compete for one core
_PAGE_BYTES = 16384  # doubles the insert rate of SQLite's default, 4 KiB
_CACHE_KIB = 64 << 10
_STATEMENTS_KEPT = 256  # cached prepared statements per connection
_PURGE_BUSY_MS = 1000  # readers hold the file only for milliseconds, one page at a time
_COPY_BUSY_MS = 10_000  # a copy waits for the recovery of an unclosed file


class Database:
    """SQLite file in WAL mode; every commit is durable when it returns.

    Args:
        path: The file; created if missing, readable by its owner only.

    Raises:
        StoreBusy: If another process serves it.
        StoreFull: If the disk is full.
        StoreForbidden: If this user may not read and write it.
        StoreDamaged: If it is not such a database, or cannot be read or written.
        StoreVersion: If a later version created it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _locked(path.with_name(path.name + ".lock"))
        self._local = threading.local()
        self._opened: list[apsw.Connection] = []
        self._is_purge_due = False
        self.questions = 0  # queued or running
        try:
            sqlite.create_private(path)
            self._writer_connection = self._connect()
            _migrate(self._writer_connection)
            self._purge()  # completes deletions of an earlier process
        except OSError as error:
            os.close(self._lock)
            raise _refused(path, error) from None
        except BaseException:
            os.close(self._lock)
            raise
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")

    async def read(self, question: Callable[[apsw.Connection], T]) -> T:
        """Runs ``question`` on a reader's connection, and returns its result."""
        return await self._run(self._readers, self._ask, question)

    async def write(self, change: Callable[[apsw.Connection], T]) -> T:
        """Runs ``change`` in a transaction, durable on return, and returns its result."""
        changed, _ = await self.timed_write(change)
        return changed

    async def timed_write(self, change: Callable[[apsw.Connection], T]) -> tuple[T, float]:
        """Runs ``change`` like ``write``; returns its result and the seconds of the COMMIT."""
        return await self._run(self._writer, self._change, change)

    async def _run(self, threads: ThreadPoolExecutor, act: Callable[[A], T], argument: A) -> T:
        self.questions += 1
        try:
            return await get_running_loop().run_in_executor(threads, act, argument)
        finally:
            self.questions -= 1

    async def purge(self) -> None:
        """Removes all traces of deleted data from the file and its write-ahead log.

        If readers block it for too long, or the disk is full, each following change retries it.
        """
        await get_running_loop().run_in_executor(self._writer, self._purge, _PURGE_BUSY_MS)

    def _purge(self, busy_ms: int = 0) -> None:
        self._is_purge_due = True
        self._is_purge_due = not sqlite.purge(self._writer_connection, _ERRORS, wait_ms=busy_ms)

    async def close(self) -> None:
        """Finishes running work, closes every connection and releases the lock."""
        await get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._readers.shutdown()
        self._writer.shutdown()
        for connection in self._opened:
            connection.close()
        os.close(self._lock)

    def _ask(self, question: Callable[[apsw.Connection], T]) -> T:
        with translated():
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect()
            return question(connection)

    def _change(self, change: Callable[[apsw.Connection], T]) -> tuple[T, float]:
        connection = self._writer_connection
        if self._is_purge_due:
            self._purge()  # without waiting: readers may overlap for long
        with translated():
            connection.execute("BEGIN IMMEDIATE")
            try:
                done = change(connection)
                began = time.perf_counter()
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may already have ended the transaction.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return done, time.perf_counter() - began

    def _connect(self) -> apsw.Connection:
        with translated():
            connection = sqlite.connect(
                self._path, page_bytes=_PAGE_BYTES, statements=_STATEMENTS_KEPT
            )
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA cell_size_check=ON")
        self._opened.append(connection)
        return connection


def copy_database(source: Path, target: Path) -> None:
    """Copies the last commit of a database to a new file, even during writes.

    Args:
        source: The database; it is not locked, and may be served or not.
        target: The new file, readable by its owner only.

    Raises:
        RestoreRefused: If the target exists, or cannot be created.
        StoreError: If the source cannot be read, or the target cannot be written.
    """
    sqlite.copy_database(source, target, _ERRORS, page_bytes=_PAGE_BYTES, busy_ms=_COPY_BUSY_MS)


def verify_database(path: Path) -> None:
    """Checks the integrity of every page, row and index of a database.

    Raises:
        StoreDamaged: If a check fails.
    """
    sqlite.verify_database(path, _ERRORS)


def _migrate(connection: apsw.Connection) -> None:
    scripts = sqlite.migrations(__package__)
    with translated():
        version = connection.pragma("user_version")
        sqlite.verify_version(version, scripts)
        for number, script in enumerate(scripts[version:], start=version + 1):
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(script.read_text("utf-8"))
                connection.execute(f"PRAGMA user_version={number}")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def _locked(path: Path) -> int:
    """Acquires the lock file of the database; the kernel releases it when the process ends."""
    flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise _refused(path, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreBusy(f"{path} is locked") from None
    return descriptor


def _refused(path: Path, error: OSError) -> StoreError:
    """Returns the error for a file that cannot be opened."""
    is_forbidden = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    return (StoreForbidden if is_forbidden else StoreDamaged)(f"{path}: {error.strerror}")


def _told(error: apsw.Error) -> str:
    """Returns the result code as documented at sqlite.org/rescode.html."""
    return f"SQLite's result code is {getattr(error, 'extendedresult', 0)}"


def _damaged(error: apsw.Error) -> StoreDamaged:
    return StoreDamaged(_told(error))


def _forbidden(error: apsw.Error) -> StoreForbidden:
    return StoreForbidden(_told(error))


_ERRORS: sqlite.ErrorTable = {
    apsw.BusyError: lambda _: StoreBusy("SQLite is locked"),
    apsw.CorruptError: _damaged,
    apsw.NotADBError: _damaged,
    apsw.CantOpenError: _forbidden,
    apsw.ReadOnlyError: _forbidden,
    apsw.IOError: _damaged,
    apsw.ConstraintError: _damaged,
}


def translated() -> AbstractContextManager[None]:
    """Returns a context that translates SQLite's errors into ours.

    In it are raised:
        StoreBusy: If another process holds a lock.
        StoreFull: If the disk is full.
        StoreForbidden: If the file, or one beside it, may not be opened or written.
        StoreDamaged: If it cannot be read or written, or is inconsistent.
    """
    return sqlite.translated(_ERRORS)
