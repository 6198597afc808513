"""The policy of required cosignatures that a node writes for other readers."""

import pytest

from support.node import context_of
from support.simulation import Simulation
from tearline.errors import CheckpointUnsigned
from tearline.tlog.policy import parse_log_policy
from tearline_client.audit.log_policy import log_policy


async def test_the_counted_policy_demands_the_quorum_of_agencies(world: Simulation) -> None:
    for _ in range(2):
        for member in world.members:
            await member.node.sync()
    context = context_of(world.us.node)
    at = context.next_moment()
    counted = parse_log_policy(log_policy(context.trust, at, counted=True).encode())
    note = await world.exchange.checkpoint()
    for _ in range(3):
        for member in world.members:
            await member.node.cosigning.turn()
        note = await world.exchange.checkpoint()
    counted.verify(note)
    lines = note.decode().split("\n")
    fewer = "\n".join(line for line in lines if world.cn.node.uri not in line).encode()
    with pytest.raises(CheckpointUnsigned):
        counted.verify(fewer)
    log_policy(context.trust, at).verify(fewer)


async def test_a_named_node_counts_for_its_agency(world: Simulation) -> None:
    context = context_of(world.us.node)
    at = context.next_moment()
    both = log_policy(context.trust, at, [world.cn.node.uri], counted=True)
    assert parse_log_policy(both.encode()) == both
    assert both.groups["counted-cosigners"].needed == 2
