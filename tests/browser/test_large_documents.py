"""A large document in a real browser: fetched while its page is open, and then saved."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from browser.conftest import Opens, Screen, next_page
from support.blobs import document
from support.simulation import Simulation
from tearline.persons.tokens import Role
from unit.client.console.browsers import add_person
from unit.client.console.test_large_documents import with_document


@pytest.fixture
async def desk(world: Simulation, console_of: Opens) -> AsyncIterator[Screen]:
    """The console of the Mexican agency, with a liaison officer."""
    add_person(world.mx, "ana", Role.LIAISON)
    async with console_of(world.mx) as found:
        yield found


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
async def test_a_document_is_fetched_and_saved(
    world: Simulation, desk: Screen, tmp_path: Path, script: bool
) -> None:
    made = document()
    packet = await with_document(world, made)
    async with desk.page(script=script, size=(390, 844)) as page:
        await desk.sign_in(page, "ana")
        await page.goto(f"{desk.origin}/packets/{packet.hex()}")
        await page.get_by_role("link", name="Fetch or download it").click()
        state = page.get_by_role("status")
        await expect(state).to_have_text("Not here yet: the exchange has it.")
        async with next_page(page):
            await page.get_by_role("button", name="Fetch from the exchange").click()
        again = page.get_by_role("link", name="Look again")
        while not script and await again.count():
            async with next_page(page):
                await again.click()
        await expect(state).to_have_text("It is here, and is the one that its sender signed.")
        width = await page.evaluate("document.documentElement.scrollWidth") if script else 390
        assert width <= 390
        async with page.expect_download() as saving:
            await page.get_by_role("button", name="Download").click()
        saved = await saving.value
        assert saved.suggested_filename == "document.dd"
        assert Path(await saved.path()).read_bytes() == made.content
