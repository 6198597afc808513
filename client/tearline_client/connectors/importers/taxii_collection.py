"""Reader of a foreign TAXII 2.1 collection over HTTPS, with bounded answers.

A hostile server is refused: one that leads elsewhere, compresses, sends more than a page, or pages
without an end. Its certificate and name are verified.
"""

import base64
import http.client
import json
import math
import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tearline.dataclass.immutable import immutable
from tearline.errors import CollectionRefused, ConfigUnreadable
from tearline.limits import (
    MAX_FOREIGN_EMPTY_PAGES,
    MAX_FOREIGN_PAGE_BYTES,
    MAX_FOREIGN_PAGE_OBJECTS,
    MAX_FOREIGN_PAGE_S,
    MAX_FOREIGN_TOKEN_BYTES,
)
from tearline_client.documents import faults
from tearline_runtime.peers import bounded, connection_fault, is_host, pem_fault

MEDIA_TYPE = "application/taxii+json;version=2.1"
_ADDED = ("x-taxii-date-added-first", "x-taxii-date-added-last")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,32}))?(?:Z|\+00:00)\Z", re.ASCII)
_PIECE_BYTES = 1 << 16
_MAX_HEAD = 1 << 20  # bytes of an answer beside its page
_MAX_PARTS = 1 << 20  # of a page; each takes up to 300 bytes of memory, whatever its text
_MAX_TEXT = 4096  # characters of a place, a time or an id


@immutable
class Access:
    """Access to a collection.

    Attributes:
        url: Its URL, which ends in ``/collections/ID/``.
        secret: The password, or the token; empty for none.
        user: The user of HTTP Basic; empty for a bearer token.
        ca: PEM file of the issuers of the server's certificate; by default those of the machine.
        timeout_s: Seconds to wait for each step.
    """

    url: str
    secret: str = ""
    user: str = ""
    ca: Path | None = None
    timeout_s: float = 30


@immutable
class ForeignPage:
    """A page of a collection.

    Attributes:
        objects: The objects, in order of their addition.
        first: Time of the first one's addition, if the server tells it; or empty.
        last: Time of the last one's addition; empty without objects. Times do not run backwards.
    """

    objects: tuple[Mapping[str, Any], ...]
    first: str
    last: str


class ForeignCollection:
    """A TAXII collection of another party.

    Args:
        access: Its place and secret.

    Raises:
        CollectionRefused: If the URL is no HTTPS URL of a collection, or a secret is malformed.
        ConfigUnreadable: If the file of issuers cannot be read.
    """

    def __init__(self, access: Access) -> None:
        try:
            parts = urlsplit(access.url)
            self._port = parts.port or 443
        except ValueError:
            raise CollectionRefused("the URL has no valid host or port") from None
        is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
        is_plain = is_plain and parts.path.isascii() and " " not in parts.path
        if parts.scheme != "https" or not is_host(parts.hostname or "") or not is_plain:
            raise CollectionRefused(
                "the URL is not https://HOST/…/collections/ID/ of ASCII without a password"
            )
        self._host = str(parts.hostname)
        self._path = f"{parts.path.rstrip('/')}/objects/"
        self._timeout_s = access.timeout_s
        self._headers = {"accept": MEDIA_TYPE, "accept-encoding": "identity", **_secret(access)}
        self._tls = _trusted(access.ca)

    def pages(
        self, added_after: str = "", limit: int = MAX_FOREIGN_PAGE_OBJECTS
    ) -> Iterator[ForeignPage]:
        """Yields the pages to the end of the collection.

        Args:
            added_after: Only objects that were added after this time; empty for all.
            limit: Objects to ask for in a page.

        Raises:
            CollectionRefused: If the server cannot be reached, refuses, or violates the protocol.
        """
        mark, empty, before = "", 0, ForeignPage(objects=(), first="", last="")
        latest = instant(added_after)
        while True:
            envelope, first, last = self._page(added_after, mark, limit)
            objects = _objects(envelope)
            page = ForeignPage(objects=objects, first=first, last=last if objects else "")
            if objects:
                latest = _verify_times(page, latest)
            more = envelope.get("more", False)
            if not isinstance(more, bool):
                raise CollectionRefused("the server does not tell whether there are more pages")
            yield page
            if not more:
                return
            following = envelope.get("next")
            empty = 0 if page.objects else empty + 1
            if (
                not isinstance(following, str)
                or not 0 < len(following) <= _MAX_TEXT
                or empty > MAX_FOREIGN_EMPTY_PAGES
                or (following == mark and page.objects and page == before)
            ):
                raise CollectionRefused("the server pages without an end")
            mark, before = following, page

    def _page(self, added_after: str, mark: str, limit: int) -> tuple[Mapping[str, Any], str, str]:
        """Returns an envelope, and the times of addition of its first and last object."""
        given = {"limit": str(limit), "added_after": added_after, "next": mark}
        query = urlencode({name: value for name, value in given.items() if value})
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, context=self._tls
        )
        try:
            connection.request("GET", f"{self._path}?{query}", headers=self._headers)
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise CollectionRefused(_refusal(response.status))
            if response.headers.get("content-encoding", "identity") != "identity":
                raise CollectionRefused("the server compresses, though it was asked not to")
            kind = response.headers.get("content-type", "").replace(" ", "").lower()
            if kind.partition(";")[0] != "application/taxii+json":
                raise CollectionRefused("the answer is not of TAXII 2.1")
            data = _read(response)
            first, last = (response.headers.get(name, "") for name in _ADDED)
        except ssl.SSLCertVerificationError as error:
            raise CollectionRefused(
                f"the certificate is not valid: {error.verify_message}"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise CollectionRefused(
                f"the server does not answer ({connection_fault(error)})"
            ) from None
        finally:
            connection.close()
        if len(data) > MAX_FOREIGN_PAGE_BYTES or len(first + last) > _MAX_TEXT:
            raise CollectionRefused(f"a page has more than {MAX_FOREIGN_PAGE_BYTES >> 20} MiB")
        return _parsed(data), first, last


def instant(time: str) -> str:
    """Returns a text that is greater for a later time of addition; empty for none.

    Raises:
        CollectionRefused: If it is no time of RFC 3339 in UTC.
    """
    found = _TIME.match(time)
    if time and found is None:
        raise CollectionRefused("the server tells a time that is no time of addition in UTC")
    return f"{found[1]}.{(found[2] or '').rstrip('0')}" if found else ""


def _verify_times(page: ForeignPage, latest: str) -> str:
    """Returns the time of a page's last object, which is not before its first or an earlier page.

    Raises:
        CollectionRefused: If times are missing, or run backwards.
    """
    if not page.last:
        raise CollectionRefused("the server does not tell the times of addition of a page")
    last = instant(page.last)
    if not latest <= (instant(page.first) or last) <= last:
        raise CollectionRefused(
            "the server's times of addition run backwards, or it gives objects again that were"
            " read; --again reads all of them"
        )
    return last


def _read(response: http.client.HTTPResponse) -> bytes:
    """Returns a content, up to one byte beyond the bound."""
    data = bytearray()
    while len(data) <= MAX_FOREIGN_PAGE_BYTES and (piece := response.read1(_PIECE_BYTES)):
        data += piece
    return bytes(data)


def _secret(access: Access) -> Mapping[str, str]:
    if not access.secret:
        return {}
    is_short = len(access.secret) + len(access.user) <= MAX_FOREIGN_TOKEN_BYTES
    if not is_short or not (access.secret + access.user).isprintable() or ":" in access.user:
        raise CollectionRefused("the secret or the user is too long, or has characters of control")
    if not access.user:
        if not access.secret.isascii():
            raise CollectionRefused("a bearer token has ASCII characters only")
        return {"authorization": f"Bearer {access.secret}"}
    pair = base64.b64encode(f"{access.user}:{access.secret}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


def _trusted(ca: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one, too
        raise ConfigUnreadable(f"{ca}: {pem_fault(error)}") from None
    size = MAX_FOREIGN_PAGE_BYTES + _MAX_HEAD
    context.sslsocket_class = bounded(ssl.SSLSocket, MAX_FOREIGN_PAGE_S, size)
    return context


def _refusal(status: int) -> str:
    match status:
        case 401 | 403:
            return f"the server refuses the secret ({status})"
        case 404:
            return "the server has no such collection for this secret (404)"
        case _ if 300 <= status < 400:
            return f"the server leads elsewhere ({status}); name its own URL"
        case _:
            return f"the server refuses with {status}"


def _parsed(data: bytes) -> Mapping[str, Any]:
    if data.count(b"{") + data.count(b"[") > _MAX_PARTS:
        raise CollectionRefused(f"a page has more than {_MAX_PARTS} objects and lists")
    try:
        page = json.loads(data, parse_constant=_no_number, parse_float=_number)
    except faults.JSON:
        raise CollectionRefused("a page is no JSON text, or is too deep") from None
    if not isinstance(page, dict):
        raise CollectionRefused("a page is no JSON object")
    return page


def _no_number(text: str) -> None:
    raise ValueError(text)


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # no JSON holds it
        raise ValueError
    return number


def _objects(page: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    objects = page.get("objects", [])
    if not isinstance(objects, list) or not all(isinstance(each, dict) for each in objects):
        raise CollectionRefused("the objects of a page are no list of objects")
    return tuple(objects)
