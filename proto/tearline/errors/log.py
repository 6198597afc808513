"""TL-LOG: the audit log, or a proof of it, does not verify."""

from tearline.errors.base import EXIT_INTEGRITY, EXIT_REFUSED, ErrorClass, TearlineError


class LogError(TearlineError):
    """The audit log, or a proof of it, does not verify."""

    exit_status = EXIT_INTEGRITY
    error_class = ErrorClass.NOT_AUTHENTIC


class ProofMalformed(LogError):
    """Position, tree sizes or proof that are inconsistent with each other."""

    code = "TL-LOG-001"
    what = "The proof does not fit its tree."
    next = "Request the proof again; if the answer is the same, keep it as evidence."
    error_class = ErrorClass.MALFORMED


class EntryNotIncluded(LogError):
    """Inclusion proof that does not lead from the entry to the checkpoint."""

    code = "TL-LOG-002"
    what = "The log does not hold this entry at this position."
    next = "Keep the proof as evidence and tell the auditors."


class LogInconsistent(LogError):
    """Two trees of which the later is not an extension of the earlier."""

    code = "TL-LOG-003"
    what = "The log was rewritten between two checkpoints."
    next = "Stop sending, keep both checkpoints as evidence and tell every party."
    error_class = ErrorClass.EVIDENCE


class FrontierDamaged(LogError):
    """Stored tree head that is not valid for any tree."""

    code = "TL-LOG-004"
    what = "The stored state of the log's tree is damaged."
    next = "Restore it from the entries or from a mirror before any further signature."
    error_class = ErrorClass.LOCAL


class NoteMalformed(LogError):
    """Signed note, checkpoint or proof that is not in canonical form."""

    code = "TL-LOG-005"
    what = "The signed note is not well formed."
    next = "Request it again; if the answer is the same, keep it as evidence."
    error_class = ErrorClass.MALFORMED


class CheckpointForeign(LogError):
    """Checkpoint of a log other than the expected one."""

    code = "TL-LOG-006"
    what = "The checkpoint belongs to another log."
    next = "Check the address of the log, and the log's name in the charter."


class CheckpointUnsigned(LogError):
    """Checkpoint without a required signature."""

    code = "TL-LOG-007"
    what = "A required signature is missing from the checkpoint."
    next = "Wait for the signature or ask for a newer checkpoint; do not rely on this one."


class CheckpointForged(LogError):
    """Signature line of a known key that does not verify under this key."""

    code = "TL-LOG-008"
    what = "A signature on the checkpoint does not verify."
    next = "Keep the checkpoint as evidence, do not rely on it, and tell the auditors."


class LogUnproven(LogError):
    """More entries without a covering checkpoint than a node stores."""

    code = "TL-LOG-009"
    what = "The log sends entries without a checkpoint that covers them."
    next = (
        "Restore a newer backup of the node, so that fewer entries are missing, or tell the "
        "operator."
    )
    error_class = ErrorClass.EVIDENCE


class EntryMismatch(LogError):
    """Entry of an unknown kind, or one that does not match its opening."""

    code = "TL-LOG-020"
    what = "A log entry does not match its opening."
    next = "Keep it as evidence and tell the other agencies; the log may have been altered."


class TwinEntries(LogError):
    """One event with two entries, or with different entries for two parties."""

    code = "TL-LOG-021"
    what = "The log holds one event twice, or showed its parties different events."
    next = "Keep both openings as evidence and tell the other agencies."
    error_class = ErrorClass.EVIDENCE


class LogKeysUnknown(LogError):
    """Checkpoint that a reader without a charter cannot verify."""

    code = "TL-LOG-022"
    what = "The keys of the log are not known here."
    next = (
        "Verify again with --trust FILE, or an exhibit with --federation ID. Of an exhibit that the"
        " directory certifies, verify the policy file of a member (`tearline audit policy"
        " --counted`) out of band, and name it with --policy FILE."
    )
    error_class = ErrorClass.LOCAL


class EntryWithheld(LogError):
    """Answer that omits an entry of which the requesting node holds an opening."""

    code = "TL-LOG-026"
    what = "The exchange omitted from its answer an entry that this node knows."
    next = "Keep the answer as evidence, tell the operator, and search your node's own proofs."
    error_class = ErrorClass.EVIDENCE


class CheckpointMissing(LogError):
    """Entry in a file without the checkpoint that proves it."""

    code = "TL-LOG-028"
    what = "The checkpoint that proves this entry is not in the file."
    next = "Verify the whole file: the row with the checkpoint was left out."


class ExportAltered(LogError):
    """File that does not match its signed manifest."""

    code = "TL-LOG-029"
    what = "The file does not match its manifest."
    next = "Request the exported file and its manifest again."


class TileMalformed(LogError):
    """Tile of the log, or tile path, that is not in canonical form."""

    code = "TL-LOG-025"
    what = "The tile is not well formed, or its path is not."
    next = "Request it again or from another source; c2sp.org/tlog-tiles defines the format."
    error_class = ErrorClass.MALFORMED


class EntryTooLarge(LogError):
    """Statement larger than an entry of the log may be."""

    code = "TL-LOG-024"
    what = "The statement does not fit an entry of the log."
    next = "For a member record: name fewer certificate authorities."
    error_class = ErrorClass.REFUSED
    exit_status = EXIT_REFUSED


class MomentUnproven(LogError):
    """Exhibit that does not prove when the log accepted its packet."""

    code = "TL-LOG-027"
    what = (
        "The file does not prove when the log accepted the packet; keys are valid by log position."
    )
    next = "Ask the originator for an exhibit, or receive the packet again and make a new one."


class EvidenceInsufficient(LogError):
    """Two checkpoints that are consistent with one history."""

    code = "TL-LOG-023"
    what = "The evidence does not show that the log has two histories."
    next = "Look for the contradicting checkpoint; do not accuse the log on this alone."


class LogForked(LogError):
    """Equivocation: two histories under the log's own signatures."""

    code = "TL-LOG-030"
    what = "The log signed two histories that contradict each other."
    next = "Show the evidence to every party; an officer decides whether the node sends again."
    error_class = ErrorClass.EVIDENCE


class SendingStopped(LogError):
    """Sending while evidence against the log is unresolved."""

    code = "TL-LOG-031"
    what = "Sending is stopped: there is evidence against the log."
    next = "Look at the evidence with `tearline log evidence`; an officer lifts the stop."
    error_class = ErrorClass.LATER
    exit_status = EXIT_REFUSED


class CosignerElsewhere(LogError):
    """Consistency proof that does not start at the cosigner's last signed tree."""

    code = "TL-LOG-032"
    what = "The cosigner last signed another tree."
    next = "Offer the checkpoint again with a proof from that tree."
    error_class = ErrorClass.REFUSED


class CosignatureMissing(LogError):
    """Partner that is online and does not cosign the log that contains its own statements."""

    code = "TL-LOG-033"
    what = "An agency has not cosigned a log that contains its own statements."
    next = "Compare checkpoints with that agency out of band: the log may be split."
    error_class = ErrorClass.EVIDENCE


class CosignerUnknown(LogError):
    """Cosignature by a key that is not on record."""

    code = "TL-LOG-034"
    what = "The cosignature is not by a key of the caller that counts."
    next = "Put the cosigner's key on record with `tearline keys rotate --cosign`."
    error_class = ErrorClass.REFUSED


class CosigningWaits(LogError):
    """Restored node that cannot tell yet whether it reads the log that it cosigned."""

    code = "TL-LOG-036"
    what = "This node was restored, and no other agency has yet cosigned the log that it reads."
    next = "Let it run until another agency's node has cosigned; the node then makes a new key."
    error_class = ErrorClass.LATER


class PromiseLost(LogError):
    """Entry of a receipt that the exchange lost together with its machine."""

    code = "TL-LOG-037"
    what = "The exchange was restored and has lost an entry that its receipt names."
    next = "Tell the operator; the node keeps the receipt and resends the statement."
    error_class = ErrorClass.EVIDENCE


class ErasureRefused(LogError):
    """Erasure order that is not valid for the entries that it names."""

    code = "TL-LOG-038"
    what = "The order to erase entries of the log is not valid."
    next = "Have exactly the agencies that the entries name sign one order for them."
    error_class = ErrorClass.REFUSED


class AccessLogChanged(LogError):
    """Access log of the node that does not match its own tree or an anchor."""

    code = "TL-LOG-039"
    what = "The node's own access log was changed outside Tearline."
    next = "Keep the database, and investigate write access to it since the last valid anchor."
    error_class = ErrorClass.EVIDENCE


class CosignatureAwaited(LogError):
    """Packet that opens only after both agencies have cosigned."""

    code = "TL-LOG-040"
    what = "The packet has arrived and waits for the sender's cosignature."
    next = "Let the node run: the packet opens once the sender's agency has cosigned the log."
    error_class = ErrorClass.LATER
    exit_status = EXIT_REFUSED


class RetentionBroken(LogError):
    """Retention order for an entry that the agreement lets the log keep."""

    code = "TL-LOG-041"
    what = "The exchange erased an entry of the log that the agreement lets it keep."
    next = "Keep the order and your own opening as evidence, and tell the other parties."
    error_class = ErrorClass.EVIDENCE


class RetentionUnknown(LogError):
    """Retention order that cannot be verified here yet."""

    code = "TL-LOG-042"
    what = "Whether the retention of an entry has ended cannot be verified here yet."
    next = "Check this machine's clock, and that every version of the agreement was received."
    error_class = ErrorClass.LATER


class OrderContradicted(LogError):
    """Retention order that makes an entry older than an earlier entry."""

    code = "TL-LOG-043"
    what = "The order dates the erased entry before an earlier entry of the log."
    next = (
        "Verify it together with the proofs of all `time` entries between the two. If there are "
        "none, the exchange erased too early: keep both proofs, and tell the other parties."
    )
    error_class = ErrorClass.EVIDENCE


class CosignersTooFew(LogError):
    """Checkpoint that fewer counted cosigners signed than the constitution demands."""

    code = "TL-LOG-044"
    what = "Too few of the counted cosigners signed the checkpoint."
    next = "Wait until more of them have cosigned, or ask for a newer checkpoint."
