"""Decisions about a partner's packet in the browser: a recall is answered, a consent is given."""

from playwright.async_api import expect

from attacks.onward_packets import path_of
from browser.conftest import Screen
from support.node import context_of
from support.simulation import Simulation
from tearline.onward.consent import ConsentStatus
from tearline.onward.use import Use
from tearline.packets.recall import RecallReason, RecallState


async def test_a_recall_is_answered_from_the_tasks_with_the_typed_id(
    world: Simulation, screen: Screen
) -> None:
    us, mx = world.us.node, world.mx.node
    object.__setattr__(context_of(mx), "asks_before_erasing", True)
    (packet,) = await world.us.send(world.mx)
    await mx.receive()
    await us.recalls.recall(us.recalls.plan(packet), RecallReason.MISTAKE)
    await mx.receive()
    async with screen.page(script=False) as page:
        await screen.sign_in(page, "officer")
        await page.get_by_role("link", name="Erase or keep a recalled packet").click()
        await expect(page.locator("h1")).to_have_text("Answer a recall: Lead")
        await expect(page.locator(".facts")).to_contain_text("Fields that erasing removes")
        await page.get_by_label("Ground").select_option("evidence")
        await page.get_by_role("button", name="Continue with this ground").click()
        await page.locator("#keep-typed").fill(packet.hex()[:12])
        await page.get_by_role("button", name="Keep it on the ground").click()
        await expect(page.get_by_role("status")).to_contain_text("Kept.")
    assert [each.state for each in mx.recalls.of(packet)] == [RecallState.KEPT]


async def test_a_consent_is_given_from_the_tasks(world: Simulation, screen: Screen) -> None:
    us, mx = world.us.node, world.mx.node
    (packet,) = await world.mx.send(world.us)
    await us.receive()
    asked = await us.consents.ask(packet, [path_of(world.us, packet)], Use.EVIDENCE, "case 12/26")
    await mx.receive()
    async with screen.page() as page:
        await screen.sign_in(page, "liaison")
        await page.get_by_role("link", name="Give or refuse a consent").click()
        await expect(page.locator(".facts")).to_contain_text("case 12/26")
        await page.get_by_role("link", name="Look at the fields, and give it").click()
        await expect(page.locator("table.rows")).to_contain_text("Qiu Wenhao")
        await page.get_by_role("button", name="Give the consent").click()
        await expect(page.get_by_role("status")).to_contain_text("The consent is given.")
    assert mx.consents.find(asked.id.hex()).status is ConsentStatus.GIVEN
