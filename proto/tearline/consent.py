"""Consents: what an originator allows beyond what it gave something for, asked and answered.

A reader asks; the originator gives, for some of the fields, or refuses; either withdraws. Each
step is a statement with a place in a channel. The exchange sees which packet it is about and
for what sort of use; the fields, the scope and the words are sealed to the other side.

Where a consent stands follows from which steps were taken, not from their order: the strictest
of them says. So both sides end at the same place, whatever comes late, twice or at the same
moment, and no step ever loosens what another one closed. Specified in docs/spec/onward-v1.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from tearline.channel import Address, verify_sealed
from tearline.encoding import is_ascending
from tearline.errors import (
    ConsentClosed,
    ConsentMisplaced,
    MalformedInput,
    StatementMalformed,
)
from tearline.identity import parse_node_uri
from tearline.limits import MAX_CONSENT_FIELDS, MAX_PATH_BYTES, MAX_TEXT_BYTES
from tearline.onward import Use
from tearline.statement import HASH_SIZE, ActedBy, Header

CONSENT_ID_SIZE = 16


class ConsentStep(StrEnum):
    """What is said of a consent."""

    ASK = "ask"
    GIVE = "give"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class ConsentStatus(IntEnum):
    """Where a consent stands; a greater number is stricter, and nothing goes back."""

    ASKED = 1
    GIVEN = 2
    REFUSED = 3
    WITHDRAWN = 4

    @property
    def text(self) -> str:
        """Its lower-case name."""
        return self.name.lower()


_STATUS = {
    ConsentStep.ASK: ConsentStatus.ASKED,
    ConsentStep.GIVE: ConsentStatus.GIVEN,
    ConsentStep.REFUSE: ConsentStatus.REFUSED,
    ConsentStep.WITHDRAW: ConsentStatus.WITHDRAWN,
}
_OPEN_FOR: dict[ConsentStep, tuple[ConsentStatus | None, ...]] = {
    ConsentStep.ASK: (None,),
    ConsentStep.GIVE: (ConsentStatus.ASKED,),
    ConsentStep.REFUSE: (ConsentStatus.ASKED,),
    ConsentStep.WITHDRAW: (ConsentStatus.ASKED, ConsentStatus.GIVEN),
}
_OF_ASKER = (ConsentStep.ASK, ConsentStep.WITHDRAW)
_OF_ORIGINATOR = (ConsentStep.GIVE, ConsentStep.REFUSE, ConsentStep.WITHDRAW)
_NAMES_FIELDS = (ConsentStep.ASK, ConsentStep.GIVE)
_BY_PERSON = (ConsentStep.GIVE,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTerms:
    """What only the two sides read of a step.

    Attributes:
        fields: Paths, ascending; of a step that asks or gives, at least one.
        scope: Of passing on, the third party's node URI; of evidence, the proceedings; of
            another purpose, that purpose. Empty in other steps.
        note: Words for the people of the other side, or empty.
    """

    fields: tuple[str, ...] = ()
    scope: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if len(self.fields) > MAX_CONSENT_FIELDS or any(
            not 0 < len(path.encode()) <= MAX_PATH_BYTES for path in self.fields
        ):
            raise StatementMalformed("a consent names some fields by their paths, and not too many")
        if not is_ascending(self.fields):
            raise StatementMalformed("a consent names each field once, in order")
        if max(len(self.scope.encode()), len(self.note.encode())) > MAX_TEXT_BYTES:
            raise StatementMalformed("a consent's scope or note is too long")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One step of a consent, as it is signed.

    Attributes:
        header: Who takes it.
        address: The other side, and the place in the channel.
        consent_id: 16 random bytes that the asker chose.
        step: What is said.
        use: For what sort of use.
        packet: 32 bytes, statement id of the manifest it is about.
        ends_ms: Until when it is asked for, or given, Unix milliseconds; 0 in other steps.
        kem_key_id: 32 bytes, the recipient's key that ``sealed`` is sealed to.
        acted_by: The person who took it; who gives is always one.
        sealed: HPKE encapsulation and ciphertext of the terms.
        seconded_by: The person who approved what is given, where it took two; see
            ``tearline.four_eyes``.
    """

    header: Header
    address: Address
    consent_id: bytes
    step: ConsentStep
    use: Use
    packet: bytes
    ends_ms: int
    kem_key_id: bytes
    acted_by: ActedBy | None
    sealed: bytes
    seconded_by: ActedBy | None = None

    def __post_init__(self) -> None:
        verify_sealed(self.sealed)
        sizes = (
            (self.consent_id, CONSENT_ID_SIZE),
            (self.packet, HASH_SIZE),
            (self.kem_key_id, HASH_SIZE),
        )
        if any(len(value) != size for value, size in sizes):
            raise StatementMalformed("a part of the consent has the wrong size")
        if (self.ends_ms > 0) != (self.step in _NAMES_FIELDS):
            raise StatementMalformed("a consent that is asked for or given has an end, no other")
        if self.acted_by is None and self.step in _BY_PERSON:
            raise StatementMalformed("no machine gives a consent")
        if self.seconded_by is not None and self.step is not ConsentStep.GIVE:
            raise StatementMalformed("a second person approves what is given, and nothing else")


def verify_terms(consent: Consent, terms: ConsentTerms) -> None:
    """Checks that the sealed part of a step is what its open part announces (spec O-11).

    Raises:
        StatementMalformed: If fields or scope are missing or too much, or the third party is
            no node.
    """
    names = consent.step in _NAMES_FIELDS
    if bool(terms.fields) != names or bool(terms.scope) != names:
        raise StatementMalformed("a consent that is asked for or given names fields and scope")
    if names and consent.use is Use.PASS_ON:
        try:
            parse_node_uri(terms.scope)
        except MalformedInput as error:
            raise StatementMalformed(f"the third party is no node: {error.why}") from None


def verify_may_say(consent: Consent, *, is_originator: bool) -> None:
    """Checks that a step is one for its signer to take (spec O-12).

    Args:
        consent: The step.
        is_originator: Whether its signer is of the agency that made the packet.

    Raises:
        ConsentMisplaced: If not.
    """
    if consent.step not in (_OF_ORIGINATOR if is_originator else _OF_ASKER):
        raise ConsentMisplaced(f"its signer cannot {consent.step.value}")


def verify_answers(
    given: Consent, terms: ConsentTerms, asked: Consent, asked_for: ConsentTerms
) -> None:
    """Checks that what is given was asked for (spec O-13).

    Raises:
        ConsentMisplaced: If it is for another packet, use or scope, or for more fields.
    """
    if (given.packet, given.use, terms.scope) != (asked.packet, asked.use, asked_for.scope):
        raise ConsentMisplaced("it is for another packet, use or scope than was asked for")
    if not set(terms.fields) <= set(asked_for.fields):
        raise ConsentMisplaced("it is for fields that nobody asked for")


def status_of(steps: Iterable[ConsentStep]) -> ConsentStatus | None:
    """Where a consent stands by the steps that were taken, in whatever order; None without any."""
    return max((_STATUS[step] for step in steps), default=None)


def verify_open_for(step: ConsentStep, steps: Iterable[ConsentStep]) -> None:
    """Checks that a step can still be taken (spec O-14).

    Raises:
        ConsentClosed: If not, naming where the consent stands.
    """
    status = status_of(steps)
    if status not in _OPEN_FOR[step]:
        raise ConsentClosed("nobody asked" if status is None else f"it is {status.text}")


def is_live(steps: Iterable[ConsentStep], ends_ms: int, *, now_ms: int) -> bool:
    """Whether something may be done by a consent: it is given, and has not ended (spec O-15)."""
    return status_of(steps) is ConsentStatus.GIVEN and now_ms < ends_ms
