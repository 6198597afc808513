"""The SQLite file: its lock, its connections and their threads, its migrations.

One thread writes. A few others read, each on a connection of its own, and see the last
commit. Exactly one process serves a file: it holds a lock beside it for as long as it lives.
"""

import errno
import fcntl
import os
import threading
import time
from asyncio import get_running_loop
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import apsw

from tearline.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreForbidden,
    StoreFull,
    StoreVersion,
)

A = TypeVar("A")
T = TypeVar("T")

_READERS = 2  # reading a page of mail takes tens of microseconds; more would fight for one core
_PAGE_BYTES = 16384  # inserts at twice the rate of SQLite's 4 KiB
_CACHE_KIB = 64 << 10
_STATEMENTS_KEPT = 256  # prepared statements of a connection
_PURGE_BUSY_MS = 1000  # readers take a page at a time, in milliseconds
_COPY_BUSY_MS = 10_000  # a copy waits for the recovery of a file that was not closed


class Database:
    """A SQLite file in WAL mode; every commit is on the disk when it returns.

    Args:
        path: The file; created where it is missing, for its owner only.

    Raises:
        StoreBusy: If another process serves it.
        StoreFull: If the disk is full.
        StoreForbidden: If this user may not read and write it.
        StoreDamaged: If it is not such a database, or cannot be read or written.
        StoreVersion: If a later version made it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _locked(path.with_name(path.name + ".lock"))
        self._local = threading.local()
        self._opened: list[apsw.Connection] = []
        self._is_purge_due = False
        self.questions = 0  # that wait for a thread, or are being answered
        try:
            # Created before SQLite does, so that no moment leaves it readable to others.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
            self._writer_connection = self._connect()
            _migrate(self._writer_connection)
            self._purge()  # what an earlier process deleted, and had no time to
        except OSError as error:
            os.close(self._lock)
            raise _refused(path, error) from None
        except BaseException:
            os.close(self._lock)
            raise
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")

    async def read(self, question: Callable[[apsw.Connection], T]) -> T:
        """Asks ``question`` on a reader's connection."""
        return await self._run(self._readers, self._ask, question)

    async def write(self, change: Callable[[apsw.Connection], T]) -> T:
        """Runs ``change`` in a transaction; durable when this returns."""
        changed, _ = await self.timed_write(change)
        return changed

    async def timed_write(self, change: Callable[[apsw.Connection], T]) -> tuple[T, float]:
        """The same; and how many seconds the COMMIT took."""
        return await self._run(self._writer, self._change, change)

    async def _run(self, threads: ThreadPoolExecutor, act: Callable[[A], T], argument: A) -> T:
        self.questions += 1
        try:
            return await get_running_loop().run_in_executor(threads, act, argument)
        finally:
            self.questions -= 1

    async def purge(self) -> None:
        """Leaves nothing of what was deleted in the file or its write-ahead log.

        Where readers are in the way for too long, or the disk is full, it is tried again before
        each change that follows.
        """
        await get_running_loop().run_in_executor(self._writer, self._purge, _PURGE_BUSY_MS)

    def _purge(self, busy_ms: int = 0) -> None:
        connection = self._writer_connection
        self._is_purge_due = True
        connection.set_busy_timeout(busy_ms)
        try:
            with translated():
                # The file is overwritten where it held what was deleted; the log is emptied.
                (row,) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._is_purge_due = bool(row[0])
        except (StoreBusy, StoreFull):
            return  # what was committed is committed
        finally:
            connection.set_busy_timeout(0)

    async def close(self) -> None:
        """Waits for what is under way, then closes every connection and lets go of the lock."""
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
            self._purge()  # without waiting: readers may follow each other for long
        with translated():
            connection.execute("BEGIN IMMEDIATE")
            try:
                done = change(connection)
                began = time.perf_counter()
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return done, time.perf_counter() - began

    def _connect(self) -> apsw.Connection:
        with translated():
            connection = apsw.Connection(str(self._path), statementcachesize=_STATEMENTS_KEPT)
            connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA cell_size_check=ON")
            connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten
        self._opened.append(connection)
        return connection


def copy_database(source: Path, target: Path) -> None:
    """Writes the last commit of a database into a new file, whoever is writing meanwhile.

    Args:
        source: The database; it need not be served, and is not locked.
        target: A file that is not there yet; for its owner only.

    Raises:
        StoreError: If the one cannot be read, or the other cannot be written.
    """
    try:
        # SQLite takes an empty file for none, and leaves its mode alone.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        with translated():
            connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                connection.set_busy_timeout(_COPY_BUSY_MS)
                connection.execute("VACUUM INTO ?", (str(target),))
            finally:
                connection.close()
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreDamaged(f"{target}: {error.strerror}") from None


def verify_database(path: Path) -> None:
    """Checks that every page, row and index of a database is where it should be.

    Raises:
        StoreDamaged: If one is not.
    """
    with translated():
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            if connection.pragma("integrity_check") != "ok":
                raise StoreDamaged("SQLite's integrity check found faults")
        finally:
            connection.close()


def _migrate(connection: apsw.Connection) -> None:
    folder = files(__package__).joinpath("migrations")
    scripts = sorted(folder.iterdir(), key=lambda file: file.name)
    scripts = [file for file in scripts if file.name.endswith(".sql")]
    with translated():
        version = connection.pragma("user_version")
        if version > len(scripts):
            raise StoreVersion(f"version {version}, this program knows {len(scripts)}")
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
    """Takes the lock beside the database; the kernel lets go of it when the process ends."""
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
    """Why a file cannot be opened."""
    is_forbidden = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    return (StoreForbidden if is_forbidden else StoreDamaged)(f"{path}: {error.strerror}")


@contextmanager
def translated() -> Iterator[None]:
    """Turns SQLite's errors into ours.

    Raises:
        StoreBusy: Where another process is in the way.
        StoreFull: Where the disk is full.
        StoreForbidden: Where the file, or one beside it, may not be opened or written.
        StoreDamaged: Where it cannot be read, written or believed.
    """
    try:
        yield
    except apsw.BusyError:
        raise StoreBusy("SQLite is locked") from None
    except apsw.FullError:
        raise StoreFull() from None
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreDamaged(_told(error)) from None
    except (apsw.CantOpenError, apsw.ReadOnlyError) as error:
        raise StoreForbidden(_told(error)) from None
    except (apsw.IOError, apsw.ConstraintError) as error:
        if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:
            # No room for the index of the write-ahead log, which it makes when it opens.
            raise StoreFull() from None
        raise StoreDamaged(_told(error)) from None


def _told(error: apsw.Error) -> str:
    """Its result code, which SQLite documents (sqlite.org/rescode.html)."""
    return f"SQLite's result code is {getattr(error, 'extendedresult', 0)}"
