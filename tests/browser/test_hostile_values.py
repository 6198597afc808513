"""Texts of partners that want to run, to hide or to break out, on every page of a real browser."""

from dataclasses import dataclass, field

from playwright.async_api import Dialog, Page, expect

from attacks.test_console import INJECTIONS
from browser.conftest import Screen
from browser.every_page import PERSON_NAME, Words, addresses, drafts, fill
from support.hostile_values import HOSTILE
from support.simulation import Simulation
from unit.client.console.test_packet_acts import POLYGLOT

_LONG = "W" * 300
INJECTED = " ".join((*INJECTIONS, _LONG)).replace("\x00", "")
"""All injections, and a word that no line holds."""
HOSTILE_WORDS = Words(
    text=f"{INJECTED} {' '.join(HOSTILE.values())}",
    short=" ".join(INJECTIONS[:5]).replace("\x1b", "")[:120],
    files=(
        ("'><img src=y onerror=alert(2)>.png", "image/png", POLYGLOT),
        (
            "</title><script>alert(1)</script>.txt",
            "text/plain; charset=utf-8",
            b"<script>alert(1)</script>",
        ),
        (f"{'M' * 100}.txt", "text/plain; charset=utf-8", b"<svg onload=alert(1)>"),
    ),
)
SIZES = ((1280, 900), (390, 844))
_EXAMINE = """() => {
    const root = document.documentElement, bar = document.querySelector("header.bar");
    const ours = location.origin + "/";
    const foreign = ["BASE", "IFRAME", "OBJECT", "EMBED", "MATH", "STYLE", "LINK", "META"];
    const target = (form) => new URL(form.getAttribute("action"), location).href;
    const strange = [...document.querySelectorAll("main *, body > *")].filter((each) =>
        foreign.includes(each.tagName)
        || [...each.attributes].some((one) => /^(on|hx-on|style$|srcdoc)/.test(one.name))
        || (each.tagName === "SCRIPT" && !each.src.startsWith(ours + "static/"))
        || (each.tagName === "IMG" && !each.src.startsWith(ours + "packets/"))
        || (each.tagName === "A" && !each.href.startsWith(ours))
        || (each.tagName === "FORM" && !target(each).startsWith(ours)));
    const main = document.querySelector("main").getBoundingClientRect();
    return {
        strange: strange.map((each) => each.outerHTML.slice(0, 200)),
        wide: root.scrollWidth > root.clientWidth,
        covered: bar.getBoundingClientRect().bottom > main.top + 1,
    };
}"""


@dataclass(kw_only=True)
class Watch:
    """What a page did that it may not do."""

    origin: str
    seen: list[str] = field(default_factory=list)

    def of(self, page: Page) -> None:
        page.on("dialog", self._dialog)
        page.on("request", lambda asked: self._went(asked.url))
        page.on("popup", lambda other: self.seen.append(f"opened {other.url}"))

    async def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog {dialog.message}")
        await dialog.dismiss()

    def _went(self, url: str) -> None:
        if not url.startswith(f"{self.origin}/"):
            self.seen.append(f"asked {url}")

    async def examine(self, page: Page) -> None:
        found = await page.evaluate(_EXAMINE)
        self.seen += [f"{page.url} {name}: {each}" for name, each in found.items() if each]


async def test_no_text_of_a_partner_runs_or_breaks_a_page(
    world: Simulation, screen: Screen
) -> None:
    ids = await fill(world, HOSTILE_WORDS)
    watch = Watch(origin=screen.origin)
    async with screen.page() as page:
        watch.of(page)
        await screen.sign_in(page, PERSON_NAME)
        await page.wait_for_url("**/to-do")
        paths = [*addresses(ids), *await drafts(screen, page, HOSTILE_WORDS)]
        for path in paths:
            assert await screen.open(page, path, PERSON_NAME) == 200, path
            for width, height in SIZES:
                await page.set_viewport_size({"width": width, "height": height})
                await watch.examine(page)
        await page.goto(f"{screen.origin}/packets/{ids['packet']}")
        await expect(page.locator("main")).to_contain_text("onerror=alert(1)")
        picture = await page.locator("img.picture").get_attribute("src")
        assert watch.seen == []
        assert screen.faults == []
        # Opened by itself, a picture that is a page as well is a picture alone. Even the style and
        # the script of the browser's own page around a picture are refused.
        await page.goto(f"{screen.origin}{picture}")
        assert await page.locator("script, svg").count() == 0
        refused = ("inline style", "document's frame is sandboxed")
        assert [each for each in screen.faults if not any(one in each for one in refused)] == []
        screen.faults.clear()
    assert watch.seen == []
    assert len(paths) > 25
