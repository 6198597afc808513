"""Proposals: terms put before every party, to be signed, answered with others, or declined.

A *step* is one node's word on one version of an agreement, the *terms*: that its agency signs
them, or that it will not. Everything a party needs stands in the step itself, so no step waits
for another one. What became of terms follows from the set of steps that arrived, from what was
agreed on and from the time of the log, in whatever order they came, and each of these only
grows: so a state only moves forward, and whoever has heard the same says the same. Specified in
docs/spec/agreement-v1.md.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from tearline.agreement import Agreement
from tearline.errors import (
    AgreementMalformed,
    ProposalClosed,
    ProposalRefused,
    ProposalSuperseded,
    StatementMalformed,
)
from tearline.identity import domain_uri_of
from tearline.statement import HASH_SIZE, Attestation, Header, Statement, StatementType


class ProposalState(IntEnum):
    """What became of terms; the highest that holds, and none that held ceases to."""

    PROPOSED = 0
    COUNTERED = 1
    EXPIRED = 2
    DECLINED = 3
    SIGNED = 4
    SUPERSEDED = 5
    AGREED = 6

    @property
    def text(self) -> str:
        """As it is shown."""
        return self.name.lower()


OPEN = frozenset({ProposalState.PROPOSED, ProposalState.COUNTERED})
"""The states in which an answer can still make a difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One node's word on terms.

    Attributes:
        header: The node.
        statement: The agreement's statement: signed by its drafter first and, unless this
            declines it, by this node.
        attestations: Those that it points to, by hash.
        declined: Whether the agency will not sign it.
        in_reply_to: 32 bytes, the id of the agreement's statement that this answers with other
            terms; or empty.
        answer_by_ms: Until when signatures are waited for, Unix milliseconds; 0 for no other
            time than the end of the agreement itself.
    """

    header: Header
    statement: Statement
    attestations: Mapping[bytes, Attestation]
    declined: bool
    in_reply_to: bytes
    answer_by_ms: int

    def __post_init__(self) -> None:
        if self.statement.type is not StatementType.AGREEMENT:
            raise StatementMalformed("a proposal proposes an agreement")
        if len(self.in_reply_to) not in (0, HASH_SIZE):
            raise StatementMalformed("a proposal answers one agreement, by its id of 32 bytes")
        if self.declined and (self.in_reply_to or self.answer_by_ms):
            raise StatementMalformed("who declines proposes nothing")
        if self.in_reply_to == self.terms:
            raise StatementMalformed("a proposal does not answer itself")

    @property
    def terms(self) -> bytes:
        """32 bytes, the id of the agreement's statement, by which the terms are known."""
        return self.statement.id

    @property
    def signers(self) -> tuple[str, ...]:
        """URIs of those whose signatures on the agreement it brings; the drafter first."""
        found = self.statement.inclusions
        return tuple(self.attestations[each.attestation].signer for each in found)


def verify_proposal(proposal: Proposal, agreement: Agreement, members: Collection[str]) -> None:
    """Checks what a step says against its terms. Signatures are verified apart.

    1. It brings the drafter's signature, its own node's unless it declines, and no other.
    2. Its node's agency and the drafter's are parties.
    3. Every party is an agency of the federation.

    Args:
        proposal: The step.
        agreement: Its terms.
        members: URIs of the federation's agencies.

    Raises:
        ProposalRefused: Naming what does not hold.
    """
    wanted = {agreement.header.signer} | (set() if proposal.declined else {proposal.header.signer})
    if set(proposal.signers) != wanted or len(proposal.signers) != len(wanted):
        raise ProposalRefused("it brings other signatures than its drafter's and its own")
    drafter, speaker = map(domain_uri_of, (agreement.header.signer, proposal.header.signer))
    if drafter not in agreement.terms.parties or speaker not in agreement.signatories:
        raise ProposalRefused("it is not by parties")
    if not set(agreement.signatories) <= set(members):
        raise ProposalRefused("it names an agency that is not of this federation")


def verify_follows(agreement: Agreement, newest: Agreement) -> None:
    """Checks that terms come next after the newest version that was agreed on.

    Raises:
        ProposalSuperseded: If that version, or a later one, was agreed on already.
        AgreementMalformed: If a version is left out, or they do not amend it.
    """
    if agreement.version <= newest.version:
        raise ProposalSuperseded(f"version {newest.version} is in force")
    verify_amends(agreement, newest)
    if agreement.version != newest.version + 1:
        raise AgreementMalformed(f"version {newest.version + 1} comes next")


def verify_amends(agreement: Agreement, before: Agreement) -> None:
    """Checks that a later version may replace an earlier one, once every party has signed it.

    Raises:
        AgreementMalformed: If somebody who was a party would not be asked, or the name changes.
    """
    if not set(before.terms.parties) <= set(agreement.terms.parties):
        # Else some parties could replace what all of them signed.
        raise AgreementMalformed("whoever was a party signs what replaces it")
    if agreement.name != before.name:
        raise AgreementMalformed("every version bears the same name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step as the log has it.

    Attributes:
        place: Index of the entry that tells of it.
        time_ms: The log's time of that entry.
        proposal: What was said.
        agreement: The terms that it is about.
    """

    place: int
    time_ms: int
    proposal: Proposal
    agreement: Agreement

    @property
    def agency(self) -> str:
        """URI of the agency whose word it is."""
        return domain_uri_of(self.proposal.header.signer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Terms and everything that was said about them.

    Attributes:
        steps: What parties said of them, at least one, in the order of the log.
        countered: Whether a party answered with other terms.
        agreed_version: The newest version of that agreement that was agreed on; 0 for none.
        was_agreed: Whether these very terms were agreed on, at whatever time.
    """

    steps: tuple[Step, ...]
    countered: bool
    agreed_version: int
    was_agreed: bool

    @property
    def terms(self) -> bytes:
        """32 bytes, the id of the agreement's statement."""
        return self.steps[0].proposal.terms

    @property
    def agreement(self) -> Agreement:
        """What the terms say."""
        return self.steps[0].agreement

    @property
    def signers(self) -> frozenset[str]:
        """URIs of the agencies that signed."""
        # The drafter's signature comes with every step, also with one that declines.
        drafter = domain_uri_of(self.agreement.header.signer)
        return frozenset({drafter, *(s.agency for s in self.steps if not s.proposal.declined)})

    @property
    def decliners(self) -> frozenset[str]:
        """URIs of the agencies that declined."""
        return frozenset(step.agency for step in self.steps if step.proposal.declined)

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """URIs of the parties and overseers that have not signed, ascending."""
        return tuple(each for each in self.agreement.signatories if each not in self.signers)

    @property
    def answer_by_ms(self) -> int:
        """Until when signatures are waited for: the earliest time that a party set."""
        named = [s.proposal.answer_by_ms for s in self.steps if s.proposal.answer_by_ms]
        return min([*named, self.agreement.valid_until_ms])

    def state(self, log_ms: int) -> ProposalState:
        """What became of the terms.

        Args:
            log_ms: The time of the log's newest checkpoint, Unix milliseconds.
        """
        holds = {
            ProposalState.PROPOSED: True,
            ProposalState.COUNTERED: self.countered,
            ProposalState.EXPIRED: log_ms >= self.answer_by_ms,
            ProposalState.DECLINED: bool(self.decliners),
            ProposalState.SIGNED: not self.waiting_for,
            ProposalState.SUPERSEDED: self.agreed_version >= self.agreement.version,
            ProposalState.AGREED: self.was_agreed,
        }
        return max(state for state, is_so in holds.items() if is_so)

    def verify_open(self, log_ms: int) -> None:
        """Checks that an answer can still make a difference.

        Raises:
            ProposalSuperseded: If another version was agreed on first.
            ProposalClosed: If these terms were agreed on, are signed by all, were declined, or
                their time has passed.
        """
        state = self.state(log_ms)
        if state is ProposalState.SUPERSEDED:
            raise ProposalSuperseded("another version was agreed on first")
        if state not in OPEN:
            raise ProposalClosed(f"it is {state.text}")


def offers_of(steps: Iterable[Step], agreed: Mapping[bytes, Agreement]) -> tuple[Offer, ...]:
    """What follows from steps and from what was agreed on, in the order of the log.

    Args:
        steps: Steps that verified, in whatever order; one that stands twice counts once.
        agreed: Every version that was agreed on, by the id of its statement.
    """
    by_terms: dict[bytes, list[Step]] = {}
    for step in sorted({step.place: step for step in steps}.values(), key=lambda s: s.place):
        by_terms.setdefault(step.proposal.terms, []).append(step)
    answered = {s.proposal.in_reply_to for found in by_terms.values() for s in found}
    newest: dict[bytes, int] = {}
    for agreement in agreed.values():
        newest[agreement.id] = max(newest.get(agreement.id, 0), agreement.version)
    return tuple(
        Offer(
            steps=tuple(found),
            countered=terms in answered,
            agreed_version=newest.get(found[0].agreement.id, 0),
            was_agreed=terms in agreed,
        )
        for terms, found in by_terms.items()
    )
