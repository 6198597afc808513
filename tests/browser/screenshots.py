"""Pictures of the console for the documentation, from an invented federation.

Run as a program, it writes ``docs/pictures``. The pages are those of a node that received a lead
and a request for records.
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from attacks.simulated_requests import ask
from browser.conftest import PLAIN
from support.paths import ROOT
from support.simulation import Simulation, copied, found, quickly
from tearline.persons.tokens import Role
from tearline_client.console.server import ConsolePlace, console_port
from unit.client.console.browsers import PASSPHRASE, add_person

PICTURES = ROOT / "docs" / "pictures"
ADDRESS = "localhost:8479"
ORIGIN = f"http://{ADDRESS}"
MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a page.

    Attributes:
        name: Of the file, without its ending.
        person: The role and name of the person.
        path: Of the page; {packet} is a received lead.
        value: A value that is asked for on the page, or empty.
        tag: Language of the browser.
        is_dark: Whether it is dark.
        width: Of the window.
        height: Of the window.
    """

    name: str
    person: str
    path: str
    value: str = ""
    tag: str = "en-GB"
    is_dark: bool = False
    width: int = 1180
    height: int = 740


ALL: Sequence[Picture] = (
    Picture(name="console-packet", person="liaison", path="/packets/{packet}"),
    Picture(
        name="console-who-saw",
        person="auditor",
        path="/audit",
        value="DE02120300000000202051",
        is_dark=True,
        height=640,
    ),
    Picture(
        name="console-log-zh",
        person="auditor",
        path="/audit/log?outcome=ok&action=grant-accepted",
        tag="zh-CN",
        height=620,
    ),
    Picture(
        name="console-packet-es-small",
        person="liaison",
        path="/packets/{packet}",
        tag="es-MX",
        width=390,
        height=844,
    ),
)


async def drawn(world: Simulation, folder: Path) -> None:
    """Writes the pictures of a federation."""
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.mx.node.receive()
    await ask(world.us, world.mx)
    for role in Role:
        add_person(world.mx, role.value, role)
    place = ConsolePlace(address=ADDRESS, origins=(ORIGIN,), tls=None)
    async with console_port(world.mx.node, place, print), async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*PLAIN]
        )
        for picture in ALL:
            await draw(browser, picture, packet.hex(), folder)
        await browser.close()


async def draw(browser: Browser, picture: Picture, packet: str, folder: Path) -> None:
    """Writes one picture."""
    context = await browser.new_context(
        locale=picture.tag,
        color_scheme="dark" if picture.is_dark else "light",
        viewport={"width": picture.width, "height": picture.height},
    )
    page = await context.new_page()
    await sign_in(page, picture.person)
    await page.goto(f"{ORIGIN}{picture.path.format(packet=packet)}")
    if picture.value:
        await page.locator("input[name=value]").fill(picture.value)
        await page.locator("form:has(input[name=value]) button").click()
        await page.locator("#list").wait_for()
    target = folder / f"{picture.name}.png"
    await page.screenshot(path=target)
    await context.close()
    if target.stat().st_size > MOST_BYTES:
        raise ValueError(f"{target.name} has {target.stat().st_size} bytes")


async def sign_in(page: Page, name: str) -> None:
    """Signs a person in by passphrase."""
    await page.goto(f"{ORIGIN}/sign-in")
    await page.locator("#name").fill(name)
    await page.locator("#passphrase").fill(PASSPHRASE)
    await page.locator("form:has(#passphrase) button.primary").click()
    await page.wait_for_url(re.compile("/to-do"))


def main() -> None:
    """Writes the pictures into the documentation."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, quickly():
        template = found(Path(name) / "template")

        async def work() -> None:
            async with copied(template, Path(name) / "world") as world:
                await drawn(world, PICTURES)

        asyncio.run(work())


if __name__ == "__main__":
    main()
