"""Every page of the console for people with other eyes and hands: axe, light and dark."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from browser.conftest import Screen
from browser.every_page import PERSON_NAME, PLAIN_WORDS, addresses, drafts, fill
from support.simulation import Simulation

LANGUAGES = {"en-GB": "en", "zh-CN": "zh-Hans", "es-MX": "es"}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""Rules that the theme may break: nothing else differs between light and dark."""


async def violations(page: Page) -> list[str]:
    """What axe finds on a page, light and dark, with the elements."""
    found = []
    for theme, options in (("light", None), ("dark", COLOURS)):
        await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        judged = await Axe().run(page, options=options)
        found += [
            f"{page.url} {theme} {each['id']}: {node['html'][:200]}"
            for each in judged.response["violations"]
            for node in each["nodes"]
        ]
    return found


@pytest.mark.parametrize("tag", LANGUAGES)
async def test_axe_finds_nothing_on_any_page(world: Simulation, screen: Screen, tag: str) -> None:
    paths = addresses(await fill(world, PLAIN_WORDS))
    found: list[str] = []
    async with screen.page(language=tag) as page:
        await page.goto(f"{screen.origin}/sign-in")
        found += await violations(page)
        await screen.sign_in(page, PERSON_NAME)
        await page.wait_for_url("**/to-do")
        for path in (*paths, *await drafts(screen, page, PLAIN_WORDS)):
            status = await screen.open(page, path, PERSON_NAME)
            if status != 200:
                found.append(f"{path}: {status}")
            await expect(page.locator("html")).to_have_attribute("lang", LANGUAGES[tag])
            found += await violations(page)
    assert found == []
    assert len(paths) > 25
