"""Recalls of packets that were corrected: what stays of their line is named, and goes with them."""

from attacks.test_corrections import corrected
from attacks.test_recalls import path_of, shown
from support.simulation import Simulation
from tearline.packets.recall import RecallReason

REASON = RecallReason.SOURCE_AT_RISK


async def line(world: Simulation) -> list[bytes]:
    """A packet at two partners, and two corrections of it."""
    (first,) = await world.us.send(world.cn, world.mx)
    second = await corrected(world.us, first)
    third = await corrected(world.us, second)
    await world.settle()
    return [first, second, third]


async def test_what_a_recall_leaves_of_a_line_is_named(world: Simulation) -> None:
    first, second, third = await line(world)
    desk = world.us.node.recalls
    assert [each.packet for each in desk.line(desk.plan(second))] == [first, third]
    assert [each.packet for each in desk.line(desk.plan(first))] == [second, third]
    to = [world.mx.node.uri]
    rest = desk.line(desk.plan(first, to=to), to=to)
    assert [each.recipients for each in rest] == [(world.mx.node.uri,)] * 2
    path = path_of(world.us, first)
    rest = desk.line(desk.plan(first, path=path), path=path)
    assert [bool(each.slots) for each in rest] == [True, True]


async def test_the_whole_line_is_recalled_together(world: Simulation) -> None:
    packets = await line(world)
    desk = world.us.node.recalls
    plan = desk.plan(packets[1])
    made = await desk.recall(plan, REASON, line=desk.line(plan))
    assert {each.recall.packet for each in made} == set(packets)
    await world.settle()
    for member in (world.cn, world.mx):
        assert [shown(member, packet) for packet in packets] == [0, 0, 0]
        assert member.codes() == []
    assert desk.line(plan) == []


async def test_what_was_recalled_before_is_not_named_again(world: Simulation) -> None:
    first, second, third = await line(world)
    desk = world.us.node.recalls
    await desk.recall(desk.plan(first, to=[world.cn.node.uri]), REASON)
    (left, _) = desk.line(desk.plan(second))
    assert (left.packet, left.recipients) == (first, (world.mx.node.uri,))
    await desk.recall(desk.plan(first), REASON)
    assert [each.packet for each in desk.line(desk.plan(second))] == [third]
