"""An entry of the log with everything that proves it, for one reader."""

from tearline.dataclass.immutable import immutable
from tearline.tlog.checkpoint import SignedCheckpoint
from tearline.tlog.proof import LogProof
from tearline.verification.log_entries import verify_cosigned
from tearline.wire.grants import encode_log_opening
from tearline_client.audit.proofs import SUFFIX
from tearline_client.audit.search import FoundEvent
from tearline_client.audit.verifier import AuditVerifier, Judgement
from tearline_client.context import NodeContext
from tearline_client.store.cosigning import Partner


@immutable
class ProvenRecord:
    """An entry, found by a search, with its proof.

    Attributes:
        found: The entry.
        checkpoint: The state of the log that it is proven in.
        proof: A c2sp.org/tlog-proof with the opened event.
        judgement: The result of verifying the proof as an outsider does.
        cosigners: The agencies that cosigned a log with the entry, as known here.
    """

    found: FoundEvent
    checkpoint: SignedCheckpoint
    proof: bytes
    judgement: Judgement
    cosigners: tuple[Partner, ...]

    @property
    def name(self) -> str:
        """Returns the name of a file for the proof."""
        return f"{self.found.index:08}-{self.found.event.code.value}{SUFFIX}"


def proven_record(context: NodeContext, found: FoundEvent) -> ProvenRecord:
    """Returns an entry that a search found, verified anew from its proof alone."""
    log = context.trust.log
    proof = LogProof(
        index=found.index,
        path=found.proven.path,
        note=found.note,
        extra=encode_log_opening(found.proven.entry),
    ).encode()
    return ProvenRecord(
        found=found,
        checkpoint=verify_cosigned(found.note, log),
        proof=proof,
        judgement=AuditVerifier(log, context.trust.federation).judge(proof),
        cosigners=tuple(
            each for each in context.stores.cosigning.partners() if each.size > found.index
        ),
    )
