"""Every page of the console for people with other eyes and hands: axe, the keyboard, no script."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from attacks.onward_packets import path_of
from attacks.simulated_requests import ask
from browser.conftest import Screen
from support.node import context_of
from support.simulation import Simulation
from tearline.onward.use import Use
from tearline.packets.recall import RecallReason
from tearline.persons.tokens import Role
from tearline_client.console.routes import ROUTES
from unit.client.console.browsers import add_person

FILES = ("/proof", "/pictures/", "/documents/", "/export", "/print", "/exhibit/")
"""Parts of the addresses of files: they are no pages."""
STEPS = ("/field", "/disclose")
"""Parts of pages in the middle of an act, which its own tests see; so are those of other ids."""
OWN = ("/recall", "/correct")
"""Ends of the addresses of pages for a packet of ours."""
LANGUAGES = {"en-GB": "en", "zh-CN": "zh-Hans", "es-MX": "es"}


async def addresses(world: Simulation) -> list[str]:
    """The address of each page that a person with every role may see."""
    request = await ask(world.us, world.mx)
    (ours,) = await world.mx.send(world.us)
    node = world.mx.node
    packet = next(each for each in node.packets.ids() if each not in (request, ours))
    object.__setattr__(context_of(node), "asks_before_erasing", True)
    (recalled,) = await world.us.send(world.mx)
    await node.receive()
    await world.us.node.recalls.recall(world.us.node.recalls.plan(recalled), RecallReason.MISTAKE)
    await world.us.node.receive()
    paths = [path_of(world.us, ours)]
    consent = await world.us.node.consents.ask(ours, paths, Use.EVIDENCE, "case 12/26")
    await node.receive()
    ids = {
        "packet": packet.hex(),
        "consent": consent.id.hex(),
        "request": request.hex(),
        "agreement": node.packets.manifest(packet).agreement.id.hex(),
        "entry": str(context_of(node).stores.log.openings()[-1].opening.index),
        "slot": "0",
        "person": "liaison",
    }
    return [
        path.format(
            **ids
            | ({"packet": ours.hex()} if path.endswith(OWN) else {})
            | ({"packet": recalled.hex()} if path.startswith("/recalls/") else {})
        )
        + (f"?packet={ours.hex()}&packet={recalled.hex()}" if "/selection/" in path else "")
        for path in dict.fromkeys(each.path for each in ROUTES if each.method == "GET")
        if not any(part in path for part in (*FILES, *STEPS))
        and {*re.findall(r"{(\w+)}", path)} <= ids.keys()
    ]


async def violations(page: Page) -> list[str]:
    """What axe finds on a page, with the elements."""
    found = await Axe().run(page)
    return [
        f"{page.url} {each['id']}: {node['html'][:200]}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tag", LANGUAGES)
async def test_axe_finds_nothing_on_any_page(
    world: Simulation, screen: Screen, tag: str, theme: str
) -> None:
    add_person(world.mx, "dora", *Role)
    paths = await addresses(world)
    found: list[str] = []
    async with screen.page(language=tag) as page:
        await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        await page.goto(f"{screen.origin}/sign-in")
        found += await violations(page)
        await screen.sign_in(page, "dora")
        for path in paths:
            reply = await page.goto(f"{screen.origin}{path}")
            assert reply is not None
            if reply.status != 200:
                found.append(f"{path}: {reply.status}")
            await expect(page.locator("html")).to_have_attribute("lang", LANGUAGES[tag])
            found += await violations(page)
    assert found == []
    assert len(paths) > 12
