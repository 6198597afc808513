"""Turns of a light node: the newest checkpoint with a directory, and the states that it proves.

Specified in docs/spec/federation-v1.md.
"""

from enum import IntEnum

from tearline.dataclass.immutable import immutable
from tearline.federation.directory import DirectoryEntry, DirectoryProof
from tearline.tlog.note import NoteSignature


@immutable
class Leaf:
    """State in the directory, or its absence, with the proof.

    Attributes:
        state: The encoded state, as it was hashed; empty for absence.
        proof: The path from the directory's root.
    """

    state: bytes
    proof: DirectoryProof


@immutable
class Turn:
    """Answer of the exchange to a light node.

    Attributes:
        size: Entries of the checkpoint's tree.
        root: 32 bytes, its root.
        lines: The checkpoint's signatures: of the log, and of counted cosigners.
        directory: The last entry of that tree.
        last: Inclusion proof of this entry.
        consistency: Proof from the reader's checkpoint; empty at its first turn.
        federation: The federation's state.
        amendment: Body of the constitutional decision in force; empty if the reader holds it.
        keys: Public keys of the federation's state that the reader lacks.
        own: State of the reader's own agency.
    """

    size: int
    root: bytes
    lines: tuple[NoteSignature, ...]
    directory: DirectoryEntry
    last: tuple[bytes, ...]
    consistency: tuple[bytes, ...]
    federation: Leaf
    amendment: bytes
    keys: tuple[bytes, ...]
    own: Leaf


@immutable
class TurnRequest:
    """Question of a light node for its next turn.

    Attributes:
        size: Entries of its newest checkpoint; 0 before its first turn.
        decision: 32 bytes, the constitutional decision that it holds.
        keys: Ids of the counted cosigners' keys that it holds.
    """

    size: int
    decision: bytes
    keys: tuple[bytes, ...]


@immutable
class OwnEntries:
    """Clear entries and keys that an agency knows to be its own.

    Attributes:
        indexes: Entries of the log that its root or its nodes signed, ascending.
        records: Statement ids of its member records.
        keys: Ids of its nodes' keys.
    """

    indexes: tuple[int, ...]
    records: frozenset[bytes]
    keys: frozenset[bytes]


class EntryPart(IntEnum):
    """Parts of the clear entries about an agency."""

    MEMBERSHIP = 1
    """Its member records and leave, and the votes on it; of the federation, charter, amendments
    and the votes on them."""
    KEYS = 2
    """Key records and revocations."""
    VOTES = 3
    """Amendments and votes that it signed."""


@immutable
class LeavesRequest:
    """Question for the states of some agencies.

    Attributes:
        size: Entries of the turn's tree.
        agencies: Their URIs.
    """

    size: int
    agencies: tuple[str, ...]


@immutable
class Leaves:
    """States at a turn, of the first agencies of the question; at least of one.

    Attributes:
        size: Entries of the turn's tree.
        leaves: The states.
    """

    size: int
    leaves: tuple[Leaf, ...]


@immutable
class LightEntriesRequest:
    """Question for entries with their proofs.

    Attributes:
        size: Entries of the tree to prove them in.
        indexes: The entries; empty for the clear entries of the fields below.
        agency: Its URI, or ``FEDERATION``.
        part: The part of its clear entries.
        start: The first index.
    """

    size: int
    indexes: tuple[int, ...] = ()
    agency: str = ""
    part: EntryPart = EntryPart.MEMBERSHIP
    start: int = 0


@immutable
class LightEntry:
    """Entry of the log with its inclusion proof, not yet verified."""

    index: int
    entry: bytes
    path: tuple[bytes, ...]


@immutable
class LightEntries:
    """Entries with their proofs, ascending.

    Attributes:
        entries: The entries; beside clear ones, the directories before and behind them.
        next: The index to go on from; 0 at the end.
    """

    entries: tuple[LightEntry, ...]
    next: int
