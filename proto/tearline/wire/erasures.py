"""Codecs of erasure orders and of erased entries."""

from tearline.audit.erasure import Erasure
from tearline.dataclass.immutable import immutable
from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.limits import MAX_LOG_PROOF_BYTES, MAX_LOG_SIZE
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import HASH_SIZE
from tearline.v1 import erasure_pb2 as pb
from tearline.wire.exhibits import PROVEN_ENTRY, ProvenEntry
from tearline.wire.grants import LOG_OPENING
from tearline.wire.statements import HEADER, SIGNED, Signed
from tearline.wire.table import BYTES, NUMBER, TEXT, many, maybe, part, table

ERASED = b"\x0a"
"""First byte of an erased entry; no opening and no clear entry begins with it."""
_BLIND_SIZE = 33
_MAX_PATH = MAX_LOG_SIZE.bit_length() - 1


@immutable
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


@immutable
class ErasedEntry:
    """Substitute for the opening of an erased entry; not yet verified.

    Attributes:
        entry: 33 bytes, the entry in the log.
        order: The order to erase it.
        erased: The opening of the order's own entry.
        path: The inclusion proof of that entry, under the proof's checkpoint.
        entries: Entries of members and keys; ascending by index, at least one.
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


ERASURE = table(
    pb.Erasure,
    Erasure,
    header=part(HEADER),
    agreement_id=BYTES,
    indices=many(NUMBER),
    parties=many(TEXT),
    reason=TEXT,
    agreement_version=NUMBER,
    latest_ms=NUMBER,
)
encode_erasure = ERASURE.encode
"""Returns the canonical encoding of an order: the body of its statement."""
parse_erasure = ERASURE.parse
"""Returns an order from its statement's body."""

_PROVEN_AGREEMENT = table(
    pb.ProvenAgreement,
    ProvenAgreement,
    agreement=part(SIGNED).at("signed"),
    entry=part(LOG_OPENING),
    path=many(BYTES),
)

ERASED_ENTRY = table(
    pb.ErasedEntry,
    ErasedEntry,
    maximum=MAX_LOG_PROOF_BYTES,
    entry=BYTES,
    order=part(SIGNED),
    erased=part(LOG_OPENING),
    path=many(BYTES),
    entries=many(part(PROVEN_ENTRY)),
    agreement=maybe(part(_PROVEN_AGREEMENT)),
)
encode_erased_entry = ERASED_ENTRY.encode
"""Returns the canonical encoding of an erased entry."""
parse_erased_entry = ERASED_ENTRY.parse
"""Returns an erased entry from its canonical encoding."""
