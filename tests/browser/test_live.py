"""Tasks that arrive are shown by open pages, without a person's doing."""

from playwright.async_api import expect

from browser.conftest import Screen
from support.simulation import Simulation


async def test_an_open_page_shows_what_arrives(world: Simulation, screen: Screen) -> None:
    async with screen.page() as page, screen.page(language="es-MX") as other:
        for each in (page, other):
            await screen.sign_in(each, "liaison")
            await expect(each.locator("[data-count]")).to_have_text("1")
            await expect(each.locator("#list tbody tr")).to_have_count(1)
        await other.goto(f"{screen.origin}/state")
        await expect(other.locator("[data-count]")).to_have_text("1")
        (packet,) = await world.cn.send(world.mx)
        await world.mx.node.receive()
        await expect(page.locator("#list tbody tr")).to_have_count(2)
        await expect(page.locator("[data-count]")).to_have_text("2")
        said = page.locator("[data-live]")
        await expect(said).to_have_text("2 tasks wait")
        await expect(said).to_have_attribute("aria-live", "polite")
        await expect(other.locator("[data-count]")).to_have_text("2")
        await expect(other.locator("[data-live]")).to_have_text("2 tareas esperan")
        await page.locator(f"#list a[href='/packets/{packet.hex()}']").click()
        await expect(page.locator("[data-count]")).to_have_text("1")
        await expect(other.locator("[data-count]")).to_have_text("1")


async def test_a_page_that_lost_its_stream_has_it_back_once_it_is_used(
    world: Simulation, screen: Screen
) -> None:
    async with screen.page() as page:
        await screen.sign_in(page, "liaison")
        await expect(page.locator("[data-count]")).to_have_text("1")
        second = await page.context.new_page()
        await second.goto(f"{screen.origin}/to-do")
        await expect(second.locator("[data-count]")).to_have_text("1")
        await second.close()
        await page.bring_to_front()
        await page.evaluate("window.dispatchEvent(new Event('focus'))")
        await world.cn.send(world.mx)
        await world.mx.node.receive()
        await expect(page.locator("#list tbody tr")).to_have_count(2)


async def test_without_script_the_page_shows_what_waited_when_it_was_loaded(
    world: Simulation, screen: Screen
) -> None:
    async with screen.page(script=False) as page:
        await screen.sign_in(page, "liaison")
        await expect(page.locator("#list tbody tr")).to_have_count(1)
        await world.cn.send(world.mx)
        await world.mx.node.receive()
        await page.reload()
        await expect(page.locator("#list tbody tr")).to_have_count(2)
        await expect(page.locator("[data-count]")).to_be_hidden()
