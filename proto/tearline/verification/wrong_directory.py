"""Evidence of a wrong directory: the log states another one than its own entries make.

It is a proof (spec L-11) of the directory entry, whose path also gives the root over the entries
below. A reader with these entries derives the directory anew, and trusts no other party.
"""

from tearline.errors import EvidenceInsufficient
from tearline.federation.directory import DirectoryEntry
from tearline.tlog.checkpoint import parse_checkpoint_text, parse_verifier_key
from tearline.tlog.merkle import tree_before
from tearline.tlog.note import parse_note
from tearline.tlog.proof import LogProof, verify_log_proof
from tearline.verification.log_entries import entry_hash, parse_entry
from tearline.verification.trust import TrustState


def verify_wrong_directory(proof: LogProof, state: TrustState, root: bytes) -> None:
    """Checks that the log states a wrong directory.

    Args:
        proof: The proof of the directory entry.
        state: The state after every entry below it.
        root: The root of the tree of those entries.

    Raises:
        EvidenceInsufficient: If the directory is right, or other entries are below it.
        LogError: If the log does not hold the entry.
    """
    size = parse_checkpoint_text(parse_note(proof.note).text).size
    log = state.log.at(size)
    verify_log_proof(
        proof,
        entry_hash(proof.extra),
        origin=log.origin,
        required=map(parse_verifier_key, log.verifier_keys),
    )
    if tree_before(proof.index, size, proof.path).root() != root:
        raise EvidenceInsufficient("other entries are below the directory than those read here")
    entry = parse_entry(proof.extra)
    if not isinstance(entry, DirectoryEntry) or entry.root == state.directory.root:
        raise EvidenceInsufficient("the entry states the directory that its entries make")
