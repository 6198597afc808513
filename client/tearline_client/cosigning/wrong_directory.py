"""Evidence of a wrong directory, compared with the entries that this node has read."""

from tearline.errors import DirectoryRejected, EvidenceInsufficient, NodeIsLight
from tearline.tlog.proof import LogProof
from tearline.verification.log_entries import parse_entry
from tearline.verification.trust import TrustState
from tearline.verification.wrong_directory import verify_wrong_directory
from tearline_client.context import NodeContext


def judge_directory(context: NodeContext, proof: LogProof) -> None:
    """Checks evidence of a wrong directory, and stores it; known evidence is ignored.

    The directory is derived anew from the entries below, so this takes as long as a new node's
    start.

    Raises:
        DirectoryRejected: If it is new and valid: sending stops.
        EvidenceInsufficient: If the entries below it are not read here, or make that directory.
        LogError: If the log does not hold the entry.
        NodeIsLight: If this is a light node.
    """
    if context.is_light:
        raise NodeIsLight("it does not derive the directory")
    stores = context.stores
    if proof.index > stores.log.size:
        raise EvidenceInsufficient(f"{stores.log.size} entries are read here")
    state = TrustState(federation=context.trust.federation)
    for index, data in stores.log.clear_entries():
        if index < proof.index and (entry := parse_entry(data)) is not None:
            state.apply(index, entry)
    verify_wrong_directory(proof, state, stores.log.root_at(proof.index))
    with stores.database.transaction():
        is_new = stores.cosigning.accuse(proof, now_ms=context.now_ms())
    if is_new:
        raise DirectoryRejected(f"entry {proof.index}")
