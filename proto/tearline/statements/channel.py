"""Channels: every statement addressed to a node has a place in a gapless sequence.

A channel is (sender, recipient, agreement). The sender numbers its statements on it from 1 without
gaps. A void fills the place of a statement that was refused, returned, expired or recalled. Both
ends sign marks of the highest numbers they sent and received, so that no statement is lost
silently, the last one included.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from tearline.dataclass.immutable import immutable
from tearline.errors import (
    ChannelGap,
    ChannelReplay,
    ChannelStalled,
    MarkUnequal,
    StatementMalformed,
)
from tearline.identity import agency_uri_of
from tearline.limits import MAX_AHEAD, MAX_SEALED_BYTES
from tearline.statements.statement import HASH_SIZE, Header

AGREEMENT_ID_SIZE = 16
MAX_SEQ = (1 << 63) - 1  # the maximum of a signed 64-bit column


@immutable
class Address:
    """Place in a channel; the sender is the statement's signer.

    Attributes:
        recipient: Node URI.
        agreement_id: 16 bytes.
        seq: From 1, without gaps.

    Raises:
        StatementMalformed: On construction, if the place is not possible.
        MalformedInput: On construction, if the recipient is not a node.
    """

    recipient: str
    agreement_id: bytes
    seq: int

    def __post_init__(self) -> None:
        agency_uri_of(self.recipient)  # refuses a URI that is not a node's
        if len(self.agreement_id) != AGREEMENT_ID_SIZE or not 0 < self.seq <= MAX_SEQ:
            raise StatementMalformed("the place in the channel is not possible")


class VoidReason(StrEnum):
    """Reasons for an empty place in a channel."""

    REFUSED = "refused"
    RETURNED = "returned"
    EXPIRED = "expired"
    RECALLED = "recalled"


@immutable
class Void:
    """Filler for a place of a statement that will never arrive.

    Attributes:
        header: The sender.
        address: The place.
        reason: The reason.
        withdraws: 32 bytes, the id of the sender's own grant at this place, which the exchange
            must no longer deliver; empty where the place is free.
    """

    header: Header
    address: Address
    reason: VoidReason
    withdraws: bytes = b""

    def __post_init__(self) -> None:
        if len(self.withdraws) not in (0, HASH_SIZE):
            raise StatementMalformed("a void withdraws a statement by its id of 32 bytes")
        if self.withdraws and self.reason is VoidReason.REFUSED:
            raise StatementMalformed("a refused statement cannot be withdrawn")


@immutable
class Mark:
    """One end's account of both directions of a channel.

    Attributes:
        header: The signing end.
        recipient: The other end's node URI.
        agreement_id: 16 bytes.
        counter: Grows with every mark of this end on this channel.
        highest_sent: Highest seq this end sent to the other.
        highest_received: Highest seq this end holds without a gap below it.
        time_ms: Time of the mark, Unix milliseconds; for display.

    Raises:
        StatementMalformed: On construction, if a number is not possible.
        MalformedInput: On construction, if the recipient is not a node.
    """

    header: Header
    recipient: str
    agreement_id: bytes
    counter: int
    highest_sent: int
    highest_received: int
    time_ms: int

    def __post_init__(self) -> None:
        agency_uri_of(self.recipient)  # refuses a URI that is not a node's
        numbers = (self.counter, self.highest_sent, self.highest_received, self.time_ms)
        if len(self.agreement_id) != AGREEMENT_ID_SIZE or any(
            not 0 <= number <= MAX_SEQ for number in numbers
        ):
            raise StatementMalformed("the mark holds impossible numbers")


@dataclass(slots=True)
class Incoming:
    """Receiving end of one channel: arrivals and gaps.

    Attributes:
        contiguous: Highest seq without a gap at or below it.
        ahead: Statement ids that arrived above a gap; at most 4096.
        counter: The number of the sender's last mark.
        confirmed: Highest seq that the sender confirmed to have received from this node.
    """

    contiguous: int = 0
    ahead: dict[int, bytes] = field(default_factory=dict)
    counter: int = 0
    confirmed: int = 0

    def receive(self, seq: int, statement_id: bytes) -> None:
        """Records one arrival.

        Args:
            seq: Its place.
            statement_id: 32 bytes.

        Raises:
            ChannelReplay: If another statement has the place, or the place was passed.
            ChannelStalled: If too many statements wait above a gap; this one is not stored.
            ChannelGap: If a lower place is missing; this one is stored nevertheless.
        """
        if seq <= self.contiguous or self.ahead.get(seq, statement_id) != statement_id:
            raise ChannelReplay(f"place {seq}")
        if seq != self.contiguous + 1 and len(self.ahead.keys() | {seq}) > MAX_AHEAD:
            raise ChannelStalled(f"place {self.contiguous + 1} is missing below {seq}")
        self.ahead[seq] = statement_id
        while self.contiguous + 1 in self.ahead:
            self.contiguous += 1
            del self.ahead[self.contiguous]
        if self.contiguous < seq:
            raise ChannelGap(f"place {self.contiguous + 1} is missing below {seq}")

    def receive_mark(self, mark: Mark, *, sent: int, held: bool = False) -> None:
        """Compares the sender's mark with both ends' numbers, and records it.

        Args:
            mark: The mark.
            sent: Highest seq sent to the other end.
            held: Whether the exchange may hold statements of the sender at present, so that
                they come late.

        Raises:
            ChannelReplay: If a mark of that number or a later one was recorded before.
            MarkUnequal: If the sender's number differs from the arrivals; or if it confirms
                unsent statements, or fewer than before.
        """
        if mark.counter <= self.counter:
            raise ChannelReplay(f"mark {mark.counter} after {self.counter}")
        if mark.highest_sent < self.contiguous or (
            mark.highest_sent > self.contiguous and not held
        ):
            raise MarkUnequal(f"{mark.highest_sent} sent, {self.contiguous} received")
        if not self.confirmed <= mark.highest_received <= sent:
            raise MarkUnequal(
                f"{sent} sent, {mark.highest_received} received, {self.confirmed} before"
            )
        self.counter, self.confirmed = mark.counter, mark.highest_received


def verify_sealed(sealed: bytes) -> None:
    """Checks that the sealed part of a statement fits a delivery with all other parts.

    Raises:
        StatementMalformed: If it is too long.
    """
    if len(sealed) > MAX_SEALED_BYTES:
        raise StatementMalformed(f"a sealed part has at most {MAX_SEALED_BYTES} bytes")
