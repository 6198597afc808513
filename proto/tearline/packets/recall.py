"""Recalls: the originator takes back a release, and each recipient answers.

    recalled ──▶ erased
       │           ▲
       └──▶ kept ──┘        kept: a person gives the ground, and keeps it while the ground holds

A recall and its answer are one type of statement, each with a sequence number in the channel. A
recall without an answer at its deadline is overdue; a late answer is still accepted. Specified in
docs/spec/recall-v1.md.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import IntEnum, StrEnum
from typing import Protocol

from tearline.dataclass.immutable import immutable
from tearline.errors import AnswerTimeShort, StatementMalformed
from tearline.limits import (
    MAX_RECALL_TRANSIT_MS,
    MAX_SLOTS,
    MAX_TIME_MS,
    MIN_ANSWER_MS,
)
from tearline.packets.grant import Grant
from tearline.statements.channel import Address
from tearline.statements.statement import HASH_SIZE, ActedBy, Header
from tearline.tlog.agreed_time import AgreedTime


class RecallReason(StrEnum):
    """Reasons for a recall."""

    MISTAKE = "mistake"
    SOURCE_AT_RISK = "source-at-risk"
    CORRECTED = "corrected"
    NO_LONGER_NEEDED = "no-longer-needed"
    ORDERED = "ordered"
    SUSPENDED = "suspended"


class KeepGround(StrEnum):
    """Grounds on which a recipient keeps a recalled packet."""

    LEGAL_HOLD = "legal-hold"
    EVIDENCE = "evidence"
    COURT_ORDER = "court-order"


class Reach(StrEnum):
    """Earlier uses of a packet, which no erasure reverses."""

    EXHIBITED = "exhibited"
    EXPORTED = "exported"
    OPENED = "opened"
    PRINTED = "printed"
    SEEN = "seen"


class RecallState(IntEnum):
    """State of a recall at one recipient; it never decreases."""

    OPEN = 1
    KEPT = 2
    ERASED = 3

    @property
    def text(self) -> str:
        """Returns the lower-case name shown to people."""
        return self.name.lower()


@immutable
class RecallOrder:
    """Recall of a packet, or of parts of it, from one recipient.

    Attributes:
        grant: 32 bytes, the statement id of the one recalled grant; empty for every present and
            future grant of the packet to the recipient.
        slots: The recalled slots, ascending; empty for all of them.
        whole: Whether these slots are recalled from every recipient, and may not be released
            again.
        reason: The reason.
        respond_by_ms: Deadline for the answer, in the log's time; see ``answer_due_ms``.
        acted_by: The person who recalls, or None.
    """

    grant: bytes = b""
    slots: tuple[int, ...] = ()
    whole: bool = False
    reason: RecallReason
    respond_by_ms: int
    acted_by: ActedBy | None = None

    def __post_init__(self) -> None:
        if len(self.grant) not in (0, HASH_SIZE):
            raise StatementMalformed("a recall names a grant by its id of 32 bytes")
        if list(self.slots) != sorted(set(self.slots)) or len(self.slots) > MAX_SLOTS:
            raise StatementMalformed("a recall names each slot once, in order")
        if self.slots and not 0 <= self.slots[0] <= self.slots[-1] < MAX_SLOTS:
            raise StatementMalformed("no packet has such a slot")
        if self.whole and self.grant:
            raise StatementMalformed("a recall from every recipient names no single grant")
        if not 0 < self.respond_by_ms <= MAX_TIME_MS:
            raise StatementMalformed("a recall has no valid deadline for its answer")


@immutable
class RecallAnswer:
    """Recipient's answer to a recall.

    Attributes:
        recall: 32 bytes, the statement id of the recall.
        ground: The ground for keeping the packet; None if it was erased.
        reach: Earlier uses of the packet, ascending.
        acted_by: The person who decided, or None for the machine.
    """

    recall: bytes
    ground: KeepGround | None = None
    reach: tuple[Reach, ...] = ()
    acted_by: ActedBy | None = None

    def __post_init__(self) -> None:
        if len(self.recall) != HASH_SIZE:
            raise StatementMalformed("an answer names the recall by its id of 32 bytes")
        if list(self.reach) != sorted(set(self.reach)):
            raise StatementMalformed("an answer names each earlier use once, in order")
        if self.ground is not None and self.acted_by is None:
            raise StatementMalformed("only a person may decide to keep a recalled packet")

    @property
    def state(self) -> RecallState:
        """Returns the state of the recall after this answer alone."""
        return RecallState.ERASED if self.ground is None else RecallState.KEPT


@immutable
class Recall:
    """Statement of type 16.

    Attributes:
        header: The signer.
        address: Its place in the channel.
        packet: 32 bytes, the statement id of the manifest.
        said: A recall, or an answer to one.
    """

    header: Header
    address: Address
    packet: bytes
    said: RecallOrder | RecallAnswer

    def __post_init__(self) -> None:
        if len(self.packet) != HASH_SIZE:
            raise StatementMalformed("a recall names a packet by its manifest's id of 32 bytes")


@immutable
class TakenBack:
    """Grant that was recalled before its arrival: it stays closed.

    Attributes:
        grant: The grant.
    """

    grant: Grant


def is_answer(recall: Recall) -> bool:
    """Returns whether a statement answers a recall."""
    return isinstance(recall.said, RecallAnswer)


def following(state: RecallState, answer: RecallAnswer) -> RecallState:
    """Returns the state after an answer; the order of answers does not matter (spec RC-8)."""
    return max(state, answer.state)


def verify_answer_time(order: RecallOrder, entry_ms: int) -> None:
    """Checks that a recall leaves its recipient enough time to answer (spec RC-4).

    Args:
        order: The recall.
        entry_ms: The log's time of its entry.

    Raises:
        AnswerTimeShort: If it does not.
    """
    if order.respond_by_ms < entry_ms + MIN_ANSWER_MS - MAX_RECALL_TRANSIT_MS:
        raise AnswerTimeShort


def with_answer_time(order: RecallOrder, now_ms: int) -> RecallOrder:
    """Returns the recall with a deadline that leaves the minimum time from now."""
    return replace(order, respond_by_ms=max(order.respond_by_ms, now_ms + MIN_ANSWER_MS))


def answer_due_ms(order: RecallOrder, arrived_ms: int) -> int:
    """Returns the recipient's deadline (spec RC-6), at least a day after arrival.

    Args:
        order: The recall.
        arrived_ms: Its arrival at the recipient's node, Unix milliseconds.
    """
    return max(order.respond_by_ms, arrived_ms + MIN_ANSWER_MS)


def is_overdue(state: RecallState, respond_by_ms: int, at: AgreedTime) -> bool:
    """Returns whether the deadline has passed without an answer."""
    return state is RecallState.OPEN and at.has_reached(respond_by_ms + 1)


class Recalled(Protocol):
    """Scope of a recall: ``RecallOrder``, or its stored part."""

    @property
    def grant(self) -> bytes:
        """Returns the one grant, or empty for all."""
        ...

    @property
    def slots(self) -> tuple[int, ...]:
        """Returns the slots, or none for all."""
        ...


def recalled_slots(orders: Iterable[Recalled], grant: bytes) -> frozenset[int] | None:
    """Returns the slots of a grant that recalls of its packet cover; None for all of it.

    Args:
        orders: Recalls of the packet from the grant's recipient.
        grant: 32 bytes, the grant's statement id; empty for a future grant.
    """
    slots: set[int] = set()
    for order in orders:
        if order.grant not in (b"", grant):
            continue
        if not order.slots:
            return None
        slots.update(order.slots)
    return frozenset(slots)
