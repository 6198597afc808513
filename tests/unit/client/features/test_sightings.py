"""Persons that saw a packet: recalls and disclosures are told by one reading of what was stated."""

import pytest

from attacks.conftest import memory, quick, template, world
from attacks.test_recalls import path_of, recalled
from support.node import context_of, stores_of
from support.simulation import Simulation
from tearline.errors import NotFound
from tearline.packets.recall import Reach
from tearline.persons.tokens import Role
from tearline.statements.receipt import Status
from tearline_client.audit.who_saw import Answer
from tearline_client.persons.issuer import LocalIssuer
from tearline_client.rules.sightings import sightings_of
from unit.client.console.browsers import PASSPHRASE, add_person

__all__ = ["memory", "quick", "template", "world"]


def seen_by(world: Simulation, packet: bytes) -> dict[tuple[str, bytes], Answer]:
    found = world.us.node.audit.who_saw(packet, "Person/name")
    return {(each.partner, each.grant): each.seen for each in found.sightings}


async def arrived(world: Simulation) -> bytes:
    (packet,) = await world.us.send(world.mx, world.cn)
    await world.mx.node.receive()
    await world.cn.node.receive()
    return packet


async def test_a_receipt_is_told_by_recalls_and_disclosures_of_its_partner_alone(
    world: Simulation,
) -> None:
    packet = await arrived(world)
    (grant,) = [
        each.signed.statement.id
        for each in world.us.node.packets.grants(packet)
        if each.grant.address.recipient == world.mx.node.uri
    ]
    await recalled(world, packet, world.mx, world.cn)
    stores_of(world.us.node).packets.set_status(grant, Status.SEEN)
    seen = seen_by(world, packet)
    assert seen.pop((world.mx.node.uri, grant)) is Answer.YES
    assert set(seen.values()) == {Answer.INDETERMINATE}
    recalls = world.us.node.recalls
    uses = {each.partner: recalls.uses(each) for each in recalls.of(packet)}
    assert uses == {world.mx.node.uri: (Reach.SEEN,), world.cn.node.uri: ()}


@pytest.mark.parametrize("is_disclosed", [False, True])
async def test_an_answer_states_a_sight_of_a_grant_only_where_its_node_has_one(
    world: Simulation, is_disclosed: bool
) -> None:
    packet = await arrived(world)
    if is_disclosed:
        path = path_of(world.us, packet)
        assert not (await world.us.node.packets.disclose(packet, path, world.mx.node.uri)).refused
        await world.settle()
    mx = world.mx.node
    add_person(world.mx, "ana", Role.LIAISON)
    now_s = context_of(mx).now_ms() // 1000
    LocalIssuer(mx.keystore).login("ana", PASSPHRASE.encode(), now_s)
    mx.packets.show(packet, person="ana")  # no receipt of it is sent
    await recalled(world, packet)
    await world.settle()
    recalls = world.us.node.recalls
    uses = {each.partner: recalls.uses(each) for each in recalls.of(packet)}
    assert uses == {world.mx.node.uri: (Reach.OPENED, Reach.SEEN), world.cn.node.uri: ()}
    seen = seen_by(world, packet)
    at_mx = [answer for (partner, _), answer in seen.items() if partner == world.mx.node.uri]
    assert at_mx == ([Answer.INDETERMINATE] * 2 if is_disclosed else [Answer.YES])
    elsewhere = {answer for (partner, _), answer in seen.items() if partner != world.mx.node.uri}
    assert elsewhere == {Answer.INDETERMINATE}
    told = sightings_of(context_of(world.us.node), packet)
    assert told.partners == {world.mx.node.uri}


async def test_a_partner_whose_grant_was_refused_has_nothing_to_recall(world: Simulation) -> None:
    packet = await arrived(world)
    node = world.us.node
    (refused,) = (
        each.signed.statement.id
        for each in node.packets.grants(packet)
        if each.grant.address.recipient == world.cn.node.uri
    )
    stores_of(node).packets.set_status(refused, Status.REFUSED)
    assert node.recalls.plan(packet).recipients == (world.mx.node.uri,)
    with pytest.raises(NotFound):
        node.recalls.plan(packet, to=[world.cn.node.uri])
