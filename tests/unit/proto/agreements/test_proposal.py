"""Proposals: what one may say, what may follow what, and what becomes of terms."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    MX,
    NOW_MS,
    US,
    federation,
    us_mx,
)
from tearline.agreements.agreement import Agreement
from tearline.agreements.proposal import (
    Offer,
    Proposal,
    ProposalState,
    Step,
    offers_of,
    verify_amends,
    verify_follows,
    verify_proposal,
)
from tearline.errors import (
    AgreementMalformed,
    ProposalClosed,
    ProposalRefused,
    ProposalSuperseded,
    StatementMalformed,
)
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.statements import cosigned

FED = federation()
TERMS = us_mx(FED.node(US).header, version=2)
BEFORE = replace(TERMS, version=1)
MEMBERS = (US, CN, MX)


def said(by: str, *signers: str, agreement: Agreement = TERMS, **changed: Any) -> Proposal:
    body = encode_agreement(agreement)
    signed = cosigned(
        (FED.node(signer).sign([(StatementType.AGREEMENT, body)]), 0) for signer in signers
    )
    given: dict[str, Any] = {
        "header": FED.node(by).header,
        "statement": signed.statement,
        "attestations": signed.attestations,
        "declined": False,
        "in_reply_to": b"",
        "answer_by_ms": 0,
    }
    return Proposal(**(given | changed))


PROPOSED = said(US, US, answer_by_ms=NOW_MS + 30 * DAY_MS)
SIGNED = said(MX, US, MX)
DECLINED = said(MX, US, declined=True)


def offer(*proposals: Proposal, agreed: Agreement = BEFORE) -> Offer:
    steps = [
        Step(place=place, time_ms=NOW_MS, proposal=each, agreement=TERMS)
        for place, each in enumerate(proposals)
    ]
    (found,) = offers_of(steps, {agreed.id + bytes(16): agreed})
    return found


@pytest.mark.parametrize("step", [PROPOSED, SIGNED, DECLINED])
def test_a_party_proposes_signs_or_declines(step: Proposal) -> None:
    verify_proposal(step, TERMS, MEMBERS)


@pytest.mark.parametrize(
    "step",
    [
        said(US, US, MX),
        said(MX, US),
        said(MX, US, MX, declined=True),
        said(MX, MX),
        said(MX, US, CN),
    ],
    ids=["for another", "without our own", "and declines", "without the drafter", "for a third"],
)
def test_a_step_brings_the_drafter_s_signature_and_its_own(step: Proposal) -> None:
    with pytest.raises(ProposalRefused):
        verify_proposal(step, TERMS, MEMBERS)


def test_only_parties_speak_and_all_of_them_are_members() -> None:
    with pytest.raises(ProposalRefused):
        verify_proposal(said(CN, US, CN), TERMS, MEMBERS)
    with pytest.raises(ProposalRefused):
        verify_proposal(SIGNED, TERMS, (US, CN))


@pytest.mark.parametrize(
    "changed",
    [
        {"in_reply_to": b"short"},
        {"declined": True, "in_reply_to": bytes(32)},
        {"declined": True, "answer_by_ms": 1},
        {"in_reply_to": PROPOSED.terms},
    ],
)
def test_a_step_that_contradicts_itself_is_none(changed: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(PROPOSED, **changed)


def test_a_version_follows_the_one_before() -> None:
    verify_follows(TERMS, BEFORE)
    for newest in (TERMS, replace(TERMS, version=3)):
        with pytest.raises(ProposalSuperseded):
            verify_follows(TERMS, newest)
    with pytest.raises(AgreementMalformed, match="version 2 comes next"):
        verify_follows(replace(TERMS, version=3), BEFORE)


def test_an_amendment_keeps_the_name_and_whoever_was_a_party() -> None:
    verify_amends(replace(TERMS, terms=replace(TERMS.terms, parties=(CN, MX, US))), BEFORE)
    with pytest.raises(AgreementMalformed):
        verify_amends(replace(TERMS, name="other"), BEFORE)
    with pytest.raises(AgreementMalformed):
        verify_amends(TERMS, replace(BEFORE, terms=replace(TERMS.terms, parties=(CN, MX, US))))


def test_what_became_of_terms() -> None:
    assert offer(PROPOSED).state(NOW_MS) is ProposalState.PROPOSED
    assert offer(PROPOSED).waiting_for == (MX,)
    assert offer(PROPOSED).state(NOW_MS + 30 * DAY_MS) is ProposalState.EXPIRED
    assert offer(PROPOSED, DECLINED).state(NOW_MS) is ProposalState.DECLINED
    assert offer(PROPOSED, SIGNED).state(NOW_MS) is ProposalState.SIGNED
    assert offer(PROPOSED, SIGNED, agreed=TERMS).state(NOW_MS) is ProposalState.SUPERSEDED


def test_signatures_of_all_outweigh_a_word_that_came_before_them() -> None:
    assert offer(PROPOSED, DECLINED, SIGNED).state(NOW_MS + 31 * DAY_MS) is ProposalState.SIGNED


def test_the_earliest_time_that_a_party_set_counts() -> None:
    sooner = replace(PROPOSED, answer_by_ms=NOW_MS + DAY_MS)
    assert offer(PROPOSED, sooner).answer_by_ms == offer(sooner, PROPOSED).answer_by_ms
    assert offer(PROPOSED, sooner).answer_by_ms == NOW_MS + DAY_MS
    assert offer(SIGNED).answer_by_ms == TERMS.valid_until_ms


def test_an_answer_must_still_make_a_difference() -> None:
    offer(PROPOSED).verify_open(NOW_MS)
    for closed in (offer(PROPOSED, DECLINED), offer(PROPOSED, SIGNED)):
        with pytest.raises(ProposalClosed):
            closed.verify_open(NOW_MS)
    with pytest.raises(ProposalSuperseded):
        offer(PROPOSED, agreed=TERMS).verify_open(NOW_MS)
