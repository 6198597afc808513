"""Sign-ins and changes of persons are entries of the access log, before they are done."""

from collections.abc import AsyncIterator

import pytest

from support.simulation import Simulation
from tearline.audit.event import Event, EventCode
from tearline.errors import StoreFull
from tearline.limits import SIGN_IN_BURST, SIGN_IN_PACE_S
from tearline.persons.tokens import Role
from tearline_client.store.access import AccessStore
from unit.client.console.authenticators import Authenticator, enrolled, signed_in_by
from unit.client.console.browsers import (
    PERSON_ACTS,
    ConsoleUnderTest,
    Wall,
    console_of,
    entries,
)
from unit.client.console.identity_provider import IdentityProvider, serving, through
from unit.client.console.test_agency_pages import changed, code_in


def acts(world: Simulation) -> list[tuple[str, str, str, str]]:
    """Code, acting person, person concerned, and detail or refusal, of each entry on persons."""
    uri = world.mx.node.uri
    return [
        (
            each.code.value.removeprefix("access-"),
            "node" if each.actor == uri else each.actor,
            each.counterpart,
            each.purpose or each.reason,
        )
        for each in entries(world.mx)
        if each.code in PERSON_ACTS
    ]


async def test_sign_ins_are_entries(world: Simulation, console: ConsoleUnderTest) -> None:
    browser, held = console.browser(), Authenticator()
    assert (await browser.sign_in("liaison", "a wrong word")).status_code == 403
    assert (await browser.sign_in("liaison")).status_code == 303
    code = world.mx.node.register.enrol("liaison", by=await officer(console))
    await enrolled(console.browser(), "liaison", code, held)
    assert await signed_in_by(console.browser(), held)
    assert acts(world) == [
        ("sign-in", "node", "liaison", "TL-TLS-008"),
        ("sign-in", "liaison", "liaison", "passphrase"),
        ("sign-in", "officer", "officer", "passphrase"),
        ("person-code", "officer", "liaison", ""),
        ("passkey-added", "liaison", "liaison", ""),
        ("sign-in", "liaison", "liaison", "passkey"),
    ]


async def officer(console: ConsoleUnderTest) -> str:
    """An officer in charge, who is present."""
    assert (await (await console.signed_in("officer")).get("/state")).status_code == 200
    return "officer"


async def test_a_name_that_no_person_has_is_not_in_the_log(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = console.browser()
    await browser.sign_in("correct horse battery", "liaison")  # typed into the wrong lines
    assert acts(world) == [("sign-in", "node", "", "TL-TLS-008")]


async def test_refused_sign_ins_fill_no_log(world: Simulation, console: ConsoleUnderTest) -> None:
    browser = console.browser()
    for number in range(SIGN_IN_BURST + 4):
        assert (await browser.sign_in(f"stranger-{number}", "a word")).status_code == 403
    assert len(acts(world)) == SIGN_IN_BURST
    console.clock.now_s += SIGN_IN_PACE_S
    await browser.sign_in("stranger", "a word")
    assert len(acts(world)) == SIGN_IN_BURST + 1


async def test_changes_of_persons_name_the_officer_and_the_person(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser, held = await console.signed_in("officer"), Authenticator()
    _, text = await changed(
        browser, "/agency/add", name="rosa", role=["liaison", "analyst"], clearance="amber"
    )
    await enrolled(console.browser(), "rosa", code_in(text), held)
    (key,) = world.mx.node.sign_ins.passkeys.owned("rosa")
    await changed(browser, "/agency/persons/rosa", act="remove", id=key.id.hex())
    await changed(browser, "/agency/persons/rosa", act="disable", typed="rosa")
    assert acts(world)[1:] == [
        ("person-added", "officer", "rosa", "analyst liaison"),
        ("person-code", "officer", "rosa", ""),
        ("passkey-added", "rosa", "rosa", ""),
        ("passkey-removed", "officer", "rosa", ""),
        ("person-disabled", "officer", "rosa", ""),
    ]
    auditor = await console.signed_in("auditor")
    page = (await auditor.get("/audit/access?action=access-person-added")).text
    assert "Person added" in page
    assert "<bdi>rosa</bdi> analyst liaison" in page


async def test_without_an_entry_nobody_signs_in_or_is_changed(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await console.signed_in("officer")
    csrf = await browser.csrf()

    def full(store: AccessStore, events: list[Event]) -> None:
        raise StoreFull("the disk is full")

    monkeypatch.setattr(AccessStore, "append", full)
    other = console.browser()
    assert (await other.sign_in("liaison")).status_code >= 400
    assert (await other.get("/state")).status_code == 303
    form = {"csrf": csrf, "act": "disable", "typed": "liaison"}
    assert (await browser.post("/agency/persons/liaison", form)).status_code >= 400
    assert world.mx.node.register.person("liaison").enabled


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with serving(Wall(now_s=0)) as found:
        yield found


async def test_a_sign_in_by_the_provider_records_the_roles_that_it_gives(
    world: Simulation, console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    away = console_of(world.mx, provider=provider.provider())
    provider.clock = away.clock
    register = world.mx.node.register
    world.mx.node.sign_ins.link(
        "liaison",
        register.enrol("liaison", by=await officer(console)),
        provider.issuer,
        provider.subject,
        now_s=away.clock(),
    )
    provider.groups = ("auditors",)
    assert (await through(away.browser())).status_code == 303
    assert acts(world)[2:] == [
        ("account-linked", "liaison", "liaison", ""),
        ("person-roles", "liaison", "liaison", "auditor"),
        ("sign-in", "liaison", "liaison", "account"),
    ]
    assert register.person("liaison").roles == {Role.AUDITOR}
    assert all(each.code is not EventCode.ACCESS_OPEN for each in entries(world.mx))
