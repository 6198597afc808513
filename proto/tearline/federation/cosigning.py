"""Cosigner's rules for a signature (c2sp.org/tlog-witness, tlog-cosignature).

A cosignature means "this is the largest tree of this log that I have seen". A cosigner remembers
one size and one root, and signs only trees that provably extend them. It must store the new ones on
disk before it publishes the signature.
"""

from dataclasses import replace

from tearline.dataclass.immutable import immutable
from tearline.encoding import encode_base64, parse_base64, parse_decimal, parse_utf8
from tearline.errors import (
    CosignerElsewhere,
    LogInconsistent,
    MalformedInput,
    NoteMalformed,
    ProofMalformed,
)
from tearline.federation.members import LogKeys
from tearline.limits import MAX_COSIGN_DELAY_MS, MAX_LOG_PROOF_BYTES, MAX_LOG_SIZE
from tearline.tlog.checkpoint import (
    Checkpoint,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_verifier_key,
)
from tearline.tlog.merkle import EMPTY_ROOT, verify_consistency
from tearline.tlog.note import parse_note

MAX_PATH = 63  # hashes of a consistency proof (tlog-witness, "add-checkpoint")


@immutable
class CosignedTree:
    """Largest tree that a cosigner signed: its whole memory.

    Attributes:
        size: Its entries.
        root: 32 bytes.
    """

    size: int = 0
    root: bytes = EMPTY_ROOT


@immutable
class AddCheckpoint:
    """Checkpoint offered for cosigning.

    Attributes:
        old_size: Size of the tree at which the proof starts: the cosigner's last one.
        path: The consistency proof, 32 bytes each; empty from size 0.
        note: The checkpoint's signed note.
    """

    old_size: int
    path: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        """Returns the body of an ``add-checkpoint`` request."""
        path = map(encode_base64, self.path)
        return "\n".join([f"old {self.old_size}", *path, "", ""]).encode() + self.note


def parse_add_checkpoint(data: bytes) -> AddCheckpoint:
    """Returns the ``add-checkpoint`` request of a body in canonical form.

    Raises:
        NoteMalformed: If it is not in that form, or larger than a request may be.
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


def verify_add_checkpoint(request: AddCheckpoint, log: LogKeys, seen: CosignedTree) -> Checkpoint:
    """Checks that a cosigner may sign the offered checkpoint, and returns it.

    The order is that of tlog-witness: the log, its signatures, the sizes, and that the tree extends
    the last one. Beyond tlog-witness, every key of the log must have signed.

    Args:
        request: The offer.
        log: The log, as the constitution in force at the checkpoint's size names it.
        seen: The cosigner's last signed tree.

    Raises:
        NoteMalformed: If the note is not a checkpoint's, or the old size is above the new one.
        CheckpointForeign: If it belongs to another log.
        CheckpointUnsigned: If a key of the log did not sign.
        CheckpointForged: If a signature of the log does not verify.
        ProofMalformed: If the proof has another length.
        CosignerElsewhere: If the old size is not that of the last signed tree.
        LogInconsistent: If the tree does not extend the last one.
    """
    size = parse_checkpoint_text(parse_note(request.note).text).size
    keys = [parse_verifier_key(key) for key in log.at(size).verifier_keys]
    checkpoint = parse_checkpoint(request.note, origin=log.origin, required=keys).checkpoint
    if request.old_size > checkpoint.size:
        raise NoteMalformed("the old size is above the new one")
    if request.old_size != seen.size:
        raise CosignerElsewhere(f"its last tree has {seen.size} entries")
    if seen.size == 0:
        if request.path:
            raise ProofMalformed("a proof from size 0 is empty")
        return checkpoint
    if seen.size == checkpoint.size and seen.root != checkpoint.root:
        raise LogInconsistent(f"there are two trees of size {seen.size}")
    verify_consistency(seen.size, checkpoint.size, seen.root, checkpoint.root, request.path)
    return checkpoint


@immutable
class AwaitedCosignature:
    """Partner's acts that it has not cosigned yet: the first and the last.

    A partner that is online sees its own acts in the log and cosigns them. If it continues to act
    without cosigning, it sees another log, or its cosignatures are withheld.

    Attributes:
        first: Index of the entry of the first act without a cosignature.
        first_ms: Its time in the log, Unix milliseconds.
        last: Index of the entry of the last act.
        last_ms: Its time in the log, Unix milliseconds.
    """

    first: int
    first_ms: int
    last: int
    last_ms: int

    def after(self, index: int, time_ms: int) -> "AwaitedCosignature":
        """Returns the state after one more act."""
        if index <= self.last:
            return self
        return replace(self, last=index, last_ms=time_ms)

    def after_cosigning(self, size: int) -> "AwaitedCosignature | None":
        """Returns the remaining acts after a cosignature over ``size`` entries, or None."""
        if size > self.last:
            return None
        if size > self.first:
            return replace(self, first=self.last, first_ms=self.last_ms)
        return self

    @property
    def is_overdue(self) -> bool:
        """Returns whether the partner was online long enough to have cosigned the first act."""
        return self.last_ms - self.first_ms > MAX_COSIGN_DELAY_MS
