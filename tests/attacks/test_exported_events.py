"""Events for MISP hold what their reader may read, and nothing that tells of the rest."""

import json
from dataclasses import replace

from support.simulation import Simulation
from tearline.packets.recall import RecallReason
from tearline.policy.form import Form
from tearline_client.connectors.exporters import misp
from tearline_client.demo.lead import ACCOUNT, ENTITIES
from unit.client.connectors.exporters.views import written

GIVEN = {text for each in ENTITIES for texts in each["properties"].values() for text in texts}
IDS = {str(each["id"]) for each in ENTITIES}


def exported(world: Simulation) -> str:
    """What the partner who may read less exports; it has no value beyond the fields open there."""
    view = world.cn.node.packets.export().exported
    told = written(misp.EXPORTER, view).decode()
    readable = "\n".join(
        text for opened in view.fields.values() for each in opened for text in each.field.texts
    )
    assert not [text for text in GIVEN - IDS if text in told and text not in readable]
    assert not [each for each in IDS if each in told]
    return told


async def sent_without_accounts(world: Simulation) -> tuple[bytes, str]:
    """Sends the lead without its account, which the policies allow; its id and the field's path."""
    plan = world.us.plan(world.cn)
    decisions = {
        key: replace(each, form=Form.WITHHELD, reason="unspecified")
        if "finance.account" in repr(key)
        else each
        for key, each in plan.decisions.items()
    }
    sent = await world.us.node.packets.send([replace(plan, decisions=decisions)])
    await world.cn.node.receive()
    fields = world.us.node.packets.show(sent.packets[0]).view.fields
    (path,) = (each.field.path for each in fields if each.field.path.endswith("Account/iban"))
    return sent.packets[0], path


async def test_no_withheld_value_is_in_an_event_before_and_after_more_is_disclosed(
    world: Simulation,
) -> None:
    packet, path = await sent_without_accounts(world)
    before = exported(world)
    assert ACCOUNT not in before
    await world.us.node.packets.disclose(packet, path, world.cn.node.uri)
    await world.cn.node.receive()
    after = exported(world)
    assert ACCOUNT in after
    old, new = (json.loads(told)["response"][0]["Event"] for told in (before, after))
    assert old["uuid"] == new["uuid"]
    assert {each["uuid"] for each in old["Object"]} <= {each["uuid"] for each in new["Object"]}


async def test_a_recalled_packet_is_no_event(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    assert json.loads(exported(world))["response"]
    plan = world.us.node.recalls.plan(packet)
    await world.us.node.recalls.recall(plan, RecallReason.MISTAKE)
    await world.cn.node.receive()
    assert exported(world) == '{"response":[\n]}\n'
