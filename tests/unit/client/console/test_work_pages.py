"""The tasks that wait for a person, and the board of requests."""

import html
import re

import pytest

from attacks.simulated_requests import ask
from support.simulation import Simulation
from tearline.packets.packet import Urgency
from tearline_client.console.pages import to_do
from unit.client.console.browsers import ConsoleUnderTest, accesses


def text_of(page: str) -> str:
    """The words of a page, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.split("<main")[1])).split())


async def test_an_unread_packet_is_a_task_that_leads_to_it(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("liaison")
    assert "No task waits for a person." in (await browser.get("/to-do")).text
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    reply = await browser.get("/to-do")
    assert "Read a packet Lead us-justice" in text_of(reply.text)
    assert f'href="/packets/{packet.hex()}"' in reply.text
    auditor = await (await console.signed_in("auditor")).get("/to-do")
    assert "No task waits for a person." in auditor.text  # an auditor opens no packet
    assert packet.hex() not in auditor.text
    await browser.get(f"/packets/{packet.hex()}")
    assert "No task waits for a person." in (await browser.get("/to-do")).text


async def test_the_most_urgent_tasks_are_shown_and_the_rest_counted(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_do, "MAX_CONSOLE_TASKS", 1)
    await world.us.send(world.mx)
    await ask(world.us, world.mx)
    page = await (await console.signed_in("liaison")).get("/to-do")
    assert "Answer a request" in page.text
    assert "Read a packet" not in page.text
    assert "2 further tasks follow these." in page.text


async def test_a_request_is_a_task_with_its_deadline(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    request = await ask(world.us, world.mx, Urgency.URGENT)
    browser = await console.signed_in("liaison")
    reply = await browser.get("/to-do")
    text = text_of(reply.text)
    assert "Answer a request Urgent 2 items us-justice" in text
    assert f'href="/requests/{request.hex()}"' in reply.text
    due_ms = world.mx.node.requests.show(request).due_ms
    assert due_ms is not None
    assert str(due_ms // 60_000 % 60).zfill(2) in text


async def test_the_board_shows_state_items_and_clock(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("analyst")
    assert "No request was sent or received." in (await browser.get("/requests")).text
    request = await ask(world.us, world.mx, Urgency.URGENT)
    reply = await browser.get("/requests")
    text = text_of(reply.text)
    assert f"{request.hex()[:12]} from us-justice" in text
    assert "Urgent 2 / 2" in text
    assert re.search(r"\d+ (hours?|days?) .* left", text)
    assert f"/requests/{request.hex()}" in reply.text
    assert f"/packets/{request.hex()}" not in reply.text  # an analyst opens no packet
    assert request.hex()[:12] not in (await browser.get("/requests?side=asker")).text
    assert request.hex()[:12] in (await browser.get("/requests?side=holder")).text
    assert (await browser.get("/requests?side=other")).status_code == 400
    assert not accesses(world.mx)  # no contents were shown
