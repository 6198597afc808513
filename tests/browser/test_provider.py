"""Signing in with the agency's identity provider in a real browser, with scripts and without."""

import time

import pytest
from playwright.async_api import expect

from browser.conftest import Opens, next_page
from support.simulation import Member
from tearline_client.persons.issuer import LocalIssuer
from unit.client.console.identity_provider import serving


@pytest.mark.parametrize("script", [True, False])
async def test_an_officer_signs_in_with_the_account_of_the_agency(
    officers: Member, console_of: Opens, script: bool
) -> None:
    async with (
        serving(lambda: int(time.time())) as provider,
        console_of(officers, provider.provider()) as screen,
        screen.page(script=script) as page,
    ):
        provider.asks = True
        code = LocalIssuer(officers.node.keystore).enrol("liaison", int(time.time()))
        await page.goto(f"{screen.origin}/sign-in?next=%2Frequests")
        await page.get_by_role("link", name="Sign in with your account").click()
        await page.get_by_role("link", name="af12").click()
        await expect(page.locator("h1")).to_have_text("Link your account")
        await page.get_by_label("Name").fill("liaison")
        await page.get_by_label("One-time code").fill(code)
        await page.get_by_role("button", name="Link the account").click()
        await expect(page.locator("h1")).to_have_text("To do")
        async with next_page(page):
            await page.get_by_role("button", name="Sign out").click()
        await page.goto(f"{screen.origin}/sign-in?next=%2Frequests")
        await page.get_by_role("link", name="Sign in with your account").click()
        await page.get_by_role("link", name="af12").click()
        await expect(page.locator("h1")).to_have_text("Requests")
