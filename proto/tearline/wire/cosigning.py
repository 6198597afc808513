"""Messages between cosigners and the exchange, and evidence files against the log."""

from collections.abc import Sequence
from dataclasses import dataclass

from tearline.errors import StatementMalformed
from tearline.federation.cosigning import MAX_PATH
from tearline.federation.equivocation import Equivocation
from tearline.limits import (
    MAX_CHECKPOINT_BYTES,
    MAX_COSIGN_BYTES,
    MAX_COSIGNERS,
    MAX_EVIDENCE,
    MAX_EVIDENCE_BYTES,
)
from tearline.tlog.merkle import HASH_SIZE
from tearline.v1 import log_pb2 as pb
from tearline.wire.codec import decode, parse_strictly, serialize


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignRequest:
    """Cosigner's message to the exchange.

    Attributes:
        checkpoint: Its last signed note, with its line; empty if there is none yet.
        evidence: Its evidence against the log.
        wait: Whether to delay the answer until the log is larger than that checkpoint, up to a
            time limit.
    """

    checkpoint: bytes = b""
    evidence: tuple[Equivocation, ...] = ()
    wait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignReply:
    """Exchange's answer to a cosigner.

    Attributes:
        checkpoints: Notes: the log's newest, then the newest of each cosigner.
        evidence: Any node's evidence against the log.
    """

    checkpoints: tuple[bytes, ...]
    evidence: tuple[Equivocation, ...] = ()


def encode_equivocation(evidence: Equivocation) -> bytes:
    """Returns the bytes of evidence, in canonical form."""
    return serialize(_write(evidence))


def parse_equivocation(data: bytes) -> Equivocation:
    """Returns evidence from a file or a message, not yet verified.

    Raises:
        StatementMalformed: If it is not evidence in canonical form.
    """
    return parse_strictly(data, pb.Equivocation, _read, maximum=MAX_EVIDENCE_BYTES)


def encode_cosign_turn(turn: CosignRequest) -> bytes:
    """Returns the bytes of a cosigner's message."""
    return serialize(
        pb.CosignRequest(
            checkpoint=turn.checkpoint.decode(),
            evidence=[_write(e) for e in turn.evidence],
            wait=turn.wait,
        )
    )


def parse_cosign_turn(data: bytes) -> CosignRequest:
    """Returns a cosigner's message.

    Raises:
        StatementMalformed: If it is not valid.
    """
    message = decode(pb.CosignRequest, data, maximum=MAX_COSIGN_BYTES)
    return CosignRequest(
        checkpoint=_note(message.checkpoint),
        evidence=_evidence(message.evidence),
        wait=message.wait,
    )


def encode_cosign_news(news: CosignReply) -> bytes:
    """Returns the bytes of an answer to a cosigner."""
    return serialize(
        pb.CosignReply(
            checkpoints=[note.decode() for note in news.checkpoints],
            evidence=[_write(e) for e in news.evidence],
        )
    )


def parse_cosign_news(data: bytes) -> CosignReply:
    """Returns an answer to a cosigner.

    Raises:
        StatementMalformed: If it is not valid.
    """
    message = decode(pb.CosignReply, data, maximum=MAX_COSIGN_BYTES)
    if not 0 < len(message.checkpoints) <= MAX_COSIGNERS + 1:
        raise StatementMalformed("an answer holds the newest checkpoint, and one of each cosigner")
    return CosignReply(
        checkpoints=tuple(_note(note) for note in message.checkpoints),
        evidence=_evidence(message.evidence),
    )


def _write(evidence: Equivocation) -> pb.Equivocation:
    return pb.Equivocation(
        older=evidence.older.decode(),
        newer=evidence.newer.decode(),
        root=evidence.root,
        path=evidence.path,
    )


def _read(message: pb.Equivocation) -> Equivocation:
    if len(message.path) > MAX_PATH or any(
        len(node) != HASH_SIZE for node in (message.root, *message.path)
    ):
        raise StatementMalformed("evidence holds a root and a path of hashes")
    return Equivocation(
        older=_note(message.older),
        newer=_note(message.newer),
        root=message.root,
        path=tuple(message.path),
    )


def _evidence(messages: Sequence[pb.Equivocation]) -> tuple[Equivocation, ...]:
    if len(messages) > MAX_EVIDENCE:
        raise StatementMalformed(f"one message tells of at most {MAX_EVIDENCE} equivocations")
    return tuple(_read(message) for message in messages)


def _note(text: str) -> bytes:
    note = text.encode("utf-8")
    if len(note) > MAX_CHECKPOINT_BYTES:
        raise StatementMalformed("the checkpoint is too large")
    return note
