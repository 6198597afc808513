"""Consoles on ports of this machine, and Chromium in front of them.

No test may leave an error on a page's console, a report of its policy, or a failed script: each
window of the browser is watched, and ``faults`` is empty at the end of every test.
"""

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

from attacks.conftest import memory, quick, template, world
from support.simulation import Member, Simulation
from tearline.persons.tokens import Role
from tearline_client.console.provider import Provider
from tearline_client.console.server import ConsolePlace, console_port
from tearline_client.demo.consoles import DemoConsole, open_consoles
from tearline_client.demo.lead import AGREEMENT
from tearline_client.demo.step import Story
from tearline_client.demo.story import federation
from tearline_client.demo.world import World
from unit.client.console.browsers import PASSPHRASE, add_person

__all__ = ["memory", "quick", "template", "world"]

PLAIN = (  # no connection of the browser's own, and no sandbox, which root has not
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_MS = 60_000  # other work on the machine is not a defect of a page
expect.set_options(timeout=_PATIENCE_MS)
_WATCH = """document.addEventListener("securitypolicyviolation", (event) =>
    console.error("CSP " + event.violatedDirective + " " + event.blockedURI));"""
FOUR_EYES = """
[article.informants]
purposes = ["criminal-investigation"]
kinds = ["lead"]
crime_areas = ["money-laundering"]
highest_tlp = "red"
directions = "all"
four_eyes = true

[article.informants.share.mx-prosecutor]
identity = "clear"
"""
"""A further article of the demo's agreement, which asks for a second person."""


REDIRECTED = {"/": "/to-do"}
"""Pages that lead to another one."""


def next_page(page: Page) -> AbstractAsyncContextManager[object]:
    """Waits until the window has the page that a click within leads to.

    A click itself waits for it only where the browser has told of it in time; until then the page
    before is there, and then a page of which a part is there.
    """
    return page.expect_navigation(timeout=_PATIENCE_MS)


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A served console, and the browser.

    Attributes:
        origin: The address of the console.
        browser: The browser; its windows are watched.
        faults: What went wrong on a page so far.
    """

    origin: str
    browser: Browser
    faults: list[str]

    @asynccontextmanager
    async def page(
        self, *, language: str = "en-GB", script: bool = True, size: tuple[int, int] = (1280, 900)
    ) -> AsyncIterator[Page]:
        """A window with cookies of its own."""
        context = await self.browser.new_context(
            locale=language,
            java_script_enabled=script,
            viewport=ViewportSize(width=size[0], height=size[1]),
        )
        yield await context.new_page()
        await context.close()

    async def sign_in(self, page: Page, name: str, passphrase: str = PASSPHRASE) -> None:
        await page.goto(f"{self.origin}/sign-in")
        await page.locator("#name").fill(name)
        await page.locator("#passphrase").fill(passphrase)
        async with next_page(page):
            await page.locator("form:has(#passphrase) button.primary").click()

    async def open(self, page: Page, path: str, name: str) -> int:
        """Opens a page, not another one in its place; returns its status.

        A wide page asks again for a person who signed in minutes ago: then they sign in anew.
        """
        reply = await page.goto(f"{self.origin}{path}")
        if page.url.startswith(f"{self.origin}/confirm?"):
            await self.sign_in(page, name)
            await page.wait_for_url("**/to-do")
            reply = await page.goto(f"{self.origin}{path}")
        assert reply is not None
        assert unquote(page.url) == unquote(f"{self.origin}{REDIRECTED.get(path, path)}")
        return reply.status


class Opens(Protocol):
    """Serves the console of an agency of ``world``, with an identity provider or without one."""

    def __call__(
        self, member: Member, provider: Provider | None = None
    ) -> AbstractAsyncContextManager[Screen]: ...


@pytest.fixture(autouse=True)
def faults() -> Iterator[list[str]]:
    """What goes wrong on a page of any window; a test that causes it clears the list."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
async def browser(faults: list[str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    """Chromium, which watches each of its windows."""
    chromium = shutil.which("chromium")
    if chromium is None:
        absent = pytest.fail if os.environ.get("TEARLINE_REQUIRE_ALL") == "1" else pytest.skip
        absent("no Chromium is here: install Debian's package chromium")

    def note(kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            faults.append(text)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*PLAIN])
        unwatched = browser.new_context

        async def watched(**options: Any) -> BrowserContext:
            context = await unwatched(**options)
            context.set_default_timeout(_PATIENCE_MS)
            await context.add_init_script(_WATCH)
            context.on("console", lambda said: note(said.type, said.text))
            context.on("weberror", lambda found: note("error", str(found.error)))
            return context

        monkeypatch.setattr(browser, "new_context", watched)
        yield browser
        await browser.close()


@pytest.fixture
def console_of(
    browser: Browser, faults: list[str], unused_tcp_port_factory: Callable[[], int]
) -> Opens:
    """Serves consoles, each on a port of its own."""

    @asynccontextmanager
    async def opened(member: Member, provider: Provider | None = None) -> AsyncIterator[Screen]:
        port = unused_tcp_port_factory()
        origin = f"http://localhost:{port}"
        place = ConsolePlace(address=f"localhost:{port}", origins=(origin,), tls=None)
        async with console_port(member.node, place, print, provider):
            yield Screen(origin=origin, browser=browser, faults=faults)

    return opened


@pytest.fixture
async def officers(world: Simulation) -> Member:
    """The Mexican agency, which had a packet, with a person for each role."""
    await world.us.send(world.mx)
    await world.mx.node.receive()
    for role in Role:
        add_person(world.mx, role.value, role)
    return world.mx


@pytest.fixture
async def screen(officers: Member, console_of: Opens) -> AsyncIterator[Screen]:
    """The console of that agency."""
    async with console_of(officers) as found:
        yield found


@pytest.fixture(scope="session")
def consoles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, DemoConsole]]:
    """The consoles of the demo's agencies: processes of their own, one federation a session."""
    running = World.create(tmp_path_factory.mktemp("federation"))
    try:
        assert federation(Story(running)).proved
        us, *others = running.agencies.values()
        path = str(running.folder / "narcotics-2026.agreement")
        us.ask("draft_agreement", text=AGREEMENT + FOUR_EYES, target=path)
        for each in others:
            each.ask("sign_agreement", path=path)
        us.ask("publish_agreement", path=path)
        running.all("receive")
        yield {each.agency: each for each in open_consoles(running)}
    finally:
        running.stop()
