"""Backup and restore of a node, and the log copy that restores an exchange.

A backup excludes the log cosigning keys: after the loss of a machine, its cosignatures are unknown,
and new keys are made (see ``key_management.records``). It also excludes the agency's root,
which must not be on this machine.
"""

import os
import re
import time
from collections.abc import Iterable
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import IO

from tearline.errors import BackupDamaged, HomeMissing
from tearline_client.keys.home import COSIGNING_KEY, Home
from tearline_client.keys.keystore import Keystore
from tearline_client.node import Node
from tearline_client.persons.issuer import LocalIssuer
from tearline_client.store.database import Database, copy_database, verify_database
from tearline_client.store.log import LogStore
from tearline_client.store.recovery import RecoveryStore, Restored
from tearline_client.store.vault import Vault
from tearline_runtime.archive import Unpacked, pack, unpack
from tearline_runtime.files import atomic_path, create_private, fsync_file, fsync_tree

_DATABASE, _KEYS = "node.db", "keys"
_AUTHENTIC = "backup"  # the purpose of the key that authenticates one
_REQUIRED = {_DATABASE, "identity.toml", f"{_KEYS}/keystore"}
_NAMES = re.compile(
    r"node\.(?:db|toml|crt|record)|identity\.toml|federation\.trust|policy/own\.cedar"
    r"|mappings/[a-z0-9-]{1,32}\.toml"
    r"|[a-z0-9-]{1,32}\.agency|keys/keystore|keys/[a-z0-9][a-z0-9-]{0,63}\.key"
)
_LEFT_OUT = re.compile(rf"{_KEYS}/{COSIGNING_KEY}(?:-next)?\.key")


def back_up(home: Home, file: Path, passphrase: bytes) -> None:
    """Writes a complete node into one new file, even while it runs.

    The database is that of one commit. Keys and contents are encrypted under the node's passphrase,
    as in the home. A key of its keystore authenticates the whole file.

    Args:
        home: The node's home.
        file: The file; must not exist.
        passphrase: Opens the node's keystore.

    Raises:
        KeystoreLocked: If the passphrase is wrong.
        HomeMissing: If there is no node here.
        RestoreRefused: If the file exists, or cannot be written.
        StoreError: If the database cannot be read.
    """
    if not home.database.exists():
        raise HomeMissing(str(home.path))
    key = Keystore.open(home.keys, passphrase).storage_key(_AUTHENTIC)
    with atomic_path(file) as draft, ExitStack() as stack:
        copied = draft.with_name(draft.name + ".db")
        stack.callback(copied.unlink, missing_ok=True)
        # Before the keys: a key made in the meantime is then included, not missing.
        copy_database(home.database, copied)
        members = [_member(stack, _DATABASE, copied)]
        for folder in ("", _KEYS, "policy", "mappings"):
            for path in sorted((home.path / folder).glob("*")):
                name = path.relative_to(home.path).as_posix()
                if name != _DATABASE and _NAMES.fullmatch(name) and not _is_left_out(name):
                    members.append(_member(stack, name, path))
        _pack(draft, members, key)


def restore(file: Path, home: Home, passphrase: bytes) -> Restored:
    """Restores a node from a backup, completely or not at all.

    Args:
        file: A backup.
        home: The home; must not exist.
        passphrase: Opens the node's keystore.

    Raises:
        RestoreRefused: If the home exists, or cannot be written.
        BackupDamaged: If the file is incomplete, or was not written by its own keystore.
        TearlineError: If its keystore or its database cannot be opened.
    """
    with atomic_path(home.path) as draft:
        draft.mkdir(mode=0o700)

        def receive(name: str) -> IO[bytes]:
            place = draft / name
            place.parent.mkdir(mode=0o700, exist_ok=True)
            return create_private(place)

        with file.open("rb") as archive:
            unpacked = unpack(archive, receive, permits=_is_permitted)
        if missing := sorted(_REQUIRED.difference(unpacked.names)):
            raise BackupDamaged(f"it has no {', '.join(missing)}")
        restored = _mark(Home(draft), passphrase, unpacked)
        fsync_tree(draft)
    return restored


def _is_permitted(name: str) -> bool:
    return bool(_NAMES.fullmatch(name)) and not _is_left_out(name)


def _is_left_out(name: str) -> bool:
    return bool(_LEFT_OUT.fullmatch(name))


def _mark(home: Home, passphrase: bytes, unpacked: Unpacked) -> Restored:
    """Marks the database as restored: it lacks the node's later acts.

    First verifies that the backup's author had the node's keys. Sessions and codes of persons end:
    they may have been ended or used since.
    """
    keystore = Keystore.open(home.keys, passphrase)
    unpacked.verify(keystore.storage_key(_AUTHENTIC))
    LocalIssuer(keystore).end_all()
    verify_database(home.database)
    database = Database(home.database, Vault(keystore.storage_key(_DATABASE)))
    try:
        restored = Restored(time_s=int(time.time()), log_size=LogStore(database).size)
        with database.transaction():
            RecoveryStore(database).put_restored(restored)
    finally:
        database.close()
    return restored


def write_mirror(node: Node, file: Path) -> int:
    """Writes this node's copy of the log into one new file; returns its size.

    The names are those of tlog-tiles: the checkpoint, with our signature, and bundles of entries.

    Raises:
        NotFound: If the log has not been read yet.
        RestoreRefused: If the file exists, or cannot be written.
    """
    size, members = node.log.size, node.log.mirror()
    named = ((name, len(data), BytesIO(data)) for name, data in members)
    with atomic_path(file) as draft:
        _pack(draft, named)
    return size


def _member(stack: ExitStack, name: str, path: Path) -> tuple[str, int, IO[bytes]]:
    stream = stack.enter_context(path.open("rb"))
    return name, os.fstat(stream.fileno()).st_size, stream


def _pack(
    draft: Path, members: Iterable[tuple[str, int, IO[bytes]]], key: bytes | None = None
) -> None:
    with create_private(draft) as archive:
        pack(archive, members, key)
        fsync_file(archive)
