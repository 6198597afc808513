"""Encryption at rest: a partner's data are sealed before they reach the disk.

One key, derived from the keystore, seals every value under a random nonce. A value is bound to its
table, column and row, so that a value moved to another row cannot be opened.
"""

import secrets
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from tearline.encoding import label, prefixed
from tearline.errors import StoreDamaged

_NONCE_SIZE = 12
_KEY_SIZE = 32

Part = str | bytes | int
"""One column of a row's key."""


@dataclass(frozen=True, slots=True)
class Place:
    """A column of one row; made only by ``Column.at``, so that the row is never omitted.

    Attributes:
        column: The column.
        key: The row's key values, in the order of the column's key.
    """

    column: "Column"
    key: tuple[Part, ...]

    def encode(self) -> bytes:
        """Returns the place as bytes, unique for each place."""
        return _names(self.column.table, self.column.name) + b"".join(map(_encoded, self.key))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the database with sealed values.

    Attributes:
        table: The table.
        name: The column.
        key: The columns that identify a row: the primary key, or a unique one.
    """

    table: str
    name: str
    key: tuple[str, ...]

    def at(self, *key: Part) -> Place:
        """Returns the place of one row's value.

        Args:
            key: The row's key values, in the order of ``Column.key``.
        """
        if len(key) != len(self.key):
            raise ValueError(f"a row of {self.table} is named by {', '.join(self.key)}")
        return Place(self, key)


class Vault:
    """Seals and opens values under the node's storage key.

    AES-256-GCM-SIV (RFC 8452): a repeated nonce, in a store that lasts for years, reveals only
    whether two values are equal.
    """

    def __init__(self, storage_key: bytes) -> None:
        if len(storage_key) != _KEY_SIZE:
            raise StoreDamaged("the storage key has the wrong size")
        self._cipher = AESGCMSIV(storage_key)

    def seal(self, place: Place, value: bytes) -> bytes:
        """Returns ``value`` sealed for ``place``."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, value, place.encode())

    def open(self, place: Place, sealed: bytes) -> bytes:
        """Returns the value sealed for ``place``.

        Raises:
            StoreDamaged: If it was changed, moved, or sealed under another key.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], place.encode())
        except (InvalidTag, ValueError):
            column = f"{place.column.table}.{place.column.name}"
            raise StoreDamaged(f"a value of {column} cannot be opened") from None


@cache
def _names(table: str, column: str) -> bytes:
    return label("vault") + prefixed(table.encode()) + prefixed(column.encode())


def _encoded(part: Part) -> bytes:
    match part:
        case str():
            return b"s" + prefixed(part.encode())
        case bytes():
            return b"b" + prefixed(part)
        case int():
            return b"i" + part.to_bytes(8, "big", signed=True)
