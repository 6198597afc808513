"""Proposals under any order, repetition, delay and loss: forwards only, and the same for all."""

import hashlib
from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from support.agencies import AGREEMENT_ID, CN, DAY_MS, MX, NOW_MS, PINS, US, federation, node_of
from support.examples import examples
from tearline.agreements.agreement import DEFAULT_REPLY_TIMES, Agreement
from tearline.agreements.proposal import (
    Offer,
    Proposal,
    ProposalState,
    Step,
    offers_of,
    verify_follows,
)
from tearline.crypto.keys import KEY_ID_SIZE, SIGNATURE_SIZE
from tearline.errors import AgreementError
from tearline.policy.marking import Tlp
from tearline.policy.terms import ArticleTerms, Terms
from tearline.statements.statement import (
    Attestation,
    Header,
    Inclusion,
    Statement,
    StatementType,
    statement_id,
)
from tearline.wire.agreements import encode_agreement

PARTIES = tuple(sorted((CN, MX, US)))
FEDERATION = federation().id
ARTICLE = ArticleTerms(
    id="any",
    purposes=(),
    kinds=(),
    crime_areas=(),
    directions=(),
    shares=(),
    highest_tlp=Tlp.RED,
    joint=False,
    four_eyes=False,
)
parties = st.sampled_from(PARTIES)
picks = st.integers(0, 1 << 16)


def header_of(party: str) -> Header:
    return Header(federation=FEDERATION, signer=node_of(party), key_id=bytes(KEY_ID_SIZE))


def terms(drafter: str, version: int, days: int) -> Agreement:
    return Agreement(
        header=header_of(drafter),
        id=AGREEMENT_ID,
        version=version,
        name="any",
        terms=Terms(parties=PARTIES, articles=(ARTICLE,)),
        pins=PINS,
        reply_times=DEFAULT_REPLY_TIMES,
        retention_ms=days * DAY_MS,
        onward_use="",
        oversight=(),
        valid_from_ms=NOW_MS,
        valid_until_ms=NOW_MS + 100 * DAY_MS,
    )


def said(
    agreement: Agreement, by: str, *, declined: bool = False, answers: bytes = b"", until: int = 0
) -> Proposal:
    """A step as it would be after every signature in it was verified."""
    signers = [agreement.header.signer]
    if not declined and node_of(by) not in signers:
        signers.append(node_of(by))
    attestations = [
        Attestation(
            federation=FEDERATION,
            signer=signer,
            key_id=bytes(KEY_ID_SIZE),
            size=1,
            root=hashlib.sha256(signer.encode()).digest(),
            signature=bytes(SIGNATURE_SIZE),
        )
        for signer in signers
    ]
    return Proposal(
        header=header_of(by),
        statement=Statement(
            type=StatementType.AGREEMENT,
            body=encode_agreement(agreement),
            inclusions=tuple(
                Inclusion(attestation=each.hash, salt=bytes(32), index=0, path=())
                for each in attestations
            ),
        ),
        attestations={each.hash: each for each in attestations},
        declined=declined,
        in_reply_to=answers,
        answer_by_ms=until,
    )


def id_of(agreement: Agreement) -> bytes:
    return statement_id(StatementType.AGREEMENT, encode_agreement(agreement))


@dataclass
class Party:
    """What one party's node has heard, and how it saw each proposal at most."""

    steps: list[Step] = field(default_factory=list)
    agreed: dict[bytes, Agreement] = field(default_factory=dict)
    reached: dict[bytes, ProposalState] = field(default_factory=dict)

    def offers(self) -> tuple[Offer, ...]:
        return offers_of(self.steps, self.agreed)

    def hear(self, item: Step | Agreement) -> None:
        if isinstance(item, Step):
            self.steps.append(item)
        else:
            self.agreed[id_of(item)] = item


class ProposalMachine(RuleBasedStateMachine):
    """Three parties and an exchange that orders what they say and judges versions."""

    def __init__(self) -> None:
        super().__init__()
        self.parties = {party: Party() for party in PARTIES}
        self.log: list[Step | Agreement] = []
        self.in_force = terms(US, 1, 1)
        for party in self.parties.values():
            party.hear(self.in_force)
        self.now_ms = NOW_MS

    # What the exchange does.

    def log_step(self, proposal: Proposal, agreement: Agreement) -> None:
        try:
            verify_follows(agreement, self.in_force)
        except AgreementError:
            return
        step = Step(
            place=len(self.log), time_ms=self.now_ms, proposal=proposal, agreement=agreement
        )
        self.log.append(step)

    def log_agreement(self, offer: Offer) -> None:
        """The first that is complete wins; the same again changes nothing."""
        assert set(PARTIES) == offer.signers
        if offer.agreement.version == self.in_force.version + 1:
            self.in_force = offer.agreement
            self.log.append(offer.agreement)

    # What parties do.

    @rule(by=parties, until=st.sampled_from([0, 0, 2, 9]), lost=st.booleans())
    def proposes(self, by: str, until: int, lost: bool) -> None:
        version = max(a.version for a in self.parties[by].agreed.values()) + 1
        drafted = terms(by, version, 2)  # the same again, perhaps with another time
        answer_by_ms = self.now_ms + until * DAY_MS if until else 0
        if not lost:
            self.log_step(said(drafted, by, until=answer_by_ms), drafted)

    def open_offers(self, party: str) -> list[Offer]:
        still_open = (ProposalState.PROPOSED, ProposalState.COUNTERED)
        offers = self.parties[party].offers()
        return [offer for offer in offers if offer.state(self.now_ms) in still_open]

    @rule(by=parties, listens=st.booleans())
    def signs_everything(self, by: str, listens: bool) -> None:
        if listens:
            self.everything_arrives(by)
        for offer in self.open_offers(by):
            self.log_step(said(offer.agreement, by), offer.agreement)

    @rule(by=parties, pick=picks, act=st.sampled_from(["decline", *["counter"] * 3]))
    def answers(self, by: str, pick: int, act: str) -> None:
        offers = self.open_offers(by)
        if not offers:
            return
        offer = offers[pick % len(offers)]
        if act == "decline" and by not in offer.signers:
            self.log_step(said(offer.agreement, by, declined=True), offer.agreement)
        elif act == "counter":
            days = (3 + pick % 2) * DAY_MS
            other = replace(offer.agreement, header=header_of(by), retention_ms=days)
            if id_of(other) != offer.terms:
                self.log_step(said(other, by, answers=offer.terms), other)

    @rule(by=parties)
    def puts_in_force(self, by: str) -> None:
        for offer in self.parties[by].offers():
            if offer.state(self.now_ms) is ProposalState.SIGNED:
                self.log_agreement(offer)

    # What the world does.

    @rule(to=parties, pick=picks)
    def something_arrives(self, to: str, pick: int) -> None:
        if self.log:
            self.parties[to].hear(self.log[pick % len(self.log)])

    @rule(to=parties)
    def everything_arrives(self, to: str) -> None:
        for item in self.log:
            self.parties[to].hear(item)

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.now_ms += hours * 3_600_000

    @invariant()
    def nothing_moves_back(self) -> None:
        for party in self.parties.values():
            for offer in party.offers():
                state = offer.state(self.now_ms)
                assert state >= party.reached.get(offer.terms, state)
                party.reached[offer.terms] = state

    def teardown(self) -> None:
        """Once everything arrives, all say the same, and nothing that all signed is stuck."""
        for _ in range(2):  # what comes into force on the way arrives, too
            for number, party in enumerate(self.parties.values()):
                for item in self.log[::-1] if number % 2 else self.log:
                    party.hear(item)
            for by in PARTIES:
                self.puts_in_force(by)
        self.nothing_moves_back()
        ends = [party.reached for party in self.parties.values()]
        assert ends[0] == ends[1] == ends[2]
        assert ProposalState.SIGNED not in ends[0].values()
        agreed = [item for item in self.log if isinstance(item, Agreement)]
        assert len({item.version for item in agreed}) == len(agreed)
        for offer in self.parties[US].offers():
            if offer.agreement.version <= self.in_force.version:
                assert ends[0][offer.terms] >= ProposalState.SUPERSEDED


ProposalMachine.TestCase.settings = settings(max_examples=examples(150), stateful_step_count=50)
TestProposals = ProposalMachine.TestCase
