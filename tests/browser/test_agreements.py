"""Agreements in a real browser: two agencies' officers suspend and resume."""

import pytest
from playwright.async_api import Page, expect

from attacks.test_standings import NAME
from browser.conftest import Opens, Screen, next_page
from support.simulation import Simulation
from tearline.persons.tokens import Role
from unit.client.console.browsers import add_person


async def suspend(page: Page, origin: str) -> None:
    """Suspends the agreement, from the list on, as an officer does."""
    await page.goto(f"{origin}/agreements")
    await page.get_by_role("link", name=NAME).click()
    await page.get_by_role("link", name="Suspend", exact=True).click()
    await page.get_by_label("Reason").select_option("review")
    await page.get_by_role("button", name="Show the effects").click()
    await expect(page.locator("#effects")).to_contain_text("On their way:")
    await page.get_by_label(f"Type {NAME} to confirm").fill(NAME)
    await page.get_by_role("button", name=f"Suspend the whole agreement {NAME}").click()
    await expect(page.get_by_role("status")).to_contain_text("Suspended here from this moment.")


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
async def test_officers_of_two_agencies_suspend_and_resume(
    world: Simulation, screen: Screen, console_of: Opens, script: bool
) -> None:
    add_person(world.us, "olga", Role.OFFICER)
    async with console_of(world.us) as theirs, screen.page(script=script) as page:
        there = theirs.origin
        await screen.sign_in(page, "officer")
        await suspend(page, screen.origin)
        await world.settle(rounds=3)
        async with screen.page(script=script) as other:
            await theirs.sign_in(other, "olga")
            await other.goto(f"{there}/agreements")
            await expect(other.locator("#list")).to_contain_text("Suspended: mx-prosecutor")
            await suspend(other, there)
            await world.settle(rounds=3)
            await other.get_by_role("button", name="Resume").click()
            await expect(other.get_by_role("status")).to_contain_text("Resumed.")
            await world.settle(rounds=3)
        await page.reload()
        await expect(page.get_by_role("note")).to_have_count(1)
        async with next_page(page):
            await page.get_by_role("button", name="Resume").click()
        await world.settle(rounds=3)
        await page.get_by_role("link", name="Proof of suspensions").click()
        await expect(page.locator("svg.silence .track.proved").first).to_be_visible()
        await expect(page.locator("#list")).to_contain_text("Proved: no packet passed")
    found = world.mx.node.agreements.by_name(NAME)
    assert not world.mx.node.suspensions.positions(found)
