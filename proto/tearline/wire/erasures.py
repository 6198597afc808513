"""Translators of erasure orders and of erased entries."""

from dataclasses import dataclass

from tearline.audit.erasure import Erasure
from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BODY_BYTES, MAX_LOG_PROOF_BYTES, MAX_LOG_SIZE
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import HASH_SIZE
from tearline.v1 import erasure_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.exhibits import ProvenEntry, read_proven_entry, write_proven_entry
from tearline.wire.grants import read_log_opening, write_log_opening
from tearline.wire.statements import Signed, read_header, read_signed, write_header, write_signed

ERASED = b"\x0a"
"""First byte of an erased entry; no opening and no clear entry begins with it."""
_BLIND_SIZE = 33
_MAX_PATH = MAX_LOG_SIZE.bit_length() - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenAgreement:
    """Version of an agreement, with the log entry of its start; not yet verified.

    Attributes:
        signed: Its statement, with every party's signature.
        entry: The opening of that entry.
        path: The inclusion proof of that entry, under the proof's checkpoint.
    """

    signed: Signed
    entry: LogOpening
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        _verify_path(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedEntry:
    """Substitute for the opening of an erased entry; not yet verified.

    Attributes:
        entry: 33 bytes, the entry in the log.
        order: The order to erase it.
        erased: The opening of the order's own entry.
        path: The inclusion proof of that entry, under the proof's checkpoint.
        entries: Trust lists, key records, revocations; ascending by index, at least one.
        agreement: The basis of a retention order; None for any other order.
    """

    entry: bytes
    order: Signed
    erased: LogOpening
    path: tuple[bytes, ...]
    entries: tuple[ProvenEntry, ...]
    agreement: ProvenAgreement | None = None

    def __post_init__(self) -> None:
        if len(self.entry) != _BLIND_SIZE or self.entry[0] != 1:
            raise StatementMalformed("only a blind entry can be erased")
        _verify_path(self.path)
        indices = [entry.index for entry in self.entries]
        if not indices or not is_ascending(indices):
            raise StatementMalformed("an erased entry holds each clear entry once, in order")


def _verify_path(path: tuple[bytes, ...]) -> None:
    if len(path) > _MAX_PATH or any(len(node) != HASH_SIZE for node in path):
        raise StatementMalformed("the path has too many hashes, or one of another size")


def encode_erasure(order: Erasure) -> bytes:
    """Returns the canonical encoding of an order: the body of its statement."""
    return serialize(_write_erasure(order))


def parse_erasure(body: bytes) -> Erasure:
    """Returns an order from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid order.
    """
    return parse_strictly(body, pb.Erasure, _read_erasure, maximum=MAX_BODY_BYTES)


def encode_erased_entry(entry: ErasedEntry) -> bytes:
    """Returns the canonical encoding of an erased entry."""
    return serialize(_write_erased_entry(entry))


def parse_erased_entry(data: bytes) -> ErasedEntry:
    """Returns an erased entry from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.ErasedEntry, _read_erased_entry, maximum=MAX_LOG_PROOF_BYTES)


def _write_erasure(order: Erasure) -> pb.Erasure:
    return pb.Erasure(
        header=write_header(order.header),
        agreement_id=order.agreement_id,
        indices=order.indices,
        parties=order.parties,
        reason=order.reason,
        agreement_version=order.agreement_version,
        latest_ms=order.latest_ms,
    )


def _read_erasure(message: pb.Erasure) -> Erasure:
    return Erasure(
        header=read_header(message.header),
        agreement_id=message.agreement_id,
        indices=tuple(message.indices),
        parties=tuple(message.parties),
        reason=message.reason,
        agreement_version=message.agreement_version,
        latest_ms=message.latest_ms,
    )


def _write_erased_entry(entry: ErasedEntry) -> pb.ErasedEntry:
    return pb.ErasedEntry(
        entry=entry.entry,
        order=write_signed(entry.order),
        erased=write_log_opening(entry.erased),
        path=entry.path,
        entries=[write_proven_entry(each) for each in entry.entries],
        agreement=None if entry.agreement is None else _write_agreement(entry.agreement),
    )


def _read_erased_entry(message: pb.ErasedEntry) -> ErasedEntry:
    return ErasedEntry(
        entry=message.entry,
        order=read_signed(message.order),
        erased=read_log_opening(message.erased),
        path=tuple(message.path),
        entries=tuple(read_proven_entry(each) for each in message.entries),
        agreement=_read_agreement(message.agreement) if message.HasField("agreement") else None,
    )


def _write_agreement(agreement: ProvenAgreement) -> pb.ProvenAgreement:
    return pb.ProvenAgreement(
        agreement=write_signed(agreement.signed),
        entry=write_log_opening(agreement.entry),
        path=agreement.path,
    )


def _read_agreement(message: pb.ProvenAgreement) -> ProvenAgreement:
    return ProvenAgreement(
        signed=read_signed(message.agreement),
        entry=read_log_opening(message.entry),
        path=tuple(message.path),
    )
