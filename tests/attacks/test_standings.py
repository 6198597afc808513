"""Suspension: it holds at once, at the suspender's own node whatever the exchange does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from attacks.simulated_requests import ask
from support.agencies import signed_by
from support.node import context_of, stores_of
from support.simulation import ARTICLE, CN, Member, Simulation
from tearline.agreements.agreement import HOUR_MS
from tearline.audit.event import EventCode
from tearline.errors import (
    AgreementSuspended,
    ExchangeUnreachable,
    LiftRefused,
    OutcomeUnknown,
    PacketFrozen,
    StandingOutdated,
    StandingStale,
    SuspensionBreached,
)
from tearline.statements.channel import VoidReason
from tearline.statements.statement import ActedBy, StatementType
from tearline.suspensions.standing import OfficerAct, Standing
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.wire.agreements import encode_agreement
from tearline.wire.deliveries import Delivery
from tearline.wire.grants import parse_event
from tearline.wire.publications import Publication
from tearline.wire.statements import cosigned
from tearline.wire.suspensions import encode_standing
from tearline_client.features.suspensions.service import Position
from tearline_client.store.packets import PacketStore

NAME = "narcotics-2026"
WHOLE = Suspension(
    article="",
    sender="",
    recipient="",
    reason=Reason.POLITICAL,
    in_flight=InFlight.HOLD,
    originated=Originated.KEEP,
)
OFFICER = ActedBy(pseudonym=bytes(32), role="officer", token_hash=bytes(32), time_ms=1)


async def suspend(member: Member, suspension: Suspension = WHOLE) -> None:
    await member.node.suspensions.suspend(NAME, suspension)


async def resume(member: Member) -> None:
    await member.node.suspensions.resume(NAME, acted_by=OFFICER)


def positions(member: Member) -> tuple[Position, ...]:
    return member.node.suspensions.positions(member.node.agreements.by_name(NAME))


def of(member: Member, **changed: Any) -> bytes:
    """A standing of a member's agency, past its own node."""
    found = Standing(
        header=member.signer.header,
        agreement_id=member.node.agreements.by_name(NAME).id,
        counter=1,
        suspensions=(WHOLE,),
        ended=False,
        officer=None,
        acted_by=None,
        time_ms=context_of(member.node).now_ms(),
    )
    return encode_standing(replace(found, **changed))


def unreachable(member: Member) -> None:
    """An exchange that answers nothing that is published."""

    def gone(publication: Publication) -> Publication:
        raise ExchangeUnreachable("it is cut off")

    member.exchange.publication = gone


def deaf(member: Member) -> None:
    """An exchange that fails on every standing, and on nothing else."""

    def fails(publication: Publication) -> Publication:
        if any(each.type is StatementType.STANDING for each in publication.statements()):
            raise OutcomeUnknown
        return publication

    member.exchange.publication = fails


def later(member: Member, by_ms: int = HOUR_MS) -> None:
    """Moves a node's clock on."""
    before = context_of(member.node).now_ms
    object.__setattr__(context_of(member.node), "now_ms", lambda: before() + by_ms)


@pytest.fixture
async def joint(world: Simulation) -> Simulation:
    """The federation under an agreement whose article is joint."""
    found = world.us.node.agreements.by_name(NAME)
    articles = tuple(replace(article, joint=True) for article in found.terms.articles)
    second = replace(found, version=2, terms=replace(found.terms, articles=articles))
    body = encode_agreement(second)
    signed = [(m.signer.sign([(StatementType.AGREEMENT, body)]), 0) for m in world.members]
    await world.us.node.agreements.publish(cosigned(signed))
    await world.settle(rounds=3)
    return world


# At once.


async def test_a_node_stops_before_the_exchange_has_heard_of_it(world: Simulation) -> None:
    deaf(world.us)
    await suspend(world.us)
    with pytest.raises(AgreementSuspended):
        await world.us.send(world.cn)
    (position,) = positions(world.us)
    assert (position.since_ms, position.agency) == (None, context_of(world.us.node).agency)


async def test_partners_hear_of_it_and_stop_too(world: Simulation) -> None:
    await suspend(world.us)
    await world.cn.node.receive()
    assert [each.agency for each in positions(world.cn)] == [context_of(world.us.node).agency]
    with pytest.raises(AgreementSuspended):
        await world.cn.node.packets.send([world.cn.plan(world.us)])


@pytest.mark.parametrize("looked", [False, True], ids=["behind", "looked"])
async def test_an_act_reads_a_suspension_that_came_meanwhile(
    world: Simulation, *, looked: bool
) -> None:
    plan = world.cn.plan(world.us)
    if looked:  # less than a minute ago
        await world.cn.node.refresh()
    await suspend(world.us)
    published = list[Publication]()
    world.cn.exchange.publication = lambda each: published.append(each) or each
    with pytest.raises(AgreementSuspended):
        await world.cn.node.packets.send([plan])
    assert StatementType.MANIFEST not in {s.type for each in published for s in each.statements()}
    assert world.cn.node.decisions.waiting() == ()


@pytest.mark.parametrize("desk", ["request", "case"])
async def test_a_step_reads_a_suspension_that_came_meanwhile(world: Simulation, desk: str) -> None:
    asked = await ask(world.us, world.cn)
    agreement = world.us.node.agreements.by_name(NAME)
    world.us.node.cases.open(agreement, "Harbour", [CN])
    await world.settle(world.us, world.cn, rounds=3)
    await suspend(world.us)
    published = list[Publication]()
    world.cn.exchange.publication = lambda each: published.append(each) or each
    node = world.cn.node
    (case,) = node.cases.all()
    acts = {
        "request": lambda: node.requests.admit(asked, OFFICER),
        "case": lambda: node.case_decisions.take(case, "join", acted_by=OFFICER),
    }
    with pytest.raises(AgreementSuspended):
        await acts[desk]()
    steps = {StatementType.REQUEST_STEP, StatementType.CASE_STEP}
    assert not steps & {s.type for each in published for s in each.statements()}
    assert node.decisions.waiting() == ()


async def test_acts_of_many_persons_read_the_mailbox_one_after_another(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, subscribe = world.cn.node, world.cn.exchange.subscribe
    await node.look()
    plans = [world.cn.plan(world.us) for _ in range(4)]
    open_streams, most = 0, 0

    async def counted(cursor: bytes) -> AsyncIterator[bytes]:
        nonlocal open_streams, most
        open_streams += 1
        most = max(most, open_streams)
        try:
            async for delivery in subscribe(cursor):
                yield delivery
        finally:
            open_streams -= 1

    monkeypatch.setattr(world.cn.exchange, "subscribe", counted)
    await asyncio.gather(*(node.packets.send([plan]) for plan in plans))
    assert most == 1


async def test_what_no_party_suspended_goes_on(world: Simulation) -> None:
    await suspend(world.us, replace(WHOLE, article=ARTICLE))
    await world.settle(rounds=3)
    await world.cn.send(world.mx)
    await world.mx.node.receive()
    assert len(world.mx.grants()) == 1
    assert world.mx.codes() == []


async def test_resumed_it_passes_again(world: Simulation) -> None:
    await suspend(world.us)
    await world.settle(rounds=3)
    await resume(world.us)
    await world.settle(rounds=3)
    assert positions(world.us) == positions(world.cn) == ()
    await world.us.send(world.cn)
    await world.cn.node.receive()
    assert len(world.cn.grants()) == 1


async def test_only_an_officer_resumes_or_ends(world: Simulation) -> None:
    await suspend(world.us)
    analyst = replace(OFFICER, role="analyst")
    for person in (None, analyst):
        with pytest.raises(LiftRefused):
            await world.us.node.suspensions.resume(NAME, acted_by=person)
        with pytest.raises(LiftRefused):
            await world.us.node.suspensions.end(
                NAME,
                reason=Reason.BREACH,
                in_flight=InFlight.RETURN,
                originated=Originated.KEEP,
                acted_by=person,
            )
    assert positions(world.us)


async def test_what_was_ended_is_never_taken_up_again(world: Simulation) -> None:
    await world.us.node.suspensions.end(
        NAME,
        reason=Reason.BREACH,
        in_flight=InFlight.RETURN,
        originated=Originated.KEEP,
        acted_by=OFFICER,
    )
    with pytest.raises(LiftRefused):
        await resume(world.us)
    await world.settle(rounds=3)
    assert [each.ended for each in positions(world.cn)] == [True]


# Mail at every stage.


@pytest.mark.parametrize("in_flight", InFlight)
async def test_in_the_outbox_it_stays_at_home(world: Simulation, in_flight: InFlight) -> None:
    unreachable(world.us)
    with pytest.raises(ExchangeUnreachable):
        await world.us.send(world.cn)
    with suppress(ExchangeUnreachable):
        await suspend(world.us, replace(WHOLE, in_flight=in_flight))
    world.us.exchange.publication = lambda publication: publication
    await world.settle(rounds=3)
    assert world.cn.grants() == []
    assert not [e for e in await _events(world) if e is EventCode.GRANT_ACCEPTED]
    await resume(world.us)
    await world.settle(rounds=3)
    await _issued_anew(world, in_flight)


@pytest.mark.parametrize("in_flight", InFlight)
@pytest.mark.parametrize("suspender", ["us", "cn"])
async def test_in_the_mailbox_it_is_kept_back(
    world: Simulation, in_flight: InFlight, suspender: str
) -> None:
    member: Member = getattr(world, suspender)
    await world.us.send(world.cn)
    await suspend(member, replace(WHOLE, in_flight=in_flight))
    await world.settle(rounds=3)
    assert world.cn.grants() == []
    assert EventCode.GRANT_DELIVERED not in await _events(world)
    (grant,) = stores_of(world.us.node).packets.grants(stores_of(world.us.node).packets.ids()[0])
    assert grant.withdrawn is VoidReason.RETURNED
    await resume(member)
    await world.settle(rounds=3)
    await _issued_anew(world, in_flight)


async def _issued_anew(world: Simulation, in_flight: InFlight) -> None:
    await world.settle(rounds=3)
    assert len(world.cn.grants()) == (1 if in_flight is InFlight.HOLD else 0)
    for member in world.members:
        assert member.codes() == []
    for member in (world.us, world.cn):
        assert [c.waiting for c in member.status().channels] == [0] * len(member.status().channels)
    if in_flight is InFlight.HOLD:
        delivered = [e for e in await _events(world) if e is EventCode.GRANT_DELIVERED]
        assert len(delivered) == 1


async def _events(world: Simulation) -> list[EventCode]:
    rows = await world.store.event_rows(0, limit=10_000)
    return [parse_event(row.event).code for row in rows]


async def test_what_was_handed_out_is_there(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.cn.node.receive()
    await suspend(world.us)
    await world.settle(rounds=3)
    assert len(world.cn.grants()) == 1
    assert EventCode.HELD not in await _events(world)
    assert world.us.codes() == world.cn.codes() == []


async def test_both_may_suspend_at_the_same_moment(world: Simulation) -> None:
    await suspend(world.us)
    await suspend(world.cn)
    await world.settle(rounds=3)
    both = [each.agency for each in positions(world.us)]
    assert len(both) == 2
    assert [each.agency for each in positions(world.mx)] == both
    await resume(world.us)
    await world.settle(rounds=3)
    with pytest.raises(AgreementSuspended):
        await world.us.send(world.cn)
    await resume(world.cn)
    await world.settle(rounds=3)
    await world.us.send(world.cn)


async def test_another_node_of_the_agency_was_faster_and_nothing_is_lost(
    world: Simulation,
) -> None:
    article = replace(WHOLE, article=ARTICLE)
    faster = of(world.us, suspensions=(article,))
    assert (await world.us.say(StatementType.STANDING, faster)).refusal is None
    await suspend(world.us)
    await world.settle(rounds=3)
    assert [each.suspension for each in positions(world.cn)] == [WHOLE, article]
    assert [each.since_ms is not None for each in positions(world.us)] == [True, True]


# Attacks.


async def test_an_old_standing_said_again_changes_nothing(world: Simulation) -> None:
    await suspend(world.us)
    await world.settle(rounds=3)
    await resume(world.us)
    await suspend(world.us)
    await world.settle(rounds=3)
    officer = OfficerAct(counter=2, acted_by=OFFICER)
    old = of(world.us, counter=2, suspensions=(), officer=officer)
    false = await world.forge(
        world.cn,
        signed_by(StatementType.STANDING, old, world.us.signer),
        code=EventCode.STANDING,
    )
    await world.cn.take(false)
    world.cn.caught(StandingOutdated)
    assert positions(world.cn)


async def test_a_lift_without_an_officer_lifts_nothing(world: Simulation) -> None:
    await suspend(world.us)
    await world.settle(rounds=3)
    lift = of(world.us, counter=2, suspensions=())
    await world.refuses([await world.us.say(StatementType.STANDING, lift)], LiftRefused)
    third = of(world.us, counter=3, suspensions=())
    false = await world.forge(
        world.cn,
        signed_by(StatementType.STANDING, third, world.us.signer),
        code=EventCode.STANDING,
    )
    await world.cn.take(false)
    world.cn.caught(LiftRefused)
    assert positions(world.cn)


async def test_a_suspended_packet_from_a_patched_node_is_refused(world: Simulation) -> None:
    await suspend(world.cn)
    await world.settle(rounds=3)
    _, publication = world.us.compose(world.cn)
    outcomes = await world.us.publish(publication)
    codes = [each.refusal.code if each.refusal else "" for each in outcomes]
    assert codes == ["", AgreementSuspended.code]
    await world.cn.node.receive()
    assert world.cn.grants() == []


async def test_an_exchange_that_delivers_it_all_the_same_is_caught(world: Simulation) -> None:
    """It takes in a packet although it was suspended: the log shows which entry is the later."""
    await suspend(world.cn)
    await world.settle(rounds=3)
    packet, _ = world.us.compose(world.cn)
    false = await world.forge(world.cn, packet.grants[0], packet.manifest, parts=[packet.parts])
    await world.cn.take(false)
    world.cn.caught(SuspensionBreached)


async def test_what_an_exchange_hands_out_late_waits_outside(world: Simulation) -> None:
    """It was accepted before, so it may come in once that is resumed; until then it may not."""
    await world.us.send(world.cn)
    held: list[Delivery] = []
    world.cn.exchange.mail = lambda waiting: held.extend(waiting) or ()  # type: ignore[func-returns-value]
    await world.cn.node.receive()
    world.cn.exchange.mail = list
    await suspend(world.cn)
    await world.cn.take(*held)
    assert world.cn.codes() == [AgreementSuspended.code]
    assert world.cn.grants() == []
    await resume(world.cn)
    await world.cn.node.receive()
    assert world.cn.codes() == []
    assert len(world.cn.grants()) == 1


async def test_an_exchange_that_takes_no_standing_stops_nothing_from_stopping(
    world: Simulation,
) -> None:
    """Whatever it does with the standing: what comes to the suspender stays outside."""
    await world.us.send(world.cn)
    deaf(world.cn)
    await suspend(world.cn)
    await world.cn.node.receive()
    assert world.cn.codes() == [AgreementSuspended.code]
    assert world.cn.grants() == []


# What was sent before.


async def test_what_is_frozen_is_neither_opened_nor_printed(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle(rounds=3)
    assert await world.cn.node.packets.search("Qiu Wenhao")
    await suspend(world.us, replace(WHOLE, originated=Originated.FREEZE))
    await world.settle(rounds=3)
    with pytest.raises(PacketFrozen):
        world.cn.node.packets.show(packet)
    with pytest.raises(PacketFrozen):
        await world.cn.node.packets.read(packet)
    with pytest.raises(PacketFrozen):
        world.cn.node.packets.export([packet])
    made = world.cn.node.packets.export()
    assert (len(made.exported.packets), made.left_out) == (0, {})
    assert await world.cn.node.packets.search("Qiu Wenhao") == {}
    assert world.us.node.packets.show(packet).own
    await resume(world.us)
    await world.settle(rounds=3)
    assert world.cn.node.packets.show(packet)


async def test_a_standing_has_no_packet_read(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle(rounds=3)

    async def told() -> None:
        with monkeypatch.context() as patched:
            for name in ("packet", "manifest"):
                patched.setattr(PacketStore, name, _unread)
            await world.cn.node.receive()

    await suspend(world.us, replace(WHOLE, originated=Originated.FREEZE))
    await told()
    with pytest.raises(PacketFrozen):
        world.cn.node.packets.show(packet)
    await resume(world.us)
    await told()
    assert world.cn.node.packets.show(packet)


def _unread(*_: object) -> NoReturn:
    raise AssertionError("a packet was read")


async def test_what_a_partner_freezes_is_its_own(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle(rounds=3)
    await suspend(world.cn, replace(WHOLE, originated=Originated.FREEZE))
    await world.settle(rounds=3)
    assert world.cn.node.packets.show(packet)


# Joint articles.


async def test_a_standing_kept_back_stops_what_is_joint(joint: Simulation) -> None:
    """Every party says within the hour where it stands; whoever does not hear it, stops."""
    await joint.settle(rounds=3)
    await joint.us.send(joint.cn)
    joint.us.exchange.mail = lambda waiting: [
        each for each in waiting if each.statements[0].type is not StatementType.STANDING
    ]
    for member in joint.members:
        later(member)
    joint.clock.offset_ms += HOUR_MS
    await joint.settle(rounds=3)
    with pytest.raises(StandingStale):
        await joint.us.send(joint.cn)
    await joint.cn.send(joint.us)


async def test_a_standing_kept_back_and_shown_later_is_not_fresh(joint: Simulation) -> None:
    """An exchange cannot gather standings while all is well, and hand them out one by one."""
    await joint.settle(rounds=3)
    kept: list[Delivery] = []

    def keep(waiting: list[Delivery]) -> list[Delivery]:
        kept.extend(each for each in waiting if each.statements[0].type is StatementType.STANDING)
        return [each for each in waiting if each not in kept]

    joint.us.exchange.mail = keep
    for member in joint.members:
        later(member, HOUR_MS // 2)
    joint.clock.offset_ms += HOUR_MS // 2
    await joint.settle(rounds=3)
    assert kept
    for member in joint.members:
        later(member, 2 * HOUR_MS)
    joint.clock.offset_ms += 3 * HOUR_MS // 2
    joint.us.exchange.mail = lambda waiting: [
        *kept,
        *(e for e in waiting if e.statements[0].type is not StatementType.STANDING),
    ]
    await joint.settle(rounds=3)
    with pytest.raises(StandingStale):
        await joint.us.send(joint.cn)


async def test_one_party_stops_what_is_joint_between_the_others(joint: Simulation) -> None:
    await joint.settle(rounds=3)
    await suspend(joint.mx)
    await joint.settle(rounds=3)
    with pytest.raises(AgreementSuspended):
        await joint.us.send(joint.cn)


# The gap.


async def test_both_ends_marks_prove_that_nothing_passed(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.settle(rounds=3)
    await world.us.send(world.cn)
    await suspend(world.us)
    await world.settle(rounds=3)
    await resume(world.us)
    await world.settle(rounds=3)
    for member in (world.us, world.cn):
        gaps = member.node.suspensions.gaps(member.node.agreements.by_name(NAME))
        between = [
            gap
            for gap in gaps
            if gap.article == ARTICLE and world.mx.node.uri not in (gap.sender, gap.recipient)
        ]
        assert len(between) == 2
        for gap in between:
            assert gap.crossed == ()
            assert gap.proved, gap
        (out,) = [gap for gap in between if gap.sender == world.us.node.uri]
        assert out.between["void"] == 1


async def test_what_crossed_is_shown_and_no_gap_is_proved(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.settle(rounds=3)
    await suspend(world.cn)
    await world.settle(rounds=3)
    packet, _ = world.us.compose(world.cn, seq=2)
    false = await world.forge(world.cn, packet.grants[0], packet.manifest, parts=[packet.parts])
    await world.cn.take(false)
    await resume(world.cn)
    await world.settle(rounds=3)
    gaps = world.cn.node.suspensions.gaps(world.cn.node.agreements.by_name(NAME))
    (gap,) = [g for g in gaps if (g.article, g.sender) == (ARTICLE, world.us.node.uri)]
    assert not gap.proved
    assert gap.article == ARTICLE


async def test_while_it_is_stopped_a_mark_of_held_mail_is_no_alarm(world: Simulation) -> None:
    await world.us.send(world.cn)
    await suspend(world.cn)
    await world.us.node.mark()
    await world.cn.node.receive()
    assert world.cn.codes() == []
    await world.settle(rounds=3)
    assert world.cn.codes() == world.us.codes() == []
