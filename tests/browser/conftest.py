"""A console on a port of this machine, and Chromium in front of it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from attacks.conftest import memory, quick, template, world
from support.simulation import Simulation
from tearline.persons.tokens import Role
from tearline_client.console.provider import Provider
from tearline_client.console.server import ConsolePlace, console_port
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
_WATCH = """document.addEventListener("securitypolicyviolation", (event) =>
    console.error("CSP " + event.violatedDirective + " " + event.blockedURI));"""


@dataclass(kw_only=True)
class Screen:
    """A served console, and the browser.

    Attributes:
        origin: The address of the console.
        browser: The browser.
        faults: Errors on a page's console, reports of its policy, and failed scripts.
    """

    origin: str
    browser: Browser
    faults: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def page(self, *, language: str = "en-GB", script: bool = True) -> AsyncIterator[Page]:
        """A window with cookies of its own."""
        size: ViewportSize = {"width": 1280, "height": 900}
        context = await self.browser.new_context(
            locale=language, java_script_enabled=script, viewport=size
        )
        await context.add_init_script(_WATCH)
        page = await context.new_page()
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        yield page
        await context.close()

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.faults.append(text)

    async def sign_in(self, page: Page, name: str, passphrase: str = PASSPHRASE) -> None:
        await page.goto(f"{self.origin}/sign-in")
        await page.locator("#name").fill(name)
        await page.locator("#passphrase").fill(passphrase)
        await page.locator("form:has(#passphrase) button.primary").click()


@pytest.fixture
async def screen(world: Simulation, unused_tcp_port: int) -> AsyncIterator[Screen]:
    """The console of the Mexican agency; it had a packet, and nothing went wrong on a page."""
    async with screening(world, unused_tcp_port) as found:
        yield found


@asynccontextmanager
async def screening(
    world: Simulation, port: int, provider: Provider | None = None
) -> AsyncIterator[Screen]:
    """The same, with an identity provider or without one."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium is here: install Debian's package chromium")
    await world.us.send(world.mx)
    await world.mx.node.receive()
    for role in Role:
        add_person(world.mx, role.value, role)
    origin = f"http://localhost:{port}"
    place = ConsolePlace(address=f"localhost:{port}", origins=(origin,), tls=None)
    served = console_port(world.mx.node, place, print, provider)
    async with served, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*PLAIN])
        found = Screen(origin=origin, browser=browser)
        yield found
        await browser.close()
    assert found.faults == []
