"""The console in a real browser: signing in, finding and reading a packet."""

import io
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import expect

from browser.conftest import Screen
from browser.every_page import PERSON_NAME, PLAIN_WORDS, addresses, fill
from support.simulation import Simulation
from tearline.statements.receipt import Status
from tearline_client.audit.export_verifier import judge_export
from tearline_client.audit.verifier import Outcome


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
async def test_an_officer_signs_in_and_reads_a_packet(
    world: Simulation, screen: Screen, script: bool
) -> None:
    async with screen.page(script=script) as page:
        await page.goto(f"{screen.origin}/packets")
        await expect(page.locator("h1")).to_have_text("Sign in")
        await screen.sign_in(page, "liaison")
        await expect(page.locator("h1")).to_have_text("To do")
        await page.get_by_role("link", name="Read a packet").click()
        await expect(page.locator("h1")).to_have_text("Lead from us-justice")
        await expect(page.locator("main")).to_contain_text("DE02120300000000202051")
        await expect(page.locator(".tear")).to_contain_text("torn off here")
    (packet,) = world.mx.node.packets.ids()
    (grant,) = world.mx.node.packets.grants(packet)
    assert grant.status is Status.SEEN


_NEEDS_SCRIPT = """() => [...document.querySelectorAll("form, a, main [hx-get]")].filter((each) => {
    if (each.tagName === "A") return !each.getAttribute("href");
    if (each.id === "list") return false;  // it renews itself: without script, by a new load
    return each.tagName !== "FORM" || !each.hasAttribute("action")
        || !each.querySelector("button:not([type=button])")
        && !document.querySelector(`button[form="${each.id}"]`);
}).map((each) => each.outerHTML.slice(0, 200))"""
"""Links without an address, and forms that only a script sends."""


async def test_every_page_and_its_forms_need_no_script(world: Simulation, screen: Screen) -> None:
    paths = addresses(await fill(world, PLAIN_WORDS))
    async with screen.page(script=False) as page:
        await screen.sign_in(page, PERSON_NAME)
        await page.wait_for_url("**/to-do")
        for path in paths:
            assert await screen.open(page, path, PERSON_NAME) == 200, path
            await expect(page.locator("h1")).to_have_count(1)
            assert await page.evaluate(_NEEDS_SCRIPT) == [], path


async def test_a_wrong_passphrase_is_refused_on_the_page(screen: Screen) -> None:
    async with screen.page() as page:
        await screen.sign_in(page, "liaison", "another word")
        await expect(page.get_by_role("alert")).to_contain_text("TL-TLS-008")
    # The browser itself notes each response with such a status.
    assert [each for each in screen.faults if "403" not in each] == []
    screen.faults.clear()


async def test_a_list_is_filtered_without_a_new_page(screen: Screen) -> None:
    async with screen.page() as page:
        await screen.sign_in(page, "liaison")
        await page.goto(f"{screen.origin}/packets")
        await page.evaluate("window.stays = true")
        await page.get_by_label("Direction").select_option("out")
        await expect(page.locator("#list")).to_contain_text("No packet fits.")
        filters = "q=&way=out&partner=&kind=&case=&tlp=&state="
        await expect(page).to_have_url(f"{screen.origin}/packets?{filters}")
        await page.get_by_label("Direction").select_option("")
        await page.get_by_label("Search").fill("裘文昊")
        await page.get_by_label("Search").press("Enter")
        await expect(page.locator("#list")).to_contain_text("1 packet found.")
        assert await page.evaluate("window.stays") is True


@pytest.mark.parametrize(
    ("tag", "heading"), [("en-GB", "Packets"), ("es-MX", "Paquetes"), ("zh-CN", "数据包")]
)
async def test_every_page_opens_in_each_language(screen: Screen, tag: str, heading: str) -> None:
    async with screen.page(language=tag) as page:
        await screen.sign_in(page, "liaison")
        for path in ("/to-do", "/requests", "/audit", "/state", "/packets"):
            await page.goto(f"{screen.origin}{path}")
        await expect(page.locator("h1")).to_have_text(heading)
        await page.get_by_role("button", name="Español").click()
        await expect(page.locator("h1")).to_have_text("Paquetes")


async def test_a_person_signs_out_by_keyboard(screen: Screen) -> None:
    async with screen.page() as page:
        await page.goto(f"{screen.origin}/sign-in")
        await page.keyboard.type("liaison")  # the name has the focus
        await page.keyboard.press("Tab")
        await page.keyboard.type("a word of their own")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("To do")
        await page.get_by_role("button", name="Sign out").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Sign in")
        await page.goto(f"{screen.origin}/state")
        await expect(page.locator("h1")).to_have_text("Sign in")


async def test_an_auditor_asks_who_saw_an_account_and_downloads_the_export(
    world: Simulation, screen: Screen
) -> None:
    async with screen.page() as page:
        await screen.sign_in(page, "auditor")
        await page.get_by_role("link", name="Audit", exact=True).click()
        await page.get_by_label("Value").fill("DE02 1203 0000 0000 2020 51")
        await page.get_by_role("button", name="Who saw this value?").click()
        await expect(page.locator("#list")).to_contain_text("mx-prosecutor")
        await expect(page).to_have_url(f"{screen.origin}/audit")
        await page.get_by_role("link", name="Search the log", exact=True).click()
        await page.locator("select[name=action]").select_option("grant-accepted")
        await page.get_by_role("button", name="Search", exact=True).click()
        await expect(page.locator("#list tbody tr")).to_have_count(1)
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download, with a signed manifest").click()
        download = await downloading.value
        rows, manifest = unpacked(Path(await download.path()))
        await page.locator("#list tbody a").first.click()
        await expect(page.locator("main")).to_contain_text("Proof: Verified")
        await page.get_by_role("link", name="Search the log", exact=True).click()
        await page.get_by_role("button", name="Count by day").click()
        await expect(page.locator("svg.histogram rect")).not_to_have_count(0)
    judged = judge_export(manifest, io.BytesIO(rows), world.us.node.directory.federation())
    assert (judged.outcome, judged.findings) == (Outcome.VERIFIED, ())


def unpacked(path: Path) -> tuple[bytes, bytes]:
    """The rows and the manifest of a downloaded export."""
    archive = zipfile.ZipFile(path)
    rows, manifest = map(archive.read, archive.namelist())
    return rows, manifest


async def test_a_breach_of_the_policy_would_be_seen(screen: Screen) -> None:
    async with screen.page() as page:
        await page.goto(f"{screen.origin}/sign-in")
        assert screen.faults == []
        await page.evaluate("document.body.setAttribute('style', 'color: red')")
        await page.evaluate("try { document.body.innerHTML = '<p>x</p>' } catch {}")
        await expect(page.locator("h1")).to_have_text("Sign in")
    found = " ".join(screen.faults)
    assert "style-src" in found
    assert "require-trusted-types-for" in found
    screen.faults.clear()
