"""The effects of a suspension are counted before it is said."""

from dataclasses import replace

import pytest

from attacks.conftest import memory, quick, template, world
from attacks.test_standings import NAME, WHOLE
from support.simulation import ARTICLE, Simulation
from tearline.errors import AgreementNotInForce
from tearline_client.features.suspensions import effects
from tearline_client.features.suspensions.effects import Effects

__all__ = ["memory", "quick", "template", "world"]


async def effects_at(world: Simulation, **scope: str) -> Effects:
    """The effects of a suspension by the sending agency."""
    node = world.us.node
    return await node.suspensions.effects(node.agreements.by_name(NAME), replace(WHOLE, **scope))


async def test_packets_are_counted_by_partner_and_by_delivery(world: Simulation) -> None:
    us, cn, mx = (each.node.identity().agency_uri for each in world.members)
    await world.us.send(world.mx, times=2)
    await world.settle(rounds=3)
    await world.us.send(world.mx, world.cn)
    found = await effects_at(world)
    assert (found.undelivered, found.delivered) == ({mx: 1, cn: 1}, {mx: 2})
    assert found.is_complete
    found = await effects_at(world, article=ARTICLE, sender=us, recipient=cn)
    assert (found.undelivered, found.delivered) == ({cn: 1}, {})
    found = await effects_at(world, article=ARTICLE, sender=mx, recipient=us)
    assert (found.undelivered, found.delivered) == ({}, {})
    found = await effects_at(world, article="precursors")
    assert (found.undelivered, found.delivered) == ({}, {})
    with pytest.raises(AgreementNotInForce):
        await effects_at(world, article="another")


async def test_beyond_the_bound_the_newest_are_counted(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.us.send(world.mx, times=5)
    monkeypatch.setattr(effects, "_AT_ONCE", 2)
    monkeypatch.setattr(effects, "MAX_COUNTED_GRANTS", 4)
    found = await effects_at(world)
    assert (sum(found.undelivered.values()), found.is_complete) == (4, False)
    monkeypatch.setattr(effects, "MAX_COUNTED_GRANTS", 6)
    found = await effects_at(world)
    assert (sum(found.undelivered.values()), found.is_complete) == (5, True)
