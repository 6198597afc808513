"""Entries of the audit log, and their proofs.

Three kinds of entry stand in one tree. A clear entry is ``0x00`` and a public statement, about
members, votes or keys. A blind entry is ``0x01`` and the hash of a salted event: cosigners and
mirrors learn the number of entries, but not the parties. The named parties get the opening of a
blind entry. A directory entry is ``0x02``, a time and the root of the directory of all agencies.
Specified in docs/spec/log-v1.md.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from tearline.audit.event import Event
from tearline.encoding import label
from tearline.errors import EntryMismatch, EntryTooLarge, TwinEntries
from tearline.federation.directory import DirectoryEntry, parse_directory_entry
from tearline.federation.members import LogIdentity, LogKeys
from tearline.limits import MAX_ENTRY_BYTES
from tearline.statements.receipt import LogOpening
from tearline.tlog.checkpoint import (
    SignedCheckpoint,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_verifier_key,
)
from tearline.tlog.merkle import leaf_hash, verify_inclusion
from tearline.tlog.note import parse_note
from tearline.wire.grants import parse_event
from tearline.wire.statements import Signed, encode_signed, parse_signed

CLEAR = b"\0"
BLIND = b"\1"
BLIND_SIZE = 33


def clear_entry(signed: Signed) -> bytes:
    """Returns the entry of a public statement.

    Raises:
        EntryTooLarge: If it exceeds the maximum size of an entry (spec L-4).
    """
    entry = CLEAR + encode_signed(signed)
    if len(entry) > MAX_ENTRY_BYTES:
        raise EntryTooLarge(f"{len(entry)} bytes, of at most {MAX_ENTRY_BYTES}")
    return entry


def blind_entry(salt: bytes, event: bytes) -> bytes:
    """Returns the 33-byte entry of an encoded event under a salt of 32 bytes."""
    return BLIND + hashlib.sha256(label("event") + salt + event).digest()


def parse_entry(entry: bytes) -> Signed | DirectoryEntry | None:
    """Returns the statement of a clear entry, a directory entry, or None for a blind one.

    Raises:
        EntryMismatch: If the entry is of no kind, or too large.
        StatementMalformed: If a clear entry holds no statement.
    """
    if len(entry) > MAX_ENTRY_BYTES:
        raise EntryMismatch("no entry is that large")
    match entry[:1]:
        case b"\0":
            return parse_signed(entry[1:])
        case b"\1" if len(entry) == BLIND_SIZE:
            return None
        case _:
            return parse_directory_entry(entry)


def parse_clear(entry: bytes) -> Signed | None:
    """Returns the statement of a clear entry, or None for an entry of another kind.

    Raises:
        EntryMismatch: If the entry is of no kind, or too large.
        StatementMalformed: If a clear entry holds no statement.
    """
    parsed = parse_entry(entry)
    return parsed if isinstance(parsed, Signed) else None


def entry_hash(entry: bytes) -> bytes:
    """Returns the leaf of an entry in the log's tree (RFC 6962, section 2.1)."""
    return leaf_hash(entry)


def verify_opening_in_log(
    opening: LogOpening, path: Sequence[bytes], checkpoint: SignedCheckpoint
) -> Event:
    """Checks that the log under ``checkpoint`` holds an event (spec L-7), and returns the event.

    Args:
        opening: Position, salt and event.
        path: Inclusion proof from the entry to the checkpoint's root.
        checkpoint: A verified checkpoint.

    Raises:
        LogError: If the proof does not lead there.
        StatementMalformed: If the event is not valid.
    """
    tree = checkpoint.checkpoint
    leaf = entry_hash(blind_entry(opening.salt, opening.event))
    verify_inclusion(opening.index, tree.size, leaf, path, tree.root)
    return parse_event(opening.event)


def verify_same_entry(known: LogOpening, other: LogOpening) -> None:
    """Checks that two openings of one event are one entry.

    Raises:
        TwinEntries: If the log holds the event twice, or showed two parties different entries.
    """
    if known != other:
        raise TwinEntries(f"entries {known.index} and {other.index}")


def verify_cosigned(note: bytes, log: LogKeys) -> SignedCheckpoint:
    """Returns the checkpoint in ``note``, if the log signed it with all keys of its size.

    The required cosignatures depend on the use: see docs/spec/log-v1.md, L-19.

    Raises:
        LogError: If the note is malformed, of another log, or lacks a signature.
    """
    return _verify_cosigned(note, log.at(_size(note)))


# Each act that needs the newest checkpoint verifies it again.
@lru_cache(maxsize=64)
def _size(note: bytes) -> int:
    return parse_checkpoint_text(parse_note(note).text).size


@lru_cache(maxsize=64)
def _verify_cosigned(note: bytes, log: LogIdentity) -> SignedCheckpoint:
    required = tuple(parse_verifier_key(key) for key in log.verifier_keys)
    return parse_checkpoint(note, origin=log.origin, required=required)
