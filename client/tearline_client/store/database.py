"""The node's database: one SQLite file, owner-only, every acknowledged write on the disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from tearline.errors import StoreBusy, StoreDamaged, StoreFull, StoreVersion
from tearline_client.store.vault import Vault

SCHEMA_VERSION = 1
_BUSY_MS = 10_000  # a command waits for the daemon's commit, never for the network
_PAGE_BYTES = 16384

_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- The log as this node follows it: every entry, and the nodes that prove it.
CREATE TABLE log_entry (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE TABLE log_node (
  level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;
-- What this node was told of the blind entries that concern it.
CREATE TABLE log_opening (
  event_id BLOB PRIMARY KEY, idx INTEGER NOT NULL, statement_id BLOB NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX log_opening_statement ON log_opening (statement_id);

CREATE TABLE agreement (
  id BLOB NOT NULL, version INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

-- A packet once, whether it is ours or a partner's.
CREATE TABLE packet (
  id BLOB PRIMARY KEY, origin TEXT NOT NULL, received_ms INTEGER NOT NULL,
  manifest BLOB NOT NULL, parts BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX packet_received ON packet (received_ms, id);
-- The keys to it, apart: deleting the row erases the contents.
CREATE TABLE packet_key (
  packet BLOB NOT NULL, grant_id BLOB NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (packet, grant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE packet_grant (
  statement_id BLOB PRIMARY KEY, packet BLOB NOT NULL, peer TEXT NOT NULL,
  incoming INTEGER NOT NULL, status INTEGER NOT NULL, sealed BLOB NOT NULL,
  told INTEGER NOT NULL DEFAULT 0 -- of an incoming grant: the status its grantor was told
) STRICT, WITHOUT ROWID;
CREATE INDEX packet_grant_packet ON packet_grant (packet);
CREATE TABLE receipt (
  statement_id BLOB PRIMARY KEY, about BLOB NOT NULL, status INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_about ON receipt (about);

-- What is on its way: sealed once, sent as often as needed, in order.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY, urgent INTEGER NOT NULL, state TEXT NOT NULL, sealed BLOB NOT NULL,
  code TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_waiting ON outbox (urgent DESC, id) WHERE state IN ('sealed', 'unknown');

CREATE TABLE channel_out (
  recipient TEXT NOT NULL, agreement BLOB NOT NULL, seq INTEGER NOT NULL,
  mark INTEGER NOT NULL DEFAULT 0, marked_sent INTEGER NOT NULL DEFAULT -1,
  marked_received INTEGER NOT NULL DEFAULT -1,
  PRIMARY KEY (recipient, agreement)
) STRICT, WITHOUT ROWID;
CREATE TABLE channel_in (
  sender TEXT NOT NULL, agreement BLOB NOT NULL, contiguous INTEGER NOT NULL,
  PRIMARY KEY (sender, agreement)
) STRICT, WITHOUT ROWID;
CREATE TABLE channel_ahead (
  sender TEXT NOT NULL, agreement BLOB NOT NULL, seq INTEGER NOT NULL, statement_id BLOB NOT NULL,
  PRIMARY KEY (sender, agreement, seq)
) STRICT, WITHOUT ROWID;

-- Statement ids that were taken in, so that a reread mailbox does nothing twice.
CREATE TABLE taken (statement_id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
-- What could not be taken in, with its code, and what must be kept as evidence.
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, code TEXT NOT NULL, why TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
"""


class Database:
    """The connection, its transactions, and the vault that seals what is stored.

    Raises:
        StoreBusy: If another process holds the database for too long.
        StoreFull: If the disk is full; nothing of the transaction remains.
        StoreDamaged: If the file is not such a database.
        StoreVersion: If it was made by a later version.
    """

    def __init__(self, path: Path, vault: Vault) -> None:
        self.vault = vault
        # Created before SQLite does, so that no moment leaves it readable to others.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        with _translated():
            self._connection = apsw.Connection(str(path))
            self._connection.set_busy_timeout(_BUSY_MS)
            self._connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA secure_delete=ON")
        self._migrate()

    def _migrate(self) -> None:
        with self.transaction():
            version = self.value("PRAGMA user_version")
            if version == 0:
                self.execute(_SCHEMA)
                self.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise StoreVersion(f"version {version}, this program knows {SCHEMA_VERSION}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, or nothing does; durable when it ends."""
        with _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def execute(self, sql: str, bindings: tuple[Any, ...] = ()) -> None:
        """Runs a statement for its effect."""
        with _translated():
            for _ in self._connection.execute(sql, bindings):
                pass

    def insert_many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        """Runs one statement for each row."""
        with _translated():
            self._connection.executemany(sql, rows)

    def rows(self, sql: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with _translated():
            return list(self._connection.execute(sql, bindings))

    def row(self, sql: str, bindings: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        return next(iter(self.rows(sql, bindings)), None)

    def value(self, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.row(sql, bindings)
        return None if row is None else row[0]

    def last_id(self) -> int:
        """The row id of the last insert."""
        return self._connection.last_insert_rowid()

    def setting(self, name: str) -> bytes | None:
        """A stored setting, or None."""
        sealed = self.value("SELECT value FROM setting WHERE name = ?", (name,))
        return None if sealed is None else self.vault.open(f"setting.{name}", sealed)

    def put_setting(self, name: str, value: bytes) -> None:
        """Stores a setting."""
        self.execute(
            "INSERT INTO setting VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, self.vault.seal(f"setting.{name}", value)),
        )

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except apsw.BusyError:
        raise StoreBusy() from None
    except apsw.FullError:
        raise StoreFull() from None
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreDamaged(type(error).__name__) from None
    except (apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError) as error:
        if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:
            # No room for the index of the write-ahead log, which it makes when it opens.
            raise StoreFull() from None
        raise StoreDamaged(f"the file cannot be read or written: {type(error).__name__}") from None
