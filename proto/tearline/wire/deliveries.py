"""Deliveries from a node's mailbox, and the node's cursor in it.

The statements inside are verified one by one, so an envelope needs no canonical form; it is bounded
and its parts are parsed strictly.
"""

from collections.abc import Mapping

from tearline.dataclass.immutable import immutable
from tearline.errors import PacketTooLarge, StatementMalformed, TearlineError
from tearline.identity import domain_uri_of
from tearline.limits import MAX_LOG_SIZE, MAX_MESSAGE_BYTES
from tearline.packets.packet import PacketParts
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import Attestation, Statement
from tearline.v1 import exchange_pb2 as pb
from tearline.v1 import packet_pb2 as pb_packet
from tearline.wire.codec import decode, serialize
from tearline.wire.grants import LOG_OPENING
from tearline.wire.packet_parts import read_parts, write_parts
from tearline.wire.statements import STATEMENT, encode_attestation, parse_attestation
from tearline.wire.table import BYTES, NUMBER, table

EPOCH_SIZE = 16
_ATTESTATION_BYTES = 4 << 10  # a signature of 3,373 bytes, a name of 255, and four hashes
NO_CIPHERTEXTS: Mapping[int, int] = {}


@immutable
class Cursor:
    """Position up to which a node has read its mailbox.

    Attributes:
        epoch: 16 bytes, the epoch of the exchange's database; empty for none yet.
        seq: Number of the last delivery that is durable at the node.
    """

    epoch: bytes
    seq: int

    def __post_init__(self) -> None:
        if len(self.epoch) not in (0, EPOCH_SIZE) or not 0 <= self.seq < MAX_LOG_SIZE:
            raise StatementMalformed("the cursor is not possible")


START = Cursor(epoch=b"", seq=0)


@immutable
class Delivery:
    """Item of a mailbox.

    A delivery without statements means that the mailbox is read up to its cursor; the stream then
    waits for more. A caller that only reads the present items may then end the call.

    Attributes:
        cursor: Its position.
        statements: The addressed statement first; after a grant, the manifest of its packet.
        attestations: Of those statements, by hash.
        parts: The ciphertexts granted to this recipient; never openings.
        entry: The opened log entry of its acceptance.
    """

    cursor: Cursor
    statements: tuple[Statement, ...]
    attestations: Mapping[bytes, Attestation]
    parts: tuple[PacketParts, ...] = ()
    entry: LogOpening | None = None


CURSOR = table(pb.Cursor, Cursor, maximum=256, epoch=BYTES, seq=NUMBER)
encode_cursor = CURSOR.encode
"""Returns the encoding of a cursor."""
parse_cursor = CURSOR.parse_envelope
"""Returns a cursor from its encoding."""


def encode_delivery(delivery: Delivery) -> bytes:
    """Returns the encoding of a delivery."""
    return serialize(_write(delivery))


def delivery_size(delivery: Delivery, ciphertexts: Mapping[int, int] = NO_CIPHERTEXTS) -> int:
    """Returns the size of a delivery's encoding in bytes.

    Args:
        delivery: The delivery.
        ciphertexts: Lengths by slot of ciphertexts that will be added to its only parts, which
            have none.
    """
    message = _write(delivery)
    if not ciphertexts:
        return message.ByteSize()
    (parts,) = message.parts
    framed = parts.ByteSize() + sum(
        _framed(pb_packet.Ciphertext(slot=slot).ByteSize() + (_framed(length) if length else 0))
        for slot, length in ciphertexts.items()
    )
    message.ClearField("parts")
    return message.ByteSize() + _framed(framed)


def rough_size(delivery: Delivery) -> int:
    """Returns the approximate size of a delivery in bytes, without encoding it.

    Only its large parts count.
    """
    bodies = sum(len(statement.body) for statement in delivery.statements)
    held = sum(len(data) for parts in delivery.parts for data in parts.ciphertexts.values())
    return bodies + held + len(delivery.attestations) * _ATTESTATION_BYTES


def surely_fits(size: int) -> bool:
    """Returns whether a delivery fits one message, by the size of its bodies and ciphertexts.

    All other parts are far below a megabyte: most deliveries need no exact measure.
    """
    return size <= MAX_MESSAGE_BYTES // 2


def verify_fits(delivery: Delivery, ciphertexts: Mapping[int, int] = NO_CIPHERTEXTS) -> None:
    """Checks that a delivery fits one message, for any signers.

    Args:
        delivery: The delivery; attestations may be missing.
        ciphertexts: As in ``delivery_size``.

    Raises:
        PacketTooLarge: If it does not.
    """
    if surely_fits(rough_size(delivery) + sum(ciphertexts.values())):
        return
    signatures = sum(len(statement.inclusions) for statement in delivery.statements)
    missing = max(0, signatures - len(delivery.attestations)) * _ATTESTATION_BYTES
    size = delivery_size(delivery, ciphertexts) + missing
    if size > MAX_MESSAGE_BYTES:
        raise PacketTooLarge(
            f"its delivery would take {size} bytes, and a message has at most {MAX_MESSAGE_BYTES}"
        )


def _framed(length: int) -> int:
    """Returns the size of a field of some length: its tag, its varint length and its content."""
    return 1 + max(1, -(-length.bit_length() // 7)) + length


def _write(delivery: Delivery) -> pb.Delivery:
    return pb.Delivery(
        epoch=delivery.cursor.epoch,
        seq=delivery.cursor.seq,
        attestations=[encode_attestation(a) for a in delivery.attestations.values()],
        statements=[STATEMENT.write(statement) for statement in delivery.statements],
        parts=[write_parts(parts) for parts in delivery.parts],
        entry=None if delivery.entry is None else LOG_OPENING.write(delivery.entry),
    )


def parse_delivery(data: bytes) -> Delivery:
    """Returns a delivery from its encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    message = decode(pb.Delivery, data, maximum=MAX_MESSAGE_BYTES)
    attestations = [parse_attestation(data) for data in message.attestations]
    return Delivery(
        cursor=Cursor(epoch=message.epoch, seq=message.seq),
        statements=tuple(STATEMENT.read(statement) for statement in message.statements),
        attestations={attestation.hash: attestation for attestation in attestations},
        parts=tuple(read_parts(parts) for parts in message.parts),
        entry=LOG_OPENING.read(message.entry) if message.HasField("entry") else None,
    )


def is_idle(data: bytes) -> bool:
    """Returns whether a delivery only reports the end of the present items.

    Raises:
        StatementMalformed: If ``data`` is not a delivery.
    """
    return not decode(pb.Delivery, data, maximum=MAX_MESSAGE_BYTES).statements


def delivery_cursor(data: bytes) -> Cursor:
    """Returns the cursor of a delivery, so that a malformed one can be skipped.

    Raises:
        StatementMalformed: If the cursor cannot be read.
    """
    message = decode(pb.Delivery, data, maximum=MAX_MESSAGE_BYTES)
    return Cursor(epoch=message.epoch, seq=message.seq)


def delivery_signers(data: bytes) -> frozenset[str]:
    """Returns the agencies that a delivery claims to be signed by; empty if it is malformed."""
    try:
        attestations = parse_delivery(data).attestations.values()
        return frozenset(domain_uri_of(each.signer) for each in attestations)
    except TearlineError:
        return frozenset()  # it is quarantined where it is judged


def delivery_log_size(data: bytes) -> int:
    """Returns the size of the smallest log with a delivery's entry; 0 if it names none.

    Raises:
        StatementMalformed: If ``data`` is not a delivery.
    """
    message = decode(pb.Delivery, data, maximum=MAX_MESSAGE_BYTES)
    return message.entry.index + 1 if message.HasField("entry") else 0
