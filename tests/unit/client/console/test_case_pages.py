"""Cases, as their members see and act on them, and the graph of what their packets hold."""

import html
import re
from dataclasses import replace

from attacks.test_console import INJECTIONS
from support.simulation import Simulation
from tearline.audit.event import EventCode
from tearline.cases.case import Membership
from tearline.limits import MAX_PICTURE_NODES
from tearline.packets.packet import Field, OpenedField
from tearline.policy.form import Form
from tearline.policy.profile import marking_of
from tearline.statements.receipt import Status
from tearline_client.console.drawings.entities import SAME_NAME, EntityGraph, entity_graph
from tearline_client.console.drawings.graph import drawing_of
from tearline_client.console.drawings.layout import layout_of
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses, seen_in

NAME = "narcotics-2026"
SOURCE = ("spiffe://one.example/node/a", b"agreement")


def text_of(page: str) -> str:
    """The words of a page, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.split("<main")[1])).split())


async def post(browser: Browser, path: str, **values: str) -> tuple[int, str]:
    """Sends a form of the session, and follows to the page after it."""
    reply = await browser.post(path, {"csrf": await browser.csrf(), **values})
    if reply.status_code == 303:
        reply = await browser.get(reply.headers["location"])
    return reply.status_code, text_of(reply.text)


async def join(browser: Browser, path: str) -> tuple[int, str]:
    """Joins a case by the form of its page."""
    seen = seen_in((await browser.get(path)).text)
    return await post(browser, f"{path}/steps/join", seen=seen)


async def opened(world: Simulation, title: str = "Riverbank") -> str:
    """A case of the American agency, to which the Mexican one is invited; returns its path."""
    us = world.us.node
    case_id = us.cases.open(us.agreements.by_name(NAME), title, ["mx-prosecutor"], summary="Slips")
    await world.settle(rounds=3)
    return f"/cases/{case_id.hex()}"


async def filed(world: Simulation, path: str) -> bytes:
    """A packet of the American agency, filed under the case."""
    us, mx = world.us.node, world.mx.node
    mx.cases.join(mx.cases.find(path.removeprefix("/cases/")))
    await world.settle(rounds=3)
    draft = replace(world.us.draft(), case_id=path.removeprefix("/cases/"))
    sent = await us.packets.send([us.packets.plan(draft, [world.mx.node.uri])])
    await world.mx.node.receive()
    return sent.packets[0]


async def test_an_officer_joins_and_leaves(world: Simulation, console: ConsoleUnderTest) -> None:
    path = await opened(world)
    browser = await console.signed_in("liaison")
    assert f'href="{path}"' in (await browser.get("/to-do")).text
    assert "Riverbank us-justice Invited to the case" in text_of((await browser.get("/cases")).text)
    status, text = await join(browser, path)
    assert (status, "The lead has this agency's answer." in text) == (200, True)
    await world.settle(rounds=3)
    text = text_of((await browser.get(path)).text)
    assert "mx-prosecutor In the case us-justice Leads the case" in text
    text = text_of((await browser.get(f"{path}/timeline")).text)
    assert "Accepted the invitation mx-prosecutor us-justice" in text
    assert (await post(browser, f"{path}/steps/leave", typed="Other"))[0] == 400
    status, text = await post(browser, f"{path}/steps/leave", typed="Riverbank")
    assert (status, "This agency has left the case." in text) == (200, True)
    (view,) = world.mx.node.cases.all()
    assert view.standing is Membership.LEFT


async def test_a_timeline_shows_the_kind_of_a_packet_in_words(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    path = await opened(world)
    packet = await filed(world, path)
    shown = f"Lead {packet.hex()[:8]}"
    links = {}
    for person in ("liaison", "analyst"):
        page = (await (await console.signed_in(person)).get(f"{path}/timeline")).text
        assert shown in text_of(page)
        links[person] = f'href="/packets/{packet.hex()}"' in page
    assert links == {"liaison": True, "analyst": False}  # an analyst opens no packet


async def test_an_officer_opens_invites_and_closes(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("liaison")
    assert "narcotics-2026" in text_of((await browser.get("/cases/new")).text)
    assert (await post(browser, "/cases/new", title="Quay", agreement=NAME))[0] == 400
    chosen = {"with-us-justice": "1"}
    status, text = await post(browser, "/cases/new", title="Quay", agreement=NAME, **chosen)
    assert (status, "Quay mx-prosecutor In the case" in text) == (200, True)
    (view,) = world.mx.node.cases.all()
    path = f"/cases/{view.id.hex()}"
    status, text = await post(browser, f"{path}/members", partner="cn-public-security")
    assert "cn-public-security Invited to the case" in text
    await world.settle(rounds=3)
    assert [each.title for each in world.cn.node.cases.all()] == ["Quay"]
    status, text = await post(browser, f"{path}/steps/close", typed="Quay")
    assert (status, "Case closed" in text) == (200, True)


async def test_the_graph_is_logged_before_it_is_shown_and_no_sender_is_notified(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    path = await opened(world)
    packet = await filed(world, path)
    browser = await console.signed_in("analyst")
    page = await browser.get(f"{path}/contents")
    text = text_of(page.text)
    assert "1 packet was read. The access log has this reading." in text
    assert "Lantern Quay Trading SA de CV Account of the payer" not in text
    assert "Ownership Lantern Quay Trading SA de CV 60" in text
    assert "1847250 USD · 2026-02-17" in text
    assert page.text.count("<circle") == 3
    assert " style=" not in page.text
    (event,) = accesses(world.mx)
    assert (event.actor, event.code, event.packet) == ("analyst", EventCode.ACCESS_SEARCH, packet)
    (grant,) = world.mx.node.packets.grants(packet)
    assert grant.status is Status.STORED
    assert f'href="/packets/{packet.hex()}"' not in page.text  # an analyst opens no packet
    assert (await (await console.signed_in("auditor")).get(f"{path}/contents")).status_code == 403


async def test_a_case_of_others_and_none_at_all_are_answered_alike(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    us = world.us.node
    theirs = us.cases.open(us.agreements.by_name(NAME), "Hidden quay", ["cn-public-security"])
    await world.settle(rounds=3)
    browser = await console.signed_in("liaison")
    answers = []
    for each in (theirs.hex(), "ab" * 16):
        for part in ("", "/timeline", "/contents"):
            reply = await browser.get(f"/cases/{each}{part}")
            answers.append((reply.status_code, re.sub(r"[0-9a-f]{32}|\"[^\"]*\"", "", reply.text)))
        for part in ("/steps/join", "/steps/leave", "/members", "/votes"):
            values = {"csrf": await browser.csrf(), "typed": "Hidden quay", "answer": "consent"}
            reply = await browser.post(f"/cases/{each}{part}", values)
            answers.append((reply.status_code, re.sub(r"[0-9a-f]{32}|\"[^\"]*\"", "", reply.text)))
    assert answers[:7] == answers[7:]
    assert {status for status, _ in answers} == {404}
    assert not accesses(world.mx)


async def test_no_title_or_name_runs_in_a_page_or_picture(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    title = " ".join(INJECTIONS)[:200].replace("\x00", "").replace("\x1b", "")
    path = await opened(world, title)
    browser = await console.signed_in("liaison")
    for part in ("", "/timeline", "/contents", "/steps/leave"):
        page = await browser.get(f"{path}{part}")
        assert page.status_code == 200
        assert page.text.count("<script") == (await browser.get("/state")).text.count("<script")
        assert "<img" not in page.text
        assert "onload=" not in re.sub(r"&lt;.*?&gt;", "", page.text)
    status, _ = await join(browser, path)
    assert status == 200


def opening(path: str, *values: str, form: Form = Form.CLEAR) -> OpenedField:
    """A readable field."""
    texts = tuple(value.encode() for value in values)
    marking, mask = marking_of(path), "" if form is Form.CLEAR else "band"
    return OpenedField(
        slot=0, field=Field(path=path, values=texts, marking=marking, form=form, mask=mask)
    )


def graph_of(*packets: list[OpenedField]) -> EntityGraph:
    return entity_graph((bytes([n]), SOURCE, fields) for n, fields in enumerate(packets))


def token(number: int) -> str:
    return f"{number:032x}"


def test_one_identifier_is_one_node_and_one_name_is_only_a_hint() -> None:
    graph = graph_of(
        [opening(f"{token(1)}/BankAccount/iban", "DE02 1203 0000 0000 2020 51")],
        [opening(f"{token(2)}/BankAccount/iban", "DE02120300000000202051")],
        [opening(f"{token(3)}/Person/name", "Qiu Wenhao")],
        [opening(f"{token(4)}/Person/name", "QIU WENHAO")],
        [opening(f"{token(3)}/Person/birthDate", "1979-03-14")],
    )
    assert [node.schema for node in graph.nodes] == ["BankAccount", "Person", "Person"]
    assert graph.nodes[0].packets == ("00", "01")
    assert graph.nodes[1].packets == ("02", "04")
    (link,) = graph.links
    assert (link.source, link.target, link.kind) == (1, 2, SAME_NAME)


def test_a_coarse_or_short_identifier_joins_nothing() -> None:
    path = "BankAccount/accountNumber"
    graph = graph_of(
        [opening(f"{token(1)}/{path}", "12345678", form=Form.GENERALISED)],
        [opening(f"{token(2)}/{path}", "12345678", form=Form.GENERALISED)],
        [opening(f"{token(3)}/{path}", "17")],
        [opening(f"{token(4)}/{path}", "17")],
    )
    assert len(graph.nodes) == 4


def test_a_payment_is_a_line_with_amount_and_date() -> None:
    graph = graph_of(
        [
            opening(f"{token(1)}/Company/name", "Lantern"),
            opening(f"{token(2)}/Person/name", "Qiu"),
            opening(f"{token(9)}/Payment/payer", f"token-{token(1)}"),
            opening(f"{token(9)}/Payment/beneficiary", f"token-{token(2)}"),
            opening(f"{token(9)}/Payment/amount", "5"),
            opening(f"{token(9)}/Payment/currency", "USD"),
            opening(f"{token(9)}/Payment/date", "2026-02-17"),
        ]
    )
    (link,) = graph.links
    assert (link.kind, link.amount, link.date) == ("Payment", "5 USD", "2026-02-17")
    drawing = drawing_of(graph)
    assert drawing is not None
    assert [line.text for line in drawing.lines] == ["5 USD · 2026-02-17"]


def test_ten_thousand_entities_have_tables_and_no_picture() -> None:
    fields = [opening(f"{token(n)}/Person/name", f"Person {n}") for n in range(10_000)]
    graph = graph_of(fields)
    assert len(graph.nodes) == 10_000
    assert drawing_of(graph) is None


def test_a_layout_is_the_same_each_time_and_bounded() -> None:
    pairs = [(n, n // 3) for n in range(1, MAX_PICTURE_NODES)]
    first, second = (layout_of(MAX_PICTURE_NODES, pairs) for _ in range(2))
    assert first == second
    assert len({*first.points}) == MAX_PICTURE_NODES
    assert all(0 < x < first.width and 0 < y < first.height for x, y in first.points)
    assert first.width < 6000
