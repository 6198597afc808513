"""The keystore: private keys and other secrets, encrypted on disk under one passphrase.

An owner-only folder holds one file for the passphrase and one per secret:

    keystore      magic ‖ salt (16) ‖ nonce (12) ‖ master key under the passphrase (48)
    <name>.key    magic ‖ nonce (12) ‖ secret under the key of its name

A slow derivation turns the passphrase into the key of a random master key; see
``tearline.crypto.passphrase``. Each name has its own key, derived from the master key. Therefore
a file under another name does not open.

The keystore cannot erase copies of a deleted file in the disk's spare blocks.
"""

import contextlib
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tearline.crypto.passphrase import (
    KEY_SIZE,
    OVERHEAD,
    SALT_SIZE,
    seal,
    stretch,
    unseal,
    verify_length,
)
from tearline.encoding import label, prefixed
from tearline.errors import (
    FileExposed,
    KeystoreDamaged,
    KeystoreEntryMissing,
    KeystoreLocked,
    KeystoreUnusable,
    MalformedInput,
)
from tearline_runtime.files import fsync_path, read_owner_only, replace, verify_owner_only

MAX_SECRET_BYTES = 64 << 10  # a signing key has 64 bytes, a list of persons a few thousand

_HEADER = "keystore"
_SUFFIX = ".key"
_MAGIC = b"tearline keys 1\n"
_HEADER_SIZE = len(_MAGIC) + SALT_SIZE + KEY_SIZE + OVERHEAD
_MAX_FILE_BYTES = len(_MAGIC) + MAX_SECRET_BYTES + OVERHEAD
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class Keystore:
    """Open keystore: secrets by name."""

    def __init__(self, path: Path, master_key: bytes) -> None:
        self._path = path
        self._master_key = master_key

    @classmethod
    def create(cls, path: Path, passphrase: bytes) -> "Keystore":
        """Creates an empty keystore in its own folder, and returns it.

        Args:
            path: The folder; created if missing. It may not contain a keystore.
            passphrase: The keystore's passphrase.

        Raises:
            PassphraseShort: If the passphrase has too few bytes.
            KeystoreUnusable: If a keystore exists already, or the folder is not writable.
            FileExposed: If others have access to the folder, or it is a symbolic link.
        """
        with _reported(path):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_private_folder(path)
        if os.path.lexists(path / _HEADER):
            raise KeystoreUnusable(f"{path}: there is one already")
        keystore = cls(path, secrets.token_bytes(KEY_SIZE))
        keystore.change_passphrase(passphrase)
        return keystore

    @classmethod
    def open(cls, path: Path, passphrase: bytes) -> "Keystore":
        """Returns the keystore at ``path``.

        Raises:
            KeystoreLocked: If the passphrase is wrong.
            KeystoreDamaged: If its file is malformed.
            KeystoreUnusable: If it is missing or unreadable.
            FileExposed: If others have access to it, or it is a symbolic link.
        """
        _require_private_folder(path)
        header = _read(path / _HEADER, KeystoreUnusable(f"{path}: there is none"))
        if len(header) != _HEADER_SIZE or not header.startswith(_MAGIC):
            raise KeystoreDamaged(str(path / _HEADER))
        body = header[len(_MAGIC) :]
        salt, wrapped = body[:SALT_SIZE], body[SALT_SIZE:]
        return cls(path, unseal(stretch(passphrase, salt), wrapped, _context(_HEADER)))

    def change_passphrase(self, passphrase: bytes) -> None:
        """Replaces the passphrase of the keystore, atomically.

        The master key stays the same (decision 25). An earlier copy of the file still opens with
        its earlier passphrase.

        Raises:
            PassphraseShort: If the passphrase has too few bytes.
            KeystoreUnusable: If it cannot be written; the old passphrase then stays valid.
        """
        verify_length(passphrase)
        salt = secrets.token_bytes(SALT_SIZE)
        wrapped = seal(stretch(passphrase, salt), self._master_key, _context(_HEADER))
        _write(self._path / _HEADER, _MAGIC + salt + wrapped)

    def put(self, name: str, secret: bytes) -> None:
        """Stores ``secret`` under ``name`` durably, and replaces an earlier secret.

        Raises:
            MalformedInput: If the name is not lower-case letters, digits and hyphens, at most
                64, or the secret is above 64 KiB.
            KeystoreUnusable: If it cannot be written; an earlier secret then stays.
        """
        path = self._entry(name)
        if len(secret) > MAX_SECRET_BYTES:
            raise MalformedInput(f"a secret has at most {MAX_SECRET_BYTES} bytes")
        _write(path, _MAGIC + seal(self._entry_key(name), secret, _context(name)))

    def get(self, name: str) -> bytes:
        """Returns the secret under ``name``.

        Raises:
            KeystoreEntryMissing: If there is none.
            KeystoreDamaged: If its file was changed, moved or made by another keystore.
            FileExposed: If others have access to its file, or it is a symbolic link.
        """
        data = _read(self._entry(name), KeystoreEntryMissing(name))
        if not data.startswith(_MAGIC) or len(data) > _MAX_FILE_BYTES:
            raise KeystoreDamaged(name)
        try:
            return unseal(self._entry_key(name), data[len(_MAGIC) :], _context(name))
        except KeystoreLocked:
            raise KeystoreDamaged(name) from None

    def delete(self, name: str) -> None:
        """Destroys the secret under ``name``.

        Raises:
            KeystoreEntryMissing: If there is none.
            KeystoreUnusable: If its file cannot be removed.
        """
        path = self._entry(name)
        with _reported(path, KeystoreEntryMissing(name)):
            path.unlink()
        with _reported(self._path):
            fsync_path(self._path)

    def names(self) -> tuple[str, ...]:
        """Returns the names of all secrets, ascending."""
        with _reported(self._path):
            files = os.listdir(self._path)
        found = (name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX))
        return tuple(sorted(name for name in found if _NAME.fullmatch(name)))

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Holds the keystore's lock for an operation of several steps; other processes wait.

        Raises:
            KeystoreUnusable: If its folder cannot be opened.
        """
        with _reported(self._path):
            descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def storage_key(self, purpose: str) -> bytes:
        """Returns the 32-byte key of a store outside the keystore, such as one of contents.

        Args:
            purpose: Purpose of the key; each purpose has its own key.
        """
        return self._derive("keystore/storage", purpose)

    def _entry(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise MalformedInput("a key's name is lower-case letters, digits and hyphens")
        return self._path / (name + _SUFFIX)

    def _entry_key(self, name: str) -> bytes:
        return self._derive("keystore/entry", name)

    def _derive(self, use: str, what: str) -> bytes:
        info = label(use) + prefixed(what.encode())
        return HKDFExpand(hashes.SHA256(), KEY_SIZE, info).derive(self._master_key)

    def __repr__(self) -> str:
        return f"Keystore({str(self._path)!r})"


def _context(name: str) -> bytes:
    return label("keystore") + _MAGIC + name.encode()


def _require_private_folder(path: Path) -> None:
    with _reported(path, KeystoreUnusable(f"{path}: there is none")):
        found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise FileExposed(f"{path} is not a folder of its own")
    verify_owner_only(found, path)


def _read(path: Path, missing: Exception) -> bytes:
    with _reported(path, missing):
        return read_owner_only(path, _MAX_FILE_BYTES)


def _write(path: Path, data: bytes) -> None:
    """Writes a file atomically: readers see the old bytes or the new ones."""
    with _reported(path):
        replace(path, data)
        fsync_path(path.parent)


@contextlib.contextmanager
def _reported(path: Path, missing: Exception | None = None) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise missing or KeystoreUnusable(f"{path}: {error.strerror}") from None
    except OSError as error:
        raise KeystoreUnusable(f"{path}: {error.strerror}") from None
