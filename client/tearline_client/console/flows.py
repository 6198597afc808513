"""Ways to the agency's identity provider and back: each for one browser, for minutes, and once.

The browser keeps a way in a cookie. State, nonce and the verifier of PKCE are derived from it
under a key of this process. So a way that is begun leaves nothing behind here, however often. Only
ways for which the provider gave a token are remembered, until they end: each took a person who
authenticated there.
"""

import base64
import hashlib
import hmac
import secrets

from tearline.dataclass.immutable import immutable
from tearline.errors import ProviderRefused
from tearline.limits import PROVIDER_FLOW_S

SIGN_IN = "sign-in"
CONFIRM = "confirm"
_SEED = 16
_MAX_AFTER = 1024  # bytes of a page's address; a browser keeps 4 KiB of a cookie


@immutable
class Flow:
    """A way to the provider and back.

    Attributes:
        kind: ``SIGN_IN`` or ``CONFIRM``.
        cookie: Its text in the browser.
        state: The state of the request.
        nonce: The nonce of the request.
        verifier: The verifier of PKCE.
        after: The page that follows, or empty.
        began_s: Its begin, Unix seconds.
    """

    kind: str
    cookie: str
    state: str
    nonce: str
    verifier: str
    after: str
    began_s: int

    @property
    def challenge(self) -> str:
        """Returns the challenge of PKCE, by S256."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())


class Flows:
    """Ways of this process; a restart ends them all."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._spent: dict[str, int] = {}

    def begin(self, kind: str, session: str, after: str, now_s: int) -> Flow:
        """Returns a new way.

        Args:
            kind: ``SIGN_IN`` or ``CONFIRM``.
            session: Token of the session that is confirmed, or empty.
            after: The page that follows, or empty.
            now_s: The time, Unix seconds.
        """
        seed = secrets.token_urlsafe(_SEED)
        page = _text(after.encode()) if len(after) <= _MAX_AFTER else ""
        return self._flow(f"{kind}.{seed}.{now_s}.{page}", session)

    def finish(self, cookie: str, state: str, session: str, now_s: int) -> Flow:
        """Returns the way of a browser that came back, unless it is spent.

        Args:
            cookie: The text in the browser.
            state: The state in the address.
            session: Token of the session in the browser, or empty.
            now_s: The time, Unix seconds.

        Raises:
            ProviderRefused: If this browser and session did not begin it, or it ended.
        """
        flow = self._verified(cookie, state, session, now_s)
        if flow.state in self._spent:
            raise ProviderRefused("this sign-in was used already")
        return flow

    def spend(self, flow: Flow, now_s: int) -> None:
        """Ends a way, for which the provider gave a token."""
        self._spent = {each: end for each, end in self._spent.items() if now_s < end}
        self._spent[flow.state] = flow.began_s + PROVIDER_FLOW_S

    def _verified(self, cookie: str, state: str, session: str, now_s: int) -> Flow:
        """Returns the way in a cookie, if this process made its state, for this session."""
        try:
            flow = self._flow(cookie, session)
        except ValueError:
            raise ProviderRefused("this browser began no sign-in") from None
        if not hmac.compare_digest(state.encode(), flow.state.encode()):
            raise ProviderRefused("this browser began another sign-in, or none")
        if not flow.began_s <= now_s < flow.began_s + PROVIDER_FLOW_S:
            raise ProviderRefused("this sign-in took too long")
        return flow

    def _flow(self, cookie: str, session: str) -> Flow:
        kind, _, began_s, page = cookie.split(".")
        bound = session if kind == CONFIRM else ""
        return Flow(
            kind=kind,
            cookie=cookie,
            state=self._derived("state", cookie, bound),
            nonce=self._derived("nonce", cookie),
            verifier=self._derived("verifier", cookie),
            after=base64.urlsafe_b64decode(page + "=" * (-len(page) % 4)).decode("ascii"),
            began_s=int(began_s),
        )

    def _derived(self, use: str, cookie: str, bound: str = "") -> str:
        message = "\0".join((use, cookie, bound)).encode()
        return _text(hmac.digest(self._key, message, hashlib.sha256))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
