"""Composing in a real browser: from a form to a packet at its partners; and disclosing a field."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import FilePayload, Page, expect

from browser.conftest import Opens, Screen
from support.simulation import Simulation
from tearline.persons.tokens import Role
from unit.client.console.browsers import add_person


@pytest.fixture
async def desk(world: Simulation, console_of: Opens) -> AsyncIterator[Screen]:
    """The console of the American agency, with a liaison officer."""
    add_person(world.us, "ana", Role.LIAISON)
    async with console_of(world.us) as found:
        yield found


async def fill(page: Page) -> None:
    await page.get_by_label("mx-prosecutor").check()
    await page.get_by_label("cn-public-security").check()
    await page.get_by_label("Name", exact=True).fill("Qiu Wenhao")
    await page.get_by_label("Phone").fill("+525555550142")
    await page.get_by_label("Another entity").select_option("BankAccount")
    await page.get_by_role("button", name="Add").click()
    await expect(page.get_by_label("IBAN")).to_be_in_viewport()  # at its place, not at the top
    await page.get_by_label("IBAN").fill("DE02120300000000202051")
    await page.get_by_label("Narrative").fill("Cash changes hands.\nAt night.")


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
async def test_a_lead_is_composed_looked_at_and_sent(
    world: Simulation, desk: Screen, script: bool
) -> None:
    async with desk.page(script=script) as page:
        await desk.sign_in(page, "ana")
        await page.get_by_role("link", name="Compose").click()
        terms = page.get_by_label("Agreement and article")
        await terms.select_option("narcotics-2026 · money-laundering")
        await page.get_by_role("button", name="Continue").click()
        await fill(page)
        await expect(page.get_by_label("Name", exact=True).first).to_have_value("Qiu Wenhao")
        await page.get_by_role("button", name="Show what each partner will see").click()
        await expect(page.locator("h1")).to_have_text("What each partner will see")
        matrix = page.locator("table.matrix").first
        await expect(matrix).to_contain_text("+525555550142")
        assert not world.us.node.packets.ids()
        await page.get_by_role("link", name="Continue to the last page").click()
        await expect(page.locator("h1")).to_have_text("2 packets leave")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("status")).to_contain_text("All packets were sent.")
    assert len(world.us.node.packets.ids()) == 2
    await world.mx.node.receive()
    assert len(world.mx.node.packets.ids()) == 2


async def test_after_a_refused_file_the_next_one_is_attached_on_the_same_page(
    world: Simulation, desk: Screen
) -> None:
    async with desk.page() as page:
        await desk.sign_in(page, "ana")
        await page.get_by_role("link", name="Compose").click()
        terms = page.get_by_label("Agreement and article")
        await terms.select_option("narcotics-2026 · money-laundering")
        await page.get_by_role("button", name="Continue").click()
        await fill(page)
        await page.get_by_role("button", name="Show what each partner will see").click()
        for name, content, said in (
            ("notes.txt", b"as told", ""),
            ("notes.txt", b"again", "a document of that name is there already"),
            ("plan.svg", b"<svg/>", "The file cannot be sent as a document"),
        ):
            files = [FilePayload(name=name, mimeType="text/plain", buffer=content)]
            await page.get_by_label("A document of up to 50 GiB").set_input_files(files)
            await page.get_by_role("button", name="Attach").click()
            if said:
                await expect(page.get_by_role("alert")).to_contain_text(said)
            await expect(page.locator("h1")).to_have_text("What each partner will see")
            await expect(page.locator("bdi", has_text="notes.txt").first).to_be_visible()
        await page.get_by_role("link", name="Continue to the last page").click()
        await expect(page.locator("h1")).to_have_text("2 packets leave")
    desk.faults.clear()  # the browser's notes of the refusals


async def test_a_field_is_disclosed_after_its_effect_was_shown(
    world: Simulation, desk: Screen
) -> None:
    (packet,) = await world.us.send(world.mx)
    grants = len(world.us.node.packets.grants(packet))
    async with desk.page() as page:
        await desk.sign_in(page, "ana")
        await page.goto(f"{desk.origin}/packets/{packet.hex()}")
        await page.get_by_role("link", name="IBAN").click()
        await page.get_by_label("Partner").select_option("cn-public-security")
        await page.get_by_role("button", name="Show the effect first").click()
        await expect(page.locator("h1")).to_have_text("Disclose to cn-public-security")
        await expect(page.locator("main")).to_contain_text("DE02120300000000202051")
        await page.get_by_role("button", name="Disclose").click()
        await expect(page.get_by_role("status")).to_contain_text("The field was disclosed.")
    assert len(world.us.node.packets.grants(packet)) == grants + 1
