"""The log over HTTP: what the exchange's monitoring port and a node's witness port share.

A checkpoint and tiles for foreign readers (c2sp.org/tlog-tiles), by the rules of
docs/spec/log-v1.md, section 7, and the server under them: plain HTTP, without TLS and without
names, so it is the operator who decides who reaches it. Beside ``tearline.rpc`` the one module
here that touches the network.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

import h11
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tearline.errors import NotFound, SettingInvalid, TearlineError, TileMalformed
from tearline.limits import (
    HTTP_DRAIN_S,
    MAX_HTTP_CONNECTION_S,
    MAX_HTTP_CONNECTIONS,
    MAX_HTTP_HEAD_BYTES,
)
from tearline.tiles import Tile, parse_tile_path

TEXT = "text/plain; charset=utf-8"
NEVER = "no-store"  # what does not exist yet may exist in a second
_BYTES = "application/octet-stream"
_FOREVER = "public, max-age=31536000, immutable"  # a year, the longest that caches honour
_ASK_AGAIN = "no-cache"
_NO_HEADERS: Mapping[str, str] = {}


class ReadableLog(Protocol):
    """A log that can be read in tiles."""

    async def checkpoint(self) -> bytes:
        """The note of the newest checkpoint. Raises: NotFound, where there is none."""
        ...

    async def tile(self, tile: Tile) -> bytes:
        """The content of a tile. Raises: NotFound, where no checkpoint covers all of it."""
        ...


Page = Callable[[], Awaitable[Response]]
"""Answers one path beside those of the log."""


def log_application(
    log: ReadableLog,
    *,
    pages: Mapping[str, Page] = {},
    posts: Sequence[Route] = (),
    fault: Callable[[TearlineError], None],
) -> Starlette:
    """What a port answers that shows a log.

    Args:
        log: What is read.
        pages: More paths that answer GET and HEAD.
        posts: Routes of what else is taken.
        fault: Told of each error that is no fault of the reader's, who is told nothing of it.
    """

    async def answer(request: Request) -> Response:
        match path := sent_path(request):
            case "/checkpoint":
                return reply(await log.checkpoint(), TEXT, _ASK_AGAIN)
            case _ if path in pages:
                return await pages[path]()
            case _:
                tile = parse_tile_path(path.removeprefix("/"))
                return reply(await log.tile(tile), _BYTES, _FOREVER)

    async def refuse(_: Request, error: Exception) -> Response:
        match error:
            case ClientDisconnect():
                return refusal(400)  # goes nowhere
            case HTTPException(status_code=405):
                return refusal(405, {"allow": "GET, HEAD"})
            case HTTPException():
                return refusal(error.status_code)
            case NotFound() | TileMalformed():
                return refusal(404)
            case TearlineError():
                fault(error)
        return refusal(503)

    return Starlette(
        routes=[*posts, Route("/{path:path}", answer, methods=["GET"])],  # and HEAD, which follows
        exception_handlers={
            HTTPException: refuse,
            TearlineError: refuse,
            ClientDisconnect: refuse,
        },
    )


def sent_path(request: Request) -> str:
    """The path as it was sent: it has one spelling, and no query makes another of it.

    Raises:
        HTTPException: With status 404, if there is a query.
    """
    if request.scope["query_string"]:
        raise HTTPException(404)
    path: bytes = request.scope["raw_path"]
    return path.decode("ascii", "replace")


def reply(content: bytes, media_type: str, cache: str, *, status: int = 200) -> Response:
    """An answer with a content, and how long it may be kept."""
    # As a header, for to a media type of text Starlette adds a charset.
    headers = {
        "content-type": media_type,
        "cache-control": cache,
        "x-content-type-options": "nosniff",
    }
    return Response(content, status, headers=headers)


def refusal(status: int, headers: Mapping[str, str] = _NO_HEADERS) -> Response:
    """An answer without a content, which nobody may keep."""
    return Response(status_code=status, headers={"cache-control": NEVER, **headers})


@asynccontextmanager
async def listening(address: str, application: Starlette) -> AsyncIterator[int]:
    """Serves ``application`` in this event loop, and drains it in the end.

    Args:
        address: host:port; port 0 takes a free one.
        application: What answers.

    Yields:
        The port.

    Raises:
        SettingInvalid: If the address cannot be listened on.
    """
    listener = _listener(address)
    server = _Server(
        uvicorn.Config(
            _unambiguous(application),
            http=_Connection,
            ws="none",
            interface="asgi3",
            lifespan="off",
            workers=1,
            log_config=None,
            log_level="error",  # below it stands what any stranger can cause
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_HTTP_CONNECTIONS,
            timeout_graceful_shutdown=HTTP_DRAIN_S,
            h11_max_incomplete_event_size=MAX_HTTP_HEAD_BYTES,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process to the program."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _is_ambiguous(scope: Scope) -> bool:
    """Says whether a request could be read in two ways, or is longer than one here may be.

    A proxy in front that reads it in the other way would take part of it for the next request
    (RFC 9112, section 11.2). So a body has one length, and stands where one belongs.
    """
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    lengths = [value for name, value in headers if name == b"content-length"]
    has_chunks = any(name == b"transfer-encoding" for name, _ in headers)
    size = len(scope["raw_path"]) + sum(len(name) + len(value) for name, value in headers)
    has_body = has_chunks or any(length != b"0" for length in lengths)
    return (
        size > MAX_HTTP_HEAD_BYTES
        or (has_chunks and bool(lengths))
        or (has_body and scope["method"] in ("GET", "HEAD"))
    )


def _unambiguous(application: ASGIApp) -> ASGIApp:
    """Returns the application behind a check of each request."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        refused = refusal(400, {"connection": "close"}) if _is_ambiguous(scope) else None
        await (refused or application)(scope, receive, send)

    return answer


class _Connection(H11Protocol):
    """A connection that does not outlive its time, whatever its reader does or does not do."""

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP, in the middle of a request too, and ends the connection.

        Its base would answer beside an answer that is under way, and fail.
        """
        state = self.conn.our_state
        if state in (h11.SEND_RESPONSE, h11.SEND_BODY):  # an application is at work on a request
            self.cycle.disconnected = True  # what it still says goes nowhere
            self.cycle.message_event.set()
        if state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [("cache-control", NEVER), ("content-length", "0"), ("connection", "close")]
            response = h11.Response(status_code=400, reason=b"Bad Request", headers=headers)
            self.transport.write(self.conn.send(response))
        self.transport.close()

    # As in its base: asyncio declares less of a transport than there is.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._age = self.loop.call_later(MAX_HTTP_CONNECTION_S, self._retire)

    def connection_lost(self, exc: Exception | None) -> None:
        self._age.cancel()
        super().connection_lost(exc)

    def _retire(self) -> None:
        self._age = self.loop.call_later(HTTP_DRAIN_S, self.transport.abort)
        self.shutdown()


def _listener(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family)
    except OSError as error:
        why = str(error.strerror).partition(" (")[0]  # behind it Python names the address again
        raise SettingInvalid(f"{address} cannot be listened on: {why}") from None
