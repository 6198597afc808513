"""Consents: an originator's permissions beyond a grant, requested and answered.

A reader asks. The originator consents for some of the fields, or refuses. Either side may withdraw.
Each step is a statement with a place in a channel. The exchange sees the packet and the sort of
use; the fields, the scope and the text are sealed to the other side.

The status of a consent follows from the set of its steps, not from their order: the strictest step
decides. Thus both sides reach the same status despite late, duplicate or simultaneous steps, and no
step ever reopens a closed consent. Specified in docs/spec/onward-v1.md.
"""

from collections.abc import Iterable
from enum import IntEnum, StrEnum

from tearline.dataclass.immutable import immutable
from tearline.encoding import is_ascending
from tearline.errors import (
    ConsentClosed,
    ConsentMisplaced,
    MalformedInput,
    StatementMalformed,
)
from tearline.identity import parse_node_uri
from tearline.limits import MAX_CONSENT_FIELDS, MAX_PATH_BYTES, MAX_TEXT_BYTES
from tearline.onward.use import Use
from tearline.statements.channel import Address, verify_sealed
from tearline.statements.statement import HASH_SIZE, ActedBy, Header

CONSENT_ID_SIZE = 16


class ConsentStep(StrEnum):
    """Steps of a consent."""

    ASK = "ask"
    GIVE = "give"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


class ConsentStatus(IntEnum):
    """Status of a consent; a greater number is stricter, and a status never goes back."""

    ASKED = 1
    GIVEN = 2
    REFUSED = 3
    WITHDRAWN = 4

    @property
    def text(self) -> str:
        """Returns its lower-case name."""
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


@immutable
class ConsentTerms:
    """Sealed part of a step, readable by the two sides only.

    Attributes:
        fields: Paths, ascending; at least one in a step that asks or gives.
        scope: For passing on, the third party's node URI; for evidence, the proceedings; for
            another purpose, that purpose. Empty in other steps.
        note: Text for the people of the other side, or empty.
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


@immutable
class Consent:
    """Signed step of a consent.

    Attributes:
        header: The signer.
        address: The other side, and the place in the channel.
        consent_id: 16 random bytes that the requester chose.
        step: The step.
        use: The sort of use.
        packet: 32 bytes, statement id of the packet's manifest.
        ends_ms: Requested or granted expiry, Unix milliseconds; 0 in other steps.
        kem_key_id: 32 bytes, the recipient's key that ``sealed`` is sealed to.
        acted_by: The person who took it; required in a step that gives.
        sealed: HPKE encapsulation and ciphertext of the terms.
        seconded_by: The approver of a given consent, if two persons are required; see
            ``tearline.persons.four_eyes``.
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
            raise StatementMalformed("only a person may give a consent")
        if self.seconded_by is not None and self.step is not ConsentStep.GIVE:
            raise StatementMalformed("only a given consent has an approver")


def verify_terms(consent: Consent, terms: ConsentTerms) -> None:
    """Checks that the sealed part of a step matches its open part (spec O-10).

    Raises:
        StatementMalformed: If fields or scope are missing or superfluous, or the third party is
            not a node.
    """
    names = consent.step in _NAMES_FIELDS
    if bool(terms.fields) != names or bool(terms.scope) != names:
        raise StatementMalformed("a consent that is asked for or given names fields and scope")
    if names and consent.use is Use.PASS_ON:
        try:
            parse_node_uri(terms.scope)
        except MalformedInput as error:
            raise StatementMalformed(f"the third party is not a node: {error.why}") from None


def verify_may_say(consent: Consent, *, is_originator: bool) -> None:
    """Checks that the signer may take a step (spec O-11).

    Args:
        consent: The step.
        is_originator: Whether its signer belongs to the agency that made the packet.

    Raises:
        ConsentMisplaced: If it may not.
    """
    if consent.step not in (_OF_ORIGINATOR if is_originator else _OF_ASKER):
        raise ConsentMisplaced(f"its signer cannot {consent.step.value}")


def verify_answers(
    given: Consent, terms: ConsentTerms, asked: Consent, asked_for: ConsentTerms
) -> None:
    """Checks that a given consent stays within its request (spec O-11).

    Raises:
        ConsentMisplaced: If it is for another packet, use or scope, or for more fields.
    """
    if (given.packet, given.use, terms.scope) != (asked.packet, asked.use, asked_for.scope):
        raise ConsentMisplaced("it is for another packet, use or scope than requested")
    if not set(terms.fields) <= set(asked_for.fields):
        raise ConsentMisplaced("it is for fields that were not requested")


def status_of(steps: Iterable[ConsentStep]) -> ConsentStatus | None:
    """Returns the status of a consent with these steps, in any order; None without any."""
    return max((_STATUS[step] for step in steps), default=None)


def verify_open_for(step: ConsentStep, steps: Iterable[ConsentStep]) -> None:
    """Checks that a step can still be taken (spec O-11).

    Raises:
        ConsentClosed: If it cannot; names the status.
    """
    status = status_of(steps)
    if status not in _OPEN_FOR[step]:
        raise ConsentClosed("it was not requested" if status is None else f"it is {status.text}")


def is_live(steps: Iterable[ConsentStep], ends_ms: int, *, now_ms: int) -> bool:
    """Returns whether a consent is given and has not expired (spec O-12)."""
    return status_of(steps) is ConsentStatus.GIVEN and now_ms < ends_ms
