"""Backup of a running exchange, and restore into a new home.

A restored log may be shorter than the signed one; later entries come from the agencies' mirrors.
The restored exchange begins a new epoch. It writes only after every cosigning node has reported the
size that it cosigned (see ``ResumeBarrier``).
"""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from tearline.dataclass.immutable import immutable
from tearline.errors import (
    BackupDamaged,
    LogError,
    RestoreRefused,
    SettingInvalid,
    TearlineError,
)
from tearline.federation.directory import DirectoryEntry
from tearline.federation.members import LogIdentity, LogKeys
from tearline.tlog.checkpoint import Checkpoint, SignedCheckpoint
from tearline.tlog.merkle import Frontier, frontier_nodes
from tearline.verification.log_entries import entry_hash, parse_entry, verify_cosigned
from tearline.verification.trust import TrustState
from tearline.wire.statements import Signed
from tearline_runtime.archive import Unpacked, pack, unpack
from tearline_runtime.files import atomic_path, create_private, fsync_file, fsync_tree
from tearline_runtime.mirror import Mirror, read_checkpoint, read_entries
from tearline_server.config import FILE_NAME, Config, load_config
from tearline_server.keys import identity_of, read_all_keys, read_keys
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import Store, ask_nothing
from tearline_server.storage.lookups import LookupResults
from tearline_server.storage.open import change_store
from tearline_server.storage.rows import Head, Restoration
from tearline_server.storage.sqlite.connections import copy_database, verify_database
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.tlog.fsck import LogVerifier
from tearline_server.tlog.stored_trust import trust_of

_DATABASE, _KEYS, _ENROLMENT = "exchange.db", "exchange.keys", "exchange.enrolment"
_PREPARED = ("exchange.keys.next", "exchange-next.enrolment")
_NAMES = (FILE_NAME, _KEYS, _ENROLMENT, *_PREPARED, _DATABASE)
_REQUIRED = {FILE_NAME, _KEYS, _DATABASE}


@immutable
class Restored:
    """Result of a restore.

    Attributes:
        backed_up: Entries in the backup.
        size: Entries including those from mirrors.
    """

    backed_up: int
    size: int


def back_up(config: Config, file: Path, passphrase: bytes) -> None:
    """Writes the database, keys and settings of an exchange into one new file.

    The database is copied as of one commit, while the exchange serves. The keys stay encrypted
    under their passphrase. The file is authenticated by a key derived from them.

    Args:
        config: The exchange's settings.
        file: The target, which must not exist.
        passphrase: Passphrase of the exchange's keys.

    Raises:
        KeystoreLocked: If the passphrase is wrong.
        RestoreRefused: If the file exists already, or cannot be written.
        StoreError: If the database cannot be read.
        SettingInvalid: If the database is not a file of the home.
    """
    if config.store is not None:
        raise SettingInvalid("store: back up a PostgreSQL database with its own tools")
    key = read_keys(config.keys, passphrase).backup
    with atomic_path(file) as draft, ExitStack() as stack:
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
        with create_private(draft) as archive:
            pack(archive, members, key)
            fsync_file(archive)


async def restore(
    file: Path, home: Path, passphrase: bytes, mirrors: Sequence[Mirror] = ()
) -> Restored:
    """Restores an exchange from a backup and from mirrors, atomically.

    Args:
        file: A backup.
        home: The target directory, which must not exist.
        passphrase: Passphrase of the exchange's keys.
        mirrors: Agencies' mirrors of the log. The longest one extends it; none may contradict it.

    Returns:
        The sizes of the backup and of the restored log.

    Raises:
        RestoreRefused: If the target exists, or a mirror contradicts the log.
        BackupDamaged: If the file is incomplete, or was not written with its own keys.
        TearlineError: If its keys do not open, or its database differs from the log.
    """
    with atomic_path(home) as draft:
        draft.mkdir(mode=0o700)
        unpacked = _unpack(file, draft)
        keys = read_keys(draft / _KEYS, passphrase)
        unpacked.verify(keys.backup)  # before any other content is read
        config = load_config(draft)
        logs = [identity_of(config, each).log for each in read_all_keys(config, passphrase).sets]
        verify_database(config.database)
        store = SqliteStore(config.database)
        try:
            restored = await renew(store, logs, mirrors)
        finally:
            await store.close()
        config.database.with_name(config.database.name + ".lock").unlink()
        fsync_tree(draft)
    return restored


def _unpack(file: Path, draft: Path) -> Unpacked:
    def receive(name: str) -> IO[bytes]:
        return create_private(draft / name)

    with file.open("rb") as archive:
        unpacked = unpack(archive, receive, permits=_NAMES.__contains__)
    if missing := sorted(_REQUIRED.difference(unpacked.names)):
        raise BackupDamaged(f"it has no {', '.join(missing)}")
    return unpacked


async def restore_database(
    config: Config, logs: Sequence[LogIdentity], mirrors: Sequence[Mirror] = ()
) -> Restored:
    """Extends the log of a restored PostgreSQL database from mirrors, atomically.

    No exchange may be connected.

    Args:
        config: The exchange's settings.
        logs: Its log's name and keys, and with the prepared ones.
        mirrors: As for ``restore``.

    Returns:
        The sizes of the stored and of the extended log.

    Raises:
        RestoreRefused: If the database differs from the log, or a mirror contradicts it.
        StoreBusy: If an exchange is connected.
        StoreError: If the database cannot be used.
        SettingInvalid: If the settings name no database.
    """
    return await change_store(config, lambda store: renew(store, logs, mirrors))


async def renew(store: Store, logs: Sequence[LogIdentity], mirrors: Sequence[Mirror]) -> Restored:
    """Extends a stored log from mirrors, begins a new epoch, and returns the sizes.

    A mirror is read only as far as the log signed, by a key that the store or the exchange has.

    Args:
        store: The store.
        logs: The log's name and keys in use, and with the prepared ones.
        mirrors: As for ``restore``.

    Raises:
        RestoreRefused: If the store differs from the log, a mirror contradicts it, or some signed
            entries are in neither.
    """
    async for finding in LogVerifier(store, logs[0]).findings():
        if not (finding.is_lost or finding.is_behind):
            raise RestoreRefused(f"{finding.place}, as backed up: {finding.what}")
    stored = await store.load()
    backed_up = stored.head.tree.size
    notes = [read_checkpoint(mirror) for mirror in mirrors]
    known: list[LogKeys] = [*logs]
    if stored.clear and (trust := trust_of(stored)).membership.is_founded:
        known.append(trust.log)
    signed = [_verified(note, each, known) for note, each in zip(notes, mirrors, strict=True)]
    sizes = [each.checkpoint.size for each in signed]
    longest = sizes.index(max(sizes)) if sizes else 0
    if sizes and sizes[longest] > backed_up:
        await refill(store, mirrors[longest], backed_up, sizes[longest])
    # Of keys that an exchange has, those count that the entries put in force.
    keys: LogKeys = trust_of(await store.load()).log if mirrors else logs[0]
    for note, mirror in zip(notes, mirrors, strict=True):
        _verified(note, mirror, [keys])
    if sizes and sizes[longest] > backed_up:
        await store.put_checkpoint(sizes[longest], notes[longest])
    size = max(backed_up, *sizes) if sizes else backed_up
    for own, mirror in zip(signed, mirrors, strict=True):
        await _verify_mirrors(store, own.checkpoint, mirror.name)
    if stored.checkpoint is not None:
        await _verify_covered(store, verify_cosigned(stored.checkpoint[1], keys).checkpoint, size)
    await store.begin_epoch(Restoration(start=backed_up, stop=size, settled=False))
    return Restored(backed_up=backed_up, size=size)


def _verified(note: bytes, mirror: Mirror, logs: Sequence[LogKeys]) -> SignedCheckpoint:
    """Returns the checkpoint of a mirror, which the log signed by one of these keys.

    Raises:
        RestoreRefused: If it did not.
    """
    refused: list[LogError] = []
    for log in logs:
        try:
            return verify_cosigned(note, log)
        except LogError as error:
            refused.append(error)
    raise RestoreRefused(f"{mirror.name}: {refused[0].what} {refused[0].why}")


async def refill(store: Store, mirror: Mirror, start: int, end: int) -> None:
    """Appends entries from a mirror; the caller verifies the resulting root.

    Raises:
        RestoreRefused: If an entry does not verify.
    """
    stored = await store.load()
    trust = trust_of(stored) if stored.clear else None
    for entries in read_entries(mirror, start, end):
        effects: list[int] = []
        for index, data in enumerate(entries, start=start):
            try:
                entry = parse_entry(data)
                if trust is None and isinstance(entry, Signed):
                    trust = TrustState(federation=entry.statement.id)
                if trust is not None and entry is not None:
                    trust.apply(index, entry)
            except TearlineError as error:
                raise RestoreRefused(f"{mirror.name}, entry {index}: {error.why}") from None
            # Every other directory may be left out when the exchange starts.
            has_changed = trust is not None and trust.membership.has_changed_at(index)
            if has_changed and isinstance(entry, DirectoryEntry):
                effects.append(index)

        def append(
            head: Head,
            known: LookupResults,
            entries: tuple[bytes, ...] = entries,
            effects: Sequence[int] = tuple(effects),
        ) -> Commit:
            tree, nodes = head.tree.append(entry_hash(entry) for entry in entries)
            return Commit(
                tree=tree,
                time_ms=head.time_ms,
                entries=entries,
                nodes=tuple(nodes),
                effects=effects,
            )

        await store.commit(ask_nothing, append)
        start += len(entries)


async def _verify_mirrors(store: Store, mirrored: Checkpoint, name: str) -> None:
    """Checks that a mirror's checkpoint covers the stored tree or a prefix of it."""
    needed = frontier_nodes(mirrored.size)
    nodes = await store.nodes(needed)
    tree = Frontier(size=mirrored.size, hashes=tuple(nodes[node] for node in needed))
    if tree.root() != mirrored.root:
        raise RestoreRefused(f"{name} shows another history of this log")


async def _verify_covered(store: Store, known: Checkpoint, size: int) -> None:
    """Checks that ``size`` entries include all that the store knows was signed.

    A rolled-back exchange learns from a node that more was signed, and stores that checkpoint.
    """
    if known.size > size:
        raise RestoreRefused(
            f"the log signed {known.size} entries, the store and the mirrors have {size}: pass the"
            " mirror of an agency that has read them"
        )
    await _verify_mirrors(store, known, "the newest checkpoint that is stored")
