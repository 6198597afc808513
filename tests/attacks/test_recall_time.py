"""The time to answer a recall: nobody's deadline, clock or wait takes it from the recipient."""

from dataclasses import replace

import pytest

import tearline_server.processing.handlers.recalls
from attacks.test_key_life import DAY_MS, cut_off, pass_time, set_clock
from attacks.test_recalls import recall_of, shown, states
from support.node import context_of
from support.simulation import Clock, Member, Simulation
from tearline.errors import AnswerTimeShort, ExchangeUnreachable
from tearline.limits import MIN_ANSWER_MS
from tearline.packets.recall import RecallOrder, RecallReason, RecallState
from tearline.statements.statement import StatementType
from tearline.wire.publications import Outcome
from tearline.wire.recalls import encode_recall, parse_recall


async def asked(world: Simulation) -> bytes:
    """A packet at China, whose node has a person decide on recalls."""
    object.__setattr__(context_of(world.cn.node), "asks_before_erasing", True)
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    return packet


async def recall_by(world: Simulation, packet: bytes, respond_by_ms: int) -> Outcome:
    """Recalls with whatever deadline, as a patched node does."""
    body = recall_of(world, world.us, world.cn, packet, seq=2)
    recall = parse_recall(body)
    assert isinstance(recall.said, RecallOrder)
    said = replace(recall.said, respond_by_ms=respond_by_ms)
    return await world.us.say(StatementType.RECALL, encode_recall(replace(recall, said=said)))


def due_ms(member: Member) -> int:
    (waiting,) = member.node.recalls.waiting()
    return waiting.due_ms


@pytest.mark.parametrize("ahead_ms", [-400 * DAY_MS, 3_600_000])
async def test_an_exchange_takes_no_recall_that_leaves_no_time(
    world: Simulation, ahead_ms: int
) -> None:
    packet = await asked(world)
    outcome = await recall_by(world, packet, world.clock() + ahead_ms)
    assert outcome.refusal is not None
    assert (outcome.refusal.code, outcome.receipt) == (AnswerTimeShort.code, None)
    assert not await world.cn.waiting()
    # Its place is free for one that leaves some.
    outcome = await recall_by(world, packet, world.clock() + MIN_ANSWER_MS)
    assert outcome.refusal is None


async def test_a_deadline_in_the_past_does_not_outrun_a_person(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    packet = await asked(world)
    with monkeypatch.context() as patch:  # an exchange that is in it
        patch.setattr(tearline_server.processing.handlers.recalls, "_verify_time", lambda *_: None)
        await recall_by(world, packet, 1)
    for _ in range(3):
        await world.cn.node.receive()
    assert shown(world.cn, packet)
    assert abs(due_ms(world.cn) - world.clock() - MIN_ANSWER_MS) < 60_000
    pass_time(world, MIN_ANSWER_MS - 60_000)
    await world.settle()
    assert shown(world.cn, packet)
    pass_time(world, 120_000)
    await world.settle()
    assert shown(world.cn, packet) == 0


async def test_a_recipient_that_was_away_still_has_the_time(world: Simulation) -> None:
    packet = await asked(world)
    desk = world.us.node.recalls
    await desk.recall(desk.plan(packet), RecallReason.MISTAKE)
    pass_time(world, 5 * DAY_MS)  # its node was off
    for member in (world.us, world.mx) * 2:
        await member.node.sync()
    assert len(desk.overdue()) == 1
    await world.cn.node.receive()
    await world.cn.node.receive()
    assert shown(world.cn, packet)
    assert due_ms(world.cn) > world.clock() + MIN_ANSWER_MS - 60_000


async def test_a_log_that_was_behind_does_not_outrun_a_person(world: Simulation) -> None:
    """It is five days behind when the recall comes, and right a moment later."""
    packet = await asked(world)
    desk = world.us.node.recalls
    set_clock(world.cn, Clock(5 * DAY_MS))
    await desk.recall(desk.plan(packet), RecallReason.MISTAKE)
    await world.cn.node.receive()
    pass_time(world, 5 * DAY_MS)
    for member in (*world.members, *world.members):
        await member.node.sync()
    await world.cn.node.receive()
    assert shown(world.cn, packet)
    assert due_ms(world.cn) > world.clock() + MIN_ANSWER_MS - 60_000


async def test_a_clock_that_was_ahead_when_a_recall_came_does_not_keep_it_open(
    world: Simulation,
) -> None:
    packet = await asked(world)
    desk = world.us.node.recalls
    set_clock(world.cn, Clock(400 * DAY_MS))
    await desk.recall(desk.plan(packet), RecallReason.MISTAKE)
    await world.cn.node.receive()
    set_clock(world.cn, world.clock)
    await world.cn.node.receive()
    assert due_ms(world.cn) < world.clock() + 4 * DAY_MS
    assert shown(world.cn, packet)


async def test_a_recall_that_waited_at_home_is_signed_anew_with_the_time(
    world: Simulation,
) -> None:
    packet = await asked(world)
    desk, publication = world.us.node.recalls, world.us.exchange.publication
    await world.us.node.sync()
    cut_off(world.us)
    with pytest.raises(ExchangeUnreachable):
        await desk.recall(desk.plan(packet), RecallReason.MISTAKE)
    world.us.exchange.publication = publication
    pass_time(world, 6 * DAY_MS)
    for member in (*world.members, *world.members):
        await member.node.sync()
    await world.settle()
    (again,) = desk.of(packet)
    assert again.order.respond_by_ms > world.clock() + MIN_ANSWER_MS - DAY_MS
    assert states(world.cn, packet) == [RecallState.OPEN]
    await world.cn.node.recalls.erase(packet)
    await world.settle()
    assert states(world.us, packet) == [RecallState.ERASED]
    assert world.us.codes() == world.cn.codes() == []
