"""A partner's recall: what it touches, and the decision to erase or keep; and ours with answers."""

import pytest

from attacks.onward_packets import person_draft, planned
from attacks.test_recalls import field_recalled, path_of, recalled
from support.node import context_of
from support.simulation import Simulation
from tearline.packets.recall import KeepGround, RecallState
from tearline.persons.tokens import Role
from unit.client.console.browsers import Browser, ConsoleUnderTest, add_person, console_of, seen_in
from unit.client.console.test_packet_acts import act
from unit.client.console.test_work_pages import text_of


@pytest.fixture
async def packet(world: Simulation) -> bytes:
    """A packet of a partner that Mexico's persons decide on once it is recalled."""
    object.__setattr__(context_of(world.mx.node), "asks_before_erasing", True)
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    return packet


async def recall(world: Simulation, packet: bytes, path: str = "") -> str:
    """America's recall, arrived; the way to its page."""
    if path:
        await field_recalled(world, packet, path, world.mx)
    else:
        await recalled(world, packet, world.mx)
    await world.mx.node.receive()
    return f"/recalls/{packet.hex()}"


def state_of(world: Simulation, packet: bytes) -> list[RecallState]:
    return [each.state for each in world.mx.node.recalls.of(packet)]


async def test_a_recall_leads_from_the_tasks_to_its_effects_in_counts(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("liaison")
    place = await recall(world, packet)
    tasks = await browser.get("/to-do")
    assert f'href="{place}"' in tasks.text
    assert "It was sent by mistake us-justice" in text_of(tasks.text)
    shown = await browser.get(f"/packets/{packet.hex()}")
    assert f'href="{place}"' in shown.text
    held = len({o.slot for o in context_of(world.mx.node).open_view(packet).view.fields})
    text = text_of((await browser.get(place)).text)
    assert f"Fields that erasing removes {held} Fields that stay 0" in text
    assert "Waiting drafts that lose values 0" in text
    assert "Cannot be undone opened, seen by a person" in text
    assert "Only an officer in charge may keep it" in text


async def test_button_and_typed_word_of_our_recall_name_its_whole_scope(world: Simulation) -> None:
    add_person(world.us, "ana", Role.LIAISON)
    ana = await console_of(world.us).signed_in("ana")
    packet, names = (
        (await world.us.send(world.cn, world.mx))[0],
        ["cn-public-security", "mx-prosecutor"],
    )
    place = f"/packets/{packet.hex()}/recall"
    chosen = {"csrf": await ana.csrf(), "reason": "mistake", "hours": "72", "show": "1"}
    text = text_of((await ana.post(place, {**chosen, "from": names})).text)
    end = f"Type {packet.hex()[:6]} 2 to confirm Recall from all partners: {', '.join(names)}"
    assert end in text
    text = text_of((await ana.post(place, {**chosen, "from": names[:1]})).text)
    assert f"Type {names[0]} to confirm Recall from {names[0]} only" in text


async def test_a_recall_of_one_field_counts_it_alone_and_the_drafts_that_lose_its_values(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    path = path_of(world.us, packet)
    draft = person_draft(world.mx, "QIU, Wenhao", packet)
    place = await recall(world, packet, path)
    browser = await console.signed_in("officer")
    text = text_of((await browser.get(place)).text)
    assert "1 field It was sent by mistake" in text
    assert "Fields that erasing removes 1 " in text
    assert "Waiting drafts that lose values 0" in text
    world.mx.node.approvals.draft([planned(world.mx, draft, world.us)], person="officer")
    text = text_of((await browser.get(place)).text)
    assert "Waiting drafts that lose values 1" in text


async def test_erasing_takes_the_typed_id_and_tells_the_originator(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    place = await recall(world, packet)
    browser = await console.signed_in("liaison")
    refused = await act(browser, place, verdict="erase", typed="something")
    assert refused.status_code == 400
    assert state_of(world, packet) == [RecallState.OPEN]
    reply = await act(browser, place, verdict="erase", typed=packet.hex()[:12])
    assert reply.headers["location"] == "/recalls?done=erased"
    assert state_of(world, packet) == [RecallState.ERASED]
    await world.us.node.receive()
    (answered,) = world.us.node.recalls.of(packet)
    assert answered.answer is not None
    assert answered.answer.acted_by is not None
    listed = text_of((await browser.get("/recalls?done=erased")).text)
    assert "Erased. The originator is told." in listed
    assert "Recalled and erased" in listed
    assert (await browser.get(place)).status_code == 404


async def test_only_an_officer_keeps_and_only_on_a_ground(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    place = await recall(world, packet)
    typed = packet.hex()[:12]
    liaison = await console.signed_in("liaison")
    page = await act(liaison, place, verdict="keep", ground="evidence", typed=typed)
    assert 'value="keep"' not in page.text
    seen = seen_in(page.text, "erase")
    values = {"verdict": "keep", "ground": "evidence", "typed": typed, "seen": seen}
    refused = await liaison.post(place, {"csrf": await liaison.csrf(), **values})
    assert refused.status_code == 409
    officer = await console.signed_in("officer")
    page = await act(officer, place, verdict="keep", ground="", typed=typed)
    assert 'value="keep"' not in page.text
    await act(officer, place, verdict="erase", typed=typed)
    assert state_of(world, packet) == [RecallState.OPEN]
    reply = await act(officer, place, verdict="keep", ground="evidence", typed=typed)
    assert reply.headers["location"] == "/recalls?done=kept"
    await world.us.node.receive()
    (kept,) = world.us.node.recalls.of(packet)
    assert kept.answer is not None
    assert kept.answer.ground is KeepGround.EVIDENCE
    page = await officer.get(place)  # the ground may pass: it can still be erased
    assert "Recalled, and kept on a stated ground: Evidence in proceedings" in text_of(page.text)


async def test_our_recalls_are_listed_with_their_answers(world: Simulation, packet: bytes) -> None:
    add_person(world.us, "ana", Role.LIAISON)
    ana: Browser = await console_of(world.us).signed_in("ana")
    assert "This agency recalled no packet." in (await ana.get("/recalls")).text
    await recall(world, packet)
    text = text_of((await ana.get("/recalls")).text)
    assert "mx-prosecutor The whole packet It was sent by mistake Recalled, not answered" in text
    assert (await ana.get(f"/recalls/{packet.hex()}")).status_code == 404  # not ours to answer
    assert "Lead recalled Routine" in text_of((await ana.get("/packets?way=out")).text)
