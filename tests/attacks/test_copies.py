"""Partners' values on their way round: returned first, disclosed later, recalled before."""

import pytest

from attacks.onward_packets import given, path_of, person_draft, planned
from support.consents import PERSON
from support.node import stores_of
from support.simulation import Simulation
from tearline.errors import CopyUndeclared
from tearline.packets.recall import RecallReason


async def test_a_value_that_was_returned_is_not_our_own_word(world: Simulation) -> None:
    await given(world, world.cn)
    back = planned(world.cn, person_draft(world.cn, "Qiu Wenhao"), world.us)
    assert not (await world.cn.node.packets.send([back])).refused
    held = await world.mx.waiting()
    with pytest.raises(CopyUndeclared):
        await world.cn.node.packets.send(
            [planned(world.cn, person_draft(world.cn, "Qiu Wenhao"), world.mx)]
        )
    assert await world.mx.waiting() == held


async def test_what_we_told_before_a_partner_did_is_our_own_word(world: Simulation) -> None:
    first = planned(world.cn, person_draft(world.cn, "Qiu Wenhao"), world.us)
    assert not (await world.cn.node.packets.send([first])).refused
    await given(world, world.cn)
    again = planned(world.cn, person_draft(world.cn, "Qiu Wenhao"), world.mx)
    assert not (await world.cn.node.packets.send([again])).refused


async def test_a_field_that_nobody_got_is_not_disclosed_later(world: Simulation) -> None:
    await given(world, world.cn)
    plan = planned(world.cn, person_draft(world.cn, "Qiu Wenhao"), world.us)
    sent = await world.cn.node.packets.send([plan])
    held = await world.mx.waiting()
    path = path_of(world.cn, sent.packets[0])
    with pytest.raises(CopyUndeclared):
        await world.cn.node.packets.disclose(sent.packets[0], path, world.mx.node.uri)
    assert await world.mx.waiting() == held


@pytest.mark.parametrize("declared", [False, True])
async def test_a_recall_does_not_make_a_copy_free(world: Simulation, declared: bool) -> None:
    packet = await given(world, world.cn)
    plan = world.us.node.recalls.plan(packet)
    await world.us.node.recalls.recall(plan, RecallReason.MISTAKE, acted_by=PERSON)
    await world.cn.node.receive()
    assert not stores_of(world.cn.node).packets.packet(packet).keys
    assert stores_of(world.cn.node).values.find("Qiu Wenhao") == []
    draft = person_draft(world.cn, "Qiu Wenhao", *([packet] if declared else []))
    with pytest.raises(CopyUndeclared):
        await world.cn.node.packets.send([planned(world.cn, draft, world.mx)])
