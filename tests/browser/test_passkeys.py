"""Passkeys in a real browser, with a virtual authenticator."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, expect

from browser.conftest import Screen
from support.simulation import Simulation
from tearline_client.persons.issuer import LocalIssuer

_AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@asynccontextmanager
async def machine(screen: Screen, **changed: bool) -> AsyncIterator[Page]:
    """A window of a machine with an authenticator."""
    async with screen.page() as page:
        session = await page.context.new_cdp_session(page)
        await session.send("WebAuthn.enable")
        options = {**_AUTHENTICATOR, **changed}
        await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        yield page


async def enrol(world: Simulation, screen: Screen, page: Page, label: str) -> None:
    code = LocalIssuer(world.mx.node.keystore).enrol("liaison", int(time.time()))
    await enrol_with(page, screen, "liaison", code, label)


async def enrol_with(
    page: Page, screen: Screen, name: str, code: str, label: str = "laptop"
) -> None:
    await page.goto(f"{screen.origin}/sign-in")
    await page.get_by_role("link", name="I have a code to enrol a passkey").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("One-time code").fill(code)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Name of the passkey").fill(label)
    await page.get_by_role("button", name="Create the passkey").click()


async def test_an_officer_enrols_a_passkey_signs_in_and_confirms_with_it(
    world: Simulation, screen: Screen
) -> None:
    async with machine(screen) as page:
        await enrol(world, screen, page, "office laptop")
        await expect(page.locator("h1")).to_have_text("Sign in")
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page.locator("h1")).to_have_text("To do")
        await page.get_by_role("link", name="liaison").click()
        await expect(page.locator("h1")).to_have_text("Your passkeys")
        await expect(page.locator("main")).to_contain_text("office laptop")
        # The page and the act of confirmation, as after some minutes.
        await page.goto(f"{screen.origin}/confirm?next=%2Fpasskeys")
        await page.get_by_role("button", name="Confirm with a passkey").click()
        await expect(page.locator("h1")).to_have_text("Your passkeys")
        await page.get_by_role("button", name="Remove the passkey office laptop").click()
        await expect(page.locator("main")).to_contain_text("No passkey is stored.")
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page.get_by_role("alert").first).to_contain_text("TL-TLS-014")
    # The browser itself notes each response with such a status.
    assert [each for each in screen.faults if "403" not in each] == []
    screen.faults.clear()


async def test_a_machine_whose_person_is_not_verified_gives_no_passkey(
    world: Simulation, screen: Screen
) -> None:
    async with machine(screen, isUserVerified=False) as page:
        await enrol(world, screen, page, "office laptop")
        await expect(page.locator("[data-failed]")).to_be_visible()
        await expect(page.get_by_role("button", name="Create the passkey")).to_be_enabled()
    assert world.mx.node.sign_ins.passkeys.owned("liaison") == ()


async def test_without_script_the_passphrase_remains(screen: Screen) -> None:
    async with screen.page(script=False) as page:
        await page.goto(f"{screen.origin}/sign-in")
        await expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
        await screen.sign_in(page, "liaison")
        await expect(page.locator("h1")).to_have_text("To do")


async def test_an_officer_adds_a_person_and_disables_them(
    world: Simulation, screen: Screen
) -> None:
    async with screen.page() as page, machine(screen) as other:
        await screen.sign_in(page, "officer")
        await page.goto(f"{screen.origin}/agency")
        await page.get_by_role("link", name="Add a person").click()
        await page.get_by_label("Name").fill("rosa")
        await page.get_by_label("Analyst").check()
        await page.get_by_role("button", name="Add a person").click()
        code = await page.locator(".secret").inner_text()
        await enrol_with(other, screen, "rosa", code)
        await other.get_by_role("button", name="Sign in with a passkey").click()
        await expect(other.locator("h1")).to_have_text("To do")
        await page.get_by_role("link", name="rosa").click()
        await expect(page.get_by_role("note")).to_contain_text("1 session")
        await page.get_by_label("Type rosa to confirm").fill("rosa")
        await page.get_by_role("button", name="Disable").click()
        await expect(page.locator("h1")).to_have_text("Agency")
        await expect(page.get_by_role("row", name="rosa")).to_contain_text("disabled")
        await other.goto(f"{screen.origin}/state")
        await expect(other.locator("h1")).to_have_text("Sign in")
