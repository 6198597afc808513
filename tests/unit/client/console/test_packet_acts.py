"""Acts on a packet: disclose, recall, print, export, prove, and its documents and pictures."""

import html
import re
import struct
from pathlib import Path

import httpx
import pytest

from support.cases import each_case
from support.simulation import Simulation
from tearline.audit.event import EventCode
from tearline.limits import MAX_PICTURE_PIXELS
from tearline.packets.packet import Field
from tearline.packets.recall import RecallReason
from tearline.persons.tokens import Role
from tearline_client.connectors.importers.documents import Document, document_fields
from tearline_client.console.pages.packet.recall import USUAL_HOURS
from tearline_client.console.pictures import JPEG, PNG, is_shown
from tearline_client.rules.recalls import RESPOND_MS
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses, add_person, console_of
from unit.client.console.test_packet_pages import text_of

DOT = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f"
    b"\x15\xc4\x89\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00"
    b"IEND\xaeB`\x82"
)
"""A picture of one point."""
POLYGLOT = DOT + b"<script>alert(1)</script><svg onload=alert(1)>"


def jpeg(width: int, height: int) -> bytes:
    """The beginning of a JPEG, up to its first frame."""
    frame = struct.pack(">HBHHB", 8, 8, height, width, 1)
    return b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xdb\x00\x03x\xff\xc2" + frame + b"\x00" * 8


def attached(name: str, media_type: str, content: bytes) -> tuple[Field, ...]:
    return document_fields(Document(name=name, media_type=media_type, content=content))


@pytest.fixture
async def packet(world: Simulation) -> bytes:
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.mx.node.receive()
    await world.cn.node.receive()
    return packet


@pytest.fixture
async def ana(world: Simulation, packet: bytes) -> Browser:
    """A liaison officer of the agency that sent the packet."""
    add_person(world.us, "ana", Role.LIAISON)
    return await console_of(world.us).signed_in("ana")


def path_to(world: Simulation, packet: bytes, name: str) -> str:
    return world.us.node.packets.path_of(packet, name)


async def act(browser: Browser, place: str, /, **values: str | list[str]) -> httpx.Response:
    return await browser.act(place, **values)


async def test_each_field_says_who_has_it_and_by_which_policy(
    world: Simulation, packet: bytes, ana: Browser
) -> None:
    await world.us.node.sync()
    page = await ana.get(f"/packets/{packet.hex()}")
    shares = re.findall(r'class="shares">(.*?)</span></span>', page.text)
    assert "<bdi>cn-public-security</bdi>: Generalised" in "".join(shares)
    found = re.findall(r'href="(/packets/[0-9a-f]{64}/field\?path=[^"]+amount)"', page.text)
    reply = await ana.get(html.unescape(found[0]))
    text = text_of(reply.text)
    assert "Given by this agency Agreement narcotics-2026 , version 1 Article" in text
    assert re.search(r"cn-public-security Generalised [\w.-]+ .*money-laundering", text)
    assert "1847250" not in reply.text  # the page shows no value
    assert "To disclose one more field to a partner" in page.text


async def test_a_field_of_a_partner_names_its_giver(
    console: ConsoleUnderTest, world: Simulation, packet: bytes
) -> None:
    await world.mx.node.sync()
    browser = await console.signed_in("liaison")
    reply = await browser.get(f"/packets/{packet.hex()}/field?path=BankAccount/iban")
    assert "Given by us-justice" in text_of(reply.text)
    assert "Other recipients Not known" in text_of(reply.text)
    assert "/disclose" not in reply.text
    missing = await browser.get(f"/packets/{packet.hex()}/field?path=BankAccount/pin")
    assert missing.status_code == 404


async def test_what_the_agreement_withholds_no_person_may_disclose(
    world: Simulation, packet: bytes, ana: Browser
) -> None:
    grants = len(world.us.node.packets.grants(packet))
    for name in ("Payment/amount", "Company/notes"):
        path, to = path_to(world, packet, name), "cn-public-security"
        replies = (
            await ana.get(f"/packets/{packet.hex()}/disclose?path={path}&to={to}"),
            await act(ana, f"/packets/{packet.hex()}/disclose", path=path, to=to),
        )
        assert [each.status_code for each in replies] == [403, 403]
        assert all("TL-POL" in each.text for each in replies)
    assert len(world.us.node.packets.grants(packet)) == grants


async def test_what_own_policies_withhold_a_person_may_disclose(
    world: Simulation, packet: bytes, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tearline_client.features.packets import disclosure

    monkeypatch.setattr(disclosure, "held_back", lambda *_, **__: ("accounts-on-request",))
    (packet,) = await world.us.send(world.cn)
    path = path_to(world, packet, "BankAccount/iban")
    before = len(accesses(world.us))
    page = await ana.get(f"/packets/{packet.hex()}/disclose?path={path}&to=mx-prosecutor")
    text = text_of(page.text)
    assert "you decide despite them: accounts-on-request" in text
    assert "DE02120300000000202051" in text
    (event,) = accesses(world.us)[before:]
    assert (event.actor, event.code) == ("ana", EventCode.ACCESS_OPEN)
    grants = len(world.us.node.packets.grants(packet))
    reply = await act(ana, f"/packets/{packet.hex()}/disclose", path=path, to="mx-prosecutor")
    assert reply.headers["location"] == f"/packets/{packet.hex()}?done=disclosed"
    made = world.us.node.packets.grants(packet)
    assert len(made) == grants + 1
    assert [each.grant.acted_by is not None for each in made].count(True) == 1
    assert "The field was disclosed." in (await ana.get(reply.headers["location"])).text
    again = await act(ana, f"/packets/{packet.hex()}/disclose", path=path, to="mx-prosecutor")
    assert again.headers["location"] == f"/packets/{packet.hex()}?done=stands"
    assert (
        "This stands already. Nothing was sent." in (await ana.get(again.headers["location"])).text
    )
    assert len(world.us.node.packets.grants(packet)) == grants + 1


async def test_a_partner_s_field_is_not_disclosed(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("liaison")
    path = path_to(world, packet, "BankAccount/iban")
    for reply in (
        await browser.get(f"/packets/{packet.hex()}/disclose?path={path}&to=us-justice"),
        await act(browser, f"/packets/{packet.hex()}/disclose", path=path, to="us-justice"),
        await browser.get(f"/packets/{packet.hex()}/recall"),
        await act(browser, f"/packets/{packet.hex()}/recall", typed=packet.hex()[:12]),
    ):
        assert reply.status_code == 404
    assert not world.mx.node.recalls.of(packet)


async def test_a_recall_shows_everyone_affected_and_takes_the_typed_name(
    world: Simulation, packet: bytes, ana: Browser
) -> None:
    place = f"/packets/{packet.hex()}/recall"
    page = await ana.get(place)
    assert "2 partners must erase it." in page.text
    one = await ana.get(f"{place}?from=mx-prosecutor")
    assert "1 partner must erase it." in one.text
    values = {"reason": "mistake", "hours": str(USUAL_HOURS), "from": "mx-prosecutor"}
    for wrong in ("", packet.hex()[:12], "cn-public-security"):
        reply = await act(ana, place, **values, typed=wrong)
        assert reply.status_code == 400
        assert "TL-USE-005" in reply.text
    for odd in ({"reason": "whim"}, {"hours": "0"}, {"hours": "-3"}, {"hours": "1e9"}):
        reply = await act(ana, place, **{**values, **odd}, typed="mx-prosecutor")
        assert reply.status_code == 400
    assert not world.us.node.recalls.of(packet)
    reply = await act(ana, place, **values, typed="mx-prosecutor")
    assert reply.headers["location"] == f"/packets/{packet.hex()}?done=recalled"
    (recall,) = world.us.node.recalls.of(packet)
    assert recall.partner == world.mx.node.uri
    assert recall.order.reason is RecallReason.MISTAKE
    assert recall.order.acted_by is not None
    again = await act(ana, place, **values, typed="mx-prosecutor")
    assert again.headers["location"] == f"/packets/{packet.hex()}?done=stands"
    assert world.us.node.recalls.of(packet) == (recall,)


def test_the_usual_hours_are_those_of_the_command_line() -> None:
    assert USUAL_HOURS * 3_600_000 == RESPOND_MS


async def test_a_printed_copy_is_numbered_and_logged(
    world: Simulation, console: ConsoleUnderTest, packet: bytes
) -> None:
    browser = await console.signed_in("liaison")
    for number in (1, 2):
        reply = await act(browser, f"/packets/{packet.hex()}/print")
        assert f"Copy {number}, printed by liaison at mx-prosecutor" in text_of(reply.text)
        assert "/disclose" not in reply.text
    assert [each.code for each in accesses(world.mx)] == [EventCode.ACCESS_PRINT] * 2
    assert not world.mx.node.packets.is_unread(packet)


async def test_an_exhibit_proves_the_chosen_fields_alone(
    world: Simulation, packet: bytes, ana: Browser
) -> None:
    await world.us.node.sync()
    page = await ana.get(f"/packets/{packet.hex()}/exhibit")
    assert world.us.node.directory.federation().hex() in page.text
    path = path_to(world, packet, "BankAccount/iban")
    reply = await act(ana, f"/packets/{packet.hex()}/exhibit", path=[path])
    assert reply.content.startswith(b"-----BEGIN TEARLINE EXHIBIT-----")
    assert EventCode.ACCESS_EXHIBIT in {each.code for each in accesses(world.us)}
    assert (await act(ana, f"/packets/{packet.hex()}/exhibit")).status_code == 400


async def with_documents(world: Simulation, *fields: Field) -> bytes:
    plan = world.us.plan(world.mx, extra=fields)
    sent = await world.us.node.packets.send([plan])
    await world.mx.node.receive()
    return sent.packets[0]


def slots_in(page: str) -> list[str]:
    return re.findall(r'name="slot" value="(\d+)"', page)


async def test_a_picture_is_shown_and_other_documents_are_saved(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    packet = await with_documents(
        world,
        *attached("point.png", PNG, DOT),
        *attached("裘 <b>.txt", "text/plain; charset=utf-8", b"<script>alert(1)</script>"),
    )
    browser = await console.signed_in("liaison")
    page = await browser.get(f"/packets/{packet.hex()}")
    (picture,) = re.findall(r'<img class="picture" src="([^"]+)"', page.text)
    shown = await browser.get(picture)
    assert (shown.status_code, shown.headers["content-type"]) == (200, PNG)
    assert shown.content == DOT
    assert shown.headers["x-content-type-options"] == "nosniff"
    policies = shown.headers.get_list("content-security-policy")
    assert any("sandbox" in each for each in policies)
    assert any("frame-ancestors 'none'" in each for each in policies)
    for slot in slots_in(page.text):
        reply = await act(browser, f"/packets/{packet.hex()}/files", slot=slot)
        assert reply.headers["content-disposition"].startswith('attachment; filename="')
        assert reply.headers["content-type"] == "application/octet-stream"
        assert "<" not in reply.headers["content-disposition"]
    assert b"alert(1)" in reply.content or reply.content == DOT
    codes = [each.code for each in accesses(world.mx)]
    assert codes.count(EventCode.ACCESS_EXPORT) == 2


async def test_only_a_picture_is_shown(world: Simulation, console: ConsoleUnderTest) -> None:
    words = attached("a.txt", "text/plain; charset=utf-8", b"<svg onload=alert(1)>")
    vast = DOT[:16] + struct.pack(">II", 60_000, 60_000) + DOT[24:]
    packet = await with_documents(world, *words, *attached("vast.png", PNG, vast))
    browser = await console.signed_in("liaison")
    page = await browser.get(f"/packets/{packet.hex()}")
    assert "<img" not in page.text
    slots = slots_in(page.text)
    assert len(slots) == 2
    for slot in (*slots, "0", "9999", "-1", "x", "..%2f0"):
        reply = await browser.get(f"/packets/{packet.hex()}/pictures/{slot}")
        assert reply.status_code in (400, 404), slot
        assert "onload" not in reply.text


async def test_a_picture_that_is_something_else_too_runs_nothing(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    packet = await with_documents(world, *attached("both.png", PNG, POLYGLOT))
    browser = await console.signed_in("liaison")
    page = await browser.get(f"/packets/{packet.hex()}")
    (picture,) = re.findall(r'<img class="picture" src="([^"]+)"', page.text)
    shown = await browser.get(picture)
    assert shown.headers["content-type"] == PNG
    assert shown.headers["x-content-type-options"] == "nosniff"
    policies = shown.headers.get_list("content-security-policy")
    assert any(each.startswith("default-src 'none'") and "sandbox" in each for each in policies)


@each_case(
    ("media_type", "content", "shown"),
    [
        (PNG, DOT, True),
        (JPEG, jpeg(640, 480), True),
        (JPEG, jpeg(65_535, 65_535), False),
        (JPEG, jpeg(0, 480), False),
        (JPEG, DOT, False),
        (PNG, jpeg(640, 480), False),
        (PNG, DOT[:20], False),
        (PNG, b"", False),
        (JPEG, b"\xff\xd8", False),
        (JPEG, b"\xff\xd8\xff", False),
        (JPEG, b"\xff\xd8" + b"\xff" * 1000, False),
        (JPEG, b"\xff\xd8\xff\xe0\x00\x00" + b"\x00" * 40, False),
        (JPEG, b"\xff\xd8\xff\xda\x00\x08" + jpeg(1, 1), False),
        ("image/svg+xml", b"<svg/>", False),
        ("image/gif", b"GIF89a\x01\x00\x01\x00", False),
        ("text/html", DOT, False),
        ("application/pdf", DOT, False),
    ],
)
def test_a_document_is_shown_by_its_own_beginning(
    media_type: str, content: bytes, shown: bool
) -> None:
    assert is_shown(media_type, content) is shown
    assert MAX_PICTURE_PIXELS < 65_535**2


async def test_a_disclosure_under_four_eyes_waits_for_another_person(
    world: Simulation, packet: bytes, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tearline_client.console.pages.packet import field
    from tearline_client.drafting import release

    for module in (field, release):
        monkeypatch.setattr(module, "takes_two", lambda *_: True)
    (packet,) = await world.us.send(world.cn)
    path = path_to(world, packet, "BankAccount/iban")
    page = await ana.get(f"/packets/{packet.hex()}/disclose?path={path}&to=mx-prosecutor")
    assert "other than you approves it" in page.text
    reply = await act(ana, f"/packets/{packet.hex()}/disclose", path=path, to="mx-prosecutor")
    assert reply.headers["location"] == f"/packets/{packet.hex()}?done=waits"
    (waiting,) = world.us.node.approvals.waiting()
    assert waiting.drafter.subject == "ana"
    assert "Not sent yet" in (await ana.get(reply.headers["location"])).text


async def test_no_act_is_done_by_a_form_of_another_session(
    world: Simulation, console: ConsoleUnderTest, packet: bytes, ana: Browser, tmp_path: Path
) -> None:
    paths = ("disclose", "recall", "print", "exhibit", "files")
    for name in paths:
        reply = await ana.post(f"/packets/{packet.hex()}/{name}", {"csrf": "x", "slot": "1"})
        assert reply.status_code == 400
        assert "TL-USE-008" in reply.text
    assert not accesses(world.us)
    assert not world.us.node.recalls.of(packet)


async def test_acts_on_another_s_packet_are_answered_as_on_none(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    (theirs,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    browser = await console.signed_in("liaison")
    token = await browser.csrf()
    pages = ("field?path=BankAccount/iban", "disclose?path=x&to=us-justice", "recall", "exhibit")
    for name in (*pages, "pictures/1"):
        replies = [await browser.get(f"/packets/{i}/{name}") for i in (theirs.hex(), "ab" * 32)]
        assert [each.status_code for each in replies] == [404, 404], name
    for name in ("disclose", "recall", "print", "export", "exhibit", "files"):
        values = {"csrf": token, "slot": "1", "path": "x", "to": "us-justice"}
        replies = [
            await browser.post(f"/packets/{i}/{name}", values) for i in (theirs.hex(), "ab" * 32)
        ]
        assert [each.status_code for each in replies] == [404, 404], name
    assert not accesses(world.mx)
