"""Access tokens: the acting person, the node, the audience and the expiry.

An agency issues JWT access tokens (RFC 9068) to its own persons. A token is valid for at most five
minutes and for one audience. It names its node (``client_id``) and the certificate of that node's
connection (``cnf``, RFC 8705, section 3.1): a copied token is worthless elsewhere.

PyJWT checks signatures. It brings a client of HTTP along, so it is imported on use. This module
decides on permitted signers, the kind of key and the value of each claim. It also checks ``typ``,
the lifetime, and an ``aud`` that is a list, which PyJWT leaves open. PyJWT's own clock is never
used.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from tearline.dataclass.immutable import immutable
from tearline.encoding import label, prefixed
from tearline.errors import KeyMalformed, MarkingMalformed, NotPermitted, TokenRefused
from tearline.identity import AgencyUri, NodeUri
from tearline.limits import (
    MAX_SUBJECT_BYTES,
    MAX_TOKEN_BYTES,
    MAX_TOKEN_LIFETIME_S,
    TOKEN_SKEW_S,
)
from tearline.policy.marking import Tlp, parse_tlp
from tearline.statements.statement import ActedBy

if TYPE_CHECKING:
    import jwt

_TYPE = "at+jwt"
_ALGORITHM = "EdDSA"
_CONFIRMATION = "x5t#S256"
_SEED_SIZE = 32
_PUBLIC_SIZE = 32
_TOKEN_ID_SIZE = 16
# RFC 8410, section 7: the PKCS#8 prefix of the 32 bytes of an Ed25519 key.
_PKCS8_ED25519 = bytes.fromhex("302e020100300506032b657004220420")


class Role(StrEnum):
    """Roles of a person at an agency."""

    ANALYST = "analyst"
    LIAISON = "liaison"
    AUDITOR = "auditor"
    OFFICER = "officer"


@immutable
class Person:
    """Person as a token describes them.

    Attributes:
        subject: The agency's name for the person; towards the exchange, a pseudonym.
        roles: The person's roles.
        clearance: The strictest TLP label the person is cleared for.
    """

    subject: str
    roles: frozenset[Role]
    clearance: Tlp


@immutable
class Binding:
    """Values to which a token must be bound, from the verifier's own records.

    Attributes:
        node: The node that presents it.
        thumbprint: SHA-256 of that node's TLS certificate, 32 bytes.
        audience: The URI of the verifier.
        issuer_keys: Ed25519 keys, 32 bytes each, of that node's agency.
    """

    node: NodeUri
    thumbprint: bytes
    audience: str
    issuer_keys: Sequence[bytes]


@immutable
class AccessToken:
    """Verified access token.

    Attributes:
        person: The acting person.
        node: The node of the act.
        token_id: The issuer's id of the token, ``jti``.
        issued_at_s: Unix seconds.
        expires_at_s: Unix seconds; the first at which it is no longer valid.
    """

    person: Person
    node: NodeUri
    token_id: str
    issued_at_s: int
    expires_at_s: int

    @property
    def agency(self) -> AgencyUri:
        """Returns the agency that issued it."""
        return self.node.agency

    @property
    def token_hash(self) -> bytes:
        """Returns SHA-256 of the token's id, 32 bytes, as statements name it."""
        return hashlib.sha256(self.token_id.encode()).digest()

    def verify_time(self, now_s: int) -> None:
        """Checks that the token has not expired at ``now_s``, Unix seconds.

        Raises:
            TokenRefused: If it has expired.
        """
        if now_s >= self.expires_at_s:
            raise TokenRefused("it has ended")


class IssuerKey:
    """Agency's Ed25519 key for tokens, kept as its 32-byte seed."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != _SEED_SIZE:
            raise KeyMalformed(f"a token issuer's key is kept as {_SEED_SIZE} bytes")
        self._seed = seed
        body = base64.b64encode(_PKCS8_ED25519 + seed).decode("ascii")
        self._pem = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
        from jwt.algorithms import OKPAlgorithm  # on use, as in every function that needs PyJWT

        key = OKPAlgorithm().prepare_key(self._pem)
        self.public = _unbase64url(OKPAlgorithm.to_jwk(key, as_dict=True)["x"])

    def private_bytes(self) -> bytes:
        """Returns the seed, for a keystore that encrypts it."""
        return self._seed

    def sign(self, header: Mapping[str, str], claims: Mapping[str, object]) -> str:
        """Returns a compact JWS over ``claims``."""
        import jwt

        payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
        return jwt.PyJWS().encode(payload, self._pem, _ALGORITHM, headers=dict(header))

    def __repr__(self) -> str:
        return f"IssuerKey({self.public.hex()[:16]})"


def issue_token(
    key: IssuerKey, person: Person, binding: Binding, *, token_id: bytes, now_s: int
) -> str:
    """Returns a token that is valid for five minutes from ``now_s``.

    Args:
        key: The agency's issuer key.
        person: The acting person.
        binding: Node, certificate and audience of the token.
        token_id: 16 fresh random bytes.
        now_s: The time, Unix seconds.

    Raises:
        TokenRefused: If the person has no role, or a name that no token may carry.
    """
    if len(token_id) != _TOKEN_ID_SIZE:
        raise TokenRefused(f"a token's id has {_TOKEN_ID_SIZE} bytes")
    claims = {
        "iss": str(binding.node.agency),
        "aud": binding.audience,
        "sub": _subject(person.subject),
        "client_id": str(binding.node),
        "iat": now_s,
        "exp": now_s + MAX_TOKEN_LIFETIME_S,
        "jti": token_id.hex(),
        "roles": sorted(_roles(list(person.roles))),
        "clearance": person.clearance.text,
        "cnf": {_CONFIRMATION: _base64url(binding.thumbprint)},
    }
    return key.sign({"typ": _TYPE}, claims)


def verify_token(token: str, binding: Binding, now_s: int) -> AccessToken:
    """Verifies a token, and returns it.

    1. The token is small. Its header states access token and EdDSA, and no other parameter that a
    verifier must understand (``crit``, ``jku``, ``x5c`` …).

    2. An issuer key *of the presenting node's agency*, from the verifier's own records and of the
    only permitted kind, signed it.

    3. That agency issued it, on that node, over that certificate, for this audience alone.

    4. It is valid now, and for at most five minutes.

    5. It names a person, at least one role, and a clearance.

    Raises:
        TokenRefused: If a check fails.
    """
    if len(token) > MAX_TOKEN_BYTES or not token.isascii():
        raise TokenRefused("it is too large, or not a token")
    claims = _signed_claims(token, binding.issuer_keys)
    expected = {
        "iss": str(binding.node.agency),
        "aud": binding.audience,
        "client_id": str(binding.node),
        "cnf": {_CONFIRMATION: _base64url(binding.thumbprint)},
    }
    for name, value in expected.items():
        # A list never equals a string: an audience among several is not accepted.
        if claims.get(name) != value:
            raise TokenRefused(f"its {name} is not the expected one")
    issued_at_s, expires_at_s = _verify_times(claims, now_s)
    return AccessToken(
        person=Person(
            subject=_subject(claims.get("sub")),
            roles=_roles(claims.get("roles")),
            clearance=_clearance(claims.get("clearance")),
        ),
        node=binding.node,
        token_id=_text(claims.get("jti"), "jti"),
        issued_at_s=issued_at_s,
        expires_at_s=expires_at_s,
    )


def pairwise_id(agency_key: bytes, subject: str, agreement_id: bytes) -> bytes:
    """Returns a person's pseudonym within one agreement: 32 bytes, unlinkable to other agreements.

    Args:
        agency_key: 32 secret bytes of the person's agency.
        subject: The agency's name for the person.
        agreement_id: The agreement's id.
    """
    if len(agency_key) != _SEED_SIZE:
        raise KeyMalformed(f"an agency's key for pseudonyms has {_SEED_SIZE} bytes")
    message = label("pairwise") + prefixed(subject.encode()) + prefixed(agreement_id)
    return hmac.digest(agency_key, message, "sha256")


def acted_by(
    token: AccessToken, role: Role, *, agency_key: bytes, agreement_id: bytes, time_ms: int
) -> ActedBy:
    """Returns the person behind a statement, by role and pseudonym, without a name.

    Raises:
        NotPermitted: If the person does not have the role.
    """
    if role not in token.person.roles:
        raise NotPermitted(f"this takes the role {role}")
    return ActedBy(
        pseudonym=pairwise_id(agency_key, token.person.subject, agreement_id),
        role=role.value,
        token_hash=token.token_hash,
        time_ms=time_ms,
    )


def _signed_claims(token: str, issuer_keys: Sequence[bytes]) -> dict[str, object]:
    import jwt

    for public in issuer_keys:
        try:
            decoded = jwt.PyJWS().decode_complete(token, _public_key(public), [_ALGORITHM])
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError:
            raise TokenRefused("it is not a token signed with EdDSA") from None
        header = decoded["header"]
        if {name: header[name] for name in header if name != "kid"} != {
            "typ": _TYPE,
            "alg": _ALGORITHM,
        }:
            raise TokenRefused("its header is not at+jwt with EdDSA")
        return _parse_claims(decoded["payload"])
    raise TokenRefused("no issuer of the node's agency signed it")


def _public_key(public: bytes) -> "jwt.PyJWK":
    # The kind of key is fixed here: PyJWT's EdDSA would also accept Ed448, and would guess
    # the kind of a key given as text.
    if len(public) != _PUBLIC_SIZE:
        raise KeyMalformed(f"a token issuer's public key has {_PUBLIC_SIZE} bytes")
    import jwt

    parameters = {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public)}
    return jwt.PyJWK.from_dict(parameters, _ALGORITHM)


def _parse_claims(payload: bytes) -> dict[str, object]:
    try:
        claims = json.loads(payload.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        raise TokenRefused("its claims are not unambiguous JSON") from None
    if not isinstance(claims, dict):
        raise TokenRefused("its claims are not an object")
    return claims


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _verify_times(claims: Mapping[str, object], now_s: int) -> tuple[int, int]:
    issued_at_s, expires_at_s = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    not_before_s = _seconds(claims.get("nbf", issued_at_s))
    if not 0 < expires_at_s - issued_at_s <= MAX_TOKEN_LIFETIME_S:
        raise TokenRefused("it is valid for longer than five minutes")
    if max(issued_at_s, not_before_s) > now_s + TOKEN_SKEW_S:
        raise TokenRefused("it is not valid yet; check the clocks")
    if now_s >= expires_at_s:
        raise TokenRefused("it has expired")
    return issued_at_s, expires_at_s


def _seconds(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TokenRefused("a time in it is missing, or is not whole seconds")
    return value


def _roles(value: object) -> frozenset[Role]:
    known = {role.value for role in Role}
    if not isinstance(value, list) or not value or len(value) > len(known):
        raise TokenRefused("it gives no roles")
    if not all(isinstance(name, str) and name in known for name in value):
        raise TokenRefused("it gives an unknown role")
    return frozenset(Role(name) for name in value)


def _clearance(value: object) -> Tlp:
    try:
        return parse_tlp(_text(value, "clearance"))
    except MarkingMalformed:
        raise TokenRefused("its clearance is not a TLP label") from None


def _subject(value: object) -> str:
    return _text(value, "sub")


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise TokenRefused(f"its {name} is missing, or is not text")
    if not 0 < len(value.encode()) <= MAX_SUBJECT_BYTES:
        raise TokenRefused(f"its {name} is empty or too long")
    return value


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
