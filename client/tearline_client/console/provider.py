"""The agency's identity provider: its addresses and keys, and the exchange of codes for tokens.

Every address is the provider's own statement, read over TLS from its issuer's address. Answers are
bounded in size and time, and no redirection is followed. Its keys are read anew for each sign-in:
a key that the provider withdrew counts no longer.
"""

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, quote, urlencode, urlsplit

import httpx

from tearline.dataclass.immutable import immutable
from tearline.errors import (
    ConfigUnreadable,
    MalformedInput,
    ProviderRefused,
    SettingInvalid,
    SignInDelayed,
)
from tearline.limits import (
    MAX_PROVIDER_BYTES,
    MAX_PROVIDER_REST_S,
    PROVIDER_REST_S,
    PROVIDER_TIMEOUT_S,
)
from tearline.text.choices import one_of
from tearline_client.config import Settings
from tearline_client.console.flows import Flow
from tearline_client.console.id_tokens import (
    ALGORITHMS,
    Account,
    Expected,
    RoleTable,
    parse_keys,
    parse_object,
    parse_role_table,
    verify_id_token,
)
from tearline_runtime.files import read_bounded
from tearline_runtime.peers import is_host, pem_fault

_METADATA_S = 3600
_ERROR = re.compile("[a-z_]{1,64}")  # as the standard has them; no other text reaches the page
_MAX_SECRET_BYTES = 4096


@immutable
class ProviderSettings:
    """The provider and the console's place there.

    Attributes:
        issuer: Its issuer.
        client: The console's client id.
        secret: The client's secret, or empty.
        algorithm: Algorithm of its signatures.
        roles: Roles by its claims.
        trusted: Context of TLS, with the certificates that issue its own.
    """

    issuer: str
    client: str
    secret: str
    algorithm: str
    roles: RoleTable
    trusted: ssl.SSLContext


@immutable
class Addresses:
    """Addresses of the provider.

    Attributes:
        authorization: Where persons authenticate.
        token: Where codes are exchanged.
        keys: Where its keys are.
        states_issuer: Whether it states itself in the address that leads back (RFC 9207).
    """

    authorization: str
    token: str
    keys: str
    states_issuer: bool


class FailurePace:
    """Rests between questions to a provider that fails: each twice as long as the last one.

    A refused code is no failure: whoever returns with one could keep others from signing in.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._failed_s = 0

    def wait_s(self, now_s: int) -> int:
        """Returns the seconds until the provider is asked again, or 0."""
        if not self._failures or now_s < self._failed_s:  # the clock was set back
            return 0
        rest_s = min(PROVIDER_REST_S << min(self._failures - 1, 16), MAX_PROVIDER_REST_S)
        return max(0, self._failed_s + rest_s - now_s)

    def failed(self, now_s: int) -> None:
        """Records that the provider did not answer."""
        self._failures += 1
        self._failed_s = now_s

    def answered(self) -> None:
        """Records that it answered."""
        self._failures = 0


class Provider:
    """The agency's identity provider.

    Args:
        settings: The provider and the console's place there.
    """

    def __init__(self, settings: ProviderSettings) -> None:
        self._settings = settings
        self._known: tuple[int, Addresses] | None = None
        self._pace = FailurePace()

    @property
    def issuer(self) -> str:
        """Returns its issuer."""
        return self._settings.issuer

    @property
    def host(self) -> str:
        """Returns its host, for persons."""
        return urlsplit(self._settings.issuer).netloc

    async def request(self, flow: Flow, back: str, now_s: int) -> str:
        """Returns the address where a person authenticates, anew.

        Args:
            flow: The way there and back.
            back: The address that leads back.
            now_s: The time, Unix seconds.

        Raises:
            ProviderRefused: If the provider cannot be read.
            SignInDelayed: If it failed a moment ago.
        """
        self._verify_pace(now_s)
        addresses = await self._addresses(now_s)
        query = {
            "response_type": "code",
            "client_id": self._settings.client,
            "redirect_uri": back,
            "scope": "openid",
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
            # A session at the provider, left by somebody before, signs nobody in here.
            "prompt": "login",
            "max_age": "0",
        }
        joint = "&" if urlsplit(addresses.authorization).query else "?"
        return addresses.authorization + joint + urlencode(query)

    async def token(self, flow: Flow, answer: Mapping[str, str], back: str, now_s: int) -> str:
        """Returns the identity token that the provider gives for an answer, not verified.

        Args:
            flow: The way there and back, as verified.
            answer: The parameters of the address that led back.
            back: That address.
            now_s: The time, Unix seconds.

        Raises:
            ProviderRefused: If it gives none.
            SignInDelayed: If it failed a moment ago.
        """
        self._verify_pace(now_s)
        addresses = await self._addresses(now_s)
        verify_answer(answer, self._settings.issuer, states_issuer=addresses.states_issuer)
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": back,
            "client_id": self._settings.client,
            "code_verifier": flow.verifier,
        }
        token = parse_object(await self._read(addresses.token, now_s, form)).get("id_token")
        if not isinstance(token, str):
            raise ProviderRefused("it gave no identity token")
        return token

    async def account(self, flow: Flow, token: str, clock: Callable[[], int]) -> Account:
        """Returns the account that a person proved.

        Args:
            flow: The way there and back.
            token: The provider's identity token.
            clock: Returns the time, Unix seconds.

        Raises:
            ProviderRefused: If no account was proved.
        """
        addresses = await self._addresses(clock())
        keys = parse_keys(await self._read(addresses.keys, clock()), self._settings.algorithm)
        expected = Expected(
            issuer=self._settings.issuer,
            client=self._settings.client,
            algorithm=self._settings.algorithm,
            nonce=flow.nonce,
        )
        roles, began_s = self._settings.roles, flow.began_s
        return verify_id_token(token, keys, expected, roles, began_s=began_s, now_s=clock())

    def _verify_pace(self, now_s: int) -> None:
        if wait_s := self._pace.wait_s(now_s):
            raise SignInDelayed(
                f"the identity provider {self.host} does not answer; it is asked again in {wait_s}"
                " s, and a passkey or passphrase signs in meanwhile"
            )

    async def _addresses(self, now_s: int) -> Addresses:
        if self._known is None or not self._known[0] <= now_s < self._known[0] + _METADATA_S:
            place = f"{self._settings.issuer.removesuffix('/')}/.well-known/openid-configuration"
            found = parse_addresses(await self._read(place, now_s), self._settings.issuer)
            self._known = now_s, found
        return self._known[1]

    async def _read(self, address: str, now_s: int, form: Mapping[str, str] | None = None) -> bytes:
        """Returns the answer of the provider to a question, or to a form with the secret."""
        settings = self._settings
        shows_secret = form is not None and settings.secret
        names = quote(settings.client, safe=""), quote(settings.secret, safe="")  # RFC 6749, 2.3.1
        try:
            async with (
                asyncio.timeout(PROVIDER_TIMEOUT_S),
                httpx.AsyncClient(
                    verify=settings.trusted, trust_env=False, timeout=PROVIDER_TIMEOUT_S
                ) as client,
                client.stream(
                    "GET" if form is None else "POST",
                    address,
                    data=form,
                    auth=httpx.BasicAuth(*names) if shows_secret else None,
                    headers={"accept": "application/json", "accept-encoding": "identity"},
                ) as reply,
            ):
                body = bytearray()
                async for part in reply.aiter_raw():
                    body += part
                    if len(body) > MAX_PROVIDER_BYTES:
                        raise ProviderRefused("its answer is too large")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            self._pace.failed(now_s)
            raise ProviderRefused(f"{self.host} did not answer: {type(error).__name__}") from None
        if form is None and reply.status_code != httpx.codes.OK:
            self._pace.failed(now_s)
        else:
            self._pace.answered()
        if reply.status_code != httpx.codes.OK:
            raise ProviderRefused(f"{self.host} answered with status {reply.status_code}")
        return bytes(body)


def verify_answer(answer: Mapping[str, str], issuer: str, *, states_issuer: bool) -> None:
    """Checks the parameters of the address that led back from the provider.

    Raises:
        ProviderRefused: If they state another provider or an error, or no code.
    """
    if answer.get("iss", issuer if not states_issuer else "") != issuer:
        raise ProviderRefused("the answer comes from another provider")
    if error := answer.get("error"):
        raise ProviderRefused(f"it answered {error if _ERROR.fullmatch(error) else 'an error'}")
    if not answer.get("code"):
        raise ProviderRefused("its answer has no code")


def parse_addresses(data: bytes, issuer: str) -> Addresses:
    """Returns the addresses in a provider's statement about itself.

    Raises:
        ProviderRefused: If it is another provider's, or an address is missing or unprotected.
    """
    stated = parse_object(data)
    if stated.get("issuer") != issuer:
        raise ProviderRefused("the statement at its address is another provider's")
    methods = stated.get("code_challenge_methods_supported", ["S256"])
    if not isinstance(methods, list) or "S256" not in methods:
        raise ProviderRefused("it has no PKCE by S256")
    return Addresses(
        authorization=_address(stated, "authorization_endpoint", issuer),
        token=_address(stated, "token_endpoint", issuer),
        keys=_address(stated, "jwks_uri", issuer),
        states_issuer=stated.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(stated: Mapping[str, object], name: str, issuer: str) -> str:
    found = stated.get(name)
    if not isinstance(found, str) or not (found.isascii() and found.isprintable()):
        raise ProviderRefused(f"its statement has no {name}")
    parts, own = split_address(found), urlsplit(issuer)
    if parts is None:
        raise ProviderRefused(f"its {name} is no https address")
    is_protected = parts.scheme == "https" or (own.scheme, own.netloc) == (
        parts.scheme,
        parts.netloc,
    )
    if not is_protected or not parts.hostname or parts.fragment:
        raise ProviderRefused(f"its {name} is no https address")
    return found


def split_address(text: str) -> SplitResult | None:
    """Returns the parts of an address, or None for a text that is none."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # read here, as a port that is none raises the error only then
    except ValueError:
        return None
    return parts if is_host(parts.hostname or "") else None


def provider_of(settings: Settings) -> Provider | None:
    """Returns the identity provider of the settings, or None without one.

    Raises:
        SettingInvalid: If a setting of it is missing or invalid.
        ConfigUnreadable: If a file of it cannot be read.
        FileExposed: If others have access to the client's secret.
    """
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client or not settings.oidc_roles:
        raise SettingInvalid("oidc_issuer needs oidc_client and oidc_roles, too")
    if settings.oidc_algorithm not in ALGORITHMS:
        raise SettingInvalid(one_of(settings.oidc_algorithm, "oidc_algorithm", ALGORITHMS))
    try:
        roles = parse_role_table(settings.oidc_claim, settings.oidc_roles)
    except MalformedInput as error:
        raise SettingInvalid(f"oidc_roles: {error.why}") from None
    parts = split_address(settings.oidc_issuer)
    if parts is None or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingInvalid("oidc_issuer: expected an address such as https://id.agency.example")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname)):
        raise SettingInvalid("oidc_issuer: http is for this machine alone; use https")
    return Provider(
        ProviderSettings(
            issuer=settings.oidc_issuer,
            client=settings.oidc_client,
            secret=_secret(settings),
            algorithm=settings.oidc_algorithm,
            roles=roles,
            trusted=_trusted(settings),
        )
    )


def _secret(settings: Settings) -> str:
    path = settings.oidc_secret_file
    if path is None:
        return ""
    data = read_bounded(path, _MAX_SECRET_BYTES, is_private=True)
    lines = data.decode("ascii", "replace").splitlines()
    if not lines or not lines[0].isascii() or not lines[0].strip():
        raise ConfigUnreadable(f"{path}: expected the client's secret in the first line")
    return lines[0].strip()


def _trusted(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.oidc_ca)
    except OSError as error:  # ssl.SSLError is one, too
        raise ConfigUnreadable(f"{settings.oidc_ca}: {pem_fault(error)}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
