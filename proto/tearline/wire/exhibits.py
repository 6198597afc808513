"""Translators of exhibits: parts of a packet for a reader without its keys."""

from dataclasses import dataclass

from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.limits import MAX_EXHIBIT_BYTES, MAX_LOG_SIZE, MAX_SLOTS
from tearline.statements.statement import HASH_SIZE, SALT_SIZE
from tearline.v1 import exhibit_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.statements import Signed, read_signed, write_signed

_MAX_PATH = MAX_LOG_SIZE.bit_length() - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEntry:
    """Log entry with its path to the checkpoint's root, not yet verified.

    Attributes:
        index: Position of the entry, from 0.
        content: A clear entry itself, or the encoded opening of a blind one (spec L-14).
        path: Sibling hashes from the leaf to the root, 32 bytes each.
    """

    index: int
    content: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """Slot that is opened by its commitment, without its key.

    Attributes:
        slot: Its index in the manifest.
        salt: The 32 bytes of its commitment; they follow from its key, and not the reverse.
        plaintext: The exact sealed plaintext, padding included.
    """

    slot: int
    salt: bytes
    plaintext: bytes

    def __repr__(self) -> str:
        return f"ShownField(slot={self.slot})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """Selected fields of one packet, with all data for a verification; not yet verified.

    Attributes:
        checkpoint: The signed note that proves all entries, in UTF-8.
        entries: Trust lists, key records, revocations, and entries about the packet; ascending
            by index.
        manifest: The packet's statement.
        fields: The shown fields, ascending by slot; at least one.
        receipts: Receipts of recipients of a part of the packet.
    """

    checkpoint: bytes
    entries: tuple[ProvenEntry, ...]
    manifest: Signed
    fields: tuple[ShownField, ...]
    receipts: tuple[Signed, ...] = ()

    def __post_init__(self) -> None:
        for indices in (
            [entry.index for entry in self.entries],
            [shown.slot for shown in self.fields],
        ):
            if not indices or not is_ascending(indices):
                raise StatementMalformed("an exhibit holds each entry and field once, in order")
        if len({receipt.statement.id for receipt in self.receipts}) != len(self.receipts):
            raise StatementMalformed("an exhibit holds each receipt once")


def encode_exhibit(exhibit: Exhibit) -> bytes:
    """Returns the canonical encoding of an exhibit."""
    return serialize(_write_exhibit(exhibit))


def parse_exhibit(data: bytes) -> Exhibit:
    """Returns an exhibit from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one, or larger than an exhibit may be.
    """
    return parse_strictly(data, pb.Exhibit, _read_exhibit, maximum=MAX_EXHIBIT_BYTES)


def _write_exhibit(exhibit: Exhibit) -> pb.Exhibit:
    return pb.Exhibit(
        checkpoint=exhibit.checkpoint.decode("utf-8"),
        entries=[write_proven_entry(entry) for entry in exhibit.entries],
        manifest=write_signed(exhibit.manifest),
        fields=[
            pb.ShownField(slot=shown.slot, salt=shown.salt, plaintext=shown.plaintext)
            for shown in exhibit.fields
        ],
        receipts=[write_signed(receipt) for receipt in exhibit.receipts],
    )


def _read_exhibit(message: pb.Exhibit) -> Exhibit:
    return Exhibit(
        checkpoint=message.checkpoint.encode(),
        entries=tuple(read_proven_entry(entry) for entry in message.entries),
        manifest=read_signed(message.manifest),
        fields=tuple(_read_field(shown) for shown in message.fields),
        receipts=tuple(read_signed(receipt) for receipt in message.receipts),
    )


def write_proven_entry(entry: ProvenEntry) -> pb.ProvenEntry:
    """Returns a proven entry as protobuf."""
    return pb.ProvenEntry(index=entry.index, content=entry.content, path=entry.path)


def read_proven_entry(message: pb.ProvenEntry) -> ProvenEntry:
    """Returns a proven entry from protobuf.

    Raises:
        StatementMalformed: If a part is not possible.
    """
    if message.index >= MAX_LOG_SIZE or not message.content:
        raise StatementMalformed("an entry of the log is not possible")
    if len(message.path) > _MAX_PATH or any(len(node) != HASH_SIZE for node in message.path):
        raise StatementMalformed("the path of an entry is not possible")
    return ProvenEntry(index=message.index, content=message.content, path=tuple(message.path))


def _read_field(message: pb.ShownField) -> ShownField:
    if message.slot >= MAX_SLOTS or len(message.salt) != SALT_SIZE:
        raise StatementMalformed("a part of a shown field has the wrong size")
    return ShownField(slot=message.slot, salt=message.salt, plaintext=message.plaintext)
