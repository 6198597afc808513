"""TL-LOG: the audit log, or a proof of it, does not verify."""

from tearline.errors.base import EXIT_INTEGRITY, EXIT_REFUSED, TearlineError


class LogError(TearlineError):
    """The audit log, or a proof of it, does not verify."""

    exit_status = EXIT_INTEGRITY


class ProofMalformed(LogError):
    """A position, two sizes or a proof that cannot belong together."""

    code = "TL-LOG-001"
    what = "The proof does not fit the tree it is about."
    next = "Ask for the proof again; if it comes back the same, keep it as evidence."


class EntryNotIncluded(LogError):
    """A proof that does not lead from the entry to the checkpoint."""

    code = "TL-LOG-002"
    what = "The log does not hold this entry at this place."
    next = "Keep the proof as evidence and tell the auditors."


class LogInconsistent(LogError):
    """Two trees of which the later does not begin with the earlier."""

    code = "TL-LOG-003"
    what = "The log was rewritten between two checkpoints."
    next = "Stop sending, keep both checkpoints as evidence and tell every party."


class FrontierDamaged(LogError):
    """A stored tree head that no tree has."""

    code = "TL-LOG-004"
    what = "The stored state of the log's tree is damaged."
    next = "Restore it from the entries or from a mirror before anything is signed."


class NoteMalformed(LogError):
    """A signed note, checkpoint or proof that is not the one spelling of itself."""

    code = "TL-LOG-005"
    what = "The signed note is not well formed."
    next = "Ask for it again; if it comes back the same, keep it as evidence."


class CheckpointForeign(LogError):
    """A checkpoint of a log other than the one expected."""

    code = "TL-LOG-006"
    what = "The checkpoint is of another log."
    next = "Check which log was asked, and the trust list for the log's name."


class CheckpointUnsigned(LogError):
    """A checkpoint without a signature that is required."""

    code = "TL-LOG-007"
    what = "A required signature is missing from the checkpoint."
    next = "Wait for the signature or ask for a newer checkpoint; do not rely on this one."


class CheckpointForged(LogError):
    """A signature line of a known key that this key did not make."""

    code = "TL-LOG-008"
    what = "A signature on the checkpoint does not verify."
    next = "Keep the checkpoint as evidence, do not rely on it, and tell the auditors."


class LogUnproven(LogError):
    """More entries than are held without a checkpoint over them."""

    code = "TL-LOG-009"
    what = "The log gives entry upon entry and no checkpoint that they lead to."
    next = "Restore a newer backup of the node, so that less is missing, or tell the operator."


class EntryMismatch(LogError):
    """An entry that is of no kind, or not what its opening says."""

    code = "TL-LOG-020"
    what = "A log entry is not what it is said to be."
    next = "Keep it as evidence and tell the other agencies; the log may have been altered."


class TwinEntries(LogError):
    """One event with two entries, or two parties told of different ones."""

    code = "TL-LOG-021"
    what = "The log holds one event twice, or told its parties different things."
    next = "Keep both openings as evidence and tell the other agencies."


class LogKeysUnknown(LogError):
    """A checkpoint that a reader without a trust list cannot judge."""

    code = "TL-LOG-022"
    what = "The keys of the log are not known here."
    next = "Name the federation's trust list with --trust, and verify again."


class EntryWithheld(LogError):
    """An answer without an entry that the asking node was told of."""

    code = "TL-LOG-026"
    what = "The exchange left out of its answer an entry that this node was told of."
    next = "Keep the answer as evidence, tell the operator, and search your node's own proofs."


class CheckpointMissing(LogError):
    """An entry in a file that lacks the checkpoint it is proven under."""

    code = "TL-LOG-028"
    what = "The checkpoint that this entry is proven under is not in the file."
    next = "Verify the whole file: the row that brought the checkpoint was left out."


class ExportAltered(LogError):
    """A file that is not the one that its manifest was signed for."""

    code = "TL-LOG-029"
    what = "The file is not what its manifest says."
    next = "Ask for the file and its manifest again, as they were exported."


class TileMalformed(LogError):
    """A tile of the log, or the path of one, that is not the one spelling of itself."""

    code = "TL-LOG-025"
    what = "The tile is not well formed, or its path is not."
    next = "Ask for it again or elsewhere; c2sp.org/tlog-tiles says what it must be."


class EntryTooLarge(LogError):
    """A statement too large for a log that every reader can fetch."""

    code = "TL-LOG-024"
    what = "The statement does not fit an entry of the log."
    next = "Of a trust list: name fewer agencies, or fewer certificate authorities for each."
    exit_status = EXIT_REFUSED


class MomentUnproven(LogError):
    """An exhibit that does not show when the log took its packet."""

    code = "TL-LOG-027"
    what = "Nothing here shows when the log took the packet; a key counts at a place of the log."
    next = "Ask the originator for an exhibit, or receive again and make it anew."


class EvidenceInsufficient(LogError):
    """Two checkpoints that one history can have."""

    code = "TL-LOG-023"
    what = "The evidence does not show that the log has two histories."
    next = "Look for the checkpoint that contradicts it; do not accuse the log on this alone."


class LogForked(LogError):
    """Two histories under the log's own signatures."""

    code = "TL-LOG-030"
    what = "The log signed two histories that contradict each other."
    next = "Show the evidence to every party; an officer decides whether anything is sent again."


class SendingStopped(LogError):
    """Something to send, while the log stands accused and no officer decided."""

    code = "TL-LOG-031"
    what = "Nothing is sent while the log stands accused of two histories."
    next = "Look at the evidence with `tearline log evidence`; an officer lifts the stop."
    exit_status = EXIT_REFUSED


class CosignerElsewhere(LogError):
    """A proof that begins at another tree than the cosigner signed last."""

    code = "TL-LOG-032"
    what = "The cosigner signed another tree last."
    next = "Offer the checkpoint again with a proof from that tree."


class CosignatureMissing(LogError):
    """A partner that is there, and does not see what it sent us in the log."""

    code = "TL-LOG-033"
    what = "An agency has not cosigned what the log shows here as its own."
    next = "Compare checkpoints with that agency by another way: the log may be split."


class CosignerUnknown(LogError):
    """A cosignature by nobody whose key is on record."""

    code = "TL-LOG-034"
    what = "The cosignature is not by a key of the caller that counts."
    next = "Put the cosigner's key on record with `tearline keys rotate --cosign`."


class CosigningWaits(LogError):
    """A restored node that does not know yet whether the log is the one it cosigned."""

    code = "TL-LOG-036"
    what = "This node was restored, and no other agency has cosigned yet what it reads."
    next = "Let it run until another agency's node has cosigned; then it makes a new key."


class PromiseLost(LogError):
    """A receipt's entry that the exchange lost with its machine."""

    code = "TL-LOG-037"
    what = "The exchange was restored, and has lost an entry that its receipt names."
    next = "Tell the operator; the receipt is kept, and what it is about is sent again."


class ErasureRefused(LogError):
    """An order to erase entries that does not hold for what it is to erase."""

    code = "TL-LOG-038"
    what = "The order to erase the log's entry does not hold."
    next = "Have every agency that the entries name, and no other, sign one order for them."


class AccessLogChanged(LogError):
    """An own access log that is not what was written, by its own tree or by an anchor."""

    code = "TL-LOG-039"
    what = "The node's own access log was changed by hand."
    next = "Keep the database, and find out who could write to it since the last good anchor."


class CosignatureAwaited(LogError):
    """A packet under an article that opens nothing before both agencies have cosigned."""

    code = "TL-LOG-040"
    what = "The packet is here, and waits for the sender's cosignature."
    next = "Let the node run: it opens by itself once the sender's agency has cosigned the log."
    exit_status = EXIT_REFUSED


class RetentionBroken(LogError):
    """An order by retention for what an agreement lets the log keep."""

    code = "TL-LOG-041"
    what = "The exchange erased an entry of the log that the agreement lets it keep."
    next = "Keep the order and your own opening as evidence, and tell the other parties."


class RetentionUnknown(LogError):
    """An order by retention that cannot be judged here yet."""

    code = "TL-LOG-042"
    what = "Whether the log may keep an entry no longer cannot be told here yet."
    next = "Check this machine's clock, and that every version of the agreement was received."


class OrderContradicted(LogError):
    """An order by retention that makes an entry older than one before it."""

    code = "TL-LOG-043"
    what = "By the order the erased entry is older than an entry before it."
    next = (
        "Verify it together with the proofs of all `time` entries between the two; if there are "
        "none, the exchange erased too early: keep both proofs, and tell the other parties."
    )
