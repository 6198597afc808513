"""Identity tokens of the agency's provider (OpenID Connect Core 1.0), and their verification.

The signature's algorithm is fixed by the settings, and the key is one of the provider's keys of
that algorithm. PyJWT checks the signature alone; each claim and time is checked here. Nothing here
does I/O or reads a clock.
"""

import hmac
import json
from collections.abc import Mapping

import jwt

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, ProviderRefused
from tearline.limits import MAX_ID_TOKEN_BYTES, PROVIDER_FLOW_S, TOKEN_SKEW_S
from tearline.persons.tokens import Role
from tearline.text.choices import one_of

ALGORITHMS: Mapping[str, tuple[str, str]] = {
    "RS256": ("RSA", ""),
    "PS256": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""Kind and curve of the keys of each algorithm."""
_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_MIN_RSA_BITS = 2048
_MAX_KEYS = 64
_MAX_SUBJECT = 255  # characters, by the standard
Keys = Mapping[str, jwt.PyJWK]
"""Keys of the provider, by their id."""


@immutable
class RoleTable:
    """Roles of persons by a claim of the provider.

    Attributes:
        claim: Name of the claim.
        roles: Role of each of its values.
    """

    claim: str
    roles: Mapping[str, Role]

    def of(self, claims: Mapping[str, object]) -> frozenset[Role]:
        """Returns the roles of an account; a value that is not in the table gives none."""
        stated = claims.get(self.claim)
        values = stated if isinstance(stated, list) else [stated]
        found = (self.roles.get(each) for each in values if isinstance(each, str))
        return frozenset(role for role in found if role is not None)


def parse_role_table(claim: str, text: str) -> RoleTable:
    """Returns the table of a text such as ``liaison-group=liaison; audit-group=auditor``.

    Raises:
        MalformedInput: If it is empty or malformed, or names an unknown role.
    """
    known = {role.value: role for role in Role}
    roles: dict[str, Role] = {}
    for row in filter(None, map(str.strip, text.split(";"))):
        value, _, role = (part.strip() for part in row.rpartition("="))
        if not value or value in roles:
            raise MalformedInput(f"expected value=role, each value once, and found {row!r}")
        if role not in known:
            raise MalformedInput(one_of(role, "role", known))
        roles[value] = known[role]
    if not roles:
        raise MalformedInput("expected value=role, for example liaison-group=liaison")
    return RoleTable(claim=claim, roles=roles)


@immutable
class Expected:
    """Values that an identity token must have.

    Attributes:
        issuer: The provider.
        client: The console's client id.
        algorithm: The algorithm of its signature, of ``ALGORITHMS``.
        nonce: The nonce of the request.
    """

    issuer: str
    client: str
    algorithm: str
    nonce: str


@immutable
class Account:
    """An account that the provider proved.

    Attributes:
        subject: Its subject, unique at the provider.
        roles: The roles that its claims give.
    """

    subject: str
    roles: frozenset[Role]


def parse_keys(data: bytes, algorithm: str) -> Keys:
    """Returns the provider's keys for an algorithm, from its set of keys (RFC 7517).

    Keys of other algorithms and uses, and those without an id, are left out.

    Raises:
        ProviderRefused: If the set is malformed or too large, or one id names two keys.
    """
    listed = parse_object(data).get("keys")
    if not isinstance(listed, list) or len(listed) > _MAX_KEYS:
        raise ProviderRefused("its set of keys is malformed")
    kind, curve = ALGORITHMS[algorithm]
    found: dict[str, jwt.PyJWK] = {}
    for each in listed:
        match each:
            case {"kty": str(stated), "kid": str(key_id)} if stated == kind and key_id:
                if each.get("crv", "") != curve:
                    continue
                if each.get("use", "sig") != "sig" or each.get("alg", algorithm) != algorithm:
                    continue
                if key_id in found:
                    raise ProviderRefused("two of its keys have one id")
                found[key_id] = _key(each, algorithm)
            case _:
                continue
    return found


def verify_id_token(
    token: str, keys: Keys, expected: Expected, roles: RoleTable, *, began_s: int, now_s: int
) -> Account:
    """Verifies an identity token, and returns the account that it proves.

    1. It is small. Its header states the expected algorithm, and the id of one of the keys.

    2. That key signed it.

    3. The provider issued it, for this console alone, and for this request.

    4. It is valid now, and the person authenticated after the request began.

    Args:
        token: The token.
        keys: The provider's keys for the algorithm.
        expected: The values that it must have.
        roles: The roles by its claims.
        began_s: Begin of the request, Unix seconds.
        now_s: The time, Unix seconds.

    Raises:
        ProviderRefused: If a check fails.
    """
    claims = signed_claims(token, keys, expected.algorithm)
    verify_addressee(claims, expected)
    verify_times(claims, began_s=began_s, now_s=now_s)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT:
        raise ProviderRefused("the token names no account")
    if not (subject.isascii() and subject.isprintable()):
        raise ProviderRefused("the token names no account")
    return Account(subject=subject, roles=roles.of(claims))


def signed_claims(token: str, keys: Keys, algorithm: str) -> Mapping[str, object]:
    """Returns the claims of a token that one of the keys signed, by the expected algorithm.

    Raises:
        ProviderRefused: If none did.
    """
    if len(token) > MAX_ID_TOKEN_BYTES or not token.isascii():
        raise ProviderRefused("the token is too large, or not a token")
    try:
        header = jwt.get_unverified_header(token)
        key = keys.get(header.get("kid", ""))
        if header["alg"] != algorithm or str(header.get("typ", "JWT")).upper() != "JWT":
            raise ProviderRefused(f"the token is not an identity token signed with {algorithm}")
        if key is None or "crit" in header or "b64" in header:
            raise ProviderRefused("the token names none of the provider's keys")
        decoded = jwt.PyJWS().decode_complete(token, key, [algorithm])
    except (jwt.PyJWTError, LookupError, TypeError, ValueError, RecursionError):
        raise ProviderRefused("the token is malformed, or its signature is not valid") from None
    return parse_object(decoded["payload"])


def verify_addressee(claims: Mapping[str, object], expected: Expected) -> None:
    """Checks that the provider issued a token for this console alone, and for this request.

    Raises:
        ProviderRefused: If it did not.
    """
    if claims.get("iss") != expected.issuer:
        raise ProviderRefused("another provider issued the token")
    # A second audience could use the token, too: the standard leaves it to the client to refuse.
    if claims.get("aud") not in (expected.client, [expected.client]):
        raise ProviderRefused("the token is for another program")
    if claims.get("azp", expected.client) != expected.client:
        raise ProviderRefused("the token is for another program")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str):
        raise ProviderRefused("the token answers no request")
    if not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise ProviderRefused("the token answers another request")


def verify_times(claims: Mapping[str, object], *, began_s: int, now_s: int) -> None:
    """Checks that a token is valid now, and that the person authenticated for this request.

    Raises:
        ProviderRefused: If it is not so.
    """
    issued_s, ends_s = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    starts_s = max(issued_s, _seconds(claims.get("nbf", issued_s)))
    if starts_s > now_s + TOKEN_SKEW_S or now_s >= ends_s + TOKEN_SKEW_S:
        raise ProviderRefused("the token is not valid at this time; check the clocks")
    if issued_s < now_s - PROVIDER_FLOW_S - TOKEN_SKEW_S:
        raise ProviderRefused("the token is too old")
    if "auth_time" not in claims:
        raise ProviderRefused("the token does not say when the person authenticated (auth_time)")
    if _seconds(claims["auth_time"]) < began_s - TOKEN_SKEW_S:
        raise ProviderRefused("the person authenticated before this sign-in began")


def parse_object(data: bytes) -> Mapping[str, object]:
    """Returns a JSON object whose names are unique.

    Raises:
        ProviderRefused: If it is none.
    """
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        raise ProviderRefused("its answer is not unambiguous JSON") from None
    if not isinstance(found, dict):
        raise ProviderRefused("its answer is not an object")
    return found


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _key(stated: Mapping[str, object], algorithm: str) -> jwt.PyJWK:
    kind = ALGORITHMS[algorithm][0]
    members = {name: stated.get(name) for name in ("kty", *_MEMBERS[kind])}
    try:  # of the public members alone
        key = jwt.PyJWK(members, algorithm)
    except (jwt.PyJWTError, LookupError, TypeError, ValueError):
        raise ProviderRefused("one of its keys is malformed") from None
    if kind == "RSA" and key.key.key_size < _MIN_RSA_BITS:
        raise ProviderRefused(f"one of its keys has fewer than {_MIN_RSA_BITS} bits")
    return key


def _seconds(value: object) -> int:
    # Some providers write times with a fraction.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 40:
        raise ProviderRefused("a time in the token is missing or malformed")
    return int(value)
