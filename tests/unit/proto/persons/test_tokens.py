"""Access tokens: every check that a verifier makes, each seen to fail without it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

from support.cases import each_case
from tearline.encoding import label
from tearline.errors import KeyMalformed, NotPermitted, TokenRefused
from tearline.identity import NodeUri
from tearline.persons.tokens import (
    Binding,
    IssuerKey,
    Person,
    Role,
    acted_by,
    issue_token,
    pairwise_id,
    verify_token,
)
from tearline.policy.marking import Tlp

NOW = 1_800_000_000
KEY = IssuerKey(bytes(range(32)))
OTHER_KEY = IssuerKey(bytes(range(1, 33)))
NODE = NodeUri(trust_domain="us-justice.example", name="washington")
AUDIENCE = "spiffe://exchange.example/exchange"
THUMBPRINT = hashlib.sha256(b"certificate").digest()
PERSON = Person(
    subject="r.alvarez", roles=frozenset({Role.LIAISON, Role.ANALYST}), clearance=Tlp.AMBER_STRICT
)
HEADER = {"typ": "at+jwt"}


def binding(**changed: object) -> Binding:
    parts = {
        "node": NODE,
        "thumbprint": THUMBPRINT,
        "audience": AUDIENCE,
        "issuer_keys": [KEY.public],
    }
    return Binding(**(parts | changed))  # type: ignore[arg-type]  # tests change one part by name


BINDING = binding()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def claims(**changed: object) -> dict[str, object]:
    """The claims of a good token, with some changed; None leaves one out."""
    good = {
        "iss": "spiffe://us-justice.example",
        "aud": AUDIENCE,
        "sub": "r.alvarez",
        "client_id": str(NODE),
        "iat": NOW,
        "exp": NOW + 300,
        "jti": "00" * 16,
        "roles": ["analyst"],
        "clearance": "amber",
        "cnf": {"x5t#S256": b64url(THUMBPRINT)},
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def signed(header: Mapping[str, object] = HEADER, **changed: object) -> str:
    return KEY.sign(header, claims(**changed))  # type: ignore[arg-type]  # bad headers are tried


def by_hand(header: object, payload: bytes, key: IssuerKey = KEY) -> str:
    """A token whose bytes no library has tidied."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    signing_input = f"{b64url(text)}.{b64url(payload)}"
    private = ed25519.Ed25519PrivateKey.from_private_bytes(key.private_bytes())
    return f"{signing_input}.{b64url(private.sign(signing_input.encode()))}"


def test_a_token_says_who_acts_and_where() -> None:
    text = issue_token(KEY, PERSON, BINDING, token_id=b"t" * 16, now_s=NOW)
    token = verify_token(text, BINDING, NOW)
    assert token.person == PERSON
    assert (token.node, token.agency) == (NODE, NODE.agency)
    assert token.expires_at_s - token.issued_at_s == 300
    assert token.token_id == (b"t" * 16).hex()
    assert token.token_hash == hashlib.sha256(token.token_id.encode()).digest()


def test_the_tests_own_frame_makes_good_tokens() -> None:
    assert verify_token(signed(), BINDING, NOW).person.roles == {Role.ANALYST}
    header = {"alg": "EdDSA", "typ": "at+jwt"}
    assert verify_token(by_hand(header, json.dumps(claims()).encode()), BINDING, NOW)


BAD_CLAIMS: dict[str, dict[str, object]] = {
    "another issuer": {"iss": "spiffe://cn-public-security.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "spiffe://other.example/exchange"},
    "an audience in a list": {"aud": [AUDIENCE]},
    "several audiences": {"aud": [AUDIENCE, "spiffe://other.example/exchange"]},
    "no audience": {"aud": None},
    "another node": {"client_id": "spiffe://us-justice.example/node/newyork"},
    "another agency's node": {"client_id": "spiffe://cn.example/node/washington"},
    "no node": {"client_id": None},
    "another certificate": {"cnf": {"x5t#S256": b64url(b"x" * 32)}},
    "a padded thumbprint": {"cnf": {"x5t#S256": b64url(THUMBPRINT) + "="}},
    "two confirmations": {"cnf": {"x5t#S256": b64url(THUMBPRINT), "jkt": "x"}},
    "a confirmation as text": {"cnf": b64url(THUMBPRINT)},
    "no confirmation": {"cnf": None},
    "too long a life": {"exp": NOW + 301},
    "no life": {"exp": NOW, "iat": NOW},
    "a life backwards": {"exp": NOW + 1, "iat": NOW + 2},
    "an end that passed": {"iat": NOW - 300, "exp": NOW},
    "a beginning to come": {"iat": NOW + 31, "exp": NOW + 300},
    "not to be used yet": {"nbf": NOW + 31},
    "a floating end": {"exp": float(NOW + 300)},
    "a textual end": {"exp": str(NOW + 300)},
    "a boolean beginning": {"iat": True, "exp": 100},
    "no end": {"exp": None},
    "no beginning": {"iat": None},
    "a negative beginning": {"iat": -1},
    "no person": {"sub": None},
    "an empty person": {"sub": ""},
    "a person as number": {"sub": 7},
    "a person with a line break": {"sub": "r\nalvarez"},
    "a person with a terminal escape": {"sub": "\x1b[2J"},
    "a person of great length": {"sub": "r" * 129},
    "no id": {"jti": None},
    "an id of great length": {"jti": "0" * 129},
    "no roles": {"roles": None},
    "an empty list of roles": {"roles": []},
    "a role as text": {"roles": "officer"},
    "a role there is not": {"roles": ["analyst", "root"]},
    "a role as list": {"roles": [["officer"]]},
    "many roles": {"roles": ["analyst"] * 5},
    "no clearance": {"clearance": None},
    "a clearance there is not": {"clearance": "top-secret"},
    "a clearance as number": {"clearance": 4},
}


@each_case("case", BAD_CLAIMS)
def test_a_claim_that_is_not_as_it_must_be_is_refused(case: str) -> None:
    with pytest.raises(TokenRefused):
        verify_token(signed(**BAD_CLAIMS[case]), BINDING, NOW)


BAD_HEADERS: dict[str, dict[str, object]] = {
    "an id token": {"typ": "JWT"},
    "the long spelling of the type": {"typ": "application/at+jwt"},
    "upper case": {"typ": "AT+JWT"},
    "no type": {"typ": None},
    "a critical extension": {"typ": "at+jwt", "crit": ["exp"], "exp": NOW},
    "a key of its own": {"typ": "at+jwt", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}},
    "an address of keys": {"typ": "at+jwt", "jku": "https://example.com/keys"},
    "a certificate": {"typ": "at+jwt", "x5c": []},
    "the other name of the algorithm": {"typ": "at+jwt", "alg": "Ed25519"},
    "no algorithm": {"typ": "at+jwt", "alg": "none"},
    "an algorithm of no kind": {"typ": "at+jwt", "alg": None},
}


@each_case("case", BAD_HEADERS)
def test_a_header_that_says_more_is_refused(case: str) -> None:
    header = {"alg": "EdDSA"} | BAD_HEADERS[case]
    with pytest.raises(TokenRefused):
        verify_token(by_hand(header, json.dumps(claims()).encode()), BINDING, NOW)


def test_a_key_id_is_allowed_and_not_believed() -> None:
    assert verify_token(signed({"typ": "at+jwt", "kid": "7"}), BINDING, NOW)
    with pytest.raises(TokenRefused, match="no issuer"):
        verify_token(signed({"typ": "at+jwt", "kid": "7"}), binding(issuer_keys=[]), NOW)


def test_the_public_key_is_no_secret_for_hmac() -> None:
    pem = ed25519.Ed25519PublicKey.from_public_bytes(KEY.public).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for secret in (KEY.public, pem):
        text = f"{b64url(json.dumps({'typ': 'at+jwt', 'alg': 'HS256'}).encode())}."
        text += b64url(json.dumps(claims()).encode())
        text += "." + b64url(hmac.digest(secret, text.encode(), "sha256"))
        with pytest.raises(TokenRefused):
            verify_token(text, BINDING, NOW)


def test_an_unsigned_token_is_refused() -> None:
    header = b64url(json.dumps({"typ": "at+jwt", "alg": "none"}).encode())
    with pytest.raises(TokenRefused):
        verify_token(f"{header}.{b64url(json.dumps(claims()).encode())}.", BINDING, NOW)


def test_other_kinds_of_keys_are_refused() -> None:
    payload = json.dumps(claims()).encode()
    es256 = jwt.PyJWS().encode(
        payload, ec.generate_private_key(ec.SECP256R1()), "ES256", headers=HEADER
    )
    ed448_key = ed448.Ed448PrivateKey.generate()
    eddsa448 = jwt.PyJWS().encode(payload, ed448_key, "EdDSA", headers=HEADER)
    for text in (es256, eddsa448):
        with pytest.raises(TokenRefused):
            verify_token(text, BINDING, NOW)
    with pytest.raises(KeyMalformed):
        verify_token(
            eddsa448, binding(issuer_keys=[ed448_key.public_key().public_bytes_raw()]), NOW
        )


def test_an_issuer_of_another_agency_is_refused() -> None:
    text = OTHER_KEY.sign(HEADER, claims())
    with pytest.raises(TokenRefused, match="no issuer"):
        verify_token(text, BINDING, NOW)
    assert verify_token(text, binding(issuer_keys=[KEY.public, OTHER_KEY.public]), NOW)


def test_a_token_does_not_move_to_another_connection() -> None:
    text = signed()
    other_node = NodeUri(trust_domain=NODE.trust_domain, name="newyork")
    moved = [
        binding(node=other_node),
        binding(thumbprint=bytes(32)),
        binding(audience="spiffe://other.example/exchange"),
    ]
    for elsewhere in moved:
        with pytest.raises(TokenRefused):
            verify_token(text, elsewhere, NOW)


def test_a_token_holds_from_its_beginning_to_its_end() -> None:
    text = signed()
    for moment in (NOW - 30, NOW, NOW + 299):
        assert verify_token(text, BINDING, moment)
    for moment in (NOW - 31, NOW + 300):
        with pytest.raises(TokenRefused):
            verify_token(text, BINDING, moment)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b"[" * 3000,
        json.dumps(claims()).encode().replace(b'"roles"', b'"roles": ["officer"], "roles"'),
    ],
)
def test_claims_are_one_object_in_one_reading(payload: bytes) -> None:
    with pytest.raises(TokenRefused):
        verify_token(by_hand({"alg": "EdDSA", "typ": "at+jwt"}, payload), BINDING, NOW)


@each_case("text", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d.e", "é.é.é", "x" * 5000])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        verify_token(text, BINDING, NOW)


def test_a_token_of_great_length_is_refused() -> None:
    with pytest.raises(TokenRefused, match="too large"):
        verify_token(signed(padding="x" * 4096), BINDING, NOW)


def test_a_flipped_bit_is_refused() -> None:
    text = signed()
    for position in range(0, len(text), 7):
        other = "A" if text[position] != "A" else "B"
        with pytest.raises(TokenRefused):
            verify_token(text[:position] + other + text[position + 1 :], BINDING, NOW)


def test_a_token_is_not_issued_to_nobody() -> None:
    for person in (
        Person(subject="", roles=PERSON.roles, clearance=Tlp.RED),
        Person(subject="r.alvarez", roles=frozenset(), clearance=Tlp.RED),
    ):
        with pytest.raises(TokenRefused):
            issue_token(KEY, person, BINDING, token_id=bytes(16), now_s=NOW)
    with pytest.raises(TokenRefused):
        issue_token(KEY, PERSON, BINDING, token_id=b"short", now_s=NOW)


def test_an_issuer_key_is_its_seed() -> None:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(KEY.private_bytes())
    assert KEY.public == private.public_key().public_bytes_raw()
    assert repr(KEY) == f"IssuerKey({KEY.public.hex()[:16]})"
    with pytest.raises(KeyMalformed):
        IssuerKey(b"short")


def test_a_pseudonym_is_stable_in_one_agreement_and_new_in_another() -> None:
    key, agreement = b"k" * 32, b"a" * 16
    here = pairwise_id(key, "r.alvarez", agreement)
    assert here == pairwise_id(key, "r.alvarez", agreement)
    others = {
        pairwise_id(key, "r.alvarez", b"b" * 16),
        pairwise_id(key, "r.alvares", agreement),
        pairwise_id(b"K" * 32, "r.alvarez", agreement),
        pairwise_id(key, "r.alvarez" + "a", b"a" * 15),  # the two parts do not run together
    }
    assert len(others | {here}) == 5
    message = label("pairwise") + b"\0\0\0\x09r.alvarez" + b"\0\0\0\x10" + agreement
    assert here == hmac.new(key, message, "sha256").digest()
    with pytest.raises(KeyMalformed):
        pairwise_id(b"short", "r.alvarez", agreement)


def test_a_statement_names_a_role_and_no_person() -> None:
    token = verify_token(signed(roles=["liaison"]), BINDING, NOW)
    acted = acted_by(
        token, Role.LIAISON, agency_key=b"k" * 32, agreement_id=b"a" * 16, time_ms=NOW * 1000
    )
    assert acted.pseudonym == pairwise_id(b"k" * 32, "r.alvarez", b"a" * 16)
    assert (acted.role, acted.token_hash) == ("liaison", token.token_hash)
    assert "alvarez" not in repr(acted)
    with pytest.raises(NotPermitted):
        acted_by(token, Role.OFFICER, agency_key=b"k" * 32, agreement_id=b"a" * 16, time_ms=0)
