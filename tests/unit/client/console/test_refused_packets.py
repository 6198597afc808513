"""A packet that the exchange refused: its page and the list say so, and no partner has a form."""

import pytest

from support.node import stores_of
from support.simulation import EVERYTHING, Simulation
from tearline.errors import error_by_code
from tearline.persons.tokens import Role
from tearline.statements.receipt import Status
from unit.client.console.browsers import Browser, add_person, console_of
from unit.client.console.test_packet_pages import text_of


@pytest.fixture
async def ana(world: Simulation) -> Browser:
    """A liaison officer of the agency that sends."""
    add_person(world.us, "ana", Role.LIAISON)
    return await console_of(world.us).signed_in("ana")


async def test_a_refused_packet_is_refused_on_its_page_and_in_the_list(
    world: Simulation, ana: Browser
) -> None:
    sent = await world.us.node.packets.send([world.us.plan(world.cn, forms=EVERYTHING)])
    ((code, _),), (packet,) = sent.refused, sent.packets
    error = error_by_code(code)
    assert error is not None
    page = await ana.get(f"/packets/{packet.hex()}")
    text = text_of(page.text)
    assert "Refused by the exchange: nothing of it went to cn-public-security." in text
    assert f"{code} {error.what}" in text
    assert error.next in text
    assert 'class="shares"' not in page.text  # no partner has a form of it
    assert "Lead refused Routine to cn-public-security" in text_of((await ana.get("/packets")).text)


async def test_a_packet_refused_for_one_partner_keeps_the_form_of_the_other(
    world: Simulation, ana: Browser
) -> None:
    (packet,) = await world.us.send(world.cn, world.mx)
    node = world.us.node
    (grant,) = (
        each
        for each in node.packets.grants(packet)
        if each.grant.address.recipient == world.cn.node.uri
    )
    stores_of(node).packets.set_status(grant.signed.statement.id, Status.REFUSED)
    page = (await ana.get(f"/packets/{packet.hex()}")).text
    assert "<bdi>mx-prosecutor</bdi>: Clear" in page
    assert "<bdi>cn-public-security</bdi>: " not in page.partition('class="part"')[2]
    assert "Refused by the exchange: nothing of it went to cn-public-security." in text_of(page)
    assert "Lead partly refused Routine" in text_of((await ana.get("/packets")).text)
    recall = (await ana.get(f"/packets/{packet.hex()}/recall")).text
    assert 'name="from" value="mx-prosecutor"' in recall
    assert "cn-public-security" not in recall
