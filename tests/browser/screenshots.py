"""Pictures of the console for the documentation, from an invented federation.

Run as a program, it writes the few pictures of ``docs/pictures``. With a folder it draws into
that one every main page instead: light, dark, Chinese and Spanish, wide and narrow, to look at.
The pages are those of a node whose partners sent it one of everything.
"""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from browser.conftest import PLAIN
from browser.every_page import PERSON_NAME, PLAIN_WORDS, fill
from support.paths import ROOT
from support.simulation import Simulation, copied, found, quickly
from tearline.persons.tokens import Role
from tearline_client.console.routes import ROUTES
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
        path: Of the page, with names of ids in it.
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

    @property
    def window(self) -> tuple[object, ...]:
        """What pictures of one window have in common."""
        return self.person, self.tag, self.is_dark, self.width, self.height


ALL: Sequence[Picture] = (
    Picture(name="console-to-do", person="liaison", path="/to-do", height=620),
    Picture(name="console-packet", person="liaison", path="/packets/{lead}"),
    Picture(
        name="console-who-saw",
        person="auditor",
        path="/audit",
        value="DE02120300000000202051",
        is_dark=True,
        height=640,
    ),
    Picture(
        name="console-federation-zh",
        person="officer",
        path="/federation",
        tag="zh-CN",
        height=700,
    ),
    Picture(
        name="console-packet-es-small",
        person="liaison",
        path="/packets/{lead}",
        tag="es-MX",
        width=390,
        height=844,
    ),
)


MAIN = {
    **{each.path.removeprefix("/"): each.path for each in ROUTES if each.title},
    "sign-in": "/sign-in",
    "packet": "/packets/{packet}",
    "packet-sent": "/packets/{ours}",
    "table": "/compose?terms={agreement}.money-laundering&kind=lead&by=csv",
    "file": "/compose?terms={agreement}.money-laundering&kind=lead&by=camt",
    "programs": "/program-drafts",
    "drafts": "/drafts",
    "request": "/requests/{request}",
    "answer": "/requests/{request}/answer",
    "agreement": "/agreements/{agreement}",
    "proposal": "/proposals/{proposal}",
    "case": "/cases/{case}",
    "case-contents": "/cases/{case}/contents",
    "log": "/audit/log",
    "access": "/audit/access",
    "statistics": "/audit/statistics",
    "settings": "/settings",
}
"""The main pages, by the names of their pictures."""
LOOKS = {"light": ("en-GB", False), "dark": ("en-GB", True), "zh": ("zh-CN", False)}
LOOKS["es"] = ("es-MX", False)
SIZES = ((1280, 900), (390, 844))


def gallery() -> Iterator[Picture]:
    """Every main page in each look and size."""
    for look, (tag, is_dark) in LOOKS.items():
        for width, height in SIZES:
            for name, path in MAIN.items():
                yield Picture(
                    name=f"{name}-{width}-{look}",
                    person=PERSON_NAME,
                    path=path,
                    tag=tag,
                    is_dark=is_dark,
                    width=width,
                    height=height,
                )


async def drawn(world: Simulation, folder: Path, pictures: Sequence[Picture]) -> None:
    """Writes pictures of a federation."""
    ids = await fill(world, PLAIN_WORDS)
    (lead,) = await world.us.send(world.cn, world.mx)
    await world.mx.node.receive()
    ids["lead"] = lead.hex()
    for role in Role:
        add_person(world.mx, role.value, role)
    place = ConsolePlace(address=ADDRESS, origins=(ORIGIN,), tls=None)
    async with console_port(world.mx.node, place, print), async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*PLAIN]
        )
        for _, alike in groupby(pictures, lambda each: each.window):
            await draw(browser, [*alike], ids, folder)
        await browser.close()


async def draw(
    browser: Browser, pictures: Sequence[Picture], ids: Mapping[str, str], folder: Path
) -> None:
    """Writes the pictures of one window."""
    first = pictures[0]
    context = await browser.new_context(
        locale=first.tag,
        color_scheme="dark" if first.is_dark else "light",
        viewport={"width": first.width, "height": first.height},
    )
    page = await context.new_page()
    await sign_in(page, first.person)
    for picture in pictures:
        await page.goto(f"{ORIGIN}{picture.path.format_map(ids)}")
        if picture.value:
            await page.locator("input[name=value]").fill(picture.value)
            await page.locator("form:has(input[name=value]) button").click()
            await page.locator("#list").wait_for()
        target = folder / f"{picture.name}.png"
        await page.screenshot(path=target, full_page=folder != PICTURES)
        if folder == PICTURES and target.stat().st_size > MOST_BYTES:
            raise ValueError(f"{target.name} has {target.stat().st_size} bytes")
    await context.close()


async def sign_in(page: Page, name: str) -> None:
    """Signs a person in by passphrase."""
    await page.goto(f"{ORIGIN}/sign-in")
    await page.locator("#name").fill(name)
    await page.locator("#passphrase").fill(PASSPHRASE)
    await page.locator("form:has(#passphrase) button.primary").click()
    await page.wait_for_url(re.compile("/to-do"))


def main() -> None:
    """Writes the pictures into the documentation, or all of them into a folder."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(exist_ok=True)
    pictures = ALL if folder == PICTURES else [*gallery()]
    with tempfile.TemporaryDirectory() as name, quickly():
        template = found(Path(name) / "template")

        async def work() -> None:
            async with copied(template, Path(name) / "world") as world:
                await drawn(world, folder, pictures)

        asyncio.run(work())


if __name__ == "__main__":
    main()
