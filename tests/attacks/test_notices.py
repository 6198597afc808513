"""Notices of what comes: told with what is stored, by ids alone, to nobody who could use more."""

from dataclasses import replace

from support.node import stores_of
from support.simulation import Simulation
from tearline_client.demo.lead import SECRETS
from tearline_client.store.notifications import EVENTS, Notice


def notices(world: Simulation) -> list[Notice]:
    """All that the node of Mexico has to tell."""
    store, found = stores_of(world.mx.node).notifications, []
    while notice := store.next(found[-1].id if found else 0, EVENTS):
        found.append(notice)
    return found


async def test_a_packet_that_came_is_told_of_by_its_ids(world: Simulation) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    (notice,) = notices(world)
    event = stores_of(world.mx.node).log.openings(bytes.fromhex(notice.ids["grant"]))[0].event
    assert (notice.event, notice.time_ms) == ("packet-arrived", event.time_ms)
    assert notice.ids["packet"] == packet.hex()
    assert notice.ids["sender"] == world.us.node.uri
    assert not [secret for secret in SECRETS if secret in notice.line()]


async def test_what_came_twice_is_told_of_once(world: Simulation) -> None:
    await world.us.send(world.mx)
    mail = await world.mx.waiting()
    await world.mx.take(*mail)
    await world.mx.take(*mail)
    assert len(notices(world)) == 1


async def test_what_was_put_aside_is_told_of_by_its_code(world: Simulation) -> None:
    await world.us.send(world.mx)
    (mail,) = await world.mx.waiting()
    (parts,) = mail.parts
    await world.mx.take(replace(mail, parts=(replace(parts, ciphertexts={}),)))
    (notice,) = notices(world)
    assert (notice.event, notice.ids["code"]) == ("quarantined", world.mx.codes()[0])
