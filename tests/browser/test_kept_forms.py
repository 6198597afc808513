"""What a person types in a real browser outlives the end of their session, in mid-form."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Route, expect

from browser.conftest import Opens, Screen, next_page
from support.simulation import Simulation
from tearline.persons.tokens import Role
from tearline_client.console import sessions
from unit.client.console.browsers import PASSPHRASE, add_person

TEXT = "Seen twice at the harbour."


@pytest.fixture
async def desk(world: Simulation, console_of: Opens) -> AsyncIterator[Screen]:
    """The console of the American agency, with a liaison officer."""
    add_person(world.us, "ana", Role.LIAISON)
    async with console_of(world.us) as found:
        yield found


async def begin(desk: Screen, page: Page) -> None:
    """Types into a form, and presses no button."""
    await desk.sign_in(page, "ana")
    await page.get_by_role("link", name="Compose").click()
    terms = page.get_by_label("Agreement and article")
    await terms.select_option("narcotics-2026 · money-laundering")
    async with next_page(page):  # with its script, which hears what is typed
        await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("mx-prosecutor").check()
    await page.get_by_label("Name", exact=True).fill("Qiu Wenhao")
    await page.get_by_label("Narrative").fill(TEXT)


async def end_session(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends the session as after 15 minutes without a request."""
    with monkeypatch.context() as late:
        late.setattr(sessions, "CONSOLE_IDLE_S", 0)
        await page.request.get(page.url, max_redirects=0)


async def sign_in_again(page: Page) -> None:
    await page.locator("#name").fill("ana")
    await page.locator("#passphrase").fill(PASSPHRASE)
    async with next_page(page):
        await page.locator("form:has(#passphrase) button.primary").click()


async def assert_all_of_it(page: Page) -> None:
    await expect(page.get_by_label("mx-prosecutor")).to_be_checked()
    await expect(page.get_by_label("Name", exact=True).first).to_have_value("Qiu Wenhao")
    await expect(page.get_by_label("Narrative")).to_have_value(TEXT)


async def test_a_form_is_kept_as_it_is_typed(desk: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk.page() as page:
        await begin(desk, page)
        await page.get_by_label("Urgency").focus()
        await expect(page.locator("[data-keeps]")).to_have_text("Kept as a draft of yours.")
        await end_session(page, monkeypatch)
        await page.reload()
        await sign_in_again(page)
        await assert_all_of_it(page)
        await page.get_by_role("link", name="To do").click()
        await page.get_by_role("link", name="Your drafts").click()
        async with next_page(page):
            await page.get_by_role("link", name="Compose a packet").click()
        await assert_all_of_it(page)
        await end_session(page, monkeypatch)
        await page.get_by_label("Narrative").fill("Another one.")
        await page.get_by_label("Urgency").focus()
        await expect(page.locator("[data-keeps]")).to_contain_text("you are signed out")
    desk.faults.clear()  # the browser's note of the refusal


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
async def test_a_form_that_is_sent_too_late_comes_back(
    world: Simulation, desk: Screen, monkeypatch: pytest.MonkeyPatch, script: bool
) -> None:
    async with desk.page(script=script) as page:
        await begin(desk, page)
        await end_session(page, monkeypatch)
        await page.get_by_role("button", name="Show what each partner will see").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was done.")
        await sign_in_again(page)
        await assert_all_of_it(page)
        await page.get_by_role("button", name="Show what each partner will see").click()
        await page.get_by_role("link", name="Change the contents").click()
        await assert_all_of_it(page)
    assert not world.us.node.packets.ids()
    desk.faults.clear()  # the browser's note of the refusal


async def test_what_is_typed_before_the_script_comes_is_kept(desk: Screen) -> None:
    async with desk.page() as page:
        held: asyncio.Future[Route] = asyncio.get_running_loop().create_future()
        await desk.sign_in(page, "ana")
        await page.route("**/static/kept.js", lambda route: held.set_result(route), times=1)
        await page.goto(f"{desk.origin}/cases/new", wait_until="commit")
        await page.locator("#title").fill("Riverbank")
        await page.locator("#summary").focus()
        await (await held).continue_()
        await expect(page.locator("[data-keeps]")).to_have_text("Kept as a draft of yours.")
        await page.reload()
        await expect(page.locator("#title")).to_have_value("Riverbank")


async def test_a_pasted_table_is_kept_as_a_sentence_is(desk: Screen) -> None:
    async with desk.page() as page:
        await begin(desk, page)
        await page.get_by_label("Narrative").fill("银行," * 50_000)
        await page.get_by_label("Urgency").focus()
        await expect(page.locator("[data-keeps]")).to_have_text("Kept as a draft of yours.")


async def test_to_send_a_form_takes_back_a_request_that_keeps_it(desk: Screen) -> None:
    async with desk.page() as page:
        held: asyncio.Future[Route] = asyncio.get_running_loop().create_future()
        await desk.sign_in(page, "ana")
        await page.goto(f"{desk.origin}/cases/new")
        await page.route("**/drafts", lambda route: held.set_result(route), times=1)
        await page.locator("#title").fill("Riverbank")
        await page.locator("#summary").focus()
        await held
        events: list[str] = []
        page.on("requestfailed", lambda each: events.append(f"no {urlsplit(each.url).path}"))
        page.on("request", lambda each: events.append(urlsplit(each.url).path))
        async with next_page(page):
            await page.locator("main form button").click()
        assert events.index("no /drafts") < events.index("/cases/new")
    desk.faults.clear()  # the browser's note of the refusal, which names no partner
