"""A person at the console of their agency, who presses what they read in their own language."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from browser.conftest import Screen, next_page
from tearline.persons.tokens import Role
from tearline_client.console.languages import Language
from tearline_client.demo.consoles import DemoConsole, DemoPerson

_ARRIVES_S = 120
_EACH_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A person, signed in.

    Attributes:
        page: Their window.
        screen: The console.
        person: The person.
        language: The language of their pages.
    """

    page: Page
    screen: Screen
    person: DemoPerson
    language: Language

    def says(self, message: str, **values: object) -> str:
        """A message in the person's language."""
        return self.language.text(message, **values).unescape()

    async def open(self, path: str) -> None:
        reply = await self.page.goto(f"{self.screen.origin}{path}")
        assert reply is not None
        assert reply.status == 200, path

    async def press(self, message: str, **values: object) -> None:
        """Presses a button that leads to another page."""
        async with next_page(self.page):
            await self._button(message, **values).click()

    async def follow(self, message: str) -> None:
        """Follows a link of the page; not one of the navigation."""
        link = self.page.locator("main").get_by_role("link", name=self.says(message), exact=True)
        async with next_page(self.page):
            await link.first.click()

    async def expect_heading(self, message: str, **values: object) -> None:
        await expect(self.page.locator("h1")).to_have_text(self.says(message, **values))

    async def expect_said(self, message: str) -> None:
        """The page says that the act was done."""
        await expect(self.page.get_by_role("status")).to_have_text(self.says(message))

    async def expect_text(self, message: str, place: str = "main") -> None:
        await expect(self.page.locator(place)).to_contain_text(self.says(message))

    async def confirm(self) -> None:
        """Shows again who they are, if the sign-in was too long ago."""
        if await self.page.locator("h1").inner_text() == self.says("Confirm that it is you"):
            await self.page.locator("#passphrase").fill(self.person.passphrase)
            await self.press("Confirm")

    async def await_at(
        self, path: str, found: str, text: str = "", *, gone: bool = False
    ) -> Locator:
        """Opens a page until it has an element, or has it no longer: mail takes time."""
        async with asyncio.timeout(_ARRIVES_S):
            while True:
                await self.open(path)
                place = self.page.locator(found)
                place = place.filter(has_text=text) if text else place
                if bool(await place.count()) is not gone:
                    return place.first
                await asyncio.sleep(_EACH_S)  # the page itself has no event without script

    async def download(self, message: str) -> bytes:
        """Presses a button that gives a file."""
        async with self.page.expect_download() as downloading:
            await self._button(message).click()
        download = await downloading.value
        return Path(await download.path()).read_bytes()

    def _button(self, message: str, **values: object) -> Locator:
        words = self.says(message, **values)
        return self.page.get_by_role("button", name=words, exact=True)

    @property
    def packet(self) -> str:
        """The packet whose page is open."""
        return self.page.url.partition("/packets/")[2].partition("?")[0]


@asynccontextmanager
async def signed_in(
    screen: Screen, person: DemoPerson, language: Language, *, script: bool = True
) -> AsyncIterator[Desk]:
    """Signs a person in."""
    tag = {"en": "en-GB", "zh": "zh-CN", "es": "es-MX"}[language.code]
    async with screen.page(language=tag, script=script) as page:
        desk = Desk(page=page, screen=screen, person=person, language=language)
        await screen.sign_in(page, person.name, person.passphrase)
        await desk.expect_heading("To do")
        yield desk


def persons(consoles: Mapping[str, DemoConsole]) -> Mapping[tuple[str, Role], DemoPerson]:
    """The persons of each agency, by their role."""
    return {
        (name, person.role): person for name, each in consoles.items() for person in each.persons
    }
