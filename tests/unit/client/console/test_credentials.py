"""A session ends with the passphrase, the passkeys, the account and the roles it began with."""

from collections.abc import Callable

import pytest

from support.simulation import Simulation
from tearline.errors import LoginRequired
from tearline.persons.tokens import Role
from tearline_client.persons.issuer import LocalIssuer
from unit.client.console.authenticators import Authenticator, added, enrolled, signed_in_by
from unit.client.console.browsers import ConsoleUnderTest, csrf_of

NEW = b"another word of theirs"
CHANGES: dict[str, Callable[[LocalIssuer], object]] = {
    "passphrase": lambda issuer: issuer.set_passphrase("liaison", NEW),
    "roles": lambda issuer: issuer.set_roles("liaison", {Role.LIAISON, Role.OFFICER}),
    "passkey": lambda issuer: issuer.passkeys.remove("liaison", _only_passkey(issuer)),
    "account": lambda issuer: issuer.unlink("liaison"),
}
"""Changes of another process of the node, such as ``tearline person``."""


def _only_passkey(issuer: LocalIssuer) -> bytes:
    (found,) = issuer.passkeys.owned("liaison")
    return found.id


@pytest.fixture
async def held(world: Simulation, console: ConsoleUnderTest) -> Authenticator:
    """The passkey of the liaison officer, who has an account at a provider, too."""
    issuer, found = LocalIssuer(world.mx.node.keystore), Authenticator()
    issuer.link("liaison", "https://provider.example", "a-subject")
    await enrolled(console.browser(), "liaison", issuer.enrol("liaison", console.clock()), found)
    return found


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_in_another_process_ends_every_session(
    world: Simulation, console: ConsoleUnderTest, held: Authenticator, change: str
) -> None:
    first, second = await console.signed_in("liaison"), await console.signed_in("liaison")
    other = await console.signed_in("officer")
    assert (await second.get("/to-do")).status_code == 200
    CHANGES[change](LocalIssuer(world.mx.node.keystore))
    for browser in (first, second):
        reply = await browser.get("/to-do")
        assert reply.status_code == 303
        assert reply.headers["location"] == "/sign-in?next=%2Fto-do"
    with pytest.raises(LoginRequired):
        world.mx.node.persons.person("liaison", Role.LIAISON)
    assert (await other.get("/to-do")).status_code == 200


async def test_the_use_of_a_passkey_ends_no_session(
    console: ConsoleUnderTest, held: Authenticator
) -> None:
    first = await console.signed_in("liaison")
    assert await signed_in_by(console.browser(), held)
    assert (await first.get("/to-do")).status_code == 200


async def test_the_session_that_changes_passkeys_goes_on(
    console: ConsoleUnderTest, held: Authenticator
) -> None:
    own, other = await console.signed_in("liaison"), await console.signed_in("liaison")
    assert await added(own, Authenticator(), "a second one") == 303
    assert (await other.get("/to-do")).status_code == 303
    other = await console.signed_in("liaison")
    page = await own.get("/passkeys")
    values = {"csrf": csrf_of(page.text), "act": "remove", "id": held.id.hex()}
    assert (await own.post("/passkeys", values)).status_code == 303
    assert (await own.get("/passkeys")).status_code == 200
    assert (await other.get("/to-do")).status_code == 303


async def test_an_officer_s_change_ends_the_person_s_sessions(
    console: ConsoleUnderTest, held: Authenticator
) -> None:
    officer, liaison = await console.signed_in("officer"), await console.signed_in("liaison")
    values = {"csrf": await officer.csrf(), "act": "unlink"}
    assert (await officer.post("/agency/persons/liaison", values)).status_code == 303
    assert "0 sessions" in (await officer.get("/agency/persons/liaison")).text
    assert (await liaison.get("/to-do")).status_code == 303
    assert (await officer.get("/to-do")).status_code == 200


async def test_a_passphrase_changed_during_its_proof_begins_no_lasting_session(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_ins, issuer = world.mx.node.sign_ins, LocalIssuer(world.mx.node.keystore)
    verify = sign_ins.verify

    def slow(name: str, passphrase: bytes) -> bytes:
        found = verify(name, passphrase)
        issuer.set_passphrase(name, NEW)
        return found

    monkeypatch.setattr(sign_ins, "verify", slow)
    browser = await console.signed_in("liaison")
    assert (await browser.get("/to-do")).status_code == 303
