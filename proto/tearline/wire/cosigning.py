"""Messages between cosigners and the exchange, and evidence files against the log."""

from tearline.dataclass.immutable import immutable
from tearline.federation.cosigning import MAX_PATH
from tearline.federation.equivocation import Equivocation
from tearline.limits import (
    MAX_COSIGN_BYTES,
    MAX_EVIDENCE,
    MAX_EVIDENCE_BYTES,
    MAX_TOLD_NOTES,
)
from tearline.tlog.merkle import HASH_SIZE
from tearline.v1 import log_pb2 as pb
from tearline.wire.log_entries import CHECKPOINT
from tearline.wire.table import FLAG, NUMBER, hash_path, many, part, sized, table


@immutable
class CosignRequest:
    """Cosigner's message to the exchange.

    Attributes:
        checkpoint: Its last signed note, with its line; empty if there is none yet.
        evidence: Its evidence against the log.
        wait: Whether to delay the answer until the log is larger than that checkpoint, up to a
            time limit.
        clock_ms: Its own clock, Unix milliseconds; 0 if it tells none.
    """

    checkpoint: bytes = b""
    evidence: tuple[Equivocation, ...] = ()
    wait: bool = False
    clock_ms: int = 0


@immutable
class CosignReply:
    """Exchange's answer to a cosigner.

    Attributes:
        checkpoints: Notes: the log's newest, then the newest that the counted cosigners, and the
            caller's partners, have cosigned.
        evidence: Any node's evidence against the log.
        pause_ms: Milliseconds from the answer to the caller's next turn.
    """

    checkpoints: tuple[bytes, ...]
    evidence: tuple[Equivocation, ...] = ()
    pause_ms: int = 0


_HASHES = "evidence holds a root and a path of hashes"

EQUIVOCATION = table(
    pb.Equivocation,
    Equivocation,
    maximum=MAX_EVIDENCE_BYTES,
    older=CHECKPOINT,
    newer=CHECKPOINT,
    root=sized(HASH_SIZE, _HASHES),
    path=hash_path(MAX_PATH, _HASHES),
)
encode_equivocation = EQUIVOCATION.encode
"""Returns the bytes of evidence, in canonical form."""
parse_equivocation = EQUIVOCATION.parse
"""Returns evidence from a file or a message, not yet verified."""

_EVIDENCE = many(
    part(EQUIVOCATION),
    most=MAX_EVIDENCE,
    why=f"one message tells of at most {MAX_EVIDENCE} equivocations",
)

COSIGN_REQUEST = table(
    pb.CosignRequest,
    CosignRequest,
    maximum=MAX_COSIGN_BYTES,
    checkpoint=CHECKPOINT,
    evidence=_EVIDENCE,
    wait=FLAG,
    clock_ms=NUMBER,
)
encode_cosign_turn = COSIGN_REQUEST.encode
"""Returns the bytes of a cosigner's message."""
parse_cosign_turn = COSIGN_REQUEST.parse_envelope
"""Returns a cosigner's message."""

COSIGN_REPLY = table(
    pb.CosignReply,
    CosignReply,
    maximum=MAX_COSIGN_BYTES,
    checkpoints=many(
        CHECKPOINT,
        least=1,
        most=MAX_TOLD_NOTES + 1,
        why=f"an answer holds the newest checkpoint, and at most {MAX_TOLD_NOTES} cosigned ones",
    ),
    evidence=_EVIDENCE,
    pause_ms=NUMBER,
)
encode_cosign_news = COSIGN_REPLY.encode
"""Returns the bytes of an answer to a cosigner."""
parse_cosign_news = COSIGN_REPLY.parse_envelope
"""Returns an answer to a cosigner."""
