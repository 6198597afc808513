"""Proposals: terms for every party to sign, to answer with other terms, or to decline.

A *step* is one node's statement about one version of an agreement, the *terms*: that its agency
signs them, or declines. Each step is complete in itself, so no step waits for another. The state of
terms follows from the received steps, the agreed versions and the time of the log, in any order of
arrival. Each of these only grows, so a state only moves forward, and all parties with the same data
compute the same state. Specified in docs/spec/agreement-v1.md.
"""

from collections.abc import Collection, Iterable, Mapping
from enum import IntEnum

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    AgreementMalformed,
    ProposalClosed,
    ProposalRefused,
    ProposalSuperseded,
    StatementMalformed,
)
from tearline.identity import domain_uri_of
from tearline.limits import MAX_TIME_MS
from tearline.statements.statement import HASH_SIZE, Attestation, Header, Statement, StatementType


class ProposalState(IntEnum):
    """State of terms: the highest condition that holds; a condition never ceases to hold."""

    PROPOSED = 0
    COUNTERED = 1
    EXPIRED = 2
    DECLINED = 3
    SIGNED = 4
    SUPERSEDED = 5
    AGREED = 6

    @property
    def text(self) -> str:
        """Returns the name shown to people."""
        return self.name.lower()


OPEN = frozenset({ProposalState.PROPOSED, ProposalState.COUNTERED})
"""The states in which an answer still has an effect."""


@immutable
class Proposal:
    """One node's statement about terms.

    Attributes:
        header: The node.
        statement: The agreement's statement: signed by its drafter first and, unless this step
            declines it, by this node.
        attestations: The statement's attestations, by hash.
        declined: Whether the agency declines the terms.
        in_reply_to: 32 bytes, the id of the agreement's statement to which these terms are a
            counter-proposal; or empty.
        answer_by_ms: Deadline for signatures, Unix milliseconds; 0 for the end of the agreement
            itself.
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
            raise StatementMalformed("a declining step has no counter-proposal and no deadline")
        if self.answer_by_ms > MAX_TIME_MS:
            raise StatementMalformed("no log reaches the time to answer by")
        if self.in_reply_to == self.terms:
            raise StatementMalformed("a proposal does not answer itself")

    @property
    def terms(self) -> bytes:
        """Returns 32 bytes, the id of the agreement's statement, which identifies the terms."""
        return self.statement.id

    @property
    def signers(self) -> tuple[str, ...]:
        """Returns URIs of the signers of the attached agreement; the drafter first."""
        found = self.statement.inclusions
        return tuple(self.attestations[each.attestation].signer for each in found)


def verify_proposal(proposal: Proposal, agreement: Agreement, members: Collection[str]) -> None:
    """Checks a step against its terms. Signatures are verified separately.

    1. It brings the drafter's signature, its own node's unless it declines, and no other.

    2. Its node's agency and the drafter's are parties.

    3. Every party is an agency of the federation.

    Args:
        proposal: The step.
        agreement: Its terms.
        members: URIs of the federation's agencies.

    Raises:
        ProposalRefused: If a check fails; names it.
    """
    wanted = {agreement.header.signer} | (set() if proposal.declined else {proposal.header.signer})
    if set(proposal.signers) != wanted or len(proposal.signers) != len(wanted):
        raise ProposalRefused("it brings other signatures than its drafter's and its own")
    drafter, speaker = map(domain_uri_of, (agreement.header.signer, proposal.header.signer))
    if drafter not in agreement.terms.parties or speaker not in agreement.signatories:
        raise ProposalRefused("it is not by parties")
    if not set(agreement.signatories) <= set(members):
        raise ProposalRefused("it names an agency that is not of this federation")


def verify_follows(agreement: Agreement, newest: Agreement, departed: Collection[str] = ()) -> None:
    """Checks that terms are the next version after the newest agreed one.

    Args:
        agreement: The terms.
        newest: The newest agreed version.
        departed: Its parties that are no longer in the federation as they signed it.

    Raises:
        ProposalSuperseded: If that version, or a later one, was already agreed on.
        AgreementMalformed: If a version is skipped, or the terms do not amend the agreement.
    """
    if agreement.version <= newest.version:
        raise ProposalSuperseded(f"version {newest.version} is in force")
    verify_amends(agreement, newest, departed)
    if agreement.version != newest.version + 1:
        raise AgreementMalformed(f"version {newest.version + 1} comes next")


def verify_amends(agreement: Agreement, before: Agreement, departed: Collection[str] = ()) -> None:
    """Checks that a later version may replace an earlier one, once every party has signed it.

    Args:
        agreement: The later version.
        before: The earlier one.
        departed: Parties of the earlier one that are no longer in the federation as they signed it:
            the others go on without their signature.

    Raises:
        AgreementMalformed: If a former party is not asked to sign, or the name changes.
    """
    if not set(before.terms.parties) - set(departed) <= set(agreement.terms.parties):
        # Otherwise some parties could replace an agreement that all of them signed.
        raise AgreementMalformed("every former party must sign its replacement")
    if agreement.name != before.name:
        raise AgreementMalformed("every version has the same name")


@immutable
class Step:
    """Step in the log.

    Attributes:
        place: Index of its entry.
        time_ms: The log's time of that entry.
        proposal: The step.
        agreement: Its terms.
    """

    place: int
    time_ms: int
    proposal: Proposal
    agreement: Agreement

    @property
    def agency(self) -> str:
        """Returns the URI of the step's agency."""
        return domain_uri_of(self.proposal.header.signer)


@immutable
class Offer:
    """Terms with all of their steps.

    Attributes:
        steps: The parties' steps about them, at least one, in the order of the log.
        countered: Whether a party answered with other terms.
        agreed_version: The newest agreed version of that agreement; 0 for none.
        was_agreed: Whether these very terms were agreed on at any time.
    """

    steps: tuple[Step, ...]
    countered: bool
    agreed_version: int
    was_agreed: bool

    @property
    def terms(self) -> bytes:
        """Returns 32 bytes, the id of the agreement's statement."""
        return self.steps[0].proposal.terms

    @property
    def agreement(self) -> Agreement:
        """Returns the agreement of the terms."""
        return self.steps[0].agreement

    @property
    def signers(self) -> frozenset[str]:
        """Returns URIs of the agencies that signed."""
        # The drafter's signature comes with every step, also with one that declines.
        drafter = domain_uri_of(self.agreement.header.signer)
        return frozenset({drafter, *(s.agency for s in self.steps if not s.proposal.declined)})

    @property
    def decliners(self) -> frozenset[str]:
        """Returns URIs of the agencies that declined."""
        return frozenset(step.agency for step in self.steps if step.proposal.declined)

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """Returns URIs of the parties and overseers that have not signed, ascending."""
        return tuple(each for each in self.agreement.signatories if each not in self.signers)

    @property
    def answer_by_ms(self) -> int:
        """Returns the deadline for signatures: the earliest one that a party set."""
        named = [s.proposal.answer_by_ms for s in self.steps if s.proposal.answer_by_ms]
        return min([*named, self.agreement.valid_until_ms])

    def state(self, log_ms: int) -> ProposalState:
        """Returns the state of the terms.

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
        """Checks that an answer still has an effect.

        Raises:
            ProposalSuperseded: If another version was agreed on first.
            ProposalClosed: If these terms were agreed on, signed by all, declined, or have
                expired.
        """
        state = self.state(log_ms)
        if state is ProposalState.SUPERSEDED:
            raise ProposalSuperseded("another version was agreed on first")
        if state not in OPEN:
            raise ProposalClosed(f"it is {state.text}")


def offers_of(steps: Iterable[Step], agreed: Mapping[bytes, Agreement]) -> tuple[Offer, ...]:
    """Returns the offers of the steps and agreed versions, in the order of the log.

    Args:
        steps: Verified steps, in any order; duplicates count once.
        agreed: Every agreed version, by the id of its statement.
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
