"""Portable proofs of an entry in the log, verified offline (c2sp.org/tlog-proof).

    c2sp.org/tlog-proof@v1
    extra YWdlLXYxLjIuMS1kYXJ3aW4=                  left out where there is none
    index 73894
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=    from the leaf's sibling upwards
    …

    exchange.example/log                            the checkpoint, as it was signed
    …

Extra data is not authenticated directly: the reader computes the leaf's hash from it, and this hash
must match.
"""

from collections.abc import Iterable

from tearline.dataclass.immutable import immutable
from tearline.encoding import encode_base64, parse_base64, parse_decimal, parse_utf8
from tearline.errors import MalformedInput, NoteMalformed
from tearline.limits import MAX_LOG_PROOF_BYTES, MAX_LOG_SIZE
from tearline.tlog.checkpoint import SignedCheckpoint, VerifierKey, parse_checkpoint
from tearline.tlog.merkle import HASH_SIZE, verify_inclusion

PROOF = "c2sp.org/tlog-proof@v1"
"""First line of a proof."""
_MAX_PATH = MAX_LOG_SIZE.bit_length() - 1


@immutable
class LogProof:
    """Proof of an entry under a checkpoint, not yet verified.

    Attributes:
        index: Position of the entry, from 0.
        path: Sibling hashes from the leaf to the root, 32 bytes each.
        note: The checkpoint's signed note, exactly as published.
        extra: Data from which the reader computes the leaf; empty for none.
    """

    index: int
    path: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""

    def encode(self) -> bytes:
        """Returns the proof as text, in UTF-8."""
        extra = [f"extra {encode_base64(self.extra)}"] if self.extra else []
        lines = [PROOF, *extra, f"index {self.index}", *map(encode_base64, self.path), "", ""]
        return "\n".join(lines).encode() + self.note


def parse_log_proof(data: bytes) -> LogProof:
    """Returns a proof from its canonical form; its checkpoint is not yet verified.

    Raises:
        NoteMalformed: If ``data`` is not in that form, or larger than a proof may be.
    """
    if len(data) > MAX_LOG_PROOF_BYTES:
        raise NoteMalformed("the proof is too large")
    head, _, note = data.partition(b"\n\n")
    if not note:
        raise NoteMalformed("the proof holds no checkpoint")
    try:
        return _parse_head(parse_utf8(head).split("\n"), note)
    except MalformedInput as error:
        raise NoteMalformed(error.why) from None


def verify_log_proof(
    proof: LogProof,
    leaf_hash: bytes,
    *,
    origin: str,
    required: Iterable[VerifierKey],
    known: Iterable[VerifierKey] = (),
) -> SignedCheckpoint:
    """Checks that the log holds the entry with ``leaf_hash``, and returns the checkpoint.

    The steps are those of c2sp.org/tlog-proof, "Verifying". The caller computes the leaf hash (1).
    The checkpoint is of this log and signed by the required keys (2). Every cosignature of a known
    key verifies (3). The path binds the leaf to the signed root (4).

    Args:
        proof: The proof.
        leaf_hash: 32 bytes, computed by the caller from its own data of the entry.
        origin: The expected name of the log.
        required: Keys that must have signed the checkpoint.
        known: Further keys; their signatures are verified where present.

    Raises:
        LogError: As ``parse_checkpoint`` and ``verify_inclusion`` do.
    """
    signed = parse_checkpoint(proof.note, origin=origin, required=required, known=known)
    state = signed.checkpoint
    verify_inclusion(proof.index, state.size, leaf_hash, proof.path, state.root)
    return signed


def _parse_head(lines: list[str], note: bytes) -> LogProof:
    if lines.pop(0) != PROOF:
        raise NoteMalformed("this is not a transparency log proof of version 1")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = parse_base64(lines.pop(0).removeprefix("extra "))
        if not extra:
            raise NoteMalformed("an empty extra line is left out")
    if not lines or not lines[0].startswith("index "):
        raise NoteMalformed("the proof has no index")
    index = parse_decimal(lines.pop(0).removeprefix("index "), maximum=MAX_LOG_SIZE)
    path = tuple(parse_base64(line) for line in lines)
    if len(path) > _MAX_PATH or any(len(node) != HASH_SIZE for node in path):
        raise NoteMalformed("the path has too many hashes, or one of another size")
    return LogProof(index=index, path=path, note=note, extra=extra)
