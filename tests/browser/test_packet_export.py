"""An export in a real browser: what leaves is shown, and then saved."""

from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from browser.conftest import Screen
from support.simulation import Member


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
async def test_a_packet_is_exported_after_its_markings_were_shown(
    officers: Member, screen: Screen, script: bool
) -> None:
    async with screen.page(script=script, size=(390, 844)) as page:
        await screen.sign_in(page, "liaison")
        await page.goto(f"{screen.origin}/packets")
        await page.locator("input[name=packet]").first.check()
        await page.get_by_role("button", name="Export").click()
        await page.locator("input[name=format][value=ftm]").check()
        await page.get_by_role("button", name="Look at what leaves").click()
        await expect(page.locator("main")).to_contain_text("TLP:AMBER")
        await expect(page.get_by_role("heading", name="Reconciliation")).to_have_count(1)
        if script:
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390
            found = (await Axe().run(page)).response["violations"]
            assert [each["id"] for each in found] == []
        async with page.expect_download() as saving:
            await page.get_by_role("button", name="Download").click()
        saved = await saving.value
        assert saved.suggested_filename.endswith(".ftm.json")
        assert b'"schema"' in Path(await saved.path()).read_bytes()
