"""Acts on several packets of the list, and its filters by TLP and by state."""

from typing import Any

import pytest

from attacks.test_corrections import corrected
from attacks.test_decisions import away
from attacks.test_recalls import recalled
from support.simulation import Simulation
from tearline.audit.event import EventCode
from tearline.errors import ClockSkewed
from tearline.limits import CONSOLE_PAGE_ROWS
from tearline.persons.tokens import Role
from tearline.statements.receipt import Status
from tearline_client.features.recalls.service import RecallPlan, RecallService
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses, add_person, console_of
from unit.client.console.test_packet_acts import act
from unit.client.console.test_packet_pages import listed, text_of


@pytest.fixture
async def packets(world: Simulation) -> list[str]:
    """Three packets of America's, of which China has each; in hexadecimal, sorted."""
    found = [packet for _ in range(3) for packet in await world.us.send(world.cn)]
    await world.cn.node.receive()
    await world.us.node.receive()
    return sorted(packet.hex() for packet in found)


@pytest.fixture
async def ana(world: Simulation, packets: list[str]) -> Browser:
    add_person(world.us, "ana", Role.LIAISON)
    return await console_of(world.us).signed_in("ana")


@pytest.fixture
async def bo(world: Simulation, packets: list[str]) -> Browser:
    add_person(world.cn, "bo", Role.LIAISON)
    return await console_of(world.cn).signed_in("bo")


def query(packets: list[str]) -> str:
    return "&".join(f"packet={each}" for each in packets)


def seen(world: Simulation) -> int:
    """The number of grants that a person in China has seen, by its own store."""
    ids = world.cn.node.packets.ids()
    grants = [grant for packet in ids for grant in world.cn.node.packets.grants(packet)]
    return sum(grant.status is Status.SEEN for grant in grants)


async def test_packets_are_marked_as_read_after_their_names_were_shown(
    world: Simulation, packets: list[str], bo: Browser
) -> None:
    assert 'form="ticked" name="packet"' in (await bo.get("/packets")).text
    page = await bo.get(f"/selection/read?{query(packets[:2])}")
    text = text_of(page.text)
    assert text.count("Qiu Wenhao") == 2
    assert "I have seen 2 packets" in text
    assert {each.code for each in accesses(world.cn)} == {EventCode.ACCESS_SEARCH}
    assert seen(world) == 0  # the page alone tells no sender
    reply = await act(bo, "/selection/read", packet=packets[:2])
    assert reply.headers["location"] == "/packets?done=read"
    assert seen(world) == 2
    again = await bo.get(f"/selection/read?{query(packets)}")
    assert "2 ticked packets are left out" in text_of(again.text)


async def test_several_packets_are_recalled_after_the_count_was_typed(
    world: Simulation, packets: list[str], ana: Browser
) -> None:
    page = await ana.get(f"/selection/recall?{query(packets[:2])}")
    text = text_of(page.text)
    assert "2 packets are recalled. 1 partner must erase." in text
    assert text.count("cn-public-security") == 2
    values = {"reason": "mistake", "hours": "72", "packet": packets[:2]}
    refused = await act(ana, "/selection/recall", typed=packets[0][:6], **values)
    assert refused.status_code == 400
    typed = f"{packets[0][:6]} 2"
    refused = await act(ana, "/selection/recall", typed=typed, **{**values, "reason": ""})
    assert refused.status_code == 200  # the page asks for the reason
    assert world.us.node.recalls.all() == ()
    reply = await act(ana, "/selection/recall", typed=typed, **values)
    assert reply.headers["location"] == "/recalls?done=recalled"
    found = {each.recall.packet.hex() for each in world.us.node.recalls.all()}
    assert found == {*packets[:2]}


async def under_another_agreement(world: Simulation) -> str:
    """A packet of America's under its agreement with Mexico alone."""
    draft = world.us.draft(agreement="bilateral")
    plan = world.us.node.packets.plan(draft, [world.mx.node.uri])
    (packet,) = (await world.us.node.packets.send([plan])).packets
    await world.mx.node.receive()
    await world.us.node.receive()
    return packet.hex()


async def test_recalls_of_every_agreement_are_stored_while_the_exchange_is_away(
    world: Simulation, packets: list[str], ana: Browser
) -> None:
    chosen = [packets[0], await under_another_agreement(world)]
    with away(world.us):
        reply = await act(
            ana,
            "/selection/recall",
            typed=f"{chosen[0][:6]} 2",
            reason="mistake",
            hours="72",
            packet=chosen,
        )
    assert reply.headers["location"] == "/recalls?done=queued"
    assert {each.recall.packet.hex() for each in world.us.node.recalls.all()} == {*chosen}


async def test_a_refusal_under_one_agreement_skips_no_other(
    world: Simulation, packets: list[str], ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, recall = [await under_another_agreement(world), packets[0]], RecallService.recall

    async def one_refused(
        service: RecallService, plan: RecallPlan, *values: Any, **more: Any
    ) -> Any:
        if plan.packet.hex() == chosen[0]:
            raise ClockSkewed("the clock is behind")
        return await recall(service, plan, *values, **more)

    monkeypatch.setattr(RecallService, "recall", one_refused)
    values = {"reason": "mistake", "hours": "72"}
    typed = f"{chosen[0][:6]} 2"
    page = await act(ana, "/selection/recall", typed=typed, packet=chosen, **values)
    assert page.status_code == 403
    text = text_of(page.text)
    assert f"1 packet is recalled. {packets[0][:12]}" in text
    assert text.index(ClockSkewed.code) < text.index(chosen[0][:12])
    assert {each.recall.packet.hex() for each in world.us.node.recalls.all()} == {packets[0]}
    alone = await act(
        ana, "/selection/recall", typed=f"{chosen[0][:6]} 1", packet=chosen[:1], **values
    )
    assert alone.status_code == 403
    assert "This was refused" in text_of(alone.text)


async def test_the_rest_of_a_line_is_recalled_once(
    world: Simulation, packets: list[str], ana: Browser
) -> None:
    second = (await corrected(world.us, bytes.fromhex(packets[0]))).hex()
    third = (await corrected(world.us, bytes.fromhex(second), "once more")).hex()
    await world.cn.node.receive()
    await world.us.node.receive()
    ticked = [packets[0], third]
    text = text_of((await ana.get(f"/selection/recall?{query(ticked)}")).text)
    assert text.count("of the same line of corrections") == 1
    reply = await act(
        ana,
        "/selection/recall",
        typed=f"{packets[0][:6]} 2",
        reason="mistake",
        hours="72",
        rest="line",
        packet=ticked,
    )
    assert reply.headers["location"] == "/recalls?done=recalled"
    found = sorted(each.recall.packet.hex() for each in world.us.node.recalls.all())
    assert found == sorted([*ticked, second])


async def test_a_partner_s_packet_is_left_out_of_a_recall(
    world: Simulation, packets: list[str], bo: Browser
) -> None:
    page = await bo.get(f"/selection/recall?{query(packets)}")
    assert "3 ticked packets are left out" in text_of(page.text)
    assert "None of the ticked packets can be recalled." in text_of(page.text)
    reply = await act(bo, "/selection/recall", packet=packets, reason="mistake", hours="72")
    assert "None of the ticked packets can be recalled." in text_of(reply.text)


@pytest.mark.parametrize("path", ["/selection/read", "/selection/recall"])
async def test_no_packet_and_too_many_are_refused(
    packets: list[str], bo: Browser, path: str
) -> None:
    assert (await bo.get(path)).status_code == 400
    many = query([packets[0]] * (CONSOLE_PAGE_ROWS + 1))
    assert (await bo.get(f"{path}?{many}")).status_code == 400
    assert (await act(bo, path, packet=["00" * 32])).status_code in (400, 404)


async def test_the_list_is_filtered_by_state(
    world: Simulation, packets: list[str], ana: Browser
) -> None:
    assert sorted(await listed(ana, "?state=stored")) == packets
    assert await listed(ana, "?state=recalled") == []
    await recalled(world, bytes.fromhex(packets[1]))
    assert await listed(ana, "?state=recalled") == [packets[1]]
    assert (await ana.get("/packets?state=lost")).status_code == 400


async def test_the_list_is_filtered_by_tlp_for_those_who_may_open_packets(
    world: Simulation, packets: list[str], ana: Browser, console: ConsoleUnderTest
) -> None:
    page = await ana.get("/packets?tlp=amber%2Bstrict")
    assert text_of(page.text).count("TLP:AMBER+STRICT") == 1 + len(packets)  # the choice, too
    assert await listed(ana, "?tlp=red") == []
    assert (await ana.get("/packets?tlp=purple")).status_code == 400
    await world.us.send(world.mx)
    await world.mx.node.receive()
    auditor = await console.signed_in("auditor")
    assert 'name="tlp"' not in (await auditor.get("/packets")).text
    assert (await auditor.get("/packets?tlp=red")).status_code == 403
