"""An identity provider on a port of this machine, with real signatures; it obeys a test.

It keeps to OpenID Connect unless a test says otherwise: a code is for one use, and for whoever
knows the verifier of PKCE; a token names its request, and is signed with the key that it names.
"""

import base64
import hashlib
import html
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tearline.persons.tokens import Role
from tearline_client.console.id_tokens import RoleTable
from tearline_client.console.provider import Provider, ProviderSettings
from tearline_runtime.http import listening
from unit.client.console.browsers import Browser

CLIENT, SECRET = "tearline-console", "a secret of the client"
GROUPS = {role.value + "s": role for role in Role}
Claims = dict[str, object]


@cache
def signing_key(name: str) -> rsa.RSAPrivateKey:
    """A key, made once for each name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_keys() -> list[Claims]:
    """The keys of the provider, as it publishes them."""
    return [
        {**RSAAlgorithm.to_jwk(signing_key(name).public_key(), as_dict=True), "kid": name}
        for name in ("first", "second")
    ]


def signed(claims: Claims, key_id: str = "first", *, by: str = "") -> str:
    """A token under a key, which may differ from the one that it names."""
    return jwt.encode(claims, signing_key(by or key_id), "RS256", headers={"kid": key_id})


@dataclass(kw_only=True)
class IdentityProvider:
    """The provider.

    Attributes:
        clock: The time, Unix seconds.
        issuer: Its address.
        subject: The account that authenticates.
        groups: The groups of that account.
        sign: Makes the token of its claims.
        change: Changes the claims of a token.
        stated: Members of its statement about itself, in place of the true ones.
        forgives: Whether a code may be used again, by anyone.
        asks: Whether a page asks the person first, as in a browser.
        tokens: Number of codes that it was asked to exchange.
        fails: Whether it answers each question with a fault of its own.
        asked: Number of questions about itself and its keys.
        requests: The requests to authenticate.
    """

    clock: Callable[[], int]
    issuer: str = ""
    subject: str = "af12"
    groups: tuple[str, ...] = ("liaisons", "canteen")
    sign: Callable[[Claims], str] = signed
    change: Callable[[Claims], Claims] = dict
    stated: Claims = field(default_factory=dict)
    forgives: bool = False
    asks: bool = False
    tokens: int = 0
    fails: bool = False
    asked: int = 0
    requests: list[dict[str, str]] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def provider(self) -> Provider:
        """The provider, as a console is set up for it."""
        settings = ProviderSettings(
            issuer=self.issuer,
            client=CLIENT,
            secret=SECRET,
            algorithm="RS256",
            roles=RoleTable(claim="groups", roles=GROUPS),
            trusted=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        return Provider(settings)

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._statement),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    async def _statement(self, request: Request) -> Response:
        self.asked += 1
        if self.fails:
            return Response(status_code=503)
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                **self.stated,
            }
        )

    async def _keys(self, request: Request) -> Response:
        self.asked += 1
        if self.fails:
            return Response(status_code=503)
        return JSONResponse({"keys": [*public_keys(), {"kty": "EC", "kid": "first"}]})

    async def _authorize(self, request: Request) -> Response:
        given = dict(request.query_params)
        if self.asks and given.pop("known", "") != "yes":
            place = html.escape(f"/authorize?{urlencode({**given, 'known': 'yes'})}")
            head = '<!DOCTYPE html><title>Account</title><link rel="icon" href="data:,">'
            return HTMLResponse(f'{head}<a href="{place}">af12</a>')
        self.requests.append(given)
        code = secrets.token_urlsafe(16)
        self._codes[code] = given
        back = {"code": code, "state": given["state"], "iss": self.issuer}
        return RedirectResponse(f"{given['redirect_uri']}?{urlencode(back)}", 302)

    async def _token(self, request: Request) -> Response:
        self.tokens += 1
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        basic = request.headers["authorization"].removeprefix("Basic ")
        named = base64.b64decode(basic).decode() == f"{quote(CLIENT)}:{quote(SECRET)}"
        asked = self._codes.get(form["code"])
        if not self.forgives:
            self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or not named:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if challenge != asked["code_challenge"] and not self.forgives:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now_s = self.clock()
        claims: Claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": self.subject,
            "nonce": asked["nonce"],
            "iat": now_s,
            "exp": now_s + 300,
            "auth_time": now_s,
            "groups": list(self.groups),
        }
        token = self.sign(self.change(claims))
        return JSONResponse({"access_token": "none", "token_type": "Bearer", "id_token": token})


@asynccontextmanager
async def serving(clock: Callable[[], int]) -> AsyncIterator[IdentityProvider]:
    """A provider that answers on a port."""
    found = IdentityProvider(clock=clock)
    # Another site than the console at localhost, and not merely another port of it.
    async with listening("127.0.0.1:0", found.application()) as port:
        found.issuer = f"http://127.0.0.1:{port}"
        yield found


async def authenticated(browser: Browser, place: str = "/sign-in/provider") -> str:
    """The address within the console to which a browser comes back from the provider."""
    left = await browser.get(place, {"sec-fetch-site": "same-origin"})
    assert left.status_code == 303, left.text
    async with httpx.AsyncClient() as elsewhere:
        answered = await elsewhere.get(left.headers["location"])
    assert answered.status_code == 302, answered.text
    back = urlsplit(answered.headers["location"])
    return await returned(browser, f"{back.path}?{back.query}")


async def returned(browser: Browser, place: str) -> str:
    """The address to which the page of the return leads on."""
    navigation = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }
    page = await browser.get(place, navigation)
    assert page.status_code == 200
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
    assert found is not None
    return html.unescape(found[1])


async def through(browser: Browser, place: str = "/sign-in/provider") -> httpx.Response:
    """The answer of the console to a browser that comes back from the provider."""
    finish = await authenticated(browser, place)
    return await browser.get(finish, {"sec-fetch-site": "same-origin"})
