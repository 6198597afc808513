"""Steps of requests and consents that waited at home while the key they were sealed to ended."""

import pytest

from attacks.simulated_requests import PERSON, ask, phases
from attacks.test_cases_edges import CN, US, cut_off, end_key
from attacks.test_onward import asked, given, status
from support.node import context_of, stores_of
from support.simulation import Member, Simulation
from tearline.errors import ExchangeUnreachable, RecipientKeyExpired, StepBackwards
from tearline.onward.consent import ConsentStatus, ConsentStep
from tearline.onward.use import Use
from tearline.requests.progress import Phase
from tearline.requests.step import Ground, StepKind
from tearline.statements.statement import StatementType
from tearline_client.store.requests import StoredStep


def back_in_reach(member: Member) -> None:
    member.exchange.publication = lambda publication: publication


async def waiting(member: Member, kind: StatementType) -> int:
    return [each.statements[0].type for each in await member.waiting()].count(kind)


async def admitted_late(world: Simulation) -> bytes:
    """A request that China admits without the exchange, to a key of ours that ends meanwhile."""
    request = await ask(world.us, world.cn)
    cut_off(world.cn)
    with pytest.raises(ExchangeUnreachable):
        await world.cn.node.requests.admit(request, PERSON, "we look for it")
    back_in_reach(world.cn)
    await end_key(world, world.us, US)
    await world.cn.node.sync()
    return request


def steps(member: Member, request: bytes) -> tuple[StoredStep, ...]:
    return member.node.requests.show(request).steps


async def test_a_step_of_a_request_is_said_again_to_the_next_key(world: Simulation) -> None:
    request = await admitted_late(world)
    (refused,) = steps(world.cn, request)
    assert refused.code == RecipientKeyExpired.code
    await world.cn.node.sync()  # there is no other key yet, and nothing is said to the old one
    assert await waiting(world.us, StatementType.REQUEST_STEP) == 0
    await world.us.node.sync()
    await world.settle()
    assert phases(request, world.us, world.cn) == [Phase.ADMITTED] * 2
    for member in (world.us, world.cn):
        (said,) = steps(member, request)
        assert (said.step.kind, said.step.acted_by, said.code) == (StepKind.ADMIT, PERSON, "")
        assert said.note is not None
        assert said.note.text == "we look for it"
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_a_step_that_no_longer_follows_is_not_said_again(world: Simulation) -> None:
    request = await admitted_late(world)
    await world.us.node.requests.withdraw(request, PERSON)
    await world.us.node.sync()
    await world.settle()
    assert phases(request, world.us, world.cn) == [Phase.WITHDRAWN] * 2
    (refused, _) = sorted(steps(world.cn, request), key=lambda step: step.index is not None)
    assert refused.code == StepBackwards.code
    size = len(await world.entries())
    await world.cn.node.sync()
    assert len(await world.entries()) == size


async def test_a_step_is_not_said_again_once_something_else_was_said(world: Simulation) -> None:
    request = await admitted_late(world)
    await world.cn.node.look()  # an act within a minute does not synchronise again
    await world.us.node.sync()
    await context_of(world.cn.node).follow()
    await world.cn.node.requests.refuse(request, Ground.NOT_HELD, [1], PERSON)
    await world.settle()
    kinds = [step.step.kind for step in steps(world.us, request)]
    assert kinds == [StepKind.PARTIAL]
    assert [step.code for step in steps(world.cn, request)] == ["", StepBackwards.code]
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_an_act_follows_a_step_that_it_sends_again(world: Simulation) -> None:
    request = await admitted_late(world)
    await world.us.node.sync()
    await world.cn.node.requests.refuse(request, Ground.NOT_HELD, [1], PERSON)
    await world.settle()
    kinds = [step.step.kind for step in steps(world.us, request)]
    assert kinds == [StepKind.ADMIT, StepKind.PARTIAL]
    assert [step.code for step in steps(world.cn, request)] == ["", ""]


async def test_who_acts_on_a_request_is_told_of_a_key_that_ended(world: Simulation) -> None:
    request = await ask(world.us, world.cn)
    await world.cn.node.look()  # an act within a minute does not synchronise again
    await end_key(world, world.us, US)
    with pytest.raises(RecipientKeyExpired):
        await world.cn.node.requests.admit(request, PERSON)
    await world.us.node.sync()
    await world.settle()
    assert phases(request, world.us, world.cn) == [Phase.ADMITTED] * 2


async def test_a_consent_is_asked_for_again_with_the_next_key(world: Simulation) -> None:
    packet = await given(world, world.cn)
    cut_off(world.cn)
    with pytest.raises(ExchangeUnreachable):
        await asked(world, packet)
    back_in_reach(world.cn)
    await end_key(world, world.us, US)
    await world.cn.node.sync()
    await world.cn.node.sync()
    assert await waiting(world.us, StatementType.CONSENT) == 0
    await world.us.node.sync()
    await world.settle()
    (record,) = world.us.node.consents.all()
    assert record.said[ConsentStep.ASK].terms == (
        world.cn.node.consents.find(record.id.hex()).said[ConsentStep.ASK].terms
    )
    assert stores_of(world.cn.node).consents.returned() == {}
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_a_consent_that_was_given_is_not_lost_with_the_key(world: Simulation) -> None:
    packet = await given(world, world.cn)
    record = await asked(world, packet, Use.EVIDENCE, "Trial 7/2026")
    await world.settle()
    cut_off(world.us)
    with pytest.raises(ExchangeUnreachable):
        await world.us.node.consents.give(record.id, acted_by=PERSON)
    back_in_reach(world.us)
    await end_key(world, world.cn, CN)
    await world.us.node.sync()
    assert await waiting(world.cn, StatementType.CONSENT) == 0
    assert status(world.cn, record) is ConsentStatus.ASKED
    await world.cn.node.sync()
    await world.settle()
    assert status(world.us, record) is status(world.cn, record) is ConsentStatus.GIVEN
    heard = world.cn.node.consents.find(record.id.hex()).said[ConsentStep.GIVE]
    assert heard.consent.acted_by == PERSON
    assert [member.codes() for member in world.members] == [[], [], []]
