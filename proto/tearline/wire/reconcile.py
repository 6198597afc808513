"""Messages between a node and the exchange after a loss on either side."""

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.limits import (
    MAX_LOG_SIZE,
    MAX_MESSAGE_BYTES,
    MAX_RETURNED,
    MAX_STANDINGS,
    MAX_UNOPENED,
)
from tearline.statements.channel import AGREEMENT_ID_SIZE, MAX_SEQ
from tearline.statements.receipt import LogOpening
from tearline.v1 import reconciling_pb2 as pb
from tearline.wire.deliveries import EPOCH_SIZE
from tearline.wire.grants import LOG_OPENING
from tearline.wire.table import BYTES, NUMBER, TEXT, below, many, part, sized, table


@immutable
class ChannelPosition:
    """Progress of a channel from one node to a recipient.

    Attributes:
        recipient: Node URI.
        agreement_id: 16 bytes.
        seq: Highest place.
        mark: Number of the last mark.
    """

    recipient: str
    agreement_id: bytes
    seq: int
    mark: int

    def __post_init__(self) -> None:
        if len(self.agreement_id) != AGREEMENT_ID_SIZE or max(self.seq, self.mark) > MAX_SEQ:
            raise StatementMalformed("a channel cannot stand there")


@immutable
class ReconcileRequest:
    """Node's message to an exchange that may have lost data.

    Attributes:
        confirmed: For each channel of this node, the highest place with a receipt of its
            recipient, and the number of the last mark.
        openings: Openings of entries that the exchange requested.
        after: Index above which the exchange should request entries.
    """

    confirmed: tuple[ChannelPosition, ...] = ()
    openings: tuple[LogOpening, ...] = ()
    after: int = 0


@immutable
class ReconcileReply:
    """Exchange's message to a node that may have lost data.

    Attributes:
        epoch: 16 bytes, the epoch of the exchange's database.
        channels: The channels of this node in the exchange's present data.
        unopened: Indices of some entries without an opening at the exchange, ascending.
    """

    epoch: bytes
    channels: tuple[ChannelPosition, ...]
    unopened: tuple[int, ...]


_POSITION = table(
    pb.Standing, ChannelPosition, recipient=TEXT, agreement_id=BYTES, seq=NUMBER, mark=NUMBER
)
_POSITIONS = many(part(_POSITION), most=MAX_STANDINGS, why="no node has so many channels")

_RETURNED = "more is returned than one message holds, or behind any log"
_ANSWER = "an answer names an epoch, and some entries"

RECONCILE_REQUEST = table(
    pb.ReconcileRequest,
    ReconcileRequest,
    maximum=MAX_MESSAGE_BYTES,
    confirmed=_POSITIONS,
    openings=many(part(LOG_OPENING), most=MAX_RETURNED, why=_RETURNED),
    after=below(MAX_LOG_SIZE + 1, _RETURNED),
)
encode_reconcile_request = RECONCILE_REQUEST.encode
"""Returns the bytes of a request."""
parse_reconcile_request = RECONCILE_REQUEST.parse_envelope
"""Returns a node's request."""

RECONCILE_REPLY = table(
    pb.ReconcileReply,
    ReconcileReply,
    maximum=MAX_MESSAGE_BYTES,
    epoch=sized(EPOCH_SIZE, _ANSWER),
    channels=_POSITIONS,
    unopened=many(NUMBER, most=MAX_UNOPENED, why=_ANSWER),
)
encode_reconcile_reply = RECONCILE_REPLY.encode
"""Returns the bytes of an answer."""
parse_reconcile_reply = RECONCILE_REPLY.parse_envelope
"""Returns the exchange's answer."""
