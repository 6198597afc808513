"""Messages between a node and the exchange after a loss on either side."""

from collections.abc import Iterable
from dataclasses import dataclass

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
from tearline.wire.codec import decode, serialize
from tearline.wire.deliveries import EPOCH_SIZE
from tearline.wire.grants import read_log_opening, write_log_opening


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


def encode_reconcile_request(request: ReconcileRequest) -> bytes:
    """Returns the bytes of a request."""
    return serialize(
        pb.ReconcileRequest(
            confirmed=_write(request.confirmed),
            openings=map(write_log_opening, request.openings),
            after=request.after,
        )
    )


def parse_reconcile_request(data: bytes) -> ReconcileRequest:
    """Returns a node's request.

    Raises:
        StatementMalformed: If it is not valid.
    """
    message = decode(pb.ReconcileRequest, data, maximum=MAX_MESSAGE_BYTES)
    if len(message.openings) > MAX_RETURNED or message.after > MAX_LOG_SIZE:
        raise StatementMalformed("more is returned than one message holds, or behind any log")
    return ReconcileRequest(
        confirmed=_read(message.confirmed),
        openings=tuple(map(read_log_opening, message.openings)),
        after=message.after,
    )


def encode_reconcile_reply(reply: ReconcileReply) -> bytes:
    """Returns the bytes of an answer."""
    return serialize(
        pb.ReconcileReply(
            epoch=reply.epoch, channels=_write(reply.channels), unopened=reply.unopened
        )
    )


def parse_reconcile_reply(data: bytes) -> ReconcileReply:
    """Returns the exchange's answer.

    Raises:
        StatementMalformed: If it is not valid.
    """
    message = decode(pb.ReconcileReply, data, maximum=MAX_MESSAGE_BYTES)
    if len(message.epoch) != EPOCH_SIZE or len(message.unopened) > MAX_UNOPENED:
        raise StatementMalformed("an answer names an epoch, and some entries")
    return ReconcileReply(
        epoch=message.epoch, channels=_read(message.channels), unopened=tuple(message.unopened)
    )


def _write(standings: Iterable[ChannelPosition]) -> list[pb.Standing]:
    return [
        pb.Standing(
            recipient=each.recipient,
            agreement_id=each.agreement_id,
            seq=each.seq,
            mark=each.mark,
        )
        for each in standings
    ]


def _read(messages: Iterable[pb.Standing]) -> tuple[ChannelPosition, ...]:
    standings = tuple(
        ChannelPosition(
            recipient=each.recipient,
            agreement_id=each.agreement_id,
            seq=each.seq,
            mark=each.mark,
        )
        for each in messages
    )
    if len(standings) > MAX_STANDINGS:
        raise StatementMalformed("no node has so many channels")
    return standings
