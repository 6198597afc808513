"""The console by keys alone: every control is reached in order, seen, and left again."""

from playwright.async_api import Page, expect

from attacks.simulated_requests import ask
from browser.conftest import Screen, next_page
from browser.every_page import PERSON_NAME, PLAIN_WORDS, addresses, fill
from support.simulation import Simulation

CONTROLS = (
    "a[href], button:not([tabindex='-1']), input:not([type=hidden], [type=radio]), select,"
    " textarea, summary"
)
"""Elements that take the focus; of a group of radio buttons, one does."""
MOST_STEPS = 200
_NUMBER = """(controls) => {
    const found = [...document.querySelectorAll(controls)].filter((each) => each.checkVisibility());
    found.forEach((each, number) => { each.dataset.step = number; });
    window.focused = document.activeElement;
    return found.length;
}"""
_FOCUS = """async () => {
    const until = performance.now() + 10000;  // past the last control, the browser moves the focus
    while (document.activeElement === window.focused && !/^(date|time)/.test(window.focused.type)
            && performance.now() < until)
        await new Promise((resume) => setTimeout(resume, 10));
    const at = window.focused = document.activeElement, style = getComputedStyle(at);
    if (at === document.body) return null;
    const box = at.getBoundingClientRect();
    return {
        step: at.dataset.step === undefined ? -1 : Number(at.dataset.step),
        words: (at.ariaLabel || at.labels?.[0]?.innerText || at.innerText || at.name || "").trim(),
        is_seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
            && box.width > 0 && box.right > 0 && box.bottom > 0,
    };
}"""


async def tab_to(page: Page, words: str, *, is_start: bool = False) -> None:
    """Presses Tab until the control with these words, or that begins so, has the focus."""
    for _ in range(MOST_STEPS):
        await page.keyboard.press("Tab")
        at = await page.evaluate(_FOCUS)
        if at and (at["words"] == words or (is_start and at["words"].startswith(words))):
            return
    raise AssertionError(f"no key leads to {words}")


async def test_tab_reaches_every_control_in_the_order_of_the_text(
    world: Simulation, screen: Screen
) -> None:
    paths = addresses(await fill(world, PLAIN_WORDS))
    async with screen.page() as page:
        await screen.sign_in(page, PERSON_NAME)
        await page.wait_for_url("**/to-do")
        for path in paths:
            assert await screen.open(page, path, PERSON_NAME) == 200
            count = await page.evaluate(_NUMBER, CONTROLS)
            reached, unseen = list[int](), list[str]()
            for _ in range(MOST_STEPS):
                await page.keyboard.press("Tab")
                at = await page.evaluate(_FOCUS)
                if at is None:
                    continue  # past the last one: there is no trap, and the first one follows
                if reached and at["step"] == reached[0] != reached[-1]:
                    break
                if at["step"] in reached[-1:]:
                    continue  # a part of a date, which the browser marks itself
                if at["step"] >= 0:
                    reached.append(at["step"])
                if not at["is_seen"]:
                    unseen.append(at["words"])
            first = reached[0]  # a form to fill in has the focus already
            assert reached == [*range(first, count), *range(first)], path
            assert unseen == [], path


async def test_the_first_key_skips_the_navigation(screen: Screen) -> None:
    async with screen.page() as page:
        await screen.sign_in(page, "liaison")
        await page.goto(f"{screen.origin}/packets")
        await tab_to(page, "Skip to the content")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('main') !== null")


async def test_a_packet_is_opened_and_a_request_answered_by_keys(
    world: Simulation, screen: Screen
) -> None:
    async with screen.page() as page:
        await screen.sign_in(page, "liaison")
        await expect(page.locator("h1")).to_have_text("To do")
        await tab_to(page, "Read a packet")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Lead from us-justice")
        await ask(world.us, world.mx)
        await page.goto(f"{screen.origin}/to-do")
        await expect(page.locator("h1")).to_have_text("To do")
        await tab_to(page, "Answer a request")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Request from us-justice")
        await tab_to(page, "Refuse items")
        await page.keyboard.press("Enter")
        await tab_to(page, "1.", is_start=True)
        await page.keyboard.press("Space")
        await tab_to(page, "2.", is_start=True)
        await page.keyboard.press("Space")
        await tab_to(page, "Neither confirmed nor denied", is_start=True)
        for _ in range(MOST_STEPS):
            if await page.get_by_label("Not held").is_checked():
                break
            await page.keyboard.press("ArrowDown")
        await tab_to(page, "Refuse items")
        await page.keyboard.press("Enter")
        await expect(page.locator(".items")).to_contain_text("No such record is held here.")


async def test_packets_are_ticked_and_recalled_by_keys(world: Simulation, screen: Screen) -> None:
    (packet,) = await world.mx.send(world.us)
    async with screen.page() as page:
        await screen.sign_in(page, "liaison")
        await expect(page.locator("h1")).to_have_text("To do")
        await page.goto(f"{screen.origin}/packets?way=out")
        await tab_to(page, f"Tick packet {packet.hex()[:8]}")
        await page.keyboard.press("Space")
        await expect(page.locator("input[name=packet]").first).to_be_checked()
        await tab_to(page, "Recall")
        async with next_page(page):
            await page.keyboard.press("Enter")
        await tab_to(page, "Reason; recipients and the exchange see it")
        await page.keyboard.press("ArrowDown")
        await tab_to(page, "Show the effect")
        await page.keyboard.press("Enter")
        await page.locator("#typed").wait_for()
        label = await page.locator("label[for=typed]").inner_text()
        await tab_to(page, label)
        await page.keyboard.type(label.removeprefix("Type ").removesuffix(" to confirm"))
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#typed")).to_have_count(0)
        await expect(page.get_by_role("alert")).to_have_count(0)
    assert world.mx.node.recalls.of(packet)
