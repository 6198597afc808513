"""Step of a request: a signed statement of one of its two sides.

The exchange reads the signer, the request, the kind of step and the changes to the clock.
Questions, answers, refusals and reasons are in a note that only the other side opens.
"""

from dataclasses import field
from enum import StrEnum

from tearline.dataclass.immutable import immutable
from tearline.errors import PersonRequired, StatementMalformed
from tearline.limits import (
    MAX_LOG_SIZE,
    MAX_REQUEST_ITEMS,
    MAX_REQUEST_STEPS,
    MAX_TEXT_BYTES,
)
from tearline.packets.packet import Urgency
from tearline.persons.tokens import Role
from tearline.statements.channel import Address, verify_sealed
from tearline.statements.statement import HASH_SIZE, ActedBy, Header


class Side(StrEnum):
    """Sides of a request."""

    ASKER = "asker"
    HOLDER = "holder"

    @property
    def other(self) -> "Side":
        """Returns the other side."""
        return Side.HOLDER if self is Side.ASKER else Side.ASKER


class StepKind(StrEnum):
    """Kinds of step. Names are never changed or reused."""

    ADMIT = "admit"
    REJECT = "reject"
    CLARIFY = "clarify"
    CLARIFIED = "clarified"
    PERMIT = "permit"
    AUTHORISE = "authorise"
    CONTEST = "contest"
    CONFIRM = "confirm"
    LOWER = "lower"
    PARTIAL = "partial"
    ANSWER = "answer"
    REFUSE = "refuse"
    SUPPLEMENT = "supplement"
    EXTEND = "extend"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    DISPUTE = "dispute"
    CLOSE = "close"

    @property
    def sides(self) -> tuple[Side, ...]:
        """Returns the sides that may take this step."""
        if self is StepKind.DISPUTE:
            return (Side.ASKER, Side.HOLDER)
        return (Side.ASKER,) if self in _OF_THE_ASKER else (Side.HOLDER,)


_OF_THE_ASKER = frozenset(
    {
        StepKind.CLARIFIED,
        StepKind.PERMIT,
        StepKind.CONFIRM,
        StepKind.LOWER,
        StepKind.EXTEND,
        StepKind.WITHDRAW,
        StepKind.CLOSE,
    }
)
OF_A_MACHINE = frozenset({StepKind.EXPIRE, StepKind.DISPUTE})
"""Steps that a node takes automatically. A person takes every other step, at a person's pace."""
WITH_OUTCOMES = frozenset({StepKind.PARTIAL, StepKind.ANSWER, StepKind.REFUSE, StepKind.SUPPLEMENT})
_WITH_URGENCY = frozenset({StepKind.CONTEST, StepKind.LOWER})
_WITH_TEXT = frozenset(
    {StepKind.REJECT, StepKind.CLARIFY, StepKind.CLARIFIED, StepKind.CONTEST, StepKind.AUTHORISE}
)
_ROLES = frozenset({Role.LIAISON.value, Role.OFFICER.value})


class Ground(StrEnum):
    """Grounds for the refusal of an item."""

    NEITHER = "neither-confirm-nor-deny"
    SOURCE_PROTECTION = "source-protection"
    ONGOING_INVESTIGATION = "ongoing-investigation"
    NE_BIS_IN_IDEM = "ne-bis-in-idem"
    ESSENTIAL_INTERESTS = "essential-interests"
    NOT_HELD = "not-held"
    DISPROPORTIONATE = "disproportionate"
    LEGAL_BAR = "legal-bar"
    POLITICAL_OFFENCE = "political-offence"
    FORM = "form"


@immutable
class ItemOutcome:
    """Outcome of one item.

    Attributes:
        number: The item's, from 1.
        ground: The ground of a refusal; None for an answer.
    """

    number: int
    ground: Ground | None = None

    def __post_init__(self) -> None:
        if not 0 < self.number <= MAX_REQUEST_ITEMS:
            raise StatementMalformed(f"items are numbered from 1 to {MAX_REQUEST_ITEMS}")


@immutable
class StepNote:
    """Sealed note of one side, for the other side alone.

    Attributes:
        items: Outcomes, by ascending number.
        answer: 32 bytes, the packet that answers; empty without one.
        text: For people.
        useful: In feedback, whether the answer was of use; otherwise None.
    """

    items: tuple[ItemOutcome, ...] = ()
    answer: bytes = b""
    text: str = field(default="", repr=False)
    useful: bool | None = None

    def __post_init__(self) -> None:
        numbers = [item.number for item in self.items]
        if numbers != sorted(set(numbers)):
            raise StatementMalformed("a note names each item once, in order")
        if len(self.text.encode()) > MAX_TEXT_BYTES:
            raise StatementMalformed(f"a text has at most {MAX_TEXT_BYTES} bytes")
        if len(self.answer) not in (0, HASH_SIZE):
            raise StatementMalformed("an answer is named by 32 bytes")
        if bool(self.answer) != any(item.ground is None for item in self.items):
            raise StatementMalformed("an answering packet goes with answered items, and only then")
        if self.text and any(item.ground is Ground.NEITHER for item in self.items):
            # Otherwise any further text could reveal the answer that the ground leaves open.
            raise StatementMalformed("a refusal neither to confirm nor to deny has no text")


def verify_note(kind: StepKind, note: StepNote) -> None:
    """Checks that a note matches its step.

    Raises:
        StatementMalformed: If it does not.
    """
    if kind not in WITH_OUTCOMES and note.items:
        raise StatementMalformed(f"a step {kind.value} decides no item")
    if kind in WITH_OUTCOMES and not note.items:
        raise StatementMalformed(f"a step {kind.value} names the items it decides")
    if kind is StepKind.REFUSE and note.answer:
        raise StatementMalformed("a refusal has no answering packet")
    if kind is StepKind.SUPPLEMENT and any(item.ground for item in note.items):
        raise StatementMalformed("a supplement refuses no items")
    if (kind is StepKind.CLOSE) != (note.useful is not None):
        raise StatementMalformed("the last step has feedback, and no other step has")
    if kind in _WITH_TEXT and not note.text:
        raise StatementMalformed(f"a step {kind.value} needs a text")


@immutable
class RequestStep:
    """Step of a request.

    Attributes:
        header: The signing side.
        address: The other side, the agreement, and the place in the channel.
        request: 32 bytes, the statement id of the request's manifest.
        kind: The kind of step.
        number: Number of this side's step about this request, from 1, without gaps.
        known: The number of the other side's last step that this side knew.
        extension_ms: Extension by an announced authorisation, milliseconds.
        urgency: The proposed or accepted replacement of the request's urgency.
        permit: Whether an answer to a question also agrees to another one.
        entry: The log entry with a disputed time; 0 in every other step.
        acted_by: The person; None for an automatic step of a node.
        kem_key_id: 32 bytes, the other side's key that ``sealed`` is sealed to.
        sealed: The note.
    """

    header: Header
    address: Address
    request: bytes
    kind: StepKind
    number: int
    known: int
    extension_ms: int = 0
    urgency: Urgency | None = None
    permit: bool = False
    entry: int = 0
    acted_by: ActedBy | None
    kem_key_id: bytes
    sealed: bytes = b""

    def __post_init__(self) -> None:
        verify_sealed(self.sealed)
        if len(self.request) != HASH_SIZE or len(self.kem_key_id) != HASH_SIZE:
            raise StatementMalformed("a part of the step has the wrong size")
        if not 0 < self.number <= MAX_REQUEST_STEPS or not 0 <= self.known <= MAX_REQUEST_STEPS:
            raise StatementMalformed("the step has an impossible number")
        if (self.kind is StepKind.AUTHORISE) != (self.extension_ms > 0) or self.extension_ms < 0:
            raise StatementMalformed("an authorisation, and no other step, has an extension")
        if (self.kind in _WITH_URGENCY) != (self.urgency is not None):
            raise StatementMalformed("a step has an urgency if it contests or lowers it")
        if self.permit and self.kind is not StepKind.CLARIFIED:
            raise StatementMalformed("another question is agreed to by its own step, or an answer")
        if (self.kind is StepKind.DISPUTE) != (self.entry != 0) or not (
            0 <= self.entry < MAX_LOG_SIZE
        ):
            raise StatementMalformed("a dispute, and no other step, names an entry")
        if (self.kind in OF_A_MACHINE) != (self.acted_by is None):
            raise PersonRequired(f"step {self.kind.value}")
        if self.acted_by is not None and self.acted_by.role not in _ROLES:
            raise PersonRequired("the role is neither liaison nor officer")
