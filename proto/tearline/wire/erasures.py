"""Orders to erase, and what is shown of an entry that was erased."""

from dataclasses import dataclass
from itertools import pairwise

from tearline.erasure import Erasure
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BODY_BYTES, MAX_LOG_PROOF_BYTES, MAX_LOG_SIZE
from tearline.receipt import LogOpening
from tearline.statement import HASH_SIZE
from tearline.v1 import erasure_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.exhibits import ProvenEntry, read_proven_entry, write_proven_entry
from tearline.wire.flow import read_log_opening, write_log_opening
from tearline.wire.statements import Signed, read_header, read_signed, write_header, write_signed

ERASED = b"\x0a"
"""How an erased entry begins, and neither an opening nor a clear entry does."""
_BLIND_SIZE = 33
_MAX_PATH = MAX_LOG_SIZE.bit_length() - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedEntry:
    """What is shown of an entry instead of its opening; not yet verified.

    Attributes:
        entry: 33 bytes, the entry as it stands in the log.
        order: The order to erase it.
        erased: The opening of the order's own entry.
        path: The inclusion proof of that entry, under the proof's checkpoint.
        entries: Trust lists, key records, revocations; ascending by index, at least one.
    """

    entry: bytes
    order: Signed
    erased: LogOpening
    path: tuple[bytes, ...]
    entries: tuple[ProvenEntry, ...]

    def __post_init__(self) -> None:
        if len(self.entry) != _BLIND_SIZE or self.entry[0] != 1:
            raise StatementMalformed("only a blind entry is erased")
        if len(self.path) > _MAX_PATH or any(len(node) != HASH_SIZE for node in self.path):
            raise StatementMalformed("the path has too many hashes, or one of another size")
        indices = [entry.index for entry in self.entries]
        if not indices or any(a >= b for a, b in pairwise(indices)):
            raise StatementMalformed("an erased entry holds each clear entry once, in order")


def encode_erasure(order: Erasure) -> bytes:
    """The one encoding of an order: the body of its statement."""
    return serialize(_write_erasure(order))


def parse_erasure(body: bytes) -> Erasure:
    """An order from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is anything but the encoding of a valid order.
    """
    return parse_strictly(body, pb.Erasure, _read_erasure, _write_erasure, maximum=MAX_BODY_BYTES)


def encode_erased_entry(entry: ErasedEntry) -> bytes:
    """The one encoding of what is shown of an erased entry."""
    return serialize(_write_erased_entry(entry))


def parse_erased_entry(data: bytes) -> ErasedEntry:
    """What is shown of an erased entry, from its one encoding.

    Raises:
        StatementMalformed: If ``data`` is anything else.
    """
    return parse_strictly(
        data, pb.ErasedEntry, _read_erased_entry, _write_erased_entry, maximum=MAX_LOG_PROOF_BYTES
    )


def _write_erasure(order: Erasure) -> pb.Erasure:
    return pb.Erasure(
        header=write_header(order.header),
        agreement_id=order.agreement_id,
        indices=order.indices,
        parties=order.parties,
        reason=order.reason,
    )


def _read_erasure(message: pb.Erasure) -> Erasure:
    return Erasure(
        header=read_header(message.header),
        agreement_id=message.agreement_id,
        indices=tuple(message.indices),
        parties=tuple(message.parties),
        reason=message.reason,
    )


def _write_erased_entry(entry: ErasedEntry) -> pb.ErasedEntry:
    return pb.ErasedEntry(
        entry=entry.entry,
        order=write_signed(entry.order),
        erased=write_log_opening(entry.erased),
        path=entry.path,
        entries=[write_proven_entry(each) for each in entry.entries],
    )


def _read_erased_entry(message: pb.ErasedEntry) -> ErasedEntry:
    return ErasedEntry(
        entry=message.entry,
        order=read_signed(message.order),
        erased=read_log_opening(message.erased),
        path=tuple(message.path),
        entries=tuple(read_proven_entry(each) for each in message.entries),
    )
