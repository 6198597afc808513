"""The list of packets and a packet, as an officer sees them."""

import html
import re
from dataclasses import replace

import pytest

from support.simulation import Simulation
from tearline.audit.event import EventCode
from tearline.limits import CONSOLE_PAGE_ROWS
from tearline.persons.tokens import Role
from tearline.statements.receipt import Status
from tearline_client.store.index_queue import IndexQueue
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses, add_person, console_of


@pytest.fixture
async def packet(world: Simulation) -> bytes:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.mx.node.receive()
    await world.cn.node.receive()
    return packet


async def listed(browser: Browser, query: str = "") -> list[str]:
    """The ids that a page of the list leads to."""
    reply = await browser.get(f"/packets{query}")
    assert reply.status_code == 200, reply.text
    return re.findall(r'href="/packets/([0-9a-f]{64})"', reply.text)


def text_of(page: str) -> str:
    """The words of a page, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.split("<main")[1])).split())


async def test_a_packet_is_shown_as_a_document(console: ConsoleUnderTest, packet: bytes) -> None:
    browser = await console.signed_in("liaison")
    reply = await browser.get(f"/packets/{packet.hex()}")
    text = text_of(reply.text)
    assert "Lead from us-justice" in text
    assert "Person: Qiu Wenhao" in text
    assert "IBAN DE02120300000000202051" in text
    assert "Owner → Qiu Wenhao" in text
    assert "TLP:AMBER+STRICT Inside the recipient's own organisation" in text
    assert "torn off here No fields kept back are reported." in text
    assert "us-justice 1 Stored by the recipient criminal-investigation The node" in text


async def test_no_sender_is_told_of_a_page_that_was_not_made(
    world: Simulation,
    console: ConsoleUnderTest,
    packet: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = world.mx.node
    browser = await console.signed_in("liaison")
    with monkeypatch.context() as broken:
        broken.setattr(node.recalls, "of", lambda packet_id: 1 // 0)
        assert (await browser.get(f"/packets/{packet.hex()}")).status_code == 500
    assert [each.actor for each in accesses(world.mx)] == ["liaison"]
    assert {each.status for each in node.packets.grants(packet)} == {Status.STORED}
    assert (await browser.get(f"/packets/{packet.hex()}")).status_code == 200
    assert {each.status for each in node.packets.grants(packet)} == {Status.SEEN}


async def test_what_is_kept_back_stands_under_the_tear_line(
    world: Simulation, packet: bytes
) -> None:
    add_person(world.cn, "li", Role.LIAISON)
    console = console_of(world.cn)
    reply = await (await console.signed_in("li")).get(f"/packets/{packet.hex()}")
    above, _, below = text_of(reply.text).partition("torn off here")
    assert "Amount 1000000-5000000 Generalised (band) finance.amount" in above
    assert "contact.phone: 1 field kept back, the agreement does not give it" in below
    assert "narrative: 2 fields kept back, the agreement does not give it" in below
    assert "1847250" not in reply.text
    assert reply.text.count('class="redaction"') == 2


async def test_reading_is_logged_under_the_person_and_told_to_the_sender(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("liaison")
    assert await listed(browser, "?unread=1") == [packet.hex()]
    await browser.get(f"/packets/{packet.hex()}")
    (event,) = accesses(world.mx)
    assert (event.actor, event.code) == ("liaison", EventCode.ACCESS_OPEN)
    assert event.packet == packet
    assert await listed(browser, "?unread=1") == []
    await world.us.node.receive()
    grants = {
        each.grant.address.recipient: each.status for each in world.us.node.packets.grants(packet)
    }
    assert grants[world.mx.node.uri] is Status.SEEN


async def test_the_beginning_of_an_id_is_enough(console: ConsoleUnderTest, packet: bytes) -> None:
    browser = await console.signed_in("liaison")
    assert (await browser.get(f"/packets/{packet.hex()[:10]}")).status_code == 200


async def test_filters_stand_in_the_address(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("liaison")
    for query, fits in {
        "": True,
        "?way=in": True,
        "?way=out": False,
        "?partner=us-justice": True,
        "?partner=cn-public-security": False,
        "?partner=nobody": False,
        "?kind=lead": True,
        "?kind=feedback": False,
        "?way=in&kind=lead&partner=us-justice&unread=1": True,
        "?case=none": False,
    }.items():
        assert await listed(browser, query) == ([packet.hex()] if fits else []), query
    assert not accesses(world.mx)  # no contents were shown


@pytest.mark.parametrize("query", ["?way=across", "?kind=letter"])
async def test_a_filter_that_does_not_exist_is_refused(
    console: ConsoleUnderTest, query: str
) -> None:
    browser = await console.signed_in("liaison")
    assert (await browser.get(f"/packets{query}")).status_code == 400


async def test_a_search_finds_a_name_in_any_script_and_is_logged(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("analyst")
    reply = await browser.get("/packets?q=裘文昊")
    assert "1 packet found" in reply.text
    assert "Qiu Wenhao · 裘文昊" in reply.text
    assert f'href="/packets/{packet.hex()}"' not in reply.text  # an analyst opens no packet
    (event,) = accesses(world.mx)
    assert (event.actor, event.code) == ("analyst", EventCode.ACCESS_SEARCH)
    assert world.mx.node.audit._access.has_sought(event, "裘文昊")


async def test_a_search_beside_a_damaged_packet_says_so(
    console: ConsoleUnderTest, packet: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await console.signed_in("analyst")
    assert "damaged" not in (await browser.get("/packets?q=裘文昊")).text
    monkeypatch.setattr(IndexQueue, "unreadable", lambda _: [packet])
    assert "1 damaged packet was not searched" in (await browser.get("/packets?q=裘文昊")).text


async def test_a_name_in_another_spelling_is_found_and_said_to_be_one(
    console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("analyst")
    assert "Other spelling: qiu wen hao" in text_of(
        (await browser.get("/packets?q=Chiu+Wen-hao")).text
    )
    assert "Short form" in text_of((await browser.get("/packets?q=W.+H.+Qiu")).text)
    assert "Other spelling" not in (await browser.get("/packets?q=Wenhao+Qiu")).text


async def test_names_are_shown_if_asked_for_and_then_logged(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("analyst")
    plain = await browser.get("/packets")
    assert "Qiu Wenhao" not in plain.text
    assert not accesses(world.mx)
    reply = await browser.get("/packets?subjects=1")
    assert "Qiu Wenhao · Lantern Quay Trading SA de CV" in text_of(reply.text)
    (event,) = accesses(world.mx)
    assert (event.actor, event.code) == ("analyst", EventCode.ACCESS_SEARCH)
    assert event.packet == packet
    assert len(event.decisions) == 2
    assert world.mx.node.packets.is_unread(packet)


async def test_an_auditor_is_shown_no_names(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("auditor")
    assert 'name="subjects"' not in (await browser.get("/packets")).text
    reply = await browser.get("/packets?subjects=1")
    assert reply.status_code == 403
    assert "Qiu" not in reply.text


async def test_names_of_a_long_list_come_page_by_page(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    await world.us.send(world.mx, times=CONSOLE_PAGE_ROWS + 1)
    await world.mx.node.receive()
    browser = await console.signed_in("liaison")
    first = await browser.get("/packets?subjects=1")
    assert first.text.count("<bdi>Qiu Wenhao</bdi>") == CONSOLE_PAGE_ROWS
    assert "subjects=1" in re.findall(r'href="/packets\?([^"]+)"', first.text)[-1]
    assert len(accesses(world.mx)) == CONSOLE_PAGE_ROWS


async def test_own_packets_name_their_recipients(world: Simulation, packet: bytes) -> None:
    add_person(world.us, "ana", Role.LIAISON)
    browser = await console_of(world.us).signed_in("ana")
    page = await browser.get("/packets?way=out")
    assert "to cn-public-security , mx-prosecutor" in text_of(page.text)
    reply = await browser.get(f"/packets/{packet.hex()}")
    assert "Lead, made here" in text_of(reply.text)
    assert await listed(browser, "?way=in") == []


async def test_a_long_list_has_pages(world: Simulation, console: ConsoleUnderTest) -> None:
    sent = await world.us.send(world.mx, times=CONSOLE_PAGE_ROWS + 3)
    await world.mx.node.receive()
    browser = await console.signed_in("liaison")
    first = await browser.get("/packets?way=in")
    (query,) = re.findall(r'href="/packets(\?[^"]+)"', first.text)
    begin = await listed(browser, "?way=in")
    rest = await listed(browser, html.unescape(query))
    assert (len(begin), len(rest)) == (CONSOLE_PAGE_ROWS, 3)
    assert {*begin, *rest} == {each.hex() for each in sent}
    assert "Older packets" not in (await browser.get(f"/packets{html.unescape(query)}")).text
    assert await listed(browser, f"?after={'0' * 64}") == []


@pytest.mark.parametrize("code", ["en", "es", "zh"])
async def test_pages_are_there_in_each_language(
    console: ConsoleUnderTest, packet: bytes, code: str
) -> None:
    browser = await console.signed_in("liaison")
    headers = {"accept-language": code}
    for path, words in {
        "/packets": {"en": "Packets", "es": "Paquetes", "zh": "数据包"},
        f"/packets/{packet.hex()}": {"en": "torn off here", "es": "cortado aquí", "zh": "在此撕下"},
        "/state": {"en": "Cosigners", "es": "Cofirmantes", "zh": "联署机构"},
    }.items():
        reply = await browser.get(path, headers)
        assert words[code] in reply.text
        if "packets/" in path:
            assert "Lantern Quay Trading SA de CV" in reply.text  # a partner's data stays


async def test_the_state_names_log_cosigners_and_keys(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    reply = await (await console.signed_in("auditor")).get("/state")
    text = text_of(reply.text)
    assert f"Entries read and verified {world.mx.node.status().log_size}" in text
    assert "us-justice" in text
    assert "cn-public-security" in text
    assert world.mx.node.uri in text
    assert "Every delivery verified." in text
    assert not accesses(world.mx)


async def test_the_state_tells_the_kind_of_node(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await console.signed_in("auditor")
    assert "Kind of node Full:" in text_of((await browser.get("/state")).text)
    light = replace(world.mx.node.status(), is_light=True, followed=3)
    monkeypatch.setattr(world.mx.node, "status", lambda: light)
    text = text_of((await browser.get("/state")).text)
    assert "Kind of node Light:" in text
    assert "Agencies whose entries it reads beside its own 3" in text
    assert f"Entries below the newest turn {light.log_size}" in text


async def test_a_stop_is_a_banner_on_every_page(
    console: ConsoleUnderTest, world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await console.signed_in("liaison")
    assert "Sending is stopped." not in (await browser.get("/packets")).text
    monkeypatch.setattr(world.mx.node.log, "is_stopped", lambda: True)
    for path in ("/packets", "/state", "/nowhere"):
        assert "Sending is stopped." in (await browser.get(path)).text
    assert "Sending is stopped." not in (await console.browser().get("/sign-in")).text


async def test_a_page_chooses_from_some_packets_and_leads_to_the_rest(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await world.us.send(world.mx, times=5)
    await world.mx.node.receive()
    browser = await console.signed_in("liaison")
    await browser.get(f"/packets/{sent[2].hex()}")
    module = "tearline_client.console.pages.packets"
    monkeypatch.setattr(f"{module}.MAX_CONSOLE_LISTED", 2)

    async def all_of(query: str) -> list[str]:
        seen, pages = [], 0
        while query and (pages := pages + 1) < 9:
            reply = await browser.get(f"/packets?{query}")
            seen += re.findall(r'href="/packets/([0-9a-f]{64})"', reply.text)
            older = re.search(r'href="/packets\?([^"]*after=[^"]+)"', reply.text)
            query = html.unescape(older[1]) if older else ""
        return seen

    ids = [each.hex() for each in world.mx.node.packets.ids()]
    assert await all_of("way=in") == ids
    assert sorted(await all_of("unread=1")) == sorted({*ids} - {sent[2].hex()})
    assert await all_of("way=out") == []
    reply = await browser.get("/packets?way=out")
    assert "None of these packets fits. Older ones may." in text_of(reply.text)
    monkeypatch.setattr(f"{module}.CONSOLE_PAGE_ROWS", 1)
    assert await all_of("way=in") == ids
