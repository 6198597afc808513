"""Signing in to the console, under one's own name, and out."""

import asyncio
import threading

import pytest

from support.node import context_of
from support.simulation import Simulation
from tearline.audit.event import EventCode
from tearline.errors import LoginRequired
from tearline.limits import CONSOLE_IDLE_S, CONSOLE_SESSION_S, SIGN_IN_BURST, SIGN_IN_PACE_S
from tearline.persons.tokens import Role
from tearline_client.console import visit
from tearline_client.persons.issuer import LocalIssuer
from unit.client.console.browsers import PASSPHRASE, ConsoleUnderTest, accesses


async def test_a_person_signs_in_with_their_passphrase(console: ConsoleUnderTest) -> None:
    browser = console.browser()
    first = await browser.get("/packets?way=in")
    assert first.status_code == 303
    assert first.headers["location"] == "/sign-in?next=%2Fpackets%3Fway%3Din"
    form = await browser.get(first.headers["location"])
    assert 'name="next" value="/packets?way=in"' in form.text
    reply = await browser.post(
        "/sign-in", {"name": "liaison", "passphrase": PASSPHRASE, "next": "/packets?way=in"}
    )
    assert (reply.status_code, reply.headers["location"]) == (303, "/packets?way=in")
    assert (await browser.get("/packets")).status_code == 200


async def test_the_cookie_is_for_this_console_alone(console: ConsoleUnderTest) -> None:
    reply = await console.browser().sign_in("liaison")
    name, _, rest = reply.headers["set-cookie"].partition("=")
    attributes = {each.strip().lower() for each in rest.split(";")[1:]}
    assert name.startswith("tearline-")
    assert attributes == {
        "httponly",
        "path=/",
        "samesite=strict",
        f"max-age={CONSOLE_SESSION_S}",
    }


@pytest.mark.parametrize(
    ("name", "passphrase"),
    [("liaison", "another word of theirs"), ("nobody", PASSPHRASE), ("", ""), ("node", PASSPHRASE)],
)
async def test_all_who_may_not_are_refused_alike(
    console: ConsoleUnderTest, name: str, passphrase: str
) -> None:
    browser = console.browser()
    reply = await browser.sign_in(name, passphrase)
    assert reply.status_code == 403
    assert "TL-TLS-008" in reply.text
    assert "set-cookie" not in reply.headers
    assert (await browser.get("/packets")).status_code == 303


async def test_attempts_for_one_name_have_a_pace(console: ConsoleUnderTest) -> None:
    browser = console.browser()
    for _ in range(SIGN_IN_BURST):
        assert (await browser.sign_in("liaison", "a wrong word")).status_code == 403
    late = await browser.sign_in("liaison")  # with the right one
    assert late.status_code == 429
    assert "TL-TLS-012" in late.text
    assert (await browser.sign_in("officer")).status_code == 303  # another name
    console.clock.now_s += SIGN_IN_PACE_S
    assert (await browser.sign_in("liaison")).status_code == 303


async def test_attempts_that_find_the_queue_full_do_not_count(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def verify(name: str, passphrase: bytes) -> None:
        begun.set()
        assert may_end.wait(60)

    monkeypatch.setattr(visit, "MAX_SIGN_INS_WAITING", 1)
    monkeypatch.setattr(world.mx.node.sign_ins, "verify", verify)
    other = asyncio.create_task(console.browser().sign_in("officer"))
    assert await asyncio.to_thread(begun.wait, 60)
    browser = console.browser()
    for _ in range(SIGN_IN_BURST):
        assert (await browser.sign_in("liaison")).status_code == 429
    may_end.set()
    assert (await other).status_code == 303
    assert (await browser.sign_in("liaison")).status_code == 303


async def test_a_session_ends_without_requests(console: ConsoleUnderTest) -> None:
    browser = await console.signed_in("liaison")
    console.clock.now_s += CONSOLE_IDLE_S - 1
    assert (await browser.get("/state")).status_code == 200
    console.clock.now_s += CONSOLE_IDLE_S
    assert (await browser.get("/state")).status_code == 303


async def test_a_person_who_is_disabled_is_out_at_once(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser, other = await console.signed_in("liaison"), await console.signed_in("officer")
    second = await console.signed_in("liaison")
    LocalIssuer(world.mx.node.keystore).disable("liaison")
    assert (await browser.get("/state")).status_code == 303
    assert (await second.get("/state")).status_code == 303
    assert (await other.get("/state")).status_code == 200
    with pytest.raises(LoginRequired):
        world.mx.node.persons.acted_by("liaison", b"", Role.LIAISON)


async def test_signing_out_ends_the_session_on_the_server(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("liaison")
    stolen = dict(browser.client.cookies)
    reply = await browser.post("/sign-out", {"csrf": await browser.csrf()})
    assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in")
    thief = console.browser()
    thief.client.cookies.update(stolen)
    assert (await thief.get("/state")).status_code == 303
    with pytest.raises(LoginRequired):
        world.mx.node.persons.acted_by("liaison", b"", Role.LIAISON)


async def test_each_of_many_officers_acts_under_their_own_name(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    (packet,) = await world.us.send(world.mx)
    await world.mx.node.receive()
    browser, analyst = await console.signed_in("liaison"), await console.signed_in("analyst")
    replies = await asyncio.gather(
        browser.get(f"/packets/{packet.hex()}"), analyst.get("/packets?q=wenhao")
    )
    assert [each.status_code for each in replies] == [200, 200]
    assert {(each.actor, each.code) for each in accesses(world.mx)} == {
        ("liaison", EventCode.ACCESS_OPEN),
        ("analyst", EventCode.ACCESS_SEARCH),
    }


async def test_a_sign_in_to_the_console_is_none_for_commands(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("liaison")
    assert (await browser.get("/state")).status_code == 200
    issuer = LocalIssuer(world.mx.node.keystore)
    now_s = context_of(world.mx.node).now_ms() // 1000
    assert issuer.is_unattended(now_s)
    assert world.mx.node.persons.acted_by("", b"", Role.LIAISON) is None  # still the node's own act
    assert world.mx.node.persons.acted_by("liaison", b"", Role.LIAISON) is not None


async def test_a_part_of_a_page_leads_to_the_sign_in_as_a_whole(console: ConsoleUnderTest) -> None:
    reply = await console.browser().get("/packets", {"hx-request": "true"})
    assert reply.status_code == 401
    assert reply.headers["hx-redirect"] == "/sign-in?next=%2Fpackets"


async def test_a_language_is_kept_in_the_browser(console: ConsoleUnderTest) -> None:
    browser = console.browser()
    page = await browser.get("/sign-in", {"accept-language": "es-MX,en;q=0.5"})
    assert '<html lang="es">' in page.text
    reply = await browser.post("/language", {"language": "zh", "next": "/sign-in?next=%2Fstate"})
    assert reply.headers["location"] == "/sign-in?next=%2Fstate"
    page = await browser.get("/sign-in", {"accept-language": "es-MX"})
    assert '<html lang="zh-Hans">' in page.text
    await browser.post("/language", {"language": "tlh", "next": "/"})
    assert '<html lang="zh-Hans">' in (await browser.get("/sign-in")).text
