"""A request in two browsers: made at one agency, answered with one item refused at the other."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from browser.conftest import Opens, Screen
from support.simulation import Simulation
from tearline.persons.tokens import Role
from tearline.requests.step import Ground
from unit.client.console.browsers import add_person


@pytest.fixture
async def asker(world: Simulation, console_of: Opens) -> AsyncIterator[Screen]:
    """The console of the American agency, beside the Mexican one, in the same browser."""
    add_person(world.us, "lin", Role.LIAISON)
    async with console_of(world.us) as found:
        yield found


async def ask(page: Page) -> None:
    """Fills in the form of a request for bank records, and sends it."""
    await page.get_by_role("link", name="New request").click()
    await page.locator("select[name=template]").select_option("bank-records")
    await page.get_by_role("button", name="Fill in").click()
    await page.locator("select[name=to]").select_option("mx-prosecutor")
    await page.locator("select[name=urgency]").select_option("urgent")
    await page.get_by_label("Offence under investigation").fill("Money laundering")
    await page.get_by_label("How the subjects are linked").fill("Qiu controls the account")
    await page.locator("summary", has_text="Bank account").click()
    await page.get_by_label("Account number").fill("MX99 1234")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator("h1")).to_have_text("Before it leaves")
    await expect(page.locator("main")).to_contain_text("MX99 1234")
    await page.get_by_role("button", name="Send").click()


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
async def test_a_request_is_answered_with_one_item_refused(
    world: Simulation, screen: Screen, asker: Screen, script: bool
) -> None:
    async with asker.page(script=script) as there, screen.page(script=script) as here:
        await asker.sign_in(there, "lin")
        await there.goto(f"{asker.origin}/requests")
        await ask(there)
        await expect(there.locator("h1")).to_have_text("Request to mx-prosecutor")
        await world.mx.node.receive()

        await screen.sign_in(here, "liaison")
        await here.get_by_role("link", name="Answer a request").click()
        await expect(here.locator("h1")).to_have_text("Request from us-justice")
        await here.get_by_role("link", name="Answer items").click()
        await here.get_by_label("1. Statements of the account").check()
        await here.locator("summary", has_text="Payment").click()
        await here.get_by_label("Amount").fill("250000")
        await here.get_by_role("button", name="Preview").click()
        await expect(here.locator("main")).to_contain_text("250000")
        await here.get_by_role("button", name="Send").click()
        await expect(here.locator(".items")).to_contain_text("Answered")

        await here.locator("summary", has_text="Refuse items").click()
        await here.get_by_label("2. Account-opening records").check()
        await here.get_by_label("Not held").check()
        await here.get_by_role("button", name="Refuse items").click()
        await expect(here.locator(".items")).to_contain_text("No such record is held here.")

        await world.us.node.receive()
        await there.reload()
        await expect(there.locator(".items")).to_contain_text("Refused")
        await there.locator(".items a").click()
        await expect(there.locator("main")).to_contain_text("250000")
    (state,) = world.us.node.requests.list()
    view = world.us.node.requests.show(state.request.packet)
    assert [(bool(item.answer), item.ground) for item in view.items] == [
        (True, None),
        (False, Ground.NOT_HELD),
    ]
