"""Equivocation: two histories under the log's own signatures, in a self-contained file.

A tree commits to every tree it grew from. So two signed checkpoints contradict each other if a
consistency proof leads to the newer one from another root than the older one states:

    older   size 10, root A       signed by the log
    newer   size 25, root C       signed by the log
    proof   B, size 10  →  C      and B is not A

Two checkpoints of one size are the shortest case: the proof is empty, and B is C. The log's keys
suffice for a verification; no other party must be trusted. Specified in docs/spec/log-v1.md.
"""

from tearline.dataclass.immutable import immutable
from tearline.errors import EvidenceInsufficient
from tearline.federation.members import LogKeys
from tearline.tlog.checkpoint import (
    SignedCheckpoint,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_verifier_key,
)
from tearline.tlog.merkle import verify_consistency
from tearline.tlog.note import parse_note


@immutable
class Equivocation:
    """Two checkpoints of one log of which the newer does not extend the older.

    Attributes:
        older: The note of the smaller tree, or of one of two trees of one size.
        newer: The note of the other.
        root: 32 bytes, the root that the newer tree has at the older one's size.
        path: The consistency proof from ``root`` to the newer root, 32 bytes each.
    """

    older: bytes
    newer: bytes
    root: bytes
    path: tuple[bytes, ...]


def verify_equivocation(
    evidence: Equivocation, log: LogKeys
) -> tuple[SignedCheckpoint, SignedCheckpoint]:
    """Checks that the log contradicts itself, and returns the older and the newer checkpoint.

    Args:
        evidence: The evidence.
        log: The log, as constitutions name it: of each, all keys of its size must have signed.

    Raises:
        EvidenceInsufficient: If both checkpoints may belong to one history.
        LogError: If a note is not the log's, or the proof does not lead to the newer root.
    """
    older, newer = (_verified(note, log) for note in (evidence.older, evidence.newer))
    verify_consistency(
        older.checkpoint.size,
        newer.checkpoint.size,
        evidence.root,
        newer.checkpoint.root,
        evidence.path,
    )
    if evidence.root == older.checkpoint.root:
        raise EvidenceInsufficient("the newer tree begins with the older one")
    return older, newer


def _verified(note: bytes, log: LogKeys) -> SignedCheckpoint:
    size = parse_checkpoint_text(parse_note(note).text).size
    keys = [parse_verifier_key(key) for key in log.at(size).verifier_keys]
    return parse_checkpoint(note, origin=log.origin, required=keys)
