"""Sign-in by the identity provider against forged tokens, other browsers and other persons."""

import json
import re
from collections.abc import AsyncIterator, Callable
from functools import partial

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_encode

from support.simulation import Simulation
from tearline.audit.event import EventCode
from tearline.errors import MalformedInput, ProviderRefused
from tearline.limits import MAX_ID_TOKEN_BYTES, PROVIDER_FLOW_S, TOKEN_SKEW_S
from tearline.persons.tokens import Role
from tearline_client.console.id_tokens import (
    Account,
    Expected,
    parse_keys,
    parse_role_table,
    verify_id_token,
)
from tearline_client.console.provider import parse_addresses
from tearline_client.persons.issuer import LocalIssuer
from unit.client.console.browsers import ConsoleUnderTest, Wall, add_person, console_of, entries
from unit.client.console.identity_provider import (
    Claims,
    IdentityProvider,
    authenticated,
    public_keys,
    serving,
    signed,
    signing_key,
    through,
)
from unit.client.console.test_provider import hidden


@pytest.fixture
async def provider(world: Simulation) -> AsyncIterator[IdentityProvider]:
    for role in Role:
        add_person(world.mx, role.value, role)
    async with serving(Wall(now_s=0)) as found:
        LocalIssuer(world.mx.node.keystore).links.add("liaison", found.issuer, found.subject)
        yield found


@pytest.fixture
def console(world: Simulation, provider: IdentityProvider) -> ConsoleUnderTest:
    found = console_of(world.mx, provider=provider.provider())
    provider.clock = found.clock
    return found


NOW_S = 1_700_000_000
TABLE = parse_role_table("groups", "liaisons=liaison")


def claims() -> Claims:
    """The claims of a true token."""
    true = {"iss": "https://id.agency.example", "aud": "tearline-console", "sub": "af12"}
    times = {"iat": NOW_S, "exp": NOW_S + 300, "auth_time": NOW_S}
    return {**true, **times, "nonce": "of this request", "groups": ["liaisons"]}


def verified(token: str) -> Account:
    """The account of a token, as the console verifies it."""
    keys = parse_keys(json.dumps({"keys": public_keys()}).encode(), "RS256")
    expected = Expected(
        issuer="https://id.agency.example",
        client="tearline-console",
        algorithm="RS256",
        nonce="of this request",
    )
    return verify_id_token(token, keys, expected, TABLE, began_s=NOW_S, now_s=NOW_S)


def test_a_true_token_proves_its_account() -> None:
    assert verified(signed(claims())) == Account(subject="af12", roles=frozenset({Role.LIAISON}))


async def refused(console: ConsoleUnderTest, code: str = "TL-TLS-015") -> None:
    """A browser that comes back from the provider is not signed in."""
    browser = console.browser()
    reply = await through(browser)
    assert (reply.status_code, code in reply.text) == (403, True), reply.text
    assert (await browser.get("/state")).status_code == 303


def unsigned(header: dict[str, str], claims: Claims) -> str:
    parts = (json.dumps(each).encode() for each in (header, claims))
    return ".".join(base64url_encode(each).decode() for each in parts) + "."


def hmac_by_public_key(claims: Claims) -> str:
    """A token whose secret is the text of the provider's public key."""
    text = signing_key("first").public_key()
    pem = text.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = unsigned({"alg": "HS256", "kid": "first", "typ": "JWT"}, claims).removesuffix(".")
    algorithm = jwt.get_algorithm_by_name("HS256")
    # As whoever attacks does it: PyJWT itself refuses such a secret.
    signature = algorithm.sign(head.encode(), pem)
    return f"{head}.{base64url_encode(signature).decode()}"


FORGED: dict[str, Callable[[Claims], str]] = {
    "unsigned": lambda claims: unsigned({"alg": "none", "kid": "first"}, claims),
    "unsigned, and says otherwise": lambda claims: unsigned(
        {"alg": "RS256", "kid": "first"}, claims
    ),
    "by the public key as a secret": hmac_by_public_key,
    "by another key than it names": lambda claims: signed(claims, "second", by="first"),
    "by a key of the attacker": lambda claims: signed(claims, "first", by="stranger"),
    "by a key that the provider has not": lambda claims: signed(claims, "third"),
    "by another algorithm": lambda claims: jwt.encode(
        claims, signing_key("first"), "RS512", headers={"kid": "first"}
    ),
    "as another kind of token": lambda claims: jwt.encode(
        claims, signing_key("first"), "RS256", headers={"kid": "first", "typ": "at+jwt"}
    ),
    "without a key's name": lambda claims: jwt.encode(claims, signing_key("first"), "RS256"),
}


@pytest.mark.parametrize("way", FORGED)
def test_a_token_that_no_key_of_the_provider_signed_is_refused(way: str) -> None:
    with pytest.raises(ProviderRefused):
        verified(FORGED[way](claims()))


async def test_a_huge_token_is_refused(
    console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    provider.groups = ("liaisons", *(f"group-{n}" for n in range(MAX_ID_TOKEN_BYTES // 10)))
    await refused(console)
    provider.groups = ("liaisons", "x" * 300_000)  # above any answer
    await refused(console)


def merged(others: Claims, claims: Claims) -> Claims:
    return {**claims, **others}


OTHERS: dict[str, Claims] = {
    "another program's": {"aud": "wiki"},
    "another program's, too": {"aud": ["tearline-console", "wiki"]},
    "given to another program": {"azp": "wiki"},
    "of another provider": {"iss": "https://id.elsewhere.example"},
    "for another request": {"nonce": "of another request"},
    "for no request": {"nonce": None},
}


@pytest.mark.parametrize("way", OTHERS)
def test_a_token_for_another_program_or_request_is_refused(way: str) -> None:
    with pytest.raises(ProviderRefused):
        verified(signed({**claims(), **OTHERS[way]}))


async def test_the_console_signs_no_one_in_by_such_tokens(
    console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    for sign in FORGED.values():
        provider.sign = sign
        await refused(console)
    provider.sign = signed
    for other in OTHERS.values():
        provider.change = partial(merged, other)
        await refused(console)
    provider.change = dict
    assert (await through(console.browser())).status_code == 303


@pytest.mark.parametrize(
    "ages",
    [
        {"exp": -TOKEN_SKEW_S},
        {"iat": TOKEN_SKEW_S + 1},
        {"nbf": TOKEN_SKEW_S + 1},
        {"iat": -PROVIDER_FLOW_S - TOKEN_SKEW_S - 1},
        {"auth_time": -TOKEN_SKEW_S - 1},
        {"auth_time": None},
        {"exp": None},
    ],
)
def test_a_token_of_another_time_is_refused(ages: dict[str, int | None]) -> None:
    times = {name: None if age is None else NOW_S + age for name, age in ages.items()}
    aged = {name: value for name, value in {**claims(), **times}.items() if value is not None}
    with pytest.raises(ProviderRefused):
        verified(signed(aged))


async def test_the_answer_of_another_provider_is_refused(
    console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    browser = console.browser()
    finish = await authenticated(browser)
    mixed = finish.replace("iss=http", "iss=https")
    reply = await browser.get(mixed, {"sec-fetch-site": "same-origin"})
    assert (reply.status_code, provider.tokens) == (403, 0)
    silent = (await authenticated(browser)).partition("&iss=")[0]
    reply = await browser.get(silent, {"sec-fetch-site": "same-origin"})
    assert (reply.status_code, provider.tokens) == (403, 0)


async def test_a_code_begun_in_another_browser_is_not_even_exchanged(
    console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    provider.forgives = True
    finish = await authenticated(console.browser())  # an attacker's, with their account
    victim = console.browser()
    await authenticated(victim)
    reply = await victim.get(finish, {"sec-fetch-site": "same-origin"})
    assert (reply.status_code, provider.tokens) == (403, 0)
    stranger = console.browser()
    reply = await stranger.get(finish, {"sec-fetch-site": "same-origin"})
    assert (reply.status_code, provider.tokens) == (403, 0)


async def test_a_sign_in_that_took_too_long_is_refused(
    console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    browser = console.browser()
    finish = await authenticated(browser)
    console.clock.now_s += PROVIDER_FLOW_S
    reply = await browser.get(finish, {"sec-fetch-site": "same-origin"})
    assert (reply.status_code, provider.tokens) == (403, 0)


async def test_an_answer_signs_in_once(
    console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    provider.forgives = True  # a provider that exchanges a code twice
    browser = console.browser()
    finish = await authenticated(browser)
    copied = dict(browser.client.cookies)
    assert (await browser.get(finish, {"sec-fetch-site": "same-origin"})).status_code == 303
    thief = console.browser()
    thief.client.cookies.update(copied)
    reply = await thief.get(finish, {"sec-fetch-site": "same-origin"})
    assert (reply.status_code, "used already" in reply.text) == (403, True)


async def test_a_disabled_person_stays_disabled(
    world: Simulation, console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    LocalIssuer(world.mx.node.keystore).disable("liaison")
    await refused(console, "TL-TLS-008")


async def test_an_account_of_a_colleague_confirms_no_session(
    world: Simulation, console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    issuer = LocalIssuer(world.mx.node.keystore)
    issuer.links.add("officer", provider.issuer, "b7")
    browser = await console.signed_in("officer")
    reply = await through(browser, "/confirm/provider")
    assert (reply.status_code, "TL-TLS-015" in reply.text) == (403, True)
    assert 'action="/confirm"' in reply.text
    entry = entries(world.mx)[-1]
    assert (entry.code, entry.counterpart) == (EventCode.SIGN_IN, "officer")
    assert entry.reason == "TL-TLS-015"


async def test_no_account_is_linked_but_the_one_that_was_proved(
    world: Simulation, console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    provider.subject = "b7"
    browser, issuer = console.browser(), LocalIssuer(world.mx.node.keystore)
    page = await through(browser)
    form = {"name": "officer", "code": issuer.enrol("officer", console.clock())}
    proof, identity = hidden(page, "proof"), hidden(page, "identity")
    more = identity.replace("liaison", "officer")
    for stated in (identity.replace("b7", "af13"), more):
        assert stated != identity
        given = {**form, "identity": stated, "proof": proof}
        assert (await browser.post("/sign-in/link", given)).status_code == 403
    console.clock.now_s += PROVIDER_FLOW_S
    late = {**form, "identity": identity, "proof": proof}
    assert (await browser.post("/sign-in/link", late)).status_code == 403
    assert not issuer.links.has("officer")


async def test_refused_codes_do_not_prolong_the_proof_of_an_account(
    world: Simulation, console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    provider.subject = "b7"
    browser, issuer = console.browser(), LocalIssuer(world.mx.node.keystore)
    page = await through(browser)
    given = {each: hidden(page, each) for each in ("identity", "proof")}
    console.clock.now_s += PROVIDER_FLOW_S - 1
    wrong = {**given, "name": "officer", "code": "AAAAA-AAAAA-AAAAA-AAAAA"}
    refused = await browser.post("/sign-in/link", wrong)
    assert (refused.status_code, hidden(refused, "proof")) == (403, given["proof"])
    console.clock.now_s += 1
    late = {**given, "name": "officer", "code": issuer.enrol("officer", console.clock())}
    assert (await browser.post("/sign-in/link", late)).status_code == 403
    assert not issuer.links.has("officer")


async def test_a_way_that_proved_nothing_is_not_spent(
    console: ConsoleUnderTest, provider: IdentityProvider
) -> None:
    browser = console.browser()
    finish = await authenticated(browser)
    kept = dict(browser.client.cookies)
    guessed = re.sub("code=[^&]+", "code=guessed", finish)
    reply = await browser.get(guessed, {"sec-fetch-site": "same-origin"})
    assert (reply.status_code, provider.tokens) == (403, 1)
    browser.client.cookies.update(kept)
    reply = await browser.get(finish, {"sec-fetch-site": "same-origin"})
    assert (reply.status_code, provider.tokens) == (303, 2)


async def test_a_way_that_waits_for_its_turn_in_vain_keeps_its_cookie(
    console: ConsoleUnderTest, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = console.browser()
    finish = await authenticated(browser)
    with monkeypatch.context() as full:
        full.setattr("tearline_client.console.visit.MAX_SIGN_INS_WAITING", 0)
        reply = await browser.get(finish, {"sec-fetch-site": "same-origin"})
    assert (reply.status_code, provider.tokens) == (429, 0)
    reply = await browser.get(finish, {"sec-fetch-site": "same-origin"})
    assert (reply.status_code, provider.tokens) == (303, 1)


@pytest.mark.parametrize("place", ["https://elsewhere.example/", "//elsewhere.example", "/\\e"])
async def test_a_sign_in_leads_to_no_page_elsewhere(
    console: ConsoleUnderTest, provider: IdentityProvider, place: str
) -> None:
    reply = await through(console.browser(), f"/sign-in/provider?next={place}")
    assert reply.headers["location"] == "/"


@pytest.mark.parametrize(
    "stated",
    [
        {"issuer": "https://id.elsewhere.example"},
        {"token_endpoint": "http://id.agency.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://id.agency.example:99999/keys"},
        {"jwks_uri": "https://[id.agency.example/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
def test_a_provider_states_protected_addresses_of_its_own(stated: Claims) -> None:
    issuer = "https://id.agency.example"
    true = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/keys",
    }
    assert parse_addresses(json.dumps(true).encode(), issuer).keys == f"{issuer}/keys"
    with pytest.raises(ProviderRefused):
        parse_addresses(json.dumps({**true, **stated}).encode(), issuer)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": [], "keys": []}',
        b'{"keys": [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}]}',
        b'{"keys": [{"kty": "RSA", "kid": "a", "n": 1, "e": "AQAB"}]}',
        b"[" * 100_000,
    ],
)
def test_keys_that_are_weak_or_malformed_are_refused(data: bytes) -> None:
    with pytest.raises(ProviderRefused):
        parse_keys(data, "RS256")


def test_one_name_of_two_keys_is_refused() -> None:
    key = {**public_keys()[0], "kid": "a"}
    assert [*parse_keys(json.dumps({"keys": [key]}).encode(), "RS256")] == ["a"]
    with pytest.raises(ProviderRefused):
        parse_keys(json.dumps({"keys": [key, key]}).encode(), "RS256")
    other = {**key, "use": "enc"}
    assert parse_keys(json.dumps({"keys": [other]}).encode(), "RS256") == {}
    assert parse_keys(json.dumps({"keys": [key]}).encode(), "ES256") == {}


@pytest.mark.parametrize(
    "text", ["", ";", "liaison", "=liaison", "a=chief", "a=liaison; a=auditor"]
)
def test_a_malformed_table_of_roles_is_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        parse_role_table("groups", text)


def test_a_table_of_roles_takes_names_of_a_directory() -> None:
    table = parse_role_table("groups", "CN=Enlace,OU=FGR = liaison; auditores=auditor ;")
    claims: Claims = {"groups": ["CN=Enlace,OU=FGR", "auditores", "comedor", 7]}
    assert table.of(claims) == {Role.LIAISON, Role.AUDITOR}
    assert table.of({"groups": "auditores"}) == {Role.AUDITOR}
    assert table.of({}) == table.of({"groups": {"auditores": True}}) == frozenset()
