"""Guard in front of the console: it checks each request, and adds headers to each response.

A page of another origin can have a browser send requests here, or can give the name of its own
server this machine's address (DNS rebinding). Therefore a request names a host of the console. One
that changes something also names an origin of the console, and bears a token; see ``forms``. One
that a page elsewhere caused reaches only pages that record and notify nothing.

A fault of the application ends here: its words may hold contents, so only its kind is reported.
HTTP that is malformed or ambiguous does not come here: the server refuses it without a content.
"""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tearline.dataclass.immutable import immutable
from tearline_runtime.http import reporting

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types htmx"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_A_YEAR = "max-age=31536000"
SAFE = ("GET", "HEAD")
ENTRANCES = frozenset({"/", "/to-do", "/sign-in", "/sign-in/returned"})
"""Pages that a link elsewhere may lead to: to open them records and notifies nothing."""


@immutable
class Origins:
    """Origins under which browsers reach the console.

    Attributes:
        allowed: Scheme, host and port of each, as browsers write them.
    """

    allowed: frozenset[str]

    @classmethod
    def of(cls, origins: Iterable[str]) -> "Origins":
        """Returns the origins of a list."""
        return cls(allowed=frozenset(origins))

    @property
    def is_secure(self) -> bool:
        """Returns whether browsers reach the console by HTTPS alone."""
        return all(origin.startswith("https://") for origin in self.allowed)

    def has_host(self, host: str) -> bool:
        """Returns whether a Host header names one of them."""
        return bool(self.named(host))

    def named(self, host: str) -> str:
        """Returns the origin that a Host header names, or an empty text."""
        return next((each for each in self.allowed if urlsplit(each).netloc == host.lower()), "")

    def refusal(self, method: str, path: str, headers: Headers) -> int:
        """Returns the status that refuses a request, or 0 for a permitted one."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.has_host(hosts[0]):
            return 421
        if method in SAFE:
            return refusal_of_reading(path, headers)
        origin, site = headers.get("origin", ""), headers.get("sec-fetch-site")
        is_ours = origin in self.allowed and urlsplit(origin).netloc == hosts[0].lower()
        if site is not None:
            # Browsers write the origin of a form as "null" under the referrer policy below. No
            # page can set this other header.
            return 0 if site == "same-origin" and (is_ours or origin == "null") else 403
        return 0 if is_ours else 403


def refusal_of_reading(path: str, headers: Headers) -> int:
    """Returns the status that refuses a request for a page, or 0 for a permitted one.

    Cookies ignore ports. Without this check, a page of another port of this machine could have a
    packet opened, and its sender notified, by an image or a link.
    """
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return 0  # typed, or from a page of the console; a browser without the header is old
    if (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) != ("navigate", "document"):
        return 403
    return 0 if path in ENTRANCES else 303


def guarded(application: ASGIApp, origins: Origins, report: Callable[[str], None]) -> ASGIApp:
    """Returns the application behind the guard.

    Args:
        application: The application.
        origins: The origins of the console.
        report: Called with the kind of each fault, without contents.
    """
    added = {**HEADERS, **({"strict-transport-security": _A_YEAR} if origins.is_secure else {})}

    failed = PlainTextResponse(_WORDS[500], 500)
    inner = reporting(application, "The console", failed=failed, report=report)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # A further policy of a file can only narrow the console's own.
                kept = {"content-security-policy"}
                own = [
                    pair
                    for pair in message["headers"]
                    if (name := pair[0].decode()) not in added or name in kept
                ]
                headers = [(name.encode(), value.encode()) for name, value in added.items()]
                message = {**message, "headers": [*own, *headers]}
            await send(message)

        status = origins.refusal(scope["method"], scope["path"], Headers(scope=scope))
        await (_refused(status) or inner)(scope, receive, send_with_headers)

    return answer


def _refused(status: int) -> Response | None:
    match status:
        case 0:
            return None
        case 303:
            return RedirectResponse("/", 303)
        case _:
            return PlainTextResponse(_WORDS[status], status)


_WORDS = {
    421: "This address is not one of the console's.\n",
    403: "The request did not come from a page of the console.\n",
    500: "The console could not answer. The fault was reported to the operator.\n",
}
