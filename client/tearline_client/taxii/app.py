"""The TAXII server as an application: discovery, API root, collections, objects and statuses.

Each request is authenticated before its path is read. A resource that is not the account's is
answered like one that does not exist.
"""

import base64
import binascii
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tearline.errors import (
    ImportRefused,
    ImportTooLarge,
    MalformedInput,
    NotFound,
    NotPermitted,
    PendingFull,
    TearlineError,
)
from tearline.limits import MAX_TAXII_FAILURES, MAX_TAXII_POST_BYTES, MAX_TAXII_REQUESTS
from tearline_client.features.feeds.accounts import FeedRole, ServiceAccount
from tearline_client.features.feeds.collection import Collection
from tearline_client.features.feeds.service import FeedPage, Filter
from tearline_client.features.feeds.times import taxii_time
from tearline_client.node import Node
from tearline_client.taxii.answers import MEDIA_TYPE, accepts, answered, is_taxii, refused
from tearline_client.taxii.filters import SPEC_VERSIONS, all_of, parse_filter
from tearline_client.taxii.rates import MinuteRate
from tearline_runtime.http import reporting

ROOT = "/tearline/"
"""Path of the only API root."""

_EMPTY = FeedPage(objects=(), next_us=None)
_MAX_TOKEN = 256  # characters of a token in a header
_STIX = f"application/stix+json;version={SPEC_VERSIONS[0]}"

Handler = Callable[[Request, ServiceAccount], Awaitable[Response]]


class TaxiiServer:
    """Handlers of the TAXII server.

    Args:
        node: The node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._feeds = node.feeds

    def routes(self) -> list[Route]:
        """Returns the routes."""
        of_collection = f"{ROOT}collections/{{collection}}/"
        return [
            _route("/taxii2/", self._discovery),
            _route(ROOT, self._root),
            _route(f"{ROOT}status/{{status}}/", self._status),
            _route(f"{ROOT}collections/", self._collections),
            _route(of_collection, self._collection),
            _route(f"{of_collection}manifest/", self._manifest),
            _route(f"{of_collection}objects/", self._objects, post=self._add),
            _route(f"{of_collection}objects/{{object}}/", self._object),
            _route(f"{of_collection}objects/{{object}}/versions/", self._versions),
        ]

    async def _discovery(self, request: Request, account: ServiceAccount) -> Response:
        title = f"Tearline, {self._node.identity().agency}"
        return answered({"title": title, "default": ROOT, "api_roots": [ROOT]})

    async def _root(self, request: Request, account: ServiceAccount) -> Response:
        return answered(
            {
                "title": "Packets of this node",
                "versions": [MEDIA_TYPE],
                "max_content_length": MAX_TAXII_POST_BYTES,
            }
        )

    async def _collections(self, request: Request, account: ServiceAccount) -> Response:
        return answered(
            {"collections": [self._told(account, each) for each in account.collections]}
        )

    async def _collection(self, request: Request, account: ServiceAccount) -> Response:
        return answered(self._told(account, self._found(request, account)))

    def _told(self, account: ServiceAccount, collection: Collection) -> dict[str, object]:
        return {
            "id": self._feeds.collection_id(collection),
            "title": self._feeds.title(collection),
            "can_read": FeedRole.READER in account.roles,
            "can_write": FeedRole.SUBMITTER in account.roles,
            "media_types": [_STIX],
        }

    def _found(self, request: Request, account: ServiceAccount) -> Collection:
        """Returns the collection that a path names.

        Raises:
            NotFound: If there is none, or it is not the account's.
        """
        named = request.path_params["collection"]
        for each in account.collections:
            if self._feeds.collection_id(each) == named:
                return each
        raise NotFound

    def _readable(self, request: Request, account: ServiceAccount) -> Collection:
        collection = self._found(request, account)
        if FeedRole.READER not in account.roles:
            raise HTTPException(403)
        return collection

    async def _manifest(self, request: Request, account: ServiceAccount) -> Response:
        collection, asked = self._readable(request, account), parse_filter(request)
        page = await self._feeds.manifest(account, collection, asked) if asked else _EMPTY
        records = [
            {
                "id": each.id,
                "date_added": taxii_time(each.added_us),
                "version": taxii_time(each.version_us),
                "media_type": _STIX,
            }
            for each in page.objects
        ]
        return answered(_paged("objects", records, page), page)

    async def _objects(self, request: Request, account: ServiceAccount) -> Response:
        collection, asked = self._readable(request, account), parse_filter(request)
        page = await self._feeds.objects(account, collection, asked) if asked else _EMPTY
        return answered(_paged("objects", [each.made for each in page.objects], page), page)

    async def _add(self, request: Request, account: ServiceAccount) -> Response:
        if not is_taxii(request.headers.get("content-type", "")):
            raise HTTPException(415)
        collection = self._found(request, account)
        status = await self._feeds.drafts.submit(account, collection, request.stream())
        return answered(status, status=202)

    async def _status(self, request: Request, account: ServiceAccount) -> Response:
        try:
            status_id = uuid.UUID(request.path_params["status"])
        except ValueError:
            raise NotFound from None
        return answered(self._feeds.drafts.status(account, status_id.bytes))

    async def _object(self, request: Request, account: ServiceAccount) -> Response:
        collection = self._readable(request, account)
        asked = parse_filter(request, ids=(request.path_params["object"],))
        page = await self._feeds.objects(account, collection, asked) if asked else _EMPTY
        if not page.objects and not await self._is_here(request, account, collection):
            raise NotFound
        return answered(_paged("objects", [each.made for each in page.objects], page), page)

    async def _versions(self, request: Request, account: ServiceAccount) -> Response:
        collection = self._readable(request, account)
        asked = all_of(request, request.path_params["object"])
        page = await self._feeds.manifest(account, collection, asked) if asked else _EMPTY
        if not page.objects and not await self._is_here(request, account, collection):
            raise NotFound
        versions = [taxii_time(each.version_us) for each in page.objects]
        return answered(_paged("versions", versions, page), page)

    async def _is_here(
        self, request: Request, account: ServiceAccount, collection: Collection
    ) -> bool:
        """Returns whether a collection has an object, whatever the filter says."""
        versions = frozenset({"all"})  # the last may stand behind many others
        one = Filter(ids=(request.path_params["object"],), limit=1, versions=versions)
        return bool((await self._feeds.manifest(account, collection, one)).objects)


def _paged(name: str, items: Sequence[object], page: FeedPage) -> dict[str, object]:
    if page.next_us is None:
        return {name: items} if items else {}
    return {"more": True, "next": str(page.next_us), name: items}


def _route(path: str, get: Handler, *, post: Handler | None = None) -> Route:
    async def answer(request: Request) -> Response:
        if not accepts(request):
            return refused(406)
        handler = post if post is not None and request.method == "POST" else get
        return await handler(request, request.state.account)

    return Route(path, answer, methods=["GET"] if post is None else ["GET", "POST"])


def taxii_application(
    node: Node, *, report: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> ASGIApp:
    """Returns the TAXII server of an open node.

    Args:
        node: The node.
        report: Called with the kind of each fault, without contents.
        clock: Returns a time in seconds that never goes back.
    """
    failures = MinuteRate(MAX_TAXII_FAILURES, clock)
    requests: dict[str, MinuteRate] = {}  # of accounts that are there

    async def refuse(request: Request, error: Exception) -> Response:
        match error:
            case HTTPException():
                return refused(error.status_code, headers=error.headers)
            case NotFound():
                return refused(404)
            case NotPermitted():
                return refused(403)
            case MalformedInput():
                return refused(400, error.why)
            case ImportTooLarge():
                return refused(413, error.why)
            case ImportRefused():
                return refused(422, error.why)
            case PendingFull():
                return refused(429)
            case _:
                report(f"The TAXII server could not answer: {type(error).__name__}.")
                return refused(503)

    expected = (HTTPException, TearlineError)
    routed = Starlette(
        routes=TaxiiServer(node).routes(), exception_handlers=dict.fromkeys(expected, refuse)
    )
    inner = reporting(routed, "The TAXII server", failed=refused(503), report=report)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        account = node.feeds.accounts.authenticate(_token(request))
        if account is None:
            await _unauthenticated(failures)(scope, receive, send)
            return
        if account.name not in requests:
            current = {each.name for each in node.feeds.accounts.list()}
            for name in requests.keys() - current:
                del requests[name]
            requests[account.name] = MinuteRate(MAX_TAXII_REQUESTS, clock)
        if rest_s := requests[account.name].count():
            await _too_many(rest_s)(scope, receive, send)
            return
        scope.setdefault("state", {})["account"] = account
        await inner(scope, receive, send)

    return answer


def _too_many(rest_s: int) -> Response:
    return refused(429, headers={"retry-after": str(rest_s)})


def _unauthenticated(failures: MinuteRate) -> Response:
    if rest_s := failures.count():
        return _too_many(rest_s)
    asked = 'Bearer realm="tearline", Basic realm="tearline", charset="UTF-8"'
    return refused(401, headers={"www-authenticate": asked})


def _token(request: Request) -> str:
    """Returns the token of a request: of ``Bearer``, or the password of ``Basic``; or empty."""
    given = request.headers.getlist("authorization")
    if len(given) != 1 or len(given[0]) > 2 * _MAX_TOKEN:
        return ""
    scheme, _, value = given[0].partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    name, _, token = text.partition(":")
    return token if token.startswith(f"{name}.") else ""
