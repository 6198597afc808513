"""Holds: an officer keeps evidence before it is recalled, and the originator is told by then."""

from dataclasses import replace

import pytest

from attacks.test_recalls import PERSON, field_recalled, path_of, recalled, set_time, shown, states
from support.node import context_of, stores_of
from support.simulation import Simulation
from tearline.errors import LoginRequired, NotFound
from tearline.packets.recall import KeepGround, RecallState
from tearline_client.features.recalls.handler import run_due


async def held(world: Simulation) -> bytes:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    await world.cn.node.recalls.keep(packet, KeepGround.EVIDENCE, acted_by=PERSON)
    return packet


async def test_what_is_held_is_kept_when_it_is_recalled_and_its_originator_is_told_why(
    world: Simulation,
) -> None:
    packet = await held(world)
    await world.settle()
    assert world.us.node.recalls.of(packet) == ()  # nothing is told before
    await recalled(world, packet)
    await world.settle()
    assert shown(world.cn, packet)
    (kept,) = world.us.node.recalls.of(packet)
    assert kept.state is RecallState.KEPT
    assert kept.answer is not None
    assert (kept.answer.ground, kept.answer.acted_by) == (KeepGround.EVIDENCE, PERSON)
    assert world.us.codes() == world.cn.codes() == []


async def test_a_hold_answers_every_recall_and_lasts_until_it_is_ended(world: Simulation) -> None:
    packet = await held(world)
    await field_recalled(world, packet, path_of(world.us, packet))
    await recalled(world, packet)
    await world.settle()
    assert states(world.us, packet) == [RecallState.KEPT] * 2
    assert shown(world.cn, packet)
    await world.cn.node.recalls.erase(packet)
    await world.settle()
    assert states(world.us, packet) == [RecallState.ERASED] * 2
    assert shown(world.cn, packet) == 0
    assert world.cn.node.recalls.holds() == ()


async def test_no_time_erases_what_is_held_until_the_hold_has_ended(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    packet = await held(world)
    desk = world.cn.node.recalls
    end_ms = stores_of(world.cn.node).packets.grants(packet)[0].grant.not_after_ms
    set_time(world.cn, end_ms, monkeypatch)
    run_due(context_of(world.cn.node))
    assert shown(world.cn, packet)
    desk.end_hold(packet, acted_by=PERSON)
    run_due(context_of(world.cn.node))
    assert shown(world.cn, packet) == 0
    with pytest.raises(NotFound):
        desk.end_hold(packet, acted_by=PERSON)


async def test_an_officer_alone_ends_a_hold_and_it_stays_written_down(world: Simulation) -> None:
    packet = await held(world)
    desk, end = world.cn.node.recalls, replace(PERSON, pseudonym=b"q" * 32, time_ms=2)
    for refused in (replace(end, role="analyst"), replace(end, role="")):
        with pytest.raises(LoginRequired):
            desk.end_hold(packet, acted_by=refused)
        with pytest.raises(LoginRequired):
            await desk.keep(packet, KeepGround.EVIDENCE, acted_by=refused)
    (before,) = desk.holds()
    assert desk.ended_holds() == ()
    desk.end_hold(packet, acted_by=end)
    assert desk.holds() == ()
    (ended,) = desk.ended_holds()
    assert (ended.hold, ended.ended_by) == (before, end)


async def test_nothing_is_held_that_is_not_a_partner_s_and_here(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    for member in (world.us, world.mx):
        with pytest.raises(NotFound):
            await member.node.recalls.keep(packet, KeepGround.EVIDENCE, acted_by=PERSON)
    await recalled(world, packet)
    await world.settle()
    with pytest.raises(NotFound):
        await world.cn.node.recalls.keep(packet, KeepGround.EVIDENCE, acted_by=PERSON)
