"""Clocks that are wrong, at the exchange and at nodes: nothing is lost by one, or accused."""

import asyncio
from contextlib import suppress

import pytest

from attacks.simulated_requests import HOUR_MS, ask
from attacks.test_recalls import recalled, shown, states
from support.node import context_of, stores_of
from support.simulation import Clock, Member, Simulation
from tearline.errors import ClockSkewed, LogTimeDisputed
from tearline.federation.cosigning import AddCheckpoint
from tearline.packets.recall import RecallState
from tearline.tlog.checkpoint import parse_checkpoint_text
from tearline.tlog.note import parse_note
from tearline_client.features.recalls.handler import run_due
from tearline_client.service.daemon import run_daemon

DAY_MS = 24 * HOUR_MS
AHEAD_DAYS = 400
RESPOND_DAYS = 3


def set_clock(member: Member, days: float) -> None:
    """Sets a node's clock to so many days from now."""
    object.__setattr__(context_of(member.node), "now_ms", Clock(int(days * DAY_MS)))


async def test_a_log_that_runs_ahead_erases_nothing(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    fields = shown(world.cn, packet)
    keys = context_of(world.cn.node).keys.kem_ids()
    world.clock.offset_ms = AHEAD_DAYS * DAY_MS
    for _ in range(2):
        with pytest.raises(ClockSkewed):
            await world.cn.node.sync()
    assert shown(world.cn, packet) == fields > 0
    assert context_of(world.cn.node).keys.kem_ids() == keys
    assert world.cn.codes() == [ClockSkewed.code]  # told once, however often it is shown
    (aside,) = world.cn.status().quarantined
    evidence = stores_of(world.cn.node).inbox.evidence(aside.id)
    # The checkpoint shows it; the entries that came with it, a megabyte of them, show no more.
    assert evidence is not None
    assert parse_checkpoint_text(parse_note(evidence).text).size == len(await world.entries())
    world.clock.offset_ms = 0
    await world.cn.node.sync()
    assert shown(world.cn, packet) == fields


async def test_a_checkpoint_of_the_future_that_was_read_earlier_erases_nothing(
    world: Simulation,
) -> None:
    """A node whose own clock ran ahead with the log's has the log's time in its database."""
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    fields = shown(world.cn, packet)
    state = context_of(world.cn.node)
    newest = state.follower.checkpoint()
    assert newest is not None
    world.clock.offset_ms = AHEAD_DAYS * DAY_MS
    note = world.sign_log(await world.entries())
    with state.stores.database.transaction():
        state.stores.log.put_checkpoint(note)
    assert run_due(context_of(world.cn.node)) == 0
    assert shown(world.cn, packet) == fields > 0
    assert world.cn.codes() == [ClockSkewed.code]


async def test_a_log_that_runs_ahead_takes_nobody_the_time_to_keep_what_is_recalled(
    world: Simulation,
) -> None:
    object.__setattr__(context_of(world.cn.node), "asks_before_erasing", True)
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    await recalled(world, packet)
    await world.settle()
    world.clock.offset_ms = (RESPOND_DAYS + 1) * DAY_MS
    with pytest.raises(ClockSkewed):
        await world.cn.node.sync()
    assert shown(world.cn, packet)
    world.clock.offset_ms = 0
    await world.settle()
    assert states(world.us, packet) == [RecallState.OPEN]


async def test_a_node_whose_clock_is_wrong_erases_nothing_and_goes_on_once_it_is_right(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    fields = shown(world.cn, packet)
    for days in (-AHEAD_DAYS, AHEAD_DAYS):
        set_clock(world.cn, days)
        with suppress(ClockSkewed):
            await world.cn.node.sync()
        assert shown(world.cn, packet) == fields > 0
    set_clock(world.cn, 0)
    await world.us.send(world.cn)
    assert await world.cn.node.receive() == 1


async def test_no_checkpoint_of_the_future_is_cosigned(world: Simulation) -> None:
    for member in world.members:
        await member.node.sync()
    cosigner = world.cn.node.cosigning
    await world.us.send(world.mx)
    seen = cosigner.seen
    world.clock.offset_ms = AHEAD_DAYS * DAY_MS
    entries = await world.entries()
    note = world.sign_log(entries)
    path = await world.exchange._components.log.consistency(seen.size, len(entries))
    with pytest.raises(ClockSkewed):
        await cosigner.add_checkpoint(AddCheckpoint(old_size=seen.size, path=path, note=note))
    assert cosigner.seen == seen


async def test_what_a_wrong_clock_saw_disputes_no_entry(world: Simulation) -> None:
    set_clock(world.cn, AHEAD_DAYS)
    await world.cn.node.sync()
    set_clock(world.cn, 0)
    await ask(world.us, world.cn)
    await world.cn.node.sync()
    assert LogTimeDisputed.code not in world.cn.codes()


async def test_a_running_node_outlives_a_log_that_runs_ahead(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    world.clock.offset_ms = AHEAD_DAYS * DAY_MS
    stop, refused = asyncio.Event(), asyncio.Event()

    def report(line: str) -> None:
        if ClockSkewed.code in line:
            refused.set()
            world.clock.offset_ms = 0

    running = asyncio.create_task(run_daemon(world.cn.node, stop, report=report))
    async with asyncio.timeout(60):
        await refused.wait()
        while not world.cn.grants():
            assert not running.done(), running
            await asyncio.sleep(0.02)
    stop.set()
    await running
    assert shown(world.cn, packet)
