"""Translators of a manifest's attachments: openings and ciphertexts."""

from collections.abc import Sequence

from tearline.dataclass.immutable import immutable
from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.limits import MAX_COMPARTMENTS, MAX_MESSAGE_BYTES, MAX_SLOTS
from tearline.packets.packet import BLOB_ID_SIZE, BlobLink, Opening, PacketParts
from tearline.statements.statement import HASH_SIZE
from tearline.v1 import exchange_pb2 as pb
from tearline.v1 import packet_pb2
from tearline.wire.codec import decode, parse_strictly, serialize
from tearline.wire.packets import OPENING, encode_opening


def write_parts(parts: PacketParts) -> pb.PacketParts:
    """Returns a manifest's attachments as protobuf."""
    return pb.PacketParts(
        manifest=parts.manifest,
        openings=[encode_opening(opening) for opening in parts.openings],
        ciphertexts=[
            packet_pb2.Ciphertext(slot=slot, data=parts.ciphertexts[slot])
            for slot in sorted(parts.ciphertexts)
        ],
        slot_count=parts.slot_count,
        path=parts.path,
        lengths=parts.lengths,
        blobs=[pb.BlobLink(slot=link.slot, id=link.id, root=link.root) for link in parts.blobs],
    )


def read_parts(message: pb.PacketParts) -> PacketParts:
    """Returns a manifest's attachments from protobuf.

    Raises:
        StatementMalformed: If they are not valid.
    """
    ciphertexts = [(ciphertext.slot, ciphertext.data) for ciphertext in message.ciphertexts]
    slots = [slot for slot, _ in ciphertexts]
    if len(message.manifest) != HASH_SIZE or not is_ascending(slots):
        raise StatementMalformed("a packet's parts name a manifest, and each slot once, in order")
    if len(slots) > MAX_SLOTS or len(message.openings) > MAX_COMPARTMENTS:
        raise StatementMalformed("the parts are more than a packet has")
    path, lengths = tuple(message.path), tuple(message.lengths)
    if max(message.slot_count, len(path), len(lengths)) > MAX_SLOTS:
        raise StatementMalformed("the parts are more than a packet has")
    if any(map(HASH_SIZE.__ne__, map(len, path))):
        raise StatementMalformed("the path of ciphertexts has hashes of 32 bytes")
    linked = [link.slot for link in message.blobs]
    if not is_ascending(linked) or not {*linked} <= {*slots}:
        raise StatementMalformed("a packet's parts link one document at most to each slot")
    return PacketParts(
        manifest=message.manifest,
        openings=_read_openings(message.openings),
        ciphertexts=dict(ciphertexts),
        slot_count=message.slot_count,
        path=path,
        lengths=lengths,
        blobs=tuple(map(_read_link, message.blobs)),
    )


def _read_openings(encoded: Sequence[bytes]) -> tuple[Opening, ...]:
    """Reads all openings at once, each as strictly as alone."""
    data = serialize(pb.PacketParts(openings=encoded))
    return parse_strictly(data, pb.Openings, _openings_of, maximum=MAX_MESSAGE_BYTES)


def _openings_of(message: pb.Openings) -> tuple[Opening, ...]:
    return tuple(map(OPENING.read, message.openings))


def _read_link(message: pb.BlobLink) -> BlobLink:
    if len(message.id) != BLOB_ID_SIZE or len(message.root) != HASH_SIZE:
        raise StatementMalformed("a large document is named by 16 bytes, and its root has 32")
    return BlobLink(slot=message.slot, id=message.id, root=message.root)


@immutable
class EncodedParts:
    """Openings and ciphertexts of one packet, each encoded as attachments of their own."""

    openings: bytes
    ciphertexts: bytes


def kept_parts(message: pb.PacketParts) -> EncodedParts:
    """Returns the received encodings of ``message``, for storage.

    Openings are stored with the lengths of the ciphertexts, so that grants are judged without
    these. The message loses its openings, its lengths and its unknown fields.
    """
    message.DiscardUnknownFields()
    openings = pb.PacketParts(
        manifest=message.manifest,
        openings=message.openings,
        lengths=[len(ciphertext.data) for ciphertext in message.ciphertexts],
    )
    message.ClearField("openings")
    message.ClearField("lengths")
    return EncodedParts(openings=serialize(openings), ciphertexts=serialize(message))


def encode_apart(parts: PacketParts) -> EncodedParts:
    """Returns the encodings of openings and of ciphertexts."""
    return kept_parts(write_parts(parts))


def encode_parts(parts: PacketParts) -> bytes:
    """Returns the encoding of a manifest's attachments."""
    return serialize(write_parts(parts))


def parse_parts(data: bytes) -> PacketParts:
    """Returns a manifest's attachments from their encoding.

    Raises:
        StatementMalformed: If ``data`` is not valid.
    """
    return read_parts(decode(pb.PacketParts, data, maximum=MAX_MESSAGE_BYTES))
