"""The monitoring port: the log for foreign readers (c2sp.org/tlog-tiles), and health.

Plain HTTP, without TLS, without names, and nothing that could be changed: every answer is the
same for everybody. So it is a port of its own, and it is the operator who decides who reaches
it. ``/healthz`` answers 200 where the exchange can sign, append and read, and 503 otherwise.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from tearline.errors import NotFound, SettingInvalid, TearlineError, TileMalformed
from tearline.limits import (
    HTTP_DRAIN_S,
    MAX_HTTP_CONNECTION_S,
    MAX_HTTP_CONNECTIONS,
    MAX_HTTP_HEAD_BYTES,
)
from tearline.tiles import parse_tile_path
from tearline_server.exchange import Exchange

_log = logging.getLogger(__name__)

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_FOREVER = "public, max-age=31536000, immutable"  # a year, the longest that caches honour
_ASK_AGAIN = "no-cache"
_NEVER = "no-store"  # what does not exist yet may exist in a second
_NO_HEADERS: Mapping[str, str] = {}


def application(exchange: Exchange, is_serving: Callable[[], bool]) -> Starlette:
    """What the monitoring port answers.

    Args:
        exchange: What is asked.
        is_serving: Whether the exchange takes calls, and could write the last change.
    """

    async def answer(request: Request) -> Response:
        # As it was sent: a path has one spelling, and no query makes another of it.
        if request.scope["query_string"]:
            raise HTTPException(404)
        match request.scope["raw_path"].decode("ascii", "replace"):
            case "/checkpoint":
                return _answer(await exchange.checkpoint(), _TEXT, _ASK_AGAIN)
            case "/healthz":
                return await health()
            case path:
                tile = parse_tile_path(path.removeprefix("/"))
                return _answer(await exchange.tile(tile), _BYTES, _FOREVER)

    async def health() -> Response:
        if not is_serving():
            return _refusal(503)
        await exchange.entries(0, 1)  # signs and stores a checkpoint, if the last is a minute old
        return _answer(b"ok\n", _TEXT, _NEVER)

    async def refuse(_: Request, error: Exception) -> Response:
        match error:
            case HTTPException(status_code=405):
                return _refusal(405, {"allow": "GET, HEAD"})
            case HTTPException():
                return _refusal(error.status_code)
            case NotFound() | TileMalformed():
                return _refusal(404)
            case TearlineError():
                _log.error("a reader was not answered", extra={"code": error.code})
        return _refusal(503)

    return Starlette(
        routes=[Route("/{path:path}", answer, methods=["GET"])],  # and HEAD, which follows
        exception_handlers={HTTPException: refuse, TearlineError: refuse},
    )


@asynccontextmanager
async def monitored(
    address: str, exchange: Exchange, is_serving: Callable[[], bool]
) -> AsyncIterator[int]:
    """Serves the monitoring port in this event loop, and drains it in the end.

    Args:
        address: host:port; port 0 takes a free one.
        exchange: What is asked.
        is_serving: Whether the exchange takes calls, and could write the last change.

    Yields:
        The port.

    Raises:
        SettingInvalid: If the address cannot be listened on.
    """
    listener = _listener(address)
    server = _Server(
        uvicorn.Config(
            application(exchange, is_serving),
            http=_Connection,
            ws="none",
            interface="asgi3",
            lifespan="off",
            workers=1,
            log_config=None,
            log_level=logging.ERROR,  # below it stands what any stranger can cause
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
    """A server that leaves the signals of the process to the exchange."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class _Connection(H11Protocol):
    """A connection that does not outlive its time, whatever its reader does or does not do."""

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
    except OSError:
        raise SettingInvalid(f"http: {address} cannot be listened on; is it in use?") from None


def _answer(content: bytes, media_type: str, cache: str) -> Response:
    headers = {"cache-control": cache, "x-content-type-options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)


def _refusal(status: int, headers: Mapping[str, str] = _NO_HEADERS) -> Response:
    return Response(status_code=status, headers={"cache-control": _NEVER, **headers})
