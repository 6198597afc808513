"""Proposals among honest nodes, under an exchange that lies, and by a partner that cheats."""

from dataclasses import replace
from typing import Any, NoReturn

import pytest

from support.agencies import signed_by
from support.node import context_of, stores_of
from support.simulation import ARTICLE, CN, MX, PURPOSE, US, Member, Simulation
from tearline.agreements.agreement import Agreement
from tearline.agreements.proposal import Offer, Proposal, ProposalState
from tearline.audit.event import EventCode
from tearline.errors import (
    AgreementMalformed,
    AgreementNotInForce,
    EntryMismatch,
    InclusionInvalid,
    NotPermitted,
    ProposalClosed,
    ProposalRefused,
    ProposalSuperseded,
    StatementConflict,
)
from tearline.policy.terms import Terms
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement, parse_agreement
from tearline.wire.deliveries import Delivery
from tearline.wire.proposals import encode_proposal, parse_proposal
from tearline.wire.publications import Outcome, Publication
from tearline.wire.statements import Signed, merge_signed
from tearline_client.features.agreements.handler import put_in_force
from tearline_client.store.proposals import ProposalStore
from tearline_server.tlog.fsck import LogVerifier

DAY_MS = 24 * 3_600_000


def terms(
    *parties: str, name: str = "narcotics-2026", identity: str = "clear", retention: int = 730
) -> str:
    listed = ", ".join(f'"{party}"' for party in parties or (US, CN, MX))
    return f"""
name = "{name}"
parties = [{listed}]
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = {retention}
onward_use = "None."

[article.{ARTICLE}]
purposes = ["{PURPOSE}"]
kinds = ["lead"]
crime_areas = ["money-laundering"]
highest_tlp = "red"
directions = "all"

[article.{ARTICLE}.share.{MX}]
identity = "{identity}"
"""


def new_terms() -> str:
    """A first version that is in nobody's way."""
    return terms(name="precursors-2026")


def only(member: Member) -> Offer:
    (offer,) = member.node.proposals.offers()
    return offer


def states(world: Simulation, wanted: bytes) -> set[ProposalState]:
    found = set()
    for member in world.members:
        offer = stores_of(member.node).proposals.offer(wanted)
        found.add(member.node.proposals.state_of(offer))
    return found


# What honest nodes do.


async def test_what_all_sign_comes_into_force_by_itself(world: Simulation) -> None:
    proposed = await world.us.node.proposals.propose(world.us.node.proposals.draft(new_terms()))
    await world.settle(rounds=1)
    assert states(world, proposed) == {ProposalState.PROPOSED}
    others = {context_of(world.cn.node).agency, context_of(world.mx.node).agency}
    assert set(only(world.mx).waiting_for) == others
    await world.cn.node.proposals.sign(only(world.cn))
    await world.settle(rounds=1)
    await world.mx.node.proposals.sign(only(world.mx))
    await world.mx.node.receive()
    await world.settle(rounds=1)
    assert states(world, proposed) == {ProposalState.AGREED}
    for member in world.members:
        assert member.codes() == []
        assert member.node.agreements.by_name("precursors-2026").version == 1


async def test_whoever_signs_last_at_one_moment_it_comes_into_force(world: Simulation) -> None:
    await world.us.node.proposals.propose(world.us.node.proposals.draft(new_terms()))
    await world.settle(rounds=1)
    for member in (world.cn, world.mx):  # neither has heard of the other when it signs
        await member.node.proposals.sign(only(member))
    await world.settle(rounds=1)
    await world.settle(rounds=1)
    for member in world.members:
        assert member.node.proposals.state_of(only(member)) is ProposalState.AGREED
        assert (member.status().faults, member.codes()) == ({}, [])


async def test_who_is_to_oversee_an_agreement_signs_it_like_a_party(world: Simulation) -> None:
    """It is asked as parties are, and told nothing of what is under the agreement afterwards."""
    text = terms(US, CN, name="overseen").replace(f".share.{MX}", f".share.{CN}")
    text = text.replace("retention_days", f'oversight = ["{MX}"]\nretention_days')
    proposed = await world.us.node.proposals.propose(world.us.node.proposals.draft(text))
    await world.settle(rounds=1)
    await world.cn.node.proposals.sign(only(world.cn))
    await world.settle(rounds=1)
    assert states(world, proposed) == {ProposalState.PROPOSED}
    assert only(world.us).waiting_for == (context_of(world.mx.node).agency,)
    with pytest.raises(AgreementNotInForce):
        world.us.node.agreements.by_name("overseen")
    await world.mx.node.proposals.sign(only(world.mx))
    await world.settle(rounds=1)
    await world.settle(rounds=1)
    for member in (world.us, world.cn):
        assert member.node.agreements.by_name("overseen").oversight == (
            context_of(world.mx.node).agency,
        )
    with pytest.raises(AgreementNotInForce):
        world.mx.node.agreements.by_name("overseen")
    for member in world.members:
        assert (member.status().faults, member.codes()) == ({}, [])


async def test_two_amendments_at_one_moment_end_the_same_everywhere(world: Simulation) -> None:
    by_us = await amend(world.us, identity="generalised")
    by_cn = await amend(world.cn, identity="withheld")
    await world.settle(rounds=1)
    assert states(world, by_us) == states(world, by_cn) == {ProposalState.PROPOSED}
    for member in (world.cn, world.mx, world.us):
        for each in (by_cn, by_us):
            with_it = stores_of(member.node).proposals.offer(each)
            if context_of(member.node).agency in with_it.waiting_for:
                await member.node.proposals.sign(with_it)
    # Both are complete; each party has something of both to publish.
    await world.settle(rounds=1)
    await world.settle(rounds=1)
    ended = [states(world, each) for each in (by_us, by_cn)]
    assert sorted(ended, key=max) == [{ProposalState.SUPERSEDED}, {ProposalState.AGREED}]
    agreed = {encode_agreement(m.node.agreements.by_name("narcotics-2026")) for m in world.members}
    assert len(agreed) == 1


async def amend(member: Member, **changed: str) -> bytes:
    draft = member.node.proposals.draft_amendment("narcotics-2026", terms(**changed))
    return await member.node.proposals.propose(draft)


async def by_hand(world: Simulation, wanted: bytes) -> Publication:
    """The agreement with the signatures of all, past the exchange."""
    first = stores_of(world.us.node).proposals.offer(wanted).steps[0].proposal
    others = [m for m in world.members if m.node.uri != first.header.signer]
    body = first.statement.body
    drafted = Signed(statement=first.statement, attestations=first.attestations)
    signed = [signed_by(StatementType.AGREEMENT, body, other.signer) for other in others]
    return Publication(signed=(merge_signed([drafted, *signed]),))


async def test_the_amendment_that_comes_second_is_refused_as_a_conflict(
    world: Simulation,
) -> None:
    first = await amend(world.us, identity="generalised")
    second = await amend(world.cn, identity="withheld")
    await world.settle(rounds=1)
    loser = await by_hand(world, second)
    winner = await by_hand(world, first)
    outcomes = [
        *await world.us.publish(winner),
        *await world.cn.publish(loser),
    ]
    assert [o.refusal.code if o.refusal else "" for o in outcomes] == ["", StatementConflict.code]
    await world.settle(rounds=1)
    assert states(world, first) == {ProposalState.AGREED}
    assert states(world, second) == {ProposalState.SUPERSEDED}
    with pytest.raises(ProposalSuperseded):
        await world.mx.node.proposals.sign(stores_of(world.mx.node).proposals.offer(second))


async def test_other_terms_answer_a_proposal(world: Simulation) -> None:
    first = await world.us.node.proposals.propose(world.us.node.proposals.draft(new_terms()))
    await world.settle(rounds=1)
    other = world.cn.node.proposals.draft_counter(
        only(world.cn), terms(name="precursors-2026", retention=90)
    )
    second = await world.cn.node.proposals.propose(other, answers=first)
    await world.settle(rounds=1)
    assert states(world, first) == {ProposalState.COUNTERED}
    for member in (world.us, world.mx):
        await member.node.proposals.sign(stores_of(member.node).proposals.offer(second))
    await world.settle(rounds=1)
    await world.settle(rounds=1)
    assert states(world, first) == {ProposalState.SUPERSEDED}
    assert states(world, second) == {ProposalState.AGREED}


async def test_what_was_declined_takes_no_signature(world: Simulation) -> None:
    proposed = await world.us.node.proposals.propose(world.us.node.proposals.draft(new_terms()))
    await world.settle(rounds=1)
    await world.cn.node.proposals.decline(only(world.cn))
    await world.settle(rounds=1)
    assert states(world, proposed) == {ProposalState.DECLINED}
    with pytest.raises(ProposalClosed):
        await world.mx.node.proposals.sign(only(world.mx))


async def test_a_signature_stands(world: Simulation) -> None:
    await world.us.node.proposals.propose(world.us.node.proposals.draft(new_terms()))
    await world.settle(rounds=1)
    await world.cn.node.proposals.sign(only(world.cn))
    await world.settle(rounds=1)
    with pytest.raises(ProposalClosed):
        await world.cn.node.proposals.decline(only(world.cn))


async def test_signed_again_the_same_is_sent_again(world: Simulation) -> None:
    await world.us.node.proposals.propose(world.us.node.proposals.draft(new_terms()))
    await world.settle(rounds=1)
    for _ in range(2):
        await world.cn.node.proposals.sign(only(world.cn))
        await world.settle(rounds=1)
    assert len(only(world.mx).steps) == 2


async def test_of_one_agency_a_node_keeps_so_many_steps(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is closed makes room, what is open does not; others have their own."""
    monkeypatch.setattr("tearline_client.store.proposals.MAX_PROPOSAL_STEPS", 3)
    terms_of = []
    for number in range(3):
        draft = world.us.node.proposals.draft(terms(name=f"flood-{number}"))
        terms_of.append(await world.us.node.proposals.propose(draft))
    await world.settle(rounds=1)
    await world.us.node.proposals.propose(world.us.node.proposals.draft(terms(name="one-more")))
    await world.settle(rounds=1)
    assert world.cn.codes() == world.mx.codes() == [ProposalRefused.code]
    offers = world.cn.node.proposals.offers
    assert {offer.terms for offer in offers()} == {*terms_of}
    await world.mx.node.proposals.propose(world.mx.node.proposals.draft(terms(name="of-others")))
    await world.settle(rounds=1)
    assert len(offers()) == 4
    await world.cn.node.proposals.decline(stores_of(world.cn.node).proposals.offer(terms_of[0]))
    await world.settle(rounds=1)
    again = await world.us.node.proposals.propose(world.us.node.proposals.draft(terms(name="anew")))
    await world.settle(rounds=1)
    kept = {offer.terms for offer in offers() if offer.agreement.name != "of-others"}
    assert {again, *terms_of[1:]} <= kept


async def test_a_proposal_that_others_have_to_sign_has_no_other_read(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.us.node.proposals.propose(world.us.node.proposals.draft(new_terms()))
    with monkeypatch.context() as patched:
        patched.setattr(ProposalStore, "_steps", _unread)
        await world.cn.node.receive()
        assert not put_in_force(context_of(world.cn.node))
    assert only(world.cn).terms
    assert stores_of(world.cn.node).proposals.news() == ()


def _unread(_: object) -> NoReturn:
    raise AssertionError("proposals were read")


async def test_only_parties_hear_of_a_proposal(world: Simulation) -> None:
    draft = world.us.node.proposals.draft(terms(US, MX, name="apart"))
    await world.us.node.proposals.propose(draft)
    await world.settle(rounds=1)
    assert world.cn.node.proposals.offers() == ()
    assert len(world.mx.node.proposals.offers()) == 1


async def test_time_ends_what_nobody_answers(world: Simulation) -> None:
    draft = world.us.node.proposals.draft(new_terms())
    await world.us.node.proposals.propose(draft, within_ms=DAY_MS)
    await world.settle(rounds=1)
    offer = only(world.cn)
    assert offer.state(offer.answer_by_ms - 1) is ProposalState.PROPOSED
    assert offer.state(offer.answer_by_ms) is ProposalState.EXPIRED
    world.clock.offset_ms = 2 * DAY_MS
    late = replace(only(world.us).steps[0].proposal, in_reply_to=bytes(32))
    outcome = await world.us.say(StatementType.PROPOSAL, encode_proposal(late))
    assert outcome.refusal is not None
    assert outcome.refusal.code == ProposalClosed.code


# What cheats try.


def step(by: Member, agreement: Agreement, *copies: Signed, **changed: Any) -> Proposal:
    """A step in whatever words, past every rule of the node."""
    body = encode_agreement(agreement)
    merged = merge_signed(copies or [signed_by(StatementType.AGREEMENT, body, by.signer)])
    said = Proposal(
        header=by.signer.header,
        statement=merged.statement,
        attestations=merged.attestations,
        declined=False,
        in_reply_to=b"",
        answer_by_ms=0,
    )
    return replace(said, **changed)


def with_parties(agreement: Agreement, *parties: str) -> Agreement:
    """The same terms for others; what its articles say of who is gone goes."""
    articles = tuple(
        replace(
            article,
            directions=tuple(
                way for way in article.directions if {way.sender, way.recipient} <= set(parties)
            ),
            shares=tuple(share for share in article.shares if share.partner in parties),
        )
        for article in agreement.terms.articles
    )
    return replace(agreement, terms=Terms(parties=tuple(sorted(parties)), articles=articles))


async def say(member: Member, proposal: Proposal) -> Outcome:
    return await member.say(StatementType.PROPOSAL, encode_proposal(proposal))


async def forged(world: Simulation, by: Member, to: Member, proposal: Proposal) -> Delivery:
    statement = signed_by(StatementType.PROPOSAL, encode_proposal(proposal), by.signer)
    return await world.forge(to, statement, code=EventCode.PROPOSAL)


def drafted(world: Simulation) -> Agreement:
    return world.us.node.proposals.draft(new_terms())


async def test_an_exchange_that_changes_a_term_is_caught(world: Simulation) -> None:
    await world.us.node.proposals.propose(drafted(world))

    def change(waiting: list[Delivery]) -> list[Delivery]:
        (delivery,) = waiting
        said = parse_proposal(delivery.statements[0].body)
        agreement = parse_agreement(said.statement.body)
        looser = replace(agreement, retention_ms=agreement.retention_ms * 2)
        inner = replace(said.statement, body=encode_agreement(looser))
        body = encode_proposal(replace(said, statement=inner))
        return [replace(delivery, statements=(replace(delivery.statements[0], body=body),))]

    world.cn.exchange.mail = change
    await world.cn.node.receive()
    assert world.cn.node.proposals.offers() == ()
    world.cn.caught(EntryMismatch)


async def test_a_term_changed_inside_what_a_partner_signed_is_caught(world: Simulation) -> None:
    """The exchange and the partner that relays it together; the drafter is honest."""
    theirs = signed_by(StatementType.AGREEMENT, encode_agreement(drafted(world)), world.us.signer)
    looser = replace(parse_agreement(theirs.statement.body), retention_ms=DAY_MS)
    inner = replace(theirs.statement, body=encode_agreement(looser))
    own = signed_by(StatementType.AGREEMENT, inner.body, world.cn.signer)
    said = step(world.cn, looser, Signed(statement=inner, attestations=theirs.attestations), own)
    await world.refuses([await say(world.cn, said)], InclusionInvalid)
    await world.mx.take(await forged(world, world.cn, world.mx, said))
    assert world.mx.node.proposals.offers() == ()
    world.mx.caught(InclusionInvalid)


async def test_a_signature_under_other_terms_is_caught(world: Simulation) -> None:
    """What we signed once is shown under terms that we never saw."""
    await world.us.node.proposals.propose(drafted(world))
    await world.settle(rounds=1)
    await world.cn.node.proposals.sign(only(world.cn))
    await world.settle(rounds=1)
    signed_once = only(world.us).steps[1].proposal
    other = replace(drafted(world), header=world.us.signer.header, retention_ms=DAY_MS)
    ours = signed_by(StatementType.AGREEMENT, encode_agreement(other), world.us.signer)
    theirs = replace(ours.statement, inclusions=signed_once.statement.inclusions[1:])
    replayed = merge_signed([ours, Signed(statement=theirs, attestations=signed_once.attestations)])
    said = step(world.us, other, replayed)
    await world.refuses([await say(world.us, said)], InclusionInvalid)
    agreed = await world.us.publish(Publication(signed=(replayed,)))
    assert [o.refusal.code for o in agreed if o.refusal] == [InclusionInvalid.code]
    await world.mx.take(await forged(world, world.us, world.mx, said))
    assert len(world.mx.node.proposals.offers()) == 1
    world.mx.caught(InclusionInvalid)


async def test_a_proposal_that_names_a_stranger_is_refused(world: Simulation) -> None:
    parties = (*drafted(world).terms.parties, "spiffe://stranger.example")
    said = step(world.us, with_parties(drafted(world), *parties))
    await world.refuses([await say(world.us, said)], ProposalRefused)
    await world.cn.take(await forged(world, world.us, world.cn, said))
    assert world.cn.node.proposals.offers() == ()
    world.cn.caught(ProposalRefused)


async def test_a_proposal_among_others_is_refused(world: Simulation) -> None:
    us, mx = context_of(world.us.node).agency, context_of(world.mx.node).agency
    among_others = with_parties(drafted(world), us, mx)
    meddling = step(
        world.cn,
        among_others,
        signed_by(StatementType.AGREEMENT, encode_agreement(among_others), world.us.signer),
        declined=True,
    )
    await world.refuses([await say(world.cn, meddling)], NotPermitted)
    await world.mx.take(await forged(world, world.cn, world.mx, meddling))
    assert world.mx.node.proposals.offers() == ()
    world.mx.caught(ProposalRefused)


async def test_nobody_speaks_for_another(world: Simulation) -> None:
    agreement = drafted(world)
    body = encode_agreement(agreement)
    copies = [signed_by(StatementType.AGREEMENT, body, m.signer) for m in (world.us, world.cn)]
    for_both = step(world.us, agreement, *copies)
    for_nobody = step(world.cn, agreement, copies[0])
    outcomes = [await say(world.us, for_both), await say(world.cn, for_nobody)]
    await world.refuses(outcomes, ProposalRefused, ProposalRefused)


async def test_an_amendment_that_drops_a_party_without_it_is_refused(world: Simulation) -> None:
    before = world.us.node.agreements.by_name("narcotics-2026")
    us, mx = (context_of(member.node).agency for member in (world.us, world.mx))
    without = with_parties(replace(before, version=2, header=world.us.signer.header), us, mx)
    said = step(world.us, without)
    complete = merge_signed(
        signed_by(StatementType.AGREEMENT, encode_agreement(without), member.signer)
        for member in (world.us, world.mx)
    )
    outcomes = [
        await say(world.us, said),
        *await world.us.publish(Publication(signed=(complete,))),
    ]
    await world.refuses(outcomes, AgreementMalformed, AgreementMalformed)
    await world.mx.take(await forged(world, world.us, world.mx, said))
    assert world.mx.node.proposals.offers() == ()
    world.mx.caught(AgreementMalformed)


async def test_an_agreement_of_others_and_none_are_refused_alike(world: Simulation) -> None:
    bilateral = world.us.node.agreements.by_name("bilateral")
    outcomes = []
    for agreement_id in (bilateral.id, bytes(16)):
        mine = replace(drafted(world), id=agreement_id, version=2, header=world.cn.signer.header)
        outcomes.append(await say(world.cn, step(world.cn, mine)))
    assert outcomes[0].refusal == outcomes[1].refusal
    await world.refuses(outcomes, AgreementMalformed, AgreementMalformed)


async def test_the_log_with_proposals_in_it_verifies(world: Simulation) -> None:
    proposed = await world.us.node.proposals.propose(drafted(world))
    await world.settle(rounds=1)
    await world.cn.node.proposals.decline(only(world.cn))
    await world.settle(rounds=1)
    verifier = LogVerifier(world.store, world.template.identity.log)
    assert [finding async for finding in verifier.findings()] == []
    assert states(world, proposed) == {ProposalState.DECLINED}
