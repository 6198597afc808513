"""Case: the shared file of one joint investigation, led by the agency that opened it.

The lead communicates with each member separately, so that hidden members do not see each other. A
message between lead and member is a *step*: numbered and complete. The step with the highest number
replaces all earlier ones, lost or late ones included. The state of a membership follows from the
two latest steps alone. Pure; specified in docs/spec/case-v1.md.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from tearline.dataclass.immutable import immutable
from tearline.encoding import is_ascending
from tearline.errors import (
    CaseRefused,
    CaseStepOutdated,
    CaseStepRefused,
    StatementMalformed,
)
from tearline.identity import agency_uri_of, parse_agency_uri
from tearline.limits import MAX_CASE_MEMBERS, MAX_LED_MEMBERSHIPS, MAX_TEXT_BYTES
from tearline.statements.channel import MAX_SEQ, Address, verify_sealed
from tearline.statements.statement import HASH_SIZE, ActedBy, Header

CASE_ID_SIZE = 16
MAX_TITLE_BYTES = 256
_CASE_ID = re.compile(r"[0-9a-f]{32}")


class Phase(StrEnum):
    """Phase of a membership that a step states."""

    # Of the lead.
    INVITED = "invited"
    ADMITTED = "admitted"
    OUT = "out"
    CLOSED = "closed"
    # Of a member.
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LEFT = "left"

    @property
    def is_of_lead(self) -> bool:
        """Returns whether only the lead states this phase."""
        return self in _OF_LEAD


_OF_LEAD = frozenset({Phase.INVITED, Phase.ADMITTED, Phase.OUT, Phase.CLOSED})
_AFTER: Mapping[Phase, frozenset[Phase]] = {
    Phase.INVITED: _OF_LEAD,
    Phase.ADMITTED: frozenset({Phase.ADMITTED, Phase.OUT, Phase.CLOSED}),
    Phase.ACCEPTED: frozenset({Phase.ACCEPTED, Phase.LEFT}),
    Phase.DECLINED: frozenset(),
    Phase.LEFT: frozenset(),
    Phase.OUT: frozenset(),
    Phase.CLOSED: frozenset(),
}
"""Allowed next phases; a phase with none is final."""


class Membership(StrEnum):
    """State of a membership, by the latest steps of both sides."""

    INVITED = "invited"
    WAITING = "waiting"  # accepted; others have yet to consent
    IN = "in"
    DECLINED = "declined"
    LEFT = "left"
    OUT = "out"
    CLOSED = "closed"


@immutable
class CaseNote:
    """Sealed note of a step, for its recipient alone.

    Attributes:
        title: The case's name, from the lead; empty from a member.
        summary: The case's subject, from the lead; empty from a member.
        members: From the lead, the members that the recipient may see.
        asked: From the lead, the invited agencies that the recipient may see.
        consents: From a member, the invited agencies that may join.
        objections: From a member, the invited agencies that may not join.
    """

    title: str = ""
    summary: str = ""
    members: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (
            len(self.title.encode()) > MAX_TITLE_BYTES
            or len(self.summary.encode()) > MAX_TEXT_BYTES
        ):
            raise StatementMalformed("the title or the summary of a case is too long")
        for agencies in (self.members, self.asked, self.consents, self.objections):
            if len(agencies) > MAX_CASE_MEMBERS or not is_ascending(agencies):
                raise StatementMalformed(
                    f"a case lists each agency once, in order, at most {MAX_CASE_MEMBERS}"
                )
            for agency in agencies:
                parse_agency_uri(agency)
        if {*self.members} & {*self.asked} or {*self.consents} & {*self.objections}:
            raise StatementMalformed("a case lists one agency in two contradicting lists")


@immutable
class CaseStep:
    """One side's statement about one membership of a case.

    Attributes:
        header: The signing node.
        address: The recipient node, the agreement, and the place in the channel.
        case_id: 16 random bytes.
        number: Grows with every step of this side on this membership.
        phase: The phase of the membership.
        kem_key_id: 32 bytes, the recipient's key that ``sealed`` is sealed to.
        acted_by: The person behind it; None where it follows from other agencies' steps.
        sealed: The note, sealed to the recipient.
    """

    header: Header
    address: Address
    case_id: bytes
    number: int
    phase: Phase
    kem_key_id: bytes
    acted_by: ActedBy | None
    sealed: bytes

    def __post_init__(self) -> None:
        if len(self.case_id) != CASE_ID_SIZE or len(self.kem_key_id) != HASH_SIZE:
            raise StatementMalformed("a case has an id of 16 bytes, and a key one of 32")
        if not 0 < self.number <= MAX_SEQ:
            raise StatementMalformed("steps are numbered from 1")
        verify_sealed(self.sealed)


def case_id_of(text: str) -> bytes | None:
    """Returns the case id in a manifest's ``case_id``; None for another sort of reference."""
    return bytes.fromhex(text) if _CASE_ID.fullmatch(text) else None


def verify_step(step: CaseStep, earlier: CaseStep | None) -> None:
    """Checks that a step may follow the latest one of its side (spec C-2 to C-3).

    Raises:
        CaseStepOutdated: If its number is not higher.
        CaseStepRefused: If it reverses a final phase, or is not a valid first step.
    """
    if earlier is None:
        if step.phase not in (Phase.INVITED, Phase.ACCEPTED, Phase.DECLINED):
            raise CaseStepRefused(f"{step.phase.value} is not a valid first step")
        return
    if step.number <= earlier.number:
        raise CaseStepOutdated(f"number {step.number} after {earlier.number}")
    if step.phase not in _AFTER[earlier.phase]:
        raise CaseStepRefused(f"{step.phase.value} after {earlier.phase.value}")


def membership(lead: Phase, member: Phase | None) -> Membership:
    """Returns the state of a membership (spec C-4).

    Both sides compute the same state once they have both steps.
    """
    match member:
        case Phase.DECLINED:
            return Membership.DECLINED
        case Phase.LEFT:
            return Membership.LEFT
        case None | Phase.ACCEPTED | Phase.INVITED | Phase.ADMITTED | Phase.OUT | Phase.CLOSED:
            pass  # the lead's step decides
    match lead:
        case Phase.OUT:
            return Membership.OUT
        case Phase.CLOSED:
            return Membership.CLOSED
        case Phase.ADMITTED:
            return Membership.INVITED if member is None else Membership.IN
        case Phase.INVITED | Phase.ACCEPTED | Phase.DECLINED | Phase.LEFT:
            return Membership.INVITED if member is None else Membership.WAITING


@immutable
class Seat:
    """Lead's record of one invited agency.

    Attributes:
        agency: Its URI.
        told: The phase of the lead's latest step to it, or None before the first.
        said: The phase of its own latest step, or None.
        consents: Agencies that it consents to.
        objections: Agencies that it objects to.
    """

    agency: str
    told: Phase | None = None
    said: Phase | None = None
    consents: frozenset[str] = frozenset()
    objections: frozenset[str] = frozenset()

    @property
    def has_ended(self) -> bool:
        """Returns whether the membership has ended for good, by either side."""
        ended = (Phase.DECLINED, Phase.LEFT)
        return self.said in ended or self.told in (Phase.OUT, Phase.CLOSED)


@immutable
class CaseFile:
    """Case in the lead's store.

    Attributes:
        lead: The lead's agency.
        title: The case's name.
        summary: The case's subject.
        hidden: Pairs of agencies that must not see each other.
        closed: Whether the lead has closed it.
    """

    lead: str
    title: str
    summary: str
    hidden: frozenset[frozenset[str]] = frozenset()
    closed: bool = False

    def words(self, seats: Iterable[Seat]) -> dict[str, tuple[Phase, CaseNote]]:
        """Returns the current phase and note for each agency with an open membership.

        An agency becomes a member once it has accepted, and all accepted agencies that may see it
        consent. One objection keeps it out. An admission is final.

        Args:
            seats: All agencies that were ever invited.
        """
        seated = {seat.agency: seat for seat in seats}
        phases = {agency: self._phase(seat, seated) for agency, seat in seated.items()}
        words: dict[str, tuple[Phase, CaseNote]] = {}
        for agency, seat in seated.items():
            if seat.has_ended:
                continue
            phase = phases[agency]
            if phase in (Phase.OUT, Phase.CLOSED):
                words[agency] = (phase, CaseNote(title=self.title, summary=self.summary))
                continue
            seen = [
                each
                for each in seated
                if each != agency
                and not seated[each].has_ended
                and not self._is_hidden(agency, each)
            ]
            words[agency] = (
                phase,
                CaseNote(
                    title=self.title,
                    summary=self.summary,
                    members=tuple(
                        sorted(
                            [self.lead, *(e for e in seen if phases[e] is Phase.ADMITTED)],
                        )
                    ),
                    asked=tuple(sorted(e for e in seen if phases[e] is Phase.INVITED)),
                ),
            )
        return words

    def _phase(self, seat: Seat, seated: Mapping[str, Seat]) -> Phase:
        if self.closed:
            return Phase.CLOSED
        if seat.told is Phase.ADMITTED:
            return Phase.ADMITTED
        voices = [
            other
            for agency, other in seated.items()
            if agency != seat.agency
            and other.said is Phase.ACCEPTED
            and not other.has_ended
            and not self._is_hidden(agency, seat.agency)
        ]
        if any(seat.agency in voice.objections for voice in voices):
            return Phase.OUT
        agreed = all(seat.agency in voice.consents for voice in voices)
        return Phase.ADMITTED if seat.said is Phase.ACCEPTED and agreed else Phase.INVITED

    def _is_hidden(self, one: str, other: str) -> bool:
        return frozenset({one, other}) in self.hidden


class CaseBook:
    """Latest steps of every case, as the exchange sees them: phases, without notes.

    Args:
        steps: The known steps in any order; already verified.
    """

    def __init__(self, steps: Iterable[CaseStep] = ()) -> None:
        self._latest: dict[tuple[bytes, str, str], CaseStep] = {}
        self._cases: dict[bytes, tuple[str, bytes]] = {}
        self._closed: set[bytes] = set()
        self._led: Counter[str] = Counter()
        for step in sorted(steps, key=lambda each: each.number):
            self.put(step)

    def verify(self, step: CaseStep) -> None:
        """Checks that a step may be accepted next.

        1. The lead is the signer of the first step of the case, under one agreement.

        2. Only invited agencies answer, and only to the lead.

        3. It follows the latest step of its side.

        4. An agency leads a limited number of memberships in all, since they are stored for ever.

        Raises:
            CaseRefused: If its signer has no such part in the case, or the case does not exist.
            CaseStepOutdated, CaseStepRefused: As ``verify_step`` does.
        """
        sender, recipient = _ends(step)
        known = self._cases.get(step.case_id)
        if step.phase.is_of_lead:
            if known is not None and known != (sender, step.address.agreement_id):
                raise CaseRefused
            if step.case_id in self._closed and step.phase is not Phase.CLOSED:
                raise CaseStepRefused("the case is closed")
            self._verify_room(step, sender, recipient)
        elif (
            known != (recipient, step.address.agreement_id)
            or (step.case_id, recipient, sender) not in self._latest
        ):
            raise CaseRefused
        verify_step(step, self._latest.get((step.case_id, sender, recipient)))

    def _verify_room(self, step: CaseStep, lead: str, member: str) -> None:
        is_new = (step.case_id, lead, member) not in self._latest
        if is_new and self._led[lead] >= MAX_LED_MEMBERSHIPS:
            raise CaseStepRefused(f"its lead has invited {MAX_LED_MEMBERSHIPS} times in all")

    def verify_may_file(self, case_id: bytes, agency: str, agreement_id: bytes) -> None:
        """Checks that an agency may file packets under a case.

        It does not check the recipients, since an answer would reveal members hidden from the
        sender. Both nodes check them.

        Raises:
            CaseRefused: If the agency is not in an open case of that id, or the case does not
                exist.
        """
        lead, agreement = self._cases.get(case_id, ("", b""))
        if agreement != agreement_id or case_id in self._closed:
            raise CaseRefused
        if agency == lead:
            return
        told = self._latest.get((case_id, lead, agency))
        said = self._latest.get((case_id, agency, lead))
        if (
            told is None
            or membership(told.phase, said.phase if said else None) is not Membership.IN
        ):
            raise CaseRefused

    def put(self, step: CaseStep) -> None:
        """Stores a verified step."""
        sender, recipient = _ends(step)
        if step.phase.is_of_lead:
            self._cases.setdefault(step.case_id, (sender, step.address.agreement_id))
            self._led[sender] += (step.case_id, sender, recipient) not in self._latest
        if step.phase is Phase.CLOSED:
            self._closed.add(step.case_id)
        # The sealed note is long, and the exchange cannot read it.
        self._latest[step.case_id, sender, recipient] = replace(step, sealed=b"")


def _ends(step: CaseStep) -> tuple[str, str]:
    """Returns the sender's and the recipient's agency of a step."""
    return agency_uri_of(step.header.signer), agency_uri_of(step.address.recipient)
