"""Two histories of one log, small ones: they are the same up to entry 12."""

from collections.abc import Sequence

from tearline.federation.members import LogIdentity
from tearline.tlog.checkpoint import Checkpoint, CheckpointSigner, NoteAlgorithm, sign_checkpoint
from tearline.tlog.merkle import (
    EMPTY_ROOT,
    Frontier,
    NodeId,
    consistency_proof,
    leaf_hash,
    root_from_leaf_hashes,
)

ORIGIN = "exchange.example/log"
LEAVES = [leaf_hash(bytes([number])) for number in range(40)]
SIGNERS = tuple(
    CheckpointSigner(name=ORIGIN, algorithm=algorithm, seed=bytes([number]) * 32)
    for number, algorithm in enumerate(NoteAlgorithm, start=1)
)
LOG = LogIdentity(
    origin=ORIGIN, verifier_keys=tuple(signer.verifier.encode() for signer in SIGNERS)
)
FORKED = [*LEAVES[:12], leaf_hash(b"another"), *LEAVES[13:]]


def note(
    size: int,
    leaves: Sequence[bytes] = LEAVES,
    *,
    origin: str = ORIGIN,
    signers: Sequence[CheckpointSigner] = SIGNERS,
) -> bytes:
    """The log's checkpoint over the first entries of a history."""
    root = root_from_leaf_hashes(leaves[:size]) if size else EMPTY_ROOT
    return sign_checkpoint(Checkpoint(origin=origin, size=size, root=root), signers, time_s=1)


def path(old: int, new: int, leaves: Sequence[bytes] = LEAVES) -> tuple[bytes, ...]:
    """The consistency proof between two sizes of a history; empty from nothing."""
    nodes = hashes_of(leaves)
    return consistency_proof(old, new, lambda level, index: nodes[level, index]) if old else ()


def hashes_of(leaves: Sequence[bytes]) -> dict[NodeId, bytes]:
    """Every node of the tree over a history."""
    _, nodes = Frontier().append(leaves)
    return {(level, index): node for level, index, node in nodes}
