"""The agency's persons, keys and partners, and what an officer in charge changes."""

import re

import pytest

from support.node import context_of
from support.simulation import Simulation
from tearline.errors import LoginRequired, NotPermitted
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp
from tearline_client.persons.issuer import LocalIssuer
from unit.client.console.authenticators import Authenticator, added, enrolled, signed_in_by
from unit.client.console.browsers import Browser, ConsoleUnderTest


async def changed(browser: Browser, path: str, **values: str | list[str]) -> tuple[int, str]:
    reply = await browser.post(path, {"csrf": await browser.csrf(), **values})
    return reply.status_code, reply.text


def code_in(text: str) -> str:
    found = re.search(r"<code>((?:[A-Z0-9]{5}-){3}[A-Z0-9]{5})</code>", text)
    assert found is not None, text
    return found[1]


async def test_the_page_shows_persons_and_keys(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    LocalIssuer(world.mx.node.keystore).disable("analyst")
    text = (await (await console.signed_in("auditor")).get("/agency")).text
    assert "<bdi>liaison</bdi>" in text
    assert text.count('<span class="tag">disabled</span>') == 1
    for key in world.mx.node.status().keys:
        assert key.key_id.hex()[:32] in text
    assert "/agency/persons/" not in text  # an auditor changes nothing
    assert (
        "/agency/persons/liaison"
        in (await (await console.signed_in("officer")).get("/agency")).text
    )


async def test_own_policies_are_shown_as_text(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await console.signed_in("officer")
    assert "no policies of its own" in (await browser.get("/agency")).text
    monkeypatch.setattr(
        type(world.mx.node), "own_policies", lambda node: '@id("<b>")\nforbid (principal);'
    )
    text = (await browser.get("/agency")).text
    assert "@id(&#34;&lt;b&gt;&#34;)\nforbid (principal);" in text


async def test_an_officer_adds_a_person_who_signs_in_by_passkey_alone(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    officer, held = await console.signed_in("officer"), Authenticator()
    status, text = await changed(
        officer, "/agency/add", name="rosa", role=["analyst", "liaison"], clearance="amber"
    )
    assert status == 200
    await enrolled(console.browser(), "rosa", code_in(text), held)
    browser = console.browser()
    assert await signed_in_by(browser, held)
    assert (await browser.get("/state")).status_code == 200
    rosa = world.mx.node.register.person("rosa")
    assert (rosa.roles, rosa.clearance) == ({Role.ANALYST, Role.LIAISON}, Tlp.AMBER)
    assert (await console.browser().sign_in("rosa", "")).status_code == 403


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"name": "liaison", "role": "analyst", "clearance": "amber"}, 403),  # taken
        ({"name": "Rosa", "role": "analyst", "clearance": "amber"}, 400),
        ({"name": "node", "role": "analyst", "clearance": "amber"}, 400),
        ({"name": "rosa", "clearance": "amber"}, 400),
        ({"name": "rosa", "role": "king", "clearance": "amber"}, 400),
        ({"name": "rosa", "role": "analyst", "clearance": "pink"}, 400),
    ],
)
async def test_a_person_who_cannot_be_is_not_added(
    world: Simulation, console: ConsoleUnderTest, values: dict[str, str], status: int
) -> None:
    before = world.mx.node.register.persons()
    officer = await console.signed_in("officer")
    assert (await changed(officer, "/agency/add", **values))[0] == status
    assert world.mx.node.register.persons() == before


async def test_an_officer_disables_a_person_once_the_name_is_typed(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    officer, browser = await console.signed_in("officer"), await console.signed_in("liaison")
    assert await added(browser, Authenticator(), "laptop") == 303
    page = (await officer.get("/agency/persons/liaison")).text
    assert "1 session in the console ends at once." in page
    assert "1 passkey is removed." in page
    for typed in ("", "analyst", "LIAISON"):
        status, text = await changed(officer, "/agency/persons/liaison", act="disable", typed=typed)
        assert status == 400
        assert "TL-USE-005" in text
    assert (await browser.get("/state")).status_code == 200
    status, _ = await changed(officer, "/agency/persons/liaison", act="disable", typed="liaison")
    assert status == 303
    assert (await browser.get("/state")).status_code == 303
    assert world.mx.node.sign_ins.passkeys.owned("liaison") == ()
    assert "Make a one-time code" not in (await officer.get("/agency/persons/liaison")).text
    status, text = await changed(officer, "/agency/persons/liaison", act="enrol")
    assert status == 403
    assert "TL-TLS-010" in text


async def test_an_officer_removes_a_passkey_and_makes_a_code(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    officer, browser = await console.signed_in("officer"), await console.signed_in("liaison")
    lost, new = Authenticator(), Authenticator()
    assert await added(browser, lost, "lost laptop") == 303
    assert "<bdi>lost laptop</bdi>" in (await officer.get("/agency/persons/liaison")).text
    path = "/agency/persons/liaison"
    assert (await changed(officer, path, act="remove", id=lost.id.hex()))[0] == 303
    assert not await signed_in_by(console.browser(), lost)
    _, text = await changed(officer, path, act="enrol")
    await enrolled(console.browser(), "liaison", code_in(text), new)
    assert await signed_in_by(console.browser(), new)


@pytest.mark.parametrize("act", ["", "promote", "add"])
async def test_another_act_is_refused(console: ConsoleUnderTest, act: str) -> None:
    officer = await console.signed_in("officer")
    assert (await changed(officer, "/agency/persons/liaison", act=act))[0] == 400


async def test_a_person_who_is_none_is_not_found(console: ConsoleUnderTest) -> None:
    officer = await console.signed_in("officer")
    assert (await officer.get("/agency/persons/nobody")).status_code == 404
    status, _ = await changed(officer, "/agency/persons/nobody", act="disable", typed="nobody")
    assert status == 404


def test_the_node_itself_asks_for_an_officer(world: Simulation, console: ConsoleUnderTest) -> None:
    register, now_s = world.mx.node.register, context_of(world.mx.node).now_ms() // 1000
    for name, error in (
        ("liaison", NotPermitted),
        ("officer", LoginRequired),
        ("node", LoginRequired),
    ):
        if name == "liaison":
            world.mx.node.sign_ins.renew(name, now_s=now_s, ends_s=now_s + 60)
        with pytest.raises(error):
            register.add("rosa", roles=[Role.OFFICER], clearance=Tlp.RED, by=name)
        with pytest.raises(error):
            register.enrol("analyst", by=name)
        with pytest.raises(error):
            register.disable("analyst", by=name)
        with pytest.raises(error):
            register.remove_passkey("analyst", b"x", by=name)
    assert register.person("analyst").enabled
    assert {each.name for each in register.persons()} == {role.value for role in Role}
