"""Temporary database of sealed rows, for work that exceeds memory.

The database of SQLite is in memory while it is small, and else in a file without a name, which ends
with the process. The file holds no legible value: contents are sealed by a random key, and names
are keyed hashes. Both keys are in memory alone.
"""

import hashlib
import secrets
from threading import Lock
from typing import Any

import apsw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tearline.encoding import prefixed
from tearline.errors import TearlineError
from tearline_runtime.sqlite import ErrorTable, translated

_PRAGMAS = """
PRAGMA temp_store = FILE;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -8192; -- KiB; the rest is in the file
BEGIN;
"""
_HASH_SIZE = 16  # bytes; without the key, nobody can make two equal ones
_NONCE_SIZE = 12


class SealedRows:
    """Rows of one temporary database; several threads may use it.

    Args:
        schema: SQL of its tables.
        refused: The error to raise if its file cannot be used; it takes the reason.

    Raises:
        StoreFull: From ``execute``, if the disk of temporary files is full.
    """

    def __init__(self, schema: str, refused: type[TearlineError]) -> None:
        def unusable(error: apsw.Error) -> TearlineError:
            return refused(f"its temporary file cannot be used ({error}); TMPDIR names its folder")

        self._errors: ErrorTable = {apsw.CantOpenError: unusable, apsw.IOError: unusable}
        self._key = secrets.token_bytes(32)
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._sealed = 0
        self._lock = Lock()
        self._database = apsw.Connection("")
        self.execute(_PRAGMAS + schema)

    def execute(self, statement: str, *values: object) -> list[Any]:
        """Runs a statement, and returns its rows."""
        with self._lock, translated(self._errors):
            return list(self._database.execute(statement, values))

    def hash(self, *texts: str) -> bytes:
        """Returns the keyed hash of some texts."""
        text = b"".join(prefixed(each.encode()) for each in texts)
        return hashlib.blake2b(text, key=self._key, digest_size=_HASH_SIZE).digest()

    def seal(self, content: bytes) -> bytes:
        """Returns content sealed for this database."""
        with self._lock:
            self._sealed += 1
            nonce = self._sealed.to_bytes(_NONCE_SIZE, "big")
        return nonce + self._cipher.encrypt(nonce, content, None)

    def open(self, sealed: bytes) -> bytes:
        """Returns the content that ``seal`` sealed."""
        return self._cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], None)
