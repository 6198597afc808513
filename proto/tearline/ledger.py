"""Entries of the audit log, and what proves them.

Two kinds stand in one tree. A clear entry is ``0x00`` and a statement that everyone must see:
a trust list, a key record, a revocation. A blind entry is ``0x01`` and the hash of a salted
event: cosigners and mirrors learn how many there are, not whose. The opening of a blind entry
goes to the parties it names. Specified in docs/spec/log-v1.md.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from tearline.checkpoint import SignedCheckpoint, parse_checkpoint, parse_verifier_key
from tearline.encoding import label
from tearline.errors import EntryMismatch, EntryTooLarge, TwinEntries
from tearline.event import Event
from tearline.federation import LogIdentity
from tearline.limits import MAX_ENTRY_BYTES
from tearline.merkle import leaf_hash, verify_inclusion
from tearline.receipt import LogOpening
from tearline.wire.flow import parse_event
from tearline.wire.statements import Signed, encode_signed, parse_signed

CLEAR = b"\0"
BLIND = b"\1"
BLIND_SIZE = 33


def clear_entry(signed: Signed) -> bytes:
    """The entry of a statement that everyone sees.

    Raises:
        EntryTooLarge: If it would have more bytes than an entry may have (spec L-6).
    """
    entry = CLEAR + encode_signed(signed)
    if len(entry) > MAX_ENTRY_BYTES:
        raise EntryTooLarge(f"{len(entry)} bytes, of at most {MAX_ENTRY_BYTES}")
    return entry


def blind_entry(salt: bytes, event: bytes) -> bytes:
    """The 33-byte entry of an encoded event under a salt of 32 bytes."""
    return BLIND + hashlib.sha256(label("event") + salt + event).digest()


def parse_entry(entry: bytes) -> Signed | None:
    """The statement of a clear entry, or None for a blind one.

    Raises:
        EntryMismatch: If the entry is of neither kind, or too large.
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
            raise EntryMismatch("an entry is clear or blind")


def entry_hash(entry: bytes) -> bytes:
    """The leaf of an entry in the log's tree (RFC 6962, section 2.1)."""
    return leaf_hash(entry)


def verify_opening_in_log(
    opening: LogOpening, path: Sequence[bytes], checkpoint: SignedCheckpoint
) -> Event:
    """Checks that the log under ``checkpoint`` holds the opened event (spec L-9), and returns it.

    Args:
        opening: Position, salt and event.
        path: Inclusion proof from the entry to the checkpoint's root.
        checkpoint: A verified checkpoint.

    Raises:
        LogError: If the proof does not lead there.
        StatementMalformed: If the event is not one.
    """
    tree = checkpoint.checkpoint
    leaf = entry_hash(blind_entry(opening.salt, opening.event))
    verify_inclusion(opening.index, tree.size, leaf, path, tree.root)
    return parse_event(opening.event)


def verify_same_entry(known: LogOpening, other: LogOpening) -> None:
    """Checks that two openings of one event are one entry.

    Raises:
        TwinEntries: If the log holds the event twice, or two parties were told otherwise.
    """
    if known != other:
        raise TwinEntries(f"entries {known.index} and {other.index}")


@lru_cache(maxsize=64)  # the newest is asked for again at every act that needs it
def verify_cosigned(note: bytes, log: LogIdentity) -> SignedCheckpoint:
    """The checkpoint in ``note``, if the log itself signed it with every one of its keys.

    Whose cosignature counts beside them depends on what for: see docs/spec/log-v1.md, L-55.

    Raises:
        LogError: If the note is malformed, of another log, or lacks a signature.
    """
    required = tuple(parse_verifier_key(key) for key in log.verifier_keys)
    return parse_checkpoint(note, origin=log.origin, required=required)
