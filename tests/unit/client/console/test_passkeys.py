"""Passkeys: enrolled with a code, used to sign in and to confirm, removed by their person."""

import pytest

from support.simulation import Simulation
from tearline.limits import (
    MAX_PASSKEYS,
    PASSKEY_CHALLENGE_S,
    WIDE_PAGE_S,
    WIDE_READING_S,
)
from tearline_client.persons.issuer import LocalIssuer
from unit.client.console.authenticators import (
    Authenticator,
    added,
    enrolled,
    options_of,
    signed_in_by,
)
from unit.client.console.browsers import (
    PASSPHRASE,
    Browser,
    ConsoleUnderTest,
    console_of,
    csrf_of,
)


def code_for(world: Simulation, console: ConsoleUnderTest, name: str = "liaison") -> str:
    return LocalIssuer(world.mx.node.keystore).enrol(name, console.clock())


@pytest.fixture
async def held(world: Simulation, console: ConsoleUnderTest) -> Authenticator:
    """The authenticator of the liaison officer, with an enrolled passkey."""
    found = Authenticator()
    await enrolled(console.browser(), "liaison", code_for(world, console), found)
    return found


async def test_a_code_enrols_a_passkey_that_signs_in(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser, held = console.browser(), Authenticator()
    code = code_for(world, console)
    typed = f" {code.lower().replace('-', ' ')} "
    assert await enrolled(browser, "liaison", typed, held, "the laptop") == "/sign-in"
    assert (await browser.get("/state")).status_code == 303  # the enrolment signs nobody in
    assert await signed_in_by(browser, held)
    page = await browser.get("/passkeys")
    assert "<bdi>the laptop</bdi>" in page.text
    (stored,) = world.mx.node.sign_ins.passkeys.owned("liaison")
    assert (stored.count, stored.used_s) == (held.count, console.clock.now_s)


async def test_a_sign_in_by_passkey_leads_to_the_page_asked_for(
    console: ConsoleUnderTest, held: Authenticator
) -> None:
    browser = console.browser()
    page = await browser.get("/sign-in?next=%2Fpackets%3Fway%3Din")
    options = options_of(page.text)
    assert options["rpId"] == "localhost"
    assert options["userVerification"] == "required"
    assert "allowCredentials" not in options  # the page tells no stranger who has which
    values = {"passkey": held.get(options), "next": "/packets?way=in"}
    reply = await browser.post("/sign-in", values)
    assert (reply.status_code, reply.headers["location"]) == (303, "/packets?way=in")
    assert (await browser.get("/packets")).status_code == 200


async def test_a_passkey_confirms_a_wide_act(
    console: ConsoleUnderTest, held: Authenticator
) -> None:
    browser = await console.signed_in("liaison")
    console.clock.now_s += WIDE_PAGE_S
    page = await browser.get((await browser.get("/passkeys")).headers["location"])
    values = {"csrf": csrf_of(page.text), "next": "/passkeys"}
    answer = held.get(options_of(page.text))
    reply = await browser.post("/confirm", {**values, "passkey": answer})
    assert (reply.status_code, reply.headers["location"]) == (303, "/passkeys")
    assert (await browser.get("/passkeys")).status_code == 200


async def test_a_person_without_a_passkey_confirms_by_passphrase(
    console: ConsoleUnderTest, held: Authenticator
) -> None:
    browser = await console.signed_in("officer")
    console.clock.now_s += WIDE_PAGE_S
    page = await browser.get((await browser.get("/passkeys")).headers["location"])
    assert "data-passkey" not in page.text
    assert 'name="passphrase"' in page.text


async def test_a_person_has_several_passkeys_and_removes_one(
    world: Simulation, console: ConsoleUnderTest, held: Authenticator
) -> None:
    browser, second = console.browser(), Authenticator()
    assert await signed_in_by(browser, held)
    assert await added(browser, second, "llave azul 蓝") == 303
    assert await signed_in_by(console.browser(), second)
    page = await browser.get("/passkeys")
    assert "<bdi>llave azul 蓝</bdi>" in page.text
    values = {"csrf": csrf_of(page.text), "act": "remove", "id": held.id.hex()}
    assert (await browser.post("/passkeys", values)).status_code == 303
    assert not await signed_in_by(console.browser(), held)
    assert await signed_in_by(console.browser(), second)


async def test_the_session_in_which_passkeys_are_changed_goes_on_after_a_late_confirmation(
    console: ConsoleUnderTest, held: Authenticator
) -> None:
    browser, other = await console.signed_in("liaison"), await console.signed_in("liaison")
    for _ in range(2):
        console.clock.now_s += (WIDE_PAGE_S + WIDE_READING_S) // 2  # no session idles so long
        assert (await other.get("/state")).status_code == 200
        token = await browser.csrf()
    values = {
        "csrf": token,
        "act": "remove",
        "id": held.id.hex(),
        "passphrase": PASSPHRASE,
    }
    assert (await browser.post("/passkeys", values)).headers["location"] == "/passkeys"
    assert (await browser.get("/passkeys")).status_code == 200
    assert (await other.get("/state")).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "label",
    ["", " ", "x" * 65, "two\nlines", "laptop"],
    ids=["none", "space", "long", "lines", "same"],
)
async def test_a_name_that_is_no_name_is_refused(
    world: Simulation, console: ConsoleUnderTest, held: Authenticator, label: str
) -> None:
    browser = await console.signed_in("liaison")
    assert await added(browser, Authenticator(), label) == 403
    assert len(world.mx.node.sign_ins.passkeys.owned("liaison")) == 1


async def test_a_person_has_so_many_passkeys(world: Simulation, console: ConsoleUnderTest) -> None:
    browser = await console.signed_in("liaison")
    for number in range(MAX_PASSKEYS):
        assert await added(browser, Authenticator(), f"key {number}") == 303
    assert await added(browser, Authenticator(), "one more") == 403
    assert len(world.mx.node.sign_ins.passkeys.owned("liaison")) == MAX_PASSKEYS


async def test_a_refused_passkey_does_not_use_up_the_code(
    world: Simulation, console: ConsoleUnderTest, held: Authenticator
) -> None:
    browser, second, code = console.browser(), Authenticator(), code_for(world, console)
    page = await browser.post("/enrol", {"name": "liaison", "code": code})
    values = {"name": "liaison", "code": code, "label": "laptop"}
    created = second.create(options_of(page.text))
    assert (await browser.post("/enrol", {**values, "created": created})).status_code == 403
    await enrolled(browser, "liaison", code, second, "another name")
    assert await signed_in_by(browser, second)


async def test_a_passkey_of_several_machines_counts_nothing(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    held = Authenticator(counts=False)
    await enrolled(console.browser(), "liaison", code_for(world, console), held)
    assert await signed_in_by(console.browser(), held)
    assert await signed_in_by(console.browser(), held)


async def test_passphrases_remain_as_the_fallback(
    console: ConsoleUnderTest, held: Authenticator
) -> None:
    assert (await console.browser().sign_in("liaison", PASSPHRASE)).status_code == 303


async def test_under_an_ip_address_the_page_offers_no_passkey(world: Simulation) -> None:
    origin = "http://127.0.0.1:8470"
    console = console_of(world.mx, (origin,))
    browser = Browser(application=console.application, origin=origin)
    assert "data-passkey" not in (await browser.get("/sign-in")).text


async def test_a_challenge_waits_for_minutes(
    console: ConsoleUnderTest, held: Authenticator
) -> None:
    browser = console.browser()
    options = options_of((await browser.get("/sign-in")).text)
    console.clock.now_s += PASSKEY_CHALLENGE_S - 1
    assert (await browser.post("/sign-in", {"passkey": held.get(options)})).status_code == 303
