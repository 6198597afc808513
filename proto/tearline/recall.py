"""Recalls: the originator takes back what it released, and each recipient says what it did.

    recalled ──▶ erased
       │           ▲
       └──▶ kept ──┘        kept: a person says why it may stay, and for as long as that holds

What was asked for and what was answered are one type of statement, each with a place in the
channel. A recall that has no answer when its time is up is overdue; an answer may still come.
Specified in docs/spec/recall-v1.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Protocol

from tearline.agreed_time import AgreedTime
from tearline.channel import Address
from tearline.errors import AnswerTimeShort, StatementMalformed
from tearline.grant import Grant
from tearline.limits import (
    MAX_RECALL_TRANSIT_MS,
    MAX_SLOTS,
    MAX_TIME_MS,
    MIN_ANSWER_MS,
)
from tearline.statement import HASH_SIZE, ActedBy, Header


class RecallReason(StrEnum):
    """Why something is taken back."""

    MISTAKE = "mistake"
    SOURCE_AT_RISK = "source-at-risk"
    CORRECTED = "corrected"
    NO_LONGER_NEEDED = "no-longer-needed"
    ORDERED = "ordered"
    SUSPENDED = "suspended"


class KeepGround(StrEnum):
    """Why a recipient keeps what was recalled."""

    LEGAL_HOLD = "legal-hold"
    EVIDENCE = "evidence"
    COURT_ORDER = "court-order"


class Reach(StrEnum):
    """What was done with a packet before, which no erasure undoes."""

    EXHIBITED = "exhibited"
    EXPORTED = "exported"
    OPENED = "opened"
    PRINTED = "printed"
    SEEN = "seen"


class RecallState(IntEnum):
    """Where a recall stands at one recipient; a greater number is later, and never less again."""

    OPEN = 1
    KEPT = 2
    ERASED = 3

    @property
    def text(self) -> str:
        """The lower-case name shown to people."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallOrder:
    """What the originator takes back from one recipient.

    Attributes:
        grant: 32 bytes, the statement id of the one grant that is recalled; empty for every
            grant of the packet that the recipient has or ever gets.
        slots: The slots that are recalled, ascending; none for all of them.
        whole: Whether that is recalled from everybody: then it is released to nobody any more.
        reason: Why.
        respond_by_ms: The log's time by which an answer is due; see ``answer_due_ms``.
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
            raise StatementMalformed("what is recalled from everybody is no one grant")
        if not 0 < self.respond_by_ms <= MAX_TIME_MS:
            raise StatementMalformed("a recall says when an answer is due")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallAnswer:
    """What a recipient did.

    Attributes:
        recall: 32 bytes, the statement id of the recall.
        ground: Why it keeps what was recalled; None where it erased it.
        reach: What was done with it before, ascending.
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
            raise StatementMalformed("an answer names what was done once, in order")
        if self.ground is not None and self.acted_by is None:
            raise StatementMalformed("a person says why something is kept")

    @property
    def state(self) -> RecallState:
        """Where the recall stands by this answer."""
        return RecallState.ERASED if self.ground is None else RecallState.KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """A statement of type 16.

    Attributes:
        header: Who says it.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A grant that was recalled before it came: it stays closed.

    Attributes:
        grant: The grant.
    """

    grant: Grant


def is_answer(recall: Recall) -> bool:
    """Whether a statement answers a recall, and does not recall something itself."""
    return isinstance(recall.said, RecallAnswer)


def following(state: RecallState, answer: RecallAnswer) -> RecallState:
    """Where a recall stands after an answer, in whatever order answers come (spec R-9)."""
    return max(state, answer.state)


def verify_answer_time(order: RecallOrder, entry_ms: int) -> None:
    """Checks that a recall leaves its recipient time for an answer (spec R-20).

    Args:
        order: The recall.
        entry_ms: The log's time of its entry.

    Raises:
        AnswerTimeShort: If it does not.
    """
    if order.respond_by_ms < entry_ms + MIN_ANSWER_MS - MAX_RECALL_TRANSIT_MS:
        raise AnswerTimeShort


def with_answer_time(order: RecallOrder, now_ms: int) -> RecallOrder:
    """Returns a recall that is sent now with the time for an answer that it must leave."""
    return replace(order, respond_by_ms=max(order.respond_by_ms, now_ms + MIN_ANSWER_MS))


def answer_due_ms(order: RecallOrder, arrived_ms: int) -> int:
    """Returns until when a recipient may decide (spec R-21): a day after it came at least.

    Args:
        order: The recall.
        arrived_ms: When the recipient's node took it in.
    """
    return max(order.respond_by_ms, arrived_ms + MIN_ANSWER_MS)


def is_overdue(state: RecallState, respond_by_ms: int, at: AgreedTime) -> bool:
    """Whether an answer is due and has not come."""
    return state is RecallState.OPEN and at.has_reached(respond_by_ms + 1)


class Recalled(Protocol):
    """What a recall names: ``RecallOrder``, or what is kept of one."""

    @property
    def grant(self) -> bytes:
        """The one grant, or empty for all."""
        ...

    @property
    def slots(self) -> tuple[int, ...]:
        """The slots, or none for all."""
        ...


def recalled_slots(orders: Iterable[Recalled], grant: bytes) -> frozenset[int] | None:
    """The slots of a grant that recalls of its packet take back; None for all of it.

    Args:
        orders: Recalls of the packet from the grant's recipient.
        grant: 32 bytes, the grant's statement id; none for one that is yet to come.
    """
    slots: set[int] = set()
    for order in orders:
        if order.grant not in (b"", grant):
            continue
        if not order.slots:
            return None
        slots.update(order.slots)
    return frozenset(slots)
