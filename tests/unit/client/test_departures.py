"""Departures of parties at nodes: what waited returns, and agreements wait for new versions."""

from dataclasses import replace

import pytest

from attacks.conftest import memory, quick, template, world
from attacks.simulated_requests import ask
from support.node import stores_of
from support.simulation import AGENCIES, Simulation
from tearline.audit.event import EventCode
from tearline.errors import PartyDeparted, SuspensionBreached
from tearline.policy.terms import Terms
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.grants import parse_event
from tearline.wire.statements import cosigned
from tearline_client.features.worklist.service import TaskKind
from tearline_client.store.outbox import OutboxState

__all__ = ["memory", "quick", "template", "world"]

US, CN, MX = AGENCIES
AGREEMENT = "narcotics-2026"


async def remove_mx(world: Simulation) -> None:
    us, cn = world.us.node, world.cn.node
    await us.federation.remove(world.root(US), f"spiffe://{AGENCIES[MX]}")
    await cn.sync()
    await cn.federation.vote(world.root(CN), cn.federation.find(f"spiffe://{AGENCIES[MX]}"))
    await us.receive()
    await cn.receive()


def without_mx(terms: Terms) -> Terms:
    mx = f"spiffe://{AGENCIES[MX]}"
    articles = tuple(
        replace(
            article,
            directions=tuple(
                each for each in article.directions if mx not in (each.sender, each.recipient)
            ),
            shares=tuple(each for each in article.shares if each.partner != mx),
        )
        for article in terms.articles
    )
    parties = tuple(each for each in terms.parties if each != mx)
    return replace(terms, parties=parties, articles=articles)


async def agree_without_mx(world: Simulation) -> None:
    before = world.us.node.agreements.by_name(AGREEMENT)
    amended = replace(
        before,
        header=world.us.signer.header,
        version=before.version + 1,
        terms=without_mx(before.terms),
    )
    body = encode_agreement(amended)
    signers = (world.us.signer, world.cn.signer)
    signed = cosigned((each.sign([(StatementType.AGREEMENT, body)]), 0) for each in signers)
    await world.us.node.agreements.publish(signed)
    await world.us.node.receive()
    await world.cn.node.receive()


async def test_nodes_send_again_once_the_remaining_parties_have_signed(world: Simulation) -> None:
    await remove_mx(world)
    with pytest.raises(PartyDeparted, match=AGENCIES[MX]):
        await world.us.send(world.cn)
    await agree_without_mx(world)
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    assert packet in [each.id for each in world.cn.node.packets.list()]


async def test_mail_to_a_removed_agency_returns_and_its_place_is_filled(world: Simulation) -> None:
    await world.us.send(world.mx)
    await remove_mx(world)
    await world.us.node.sync()
    assert set(stores_of(world.us.node).outbox.counts()) == {OutboxState.ACCEPTED}
    rows = await world.store.event_rows(0, limit=10_000)
    codes = [parse_event(row.event).code for row in rows]
    assert codes.count(EventCode.RETURNED) == 1
    assert EventCode.VOID in codes


async def test_a_message_that_waited_is_returned_and_not_sent(world: Simulation) -> None:
    plan = world.us.plan(world.cn)
    await remove_mx(world)
    world.us.seal(plan)
    await world.us.node.sync()
    await world.cn.node.receive()
    assert not world.cn.node.packets.list()


async def test_mail_accepted_before_a_departure_is_taken_in_after_it(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await remove_mx(world)
    assert packet in [each.id for each in world.cn.node.packets.list()]


async def test_an_exchange_that_goes_on_after_a_departure_is_caught(world: Simulation) -> None:
    composed, _ = world.us.compose(world.cn)
    await remove_mx(world)
    false = await world.forge(
        world.cn, composed.grants[0], composed.manifest, parts=[composed.parts]
    )
    await world.cn.take(false)
    world.cn.caught(SuspensionBreached)


async def test_a_node_signs_a_last_mark_to_a_former_member(world: Simulation) -> None:
    await world.us.send(world.mx)
    await world.us.node.receive()
    await remove_mx(world)
    await world.us.node.receive()
    channels = {each.peer: each for each in stores_of(world.us.node).channels.all()}
    there = channels[world.mx.node.uri]
    assert there.marked == (there.sent, there.received)
    marks = there.counter
    assert marks
    await world.us.node.receive()
    assert await world.us.node.mark() == 0
    channels = {each.peer: each for each in stores_of(world.us.node).channels.all()}
    assert channels[world.mx.node.uri].counter == marks


async def test_an_open_request_ends_with_the_membership_of_a_party(world: Simulation) -> None:
    asked = await ask(world.mx, world.cn)
    owed = await ask(world.us, world.mx)
    assert [task.id for task in world.cn.node.todo() if task.kind is TaskKind.REQUEST] == [asked]
    await remove_mx(world)
    for member, request in ((world.cn, asked), (world.us, owed)):
        await member.node.sync()
        state = member.node.requests.state(request)
        assert (state.departed, state.due_ms, state.is_overdue) == (True, None, False)
        assert not member.node.requests.show(request).offered
        tasks = [task.id for task in member.node.todo() if task.kind is TaskKind.REQUEST]
        assert request not in tasks
