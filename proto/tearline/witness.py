"""What a cosigner signs, and what it never does (c2sp.org/tlog-witness, tlog-cosignature).

A cosignature means "this is the largest tree of this log that I have seen". A cosigner
remembers one size and one root, signs only what provably begins with them, and must have the
new ones on the disk before anybody sees the signature.
"""

from dataclasses import dataclass, replace

from tearline.checkpoint import Checkpoint, parse_checkpoint, parse_verifier_key
from tearline.encoding import encode_base64, parse_base64, parse_decimal, parse_utf8
from tearline.errors import (
    CosignerElsewhere,
    LogInconsistent,
    MalformedInput,
    NoteMalformed,
    ProofMalformed,
)
from tearline.federation import LogIdentity
from tearline.limits import MAX_COSIGN_DELAY_MS, MAX_LOG_PROOF_BYTES, MAX_LOG_SIZE
from tearline.merkle import EMPTY_ROOT, verify_consistency

MAX_PATH = 63  # hashes of a consistency proof (tlog-witness, "add-checkpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The largest tree that a cosigner signed: all it has to remember.

    Attributes:
        size: Its entries.
        root: 32 bytes.
    """

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A checkpoint offered for cosigning.

    Attributes:
        old_size: The tree from which the proof leads: the cosigner's last one.
        path: The consistency proof, 32 bytes each; empty from size 0.
        note: The checkpoint's signed note.
    """

    old_size: int
    path: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        """The body of an ``add-checkpoint`` request."""
        path = map(encode_base64, self.path)
        return "\n".join([f"old {self.old_size}", *path, "", ""]).encode() + self.note


def parse_add_checkpoint(data: bytes) -> AddCheckpoint:
    """The body of an ``add-checkpoint`` request, in its one spelling.

    Raises:
        NoteMalformed: If it is anything else, or larger than a request may be.
    """
    if len(data) > MAX_LOG_PROOF_BYTES:
        raise NoteMalformed("the request is too large")
    head, _, note = data.partition(b"\n\n")
    try:
        first, *lines = parse_utf8(head).split("\n")
        if not first.startswith("old ") or len(lines) > MAX_PATH:
            raise NoteMalformed("a request begins with the old size and has at most 63 hashes")
        old_size = parse_decimal(first.removeprefix("old "), maximum=MAX_LOG_SIZE)
        path = tuple(parse_base64(line) for line in lines)
    except MalformedInput as error:
        raise NoteMalformed(error.why) from None
    return AddCheckpoint(old_size=old_size, path=path, note=note)


def verify_add_checkpoint(request: AddCheckpoint, log: LogIdentity, seen: Seen) -> Checkpoint:
    """Checks that a cosigner may sign what is offered; returns what it would sign.

    In the order of tlog-witness: the log, its signatures, the sizes, and that the tree begins
    with the last one. More than there, every key of the log must have signed.

    Args:
        request: What is offered.
        log: The log, as the trust list names it.
        seen: What the cosigner signed last.

    Raises:
        NoteMalformed: If the note is not a checkpoint's, or the old size is above the new one.
        CheckpointForeign: If it is of another log.
        CheckpointUnsigned: If a key of the log did not sign.
        CheckpointForged: If it did not make the signature it is said to have made.
        ProofMalformed: If the proof has another length.
        CosignerElsewhere: If the old size is not what was signed last.
        LogInconsistent: If the tree does not begin with the last one.
    """
    keys = [parse_verifier_key(key) for key in log.verifier_keys]
    checkpoint = parse_checkpoint(request.note, origin=log.origin, required=keys).checkpoint
    if request.old_size > checkpoint.size:
        raise NoteMalformed("the old size is above the new one")
    if request.old_size != seen.size:
        raise CosignerElsewhere(f"its last tree has {seen.size} entries")
    if seen.size == 0:
        if request.path:
            raise ProofMalformed("from size 0 there is nothing to prove")
        return checkpoint
    if seen.size == checkpoint.size and seen.root != checkpoint.root:
        raise LogInconsistent(f"there are two trees of size {seen.size}")
    verify_consistency(seen.size, checkpoint.size, seen.root, checkpoint.root, request.path)
    return checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """What a partner did that it has not cosigned yet: its first act and its last.

    A partner that is there sees its own acts in the log and cosigns them. One that goes on
    acting and does not is shown another log, or somebody keeps its cosignatures back.

    Attributes:
        first: Index of the entry of the first act that no cosignature covers.
        first_ms: Its time in the log, Unix milliseconds.
        last: Index of the entry of the last act.
        last_ms: Its time in the log.
    """

    first: int
    first_ms: int
    last: int
    last_ms: int

    def after(self, index: int, time_ms: int) -> "Awaited":
        """With one more act."""
        if index <= self.last:
            return self
        return replace(self, last=index, last_ms=time_ms)

    def after_cosigning(self, size: int) -> "Awaited | None":
        """What is left once the partner cosigned ``size`` entries."""
        if size > self.last:
            return None
        if size > self.first:
            return replace(self, first=self.last, first_ms=self.last_ms)
        return self

    @property
    def is_overdue(self) -> bool:
        """Whether the partner was there for long enough to have cosigned the first."""
        return self.last_ms - self.first_ms > MAX_COSIGN_DELAY_MS
