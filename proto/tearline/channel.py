"""Channels: every statement addressed to a node has a place in an unbroken sequence.

A channel is (sender, recipient, agreement). What the sender sends on it is numbered from 1
without gaps; a place whose statement was refused, returned, expired or recalled is filled by
a void. Both ends sign marks of the highest numbers they sent and received, so that nothing is
dropped silently, the last message included.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from tearline.errors import (
    ChannelGap,
    ChannelReplay,
    ChannelStalled,
    MarkUnequal,
    StatementMalformed,
)
from tearline.identity import agency_uri_of
from tearline.limits import MAX_AHEAD, MAX_SEALED_BYTES
from tearline.statement import HASH_SIZE, Header

AGREEMENT_ID_SIZE = 16
MAX_SEQ = (1 << 63) - 1  # what a signed 64-bit column holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place in a channel; the sender is the statement's signer.

    Attributes:
        recipient: Node URI.
        agreement_id: 16 bytes.
        seq: From 1, without gaps.

    Raises:
        StatementMalformed: On construction, if the place is not possible.
        MalformedInput: On construction, if the recipient is no node.
    """

    recipient: str
    agreement_id: bytes
    seq: int

    def __post_init__(self) -> None:
        agency_uri_of(self.recipient)  # refuses what is no node's
        if len(self.agreement_id) != AGREEMENT_ID_SIZE or not 0 < self.seq <= MAX_SEQ:
            raise StatementMalformed("the place in the channel is not possible")


class VoidReason(StrEnum):
    """Why a place in a channel holds nothing."""

    REFUSED = "refused"
    RETURNED = "returned"
    EXPIRED = "expired"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    """Fills a place whose statement will never arrive.

    Attributes:
        header: The sender.
        address: The place.
        reason: Why nothing stands there.
        withdraws: 32 bytes, the id of the sender's own grant that the exchange took for this
            place and must not hand out any more; empty where the place is free.
    """

    header: Header
    address: Address
    reason: VoidReason
    withdraws: bytes = b""

    def __post_init__(self) -> None:
        if len(self.withdraws) not in (0, HASH_SIZE):
            raise StatementMalformed("a void withdraws a statement by its id of 32 bytes")
        if self.withdraws and self.reason is VoidReason.REFUSED:
            raise StatementMalformed("what was refused is not there to be withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One end's account of both directions of a channel.

    Attributes:
        header: The end that signs.
        recipient: The other end's node URI.
        agreement_id: 16 bytes.
        counter: Grows with every mark of this end on this channel.
        highest_sent: Highest seq this end sent to the other.
        highest_received: Highest seq this end holds without a gap below it.
        time_ms: When it was made; for display.

    Raises:
        StatementMalformed: On construction, if a number is not possible.
        MalformedInput: On construction, if the recipient is no node.
    """

    header: Header
    recipient: str
    agreement_id: bytes
    counter: int
    highest_sent: int
    highest_received: int
    time_ms: int

    def __post_init__(self) -> None:
        agency_uri_of(self.recipient)  # refuses what is no node's
        numbers = (self.counter, self.highest_sent, self.highest_received, self.time_ms)
        if len(self.agreement_id) != AGREEMENT_ID_SIZE or any(
            not 0 <= number <= MAX_SEQ for number in numbers
        ):
            raise StatementMalformed("the mark holds impossible numbers")


@dataclass(slots=True)
class Incoming:
    """The receiving end of one channel: what has arrived, and what is missing.

    Attributes:
        contiguous: Highest seq below which nothing is missing.
        ahead: Statement ids that arrived before something below them; at most 4096.
        counter: The number of the sender's last mark.
        confirmed: Highest seq that the sender's marks said it received of ours.
    """

    contiguous: int = 0
    ahead: dict[int, bytes] = field(default_factory=dict)
    counter: int = 0
    confirmed: int = 0

    def receive(self, seq: int, statement_id: bytes) -> None:
        """Takes one arrival.

        Args:
            seq: Its place.
            statement_id: 32 bytes.

        Raises:
            ChannelReplay: If the place is taken by another statement, or was passed.
            ChannelStalled: If too much waits behind a gap already; it is not kept.
            ChannelGap: If something below it has not arrived; it is kept all the same.
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
        """Compares the sender's mark with what both ends sent, and takes it.

        Args:
            mark: The mark.
            sent: Highest seq sent to the other end.
            held: Whether some of what the sender sent may be kept back just now, and come late.

        Raises:
            ChannelReplay: If a mark of that number or a later one was taken before.
            MarkUnequal: If the sender sent more or less than arrived here, or says that it
                received what was not sent, or less than it said before.
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
    """Checks that the sealed part of a statement has room in a delivery, whatever is beside it.

    Raises:
        StatementMalformed: If it is too long.
    """
    if len(sealed) > MAX_SEALED_BYTES:
        raise StatementMalformed(f"a sealed part has at most {MAX_SEALED_BYTES} bytes")
