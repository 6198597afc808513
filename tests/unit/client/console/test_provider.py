"""Signing in with the agency's identity provider, over a real connection with real signatures."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from support.simulation import Simulation
from tearline.limits import WIDE_PAGE_S
from tearline.persons.tokens import Role
from tearline_client.persons.issuer import LocalIssuer
from unit.client.console.browsers import (
    Browser,
    ConsoleUnderTest,
    Wall,
    add_person,
    console_of,
)
from unit.client.console.identity_provider import (
    CLIENT,
    IdentityProvider,
    authenticated,
    serving,
    through,
)


@pytest.fixture
async def provider(world: Simulation) -> AsyncIterator[IdentityProvider]:
    for role in Role:
        add_person(world.mx, role.value, role)
    clock = Wall(now_s=0)
    async with serving(clock) as found:
        yield found


@pytest.fixture
def console(world: Simulation, provider: IdentityProvider) -> ConsoleUnderTest:
    found = console_of(world.mx, provider=provider.provider())
    provider.clock = found.clock
    return found


def linked(world: Simulation, provider: IdentityProvider, name: str = "liaison") -> LocalIssuer:
    issuer = LocalIssuer(world.mx.node.keystore)
    issuer.links.add(name, provider.issuer, provider.subject)
    return issuer


def hidden(page: httpx.Response, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, page.text
    return found[1].replace("&#34;", '"')


async def link(
    browser: Browser, page: httpx.Response, code: str, name: str = "liaison"
) -> httpx.Response:
    given = {each: hidden(page, each) for each in ("identity", "proof")}
    return await browser.post("/sign-in/link", {"name": name, "code": code, **given})


async def test_a_person_signs_in_with_a_linked_account(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    linked(world, provider)
    browser = console.browser()
    form = await browser.get("/sign-in?next=%2Fpackets%3Fway%3Din")
    assert 'href="/sign-in/provider?next=/packets%3Fway%3Din"' in form.text
    reply = await through(browser, "/sign-in/provider?next=%2Fpackets%3Fway%3Din")
    assert (reply.status_code, reply.headers["location"]) == (303, "/packets?way=in")
    assert "<bdi>liaison</bdi>" in (await browser.get("/state")).text
    (asked,) = provider.requests
    assert asked["code_challenge_method"] == "S256"
    assert (asked["client_id"], asked["prompt"], asked["max_age"]) == (CLIENT, "login", "0")


async def test_an_account_is_linked_by_a_one_time_code(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    issuer, browser = LocalIssuer(world.mx.node.keystore), console.browser()
    page = await through(browser)
    assert "Link your account" in page.text
    assert (await browser.get("/state")).status_code == 303  # nobody is signed in by it
    refused = await link(browser, page, "AAAAA-AAAAA-AAAAA-AAAAA")
    assert (refused.status_code, "TL-TLS-013" in refused.text) == (403, True)
    code = issuer.enrol("liaison", console.clock())
    reply = await link(browser, page, code)
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    assert issuer.links.holder(provider.issuer, provider.subject) == "liaison"
    again = console.browser()
    assert (await through(again)).status_code == 303
    assert "<bdi>liaison</bdi>" in (await again.get("/state")).text


async def test_a_code_links_one_account_and_enrols_no_passkey_then(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    issuer, browser = LocalIssuer(world.mx.node.keystore), console.browser()
    code = issuer.enrol("liaison", console.clock())
    assert (await link(browser, await through(browser), code)).status_code == 303
    issuer.links.remove("liaison")
    provider.subject = "b7"
    other = console.browser()
    refused = await link(other, await through(other), code)
    assert (refused.status_code, "TL-TLS-013" in refused.text) == (403, True)


async def test_a_person_has_one_account_and_an_account_one_person(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    issuer = linked(world, provider)
    provider.subject, browser = "b7", console.browser()
    code = issuer.enrol("liaison", console.clock())
    refused = await link(browser, await through(browser), code)
    assert (refused.status_code, "TL-TLS-010" in refused.text) == (403, True)
    issuer.codes.verify("liaison", code, console.clock())  # it stays


async def test_roles_are_those_that_the_provider_states_now(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    linked(world, provider)
    provider.groups = ("auditors", "analysts", "canteen")
    browser = console.browser()
    assert (await through(browser)).status_code == 303
    assert world.mx.node.sign_ins.person("liaison").roles == {Role.AUDITOR, Role.ANALYST}
    assert (await browser.get("/audit/access")).status_code == 200
    assert (await browser.get("/compose")).status_code == 403
    provider.groups = ("canteen",)
    refused = await through(console.browser())
    assert (refused.status_code, "TL-TLS-008" in refused.text) == (403, True)
    # What was refused changes nothing.
    assert world.mx.node.sign_ins.person("liaison").roles == {Role.AUDITOR, Role.ANALYST}


async def test_an_account_confirms_a_wide_act(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    linked(world, provider)
    browser = console.browser()
    await through(browser)
    console.clock.now_s += WIDE_PAGE_S
    asked = await browser.get("/passkeys")
    assert asked.headers["location"] == "/confirm?next=%2Fpasskeys"
    page = await browser.get(asked.headers["location"])
    assert 'href="/confirm/provider?next=/passkeys"' in page.text
    reply = await through(browser, "/confirm/provider?next=%2Fpasskeys")
    assert (reply.status_code, reply.headers["location"]) == (303, "/passkeys")
    assert (await browser.get("/passkeys")).status_code == 200


async def test_without_a_link_only_other_proofs_confirm(
    console: ConsoleUnderTest,
) -> None:
    browser = await console.signed_in("officer")
    assert "/confirm/provider" not in (await browser.get("/confirm")).text


async def test_a_sign_in_ends_the_session_before_it(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    linked(world, provider)
    browser = await console.signed_in("officer")
    before = dict(browser.client.cookies)
    assert (await through(browser)).status_code == 303
    fixed = console.browser()
    fixed.client.cookies.update(before)
    assert (await fixed.get("/state")).status_code == 303
    assert not set(before.values()) & set(dict(browser.client.cookies).values())


async def test_after_signing_out_the_provider_asks_anew(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    linked(world, provider)
    browser = console.browser()
    await through(browser)
    signed_in_s = console.clock()
    await browser.post("/sign-out", {"csrf": await browser.csrf()})
    assert (await browser.get("/state")).status_code == 303
    console.clock.now_s += 60
    # A provider that signs its person in without a question, by the session that it still has.
    provider.change = lambda claims: {**claims, "auth_time": signed_in_s}
    assert (await through(browser)).status_code == 403
    assert (await browser.get("/state")).status_code == 303


async def test_a_provider_that_is_away_leaves_the_other_ways(
    provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    provider.stated = {"token_endpoint": "http://elsewhere.example/token"}
    page = await console.browser().get("/sign-in/provider")
    assert (page.status_code, "TL-TLS-015" in page.text) == (403, True)
    assert 'id="passphrase"' in page.text


async def test_the_page_of_the_return_shows_and_begins_nothing(
    world: Simulation, provider: IdentityProvider, console: ConsoleUnderTest
) -> None:
    linked(world, provider)
    browser = console.browser()
    finish = await authenticated(browser)
    assert provider.tokens == 0
    elsewhere = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }
    reply = await browser.get(finish, elsewhere)  # as by a link on a page elsewhere
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    assert provider.tokens == 0


async def test_without_a_provider_there_are_no_such_pages(world: Simulation) -> None:
    add_person(world.mx, "liaison", Role.LIAISON)
    console = console_of(world.mx)
    browser = console.browser()
    for place in ("/sign-in/provider", "/sign-in/returned", "/sign-in/finish"):
        assert (await browser.get(place)).status_code == 404
    assert "/sign-in/provider" not in (await browser.get("/sign-in")).text
