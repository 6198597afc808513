"""Turns of a light node: the newest checkpoint with a directory, and the states that it proves.

Specified in docs/spec/federation-v1.md.
"""

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
