"""Backup while the exchange serves, and restore into a home that is not there yet.

A restored log may be shorter than the one that was signed: what the agencies read of it since is
taken from their mirrors. The exchange that is made of both begins another epoch, and writes
nothing before every cosigning node has said how far it cosigned (see ``Resumption``).
"""

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tearline.archive import Unpacked, pack, unpack
from tearline.checkpoint import Checkpoint, SignedCheckpoint
from tearline.errors import BackupDamaged, LogError, RestoreRefused, SettingInvalid
from tearline.federation import LogIdentity
from tearline.ledger import entry_hash, parse_entry, verify_cosigned
from tearline.merkle import Frontier, frontier_nodes
from tearline_server.config import FILE_NAME, Config, load_config
from tearline_server.keyfile import identity_of, read_keys
from tearline_server.mirror import Mirror, read_checkpoint, read_entries
from tearline_server.storage.commit import Commit
from tearline_server.storage.known import Known
from tearline_server.storage.opening import change_store
from tearline_server.storage.rows import Head, Restoration
from tearline_server.storage.sqlite.database import copy_database, verify_database
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.storage.store import Store, ask_nothing
from tearline_server.verification import LogVerifier

_DATABASE, _KEYS, _ENROLMENT = "exchange.db", "exchange.keys", "exchange.enrolment"
_NAMES = (FILE_NAME, _KEYS, _ENROLMENT, _DATABASE)
_REQUIRED = {FILE_NAME, _KEYS, _DATABASE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore came to.

    Attributes:
        backed_up: Entries that the backup holds.
        size: Entries with what came from mirrors.
    """

    backed_up: int
    size: int


def back_up(config: Config, file: Path, passphrase: bytes) -> None:
    """Writes everything that makes this exchange this exchange into one new file.

    The database as of one commit, though the exchange serves meanwhile; the settings, and the
    keys as they lie there, encrypted under their passphrase. All of it is authenticated by a key
    that follows from those.

    Args:
        config: The exchange's settings.
        file: Where to; there must be nothing.
        passphrase: Opens the exchange's keys.

    Raises:
        KeystoreLocked: If the passphrase is not the one.
        RestoreRefused: If the file is there already, or cannot be written.
        StoreError: If the database cannot be read.
        SettingInvalid: If the database is not a file of the home.
    """
    if config.store is not None:
        raise SettingInvalid("store: a PostgreSQL database is backed up by its own means")
    key = read_keys(config.keys, passphrase).backup
    with _at_once(file) as draft, ExitStack() as stack:
        copied = draft.with_name(draft.name + ".db")
        stack.callback(copied.unlink, missing_ok=True)
        copy_database(config.database, copied)
        places = {name: config.home / name for name in _NAMES} | {_DATABASE: copied}
        members: list[tuple[str, int, IO[bytes]]] = []
        for name, place in places.items():
            if name not in _REQUIRED and not place.exists():
                continue
            stream = stack.enter_context(place.open("rb"))
            members.append((name, os.fstat(stream.fileno()).st_size, stream))
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as archive:
            pack(archive, members, key)
            archive.flush()
            os.fsync(archive.fileno())


async def restore(
    file: Path, home: Path, passphrase: bytes, mirrors: Sequence[Mirror] = ()
) -> Restored:
    """Makes an exchange of a backup and of what mirrors hold behind it: all of it, or nothing.

    Args:
        file: A backup.
        home: Where to; there must be nothing.
        passphrase: Opens the exchange's keys.
        mirrors: Agencies' mirrors of the log; the longest fills it up, and none may differ.

    Raises:
        RestoreRefused: If there is something already, or a mirror does not fit.
        BackupDamaged: If the file is no whole backup, or none that its own keys wrote.
        TearlineError: If its keys do not open, or its database is not as it was logged.
    """
    with _at_once(home) as draft:
        draft.mkdir(mode=0o700)
        unpacked = _unpack(file, draft)
        keys = read_keys(draft / _KEYS, passphrase)
        unpacked.verify(keys.backup)  # before anything else of it is read
        config = load_config(draft)
        log = identity_of(config, keys).log
        verify_database(config.database)
        store = SqliteStore(config.database)
        try:
            restored = await renew(store, log, mirrors)
        finally:
            await store.close()
        config.database.with_name(config.database.name + ".lock").unlink()
        for path in draft.iterdir():
            _sync(path)
        _sync(draft)
    return restored


def _unpack(file: Path, draft: Path) -> Unpacked:
    def receive(name: str) -> IO[bytes]:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
        return os.fdopen(os.open(draft / name, flags, 0o600), "wb")

    with file.open("rb") as archive:
        unpacked = unpack(archive, receive, permits=_NAMES.__contains__)
    if missing := sorted(_REQUIRED.difference(unpacked.names)):
        raise BackupDamaged(f"it has no {', '.join(missing)}")
    return unpacked


async def restore_database(
    config: Config, log: LogIdentity, mirrors: Sequence[Mirror] = ()
) -> Restored:
    """Has a PostgreSQL database that was set back go on from what mirrors hold behind it.

    All of it, or nothing; no exchange may be connected.

    Args:
        config: The exchange's settings.
        log: Its log's name and keys.
        mirrors: As for ``restore``.

    Raises:
        RestoreRefused: If the log is not as it was logged, or a mirror does not fit.
        StoreBusy: If an exchange is connected.
        StoreError: If the database cannot be used.
        SettingInvalid: If the settings name none.
    """
    return await change_store(config, lambda store: renew(store, log, mirrors))


async def renew(store: Store, log: LogIdentity, mirrors: Sequence[Mirror]) -> Restored:
    """Begins another epoch of a stored log, with what mirrors hold behind it.

    Raises:
        RestoreRefused: If it is not as it was logged, a mirror does not fit, or the log signed more
            than the store and all mirrors hold.
    """
    async for finding in LogVerifier(store, log).findings():
        if not (finding.is_lost or finding.is_behind):
            raise RestoreRefused(f"{finding.place}, as backed up: {finding.what}")
    stored = await store.load()
    backed_up = stored.head.tree.size
    checkpoints = [_verified(mirror, log) for mirror in mirrors]
    sizes = [signed.checkpoint.size for signed in checkpoints]
    if max(sizes, default=0) > backed_up:
        longest = sizes.index(max(sizes))
        await _refill(store, mirrors[longest], backed_up, sizes[longest])
        await store.put_checkpoint(sizes[longest], checkpoints[longest].note)
    size = max(backed_up, *sizes) if sizes else backed_up
    for mirror, signed in zip(mirrors, checkpoints, strict=True):
        await _verify_mirrors(store, signed.checkpoint, mirror.name)
    if stored.checkpoint is not None:
        await _verify_covered(store, verify_cosigned(stored.checkpoint[1], log).checkpoint, size)
    await store.begin_epoch(Restoration(start=backed_up, stop=size, settled=False))
    return Restored(backed_up=backed_up, size=size)


def _verified(mirror: Mirror, log: LogIdentity) -> SignedCheckpoint:
    try:
        return verify_cosigned(read_checkpoint(mirror), log)
    except LogError as error:
        raise RestoreRefused(f"{mirror.name}: {error.what} {error.why}") from None


async def _refill(store: Store, mirror: Mirror, start: int, end: int) -> None:
    """Adds entries behind those that are stored; the caller compares the root they lead to."""
    for entries in read_entries(mirror, start, end):
        for entry in entries:
            try:
                parse_entry(entry)
            except LogError as error:
                raise RestoreRefused(f"{mirror.name}: {error.why}") from None

        def append(head: Head, known: Known, entries: tuple[bytes, ...] = entries) -> Commit:
            tree, nodes = head.tree.append(entry_hash(entry) for entry in entries)
            return Commit(tree=tree, time_ms=head.time_ms, entries=entries, nodes=tuple(nodes))

        await store.commit(ask_nothing, append)


async def _verify_mirrors(store: Store, mirrored: Checkpoint, name: str) -> None:
    """Checks that a mirror's checkpoint is of the tree that is stored, or of its beginning."""
    needed = frontier_nodes(mirrored.size)
    nodes = await store.nodes(needed)
    tree = Frontier(size=mirrored.size, hashes=tuple(nodes[node] for node in needed))
    if tree.root() != mirrored.root:
        raise RestoreRefused(f"{name} is a mirror of another history of this log")


async def _verify_covered(store: Store, known: Checkpoint, size: int) -> None:
    """Checks that a store has all that it knows was signed, of ``size`` entries now.

    An exchange that was set back, and then told by a node that more was signed, knows that.
    """
    if known.size > size:
        raise RestoreRefused(
            f"the log signed {known.size} entries, and {size} are here and in the mirrors: give the"
            " mirror of an agency that has read them"
        )
    await _verify_mirrors(store, known, "the newest checkpoint that is stored")


@contextmanager
def _at_once(target: Path) -> Iterator[Path]:
    """A place beside ``target``; what is made there moves to it in the end, or is removed.

    Raises:
        RestoreRefused: If there is something at the target, or it cannot be written.
    """
    if os.path.lexists(target):
        raise RestoreRefused(f"{target}: there is something already")
    target = target.absolute()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}.new")
    try:
        yield draft
        if os.path.lexists(target):
            raise RestoreRefused(f"{target}: there is something already")
        draft.rename(target)
        _sync(target.parent)
    except OSError as error:
        _remove(draft)
        raise RestoreRefused(f"{error.filename or target}: {error.strerror}") from None
    except BaseException:
        _remove(draft)
        raise


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        draft.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
