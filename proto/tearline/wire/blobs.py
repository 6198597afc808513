"""Codecs of calls about large documents."""

from tearline.blobs.parts import MAX_PARTS, PART_BYTES, part_count
from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.limits import MAX_MESSAGE_BYTES, MAX_SLOTS
from tearline.packets.packet import BLOB_ID_SIZE
from tearline.statements.statement import HASH_SIZE
from tearline.v1 import blob_pb2 as pb
from tearline.wire.codec import Codec
from tearline.wire.table import BYTES, NUMBER, Kind, below, sized, table, translated

_MANY = "a large document has fewer parts"


@immutable
class Offer:
    """Large document that its originator is about to send.

    Attributes:
        id: 16 bytes.
        size: Bytes of all its sealed parts.
        leaves: Leaf hashes of its parts, in order.
    """

    id: bytes
    size: int
    leaves: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if len(self.leaves) != part_count(self.size):
            raise StatementMalformed("an offer has one hash for each part")


@immutable
class Part:
    """Sealed part of a large document; the id is empty on the way to a recipient."""

    id: bytes
    number: int
    data: bytes


@immutable
class Question:
    """Question for a part of a large document, by a grant of its packet.

    Attributes:
        grant: 32 bytes, the grant's statement id.
        slot: The slot that the document belongs to.
        number: The part's number; where leaf hashes are asked for, the first one's.
    """

    grant: bytes
    slot: int
    number: int


def _split(data: bytes) -> tuple[bytes, ...]:
    if len(data) % HASH_SIZE or len(data) > MAX_PARTS * HASH_SIZE:
        raise StatementMalformed("leaf hashes have 32 bytes each")
    return tuple(data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE))


_ID = sized(BLOB_ID_SIZE, "a large document is named by 16 bytes")
_LEAVES: Kind = translated(BYTES, b"".join, _split)
_PART_NUMBER = below(MAX_PARTS, _MANY)


def _read_data(data: bytes) -> bytes:
    if not 0 < len(data) <= PART_BYTES:
        raise StatementMalformed("a part is empty or too large")
    return data


_DATA = translated(BYTES, bytes, _read_data)

_OFFER = table(pb.BlobOffer, Offer, maximum=MAX_MESSAGE_BYTES, id=_ID, size=NUMBER, leaves=_LEAVES)
encode_offer = _OFFER.encode
"""Returns the bytes of an offer."""
parse_offer = _OFFER.parse_envelope
"""Returns an offer."""


def _read_state(message: pb.BlobState) -> int:
    if message.parts > MAX_PARTS:
        raise StatementMalformed(_MANY)
    return message.parts


_STATE = Codec(
    message=pb.BlobState,
    write=lambda parts: pb.BlobState(parts=parts),
    read=_read_state,
    maximum=MAX_MESSAGE_BYTES,
)
encode_state = _STATE.encode
"""Returns the bytes that tell how many parts, from the first on, the exchange has."""
parse_state = _STATE.parse_envelope
"""Returns how many parts the exchange has."""

_PART = table(
    pb.BlobPart, Part, maximum=MAX_MESSAGE_BYTES, id=BYTES, number=_PART_NUMBER, data=_DATA
)
encode_part = _PART.encode
"""Returns the bytes of a part."""
parse_part = _PART.parse_envelope
"""Returns a part."""

_QUESTION = table(
    pb.BlobQuestion,
    Question,
    grant=sized(HASH_SIZE, "a grant is named by 32 bytes"),
    slot=below(MAX_SLOTS, "a packet has fewer slots"),
    number=_PART_NUMBER,
)
encode_question = _QUESTION.encode
"""Returns the bytes of a question."""
parse_question = _QUESTION.parse_envelope
"""Returns a question."""


_LEAVES_MESSAGE = Codec(
    message=pb.BlobLeaves,
    write=lambda leaves: pb.BlobLeaves(leaves=b"".join(leaves)),
    read=lambda message: _split(message.leaves),
    maximum=MAX_MESSAGE_BYTES,
)
encode_leaves = _LEAVES_MESSAGE.encode
"""Returns the bytes of a document's leaf hashes."""
parse_leaves = _LEAVES_MESSAGE.parse_envelope
"""Returns a document's leaf hashes."""
