"""Log over HTTP, shared by the exchange's monitoring port and a node's witness port.

It serves a checkpoint and tiles to foreign readers (c2sp.org/tlog-tiles), by the rules of
docs/spec/log-v1.md, section 7. The server is plain HTTP, without TLS or names; the operator
restricts access to it. Beside ``tearline_runtime.grpc`` it is the only module here that uses the
network.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Protocol

import h11
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tearline.errors import (
    ConfigUnreadable,
    NotFound,
    SettingInvalid,
    TearlineError,
    TileMalformed,
)
from tearline.limits import (
    HTTP_DRAIN_S,
    MAX_HTTP_CONNECTION_S,
    MAX_HTTP_CONNECTIONS,
    MAX_HTTP_HEAD_BYTES,
)
from tearline.tlog.tiles import Tile, parse_tile_path
from tearline_runtime.peers import pem_fault

TEXT = "text/plain; charset=utf-8"
NEVER = "no-store"  # a missing tile may exist a second later
_BYTES = "application/octet-stream"
_FOREVER = "public, max-age=31536000, immutable"  # a year, the longest that caches honour
_ASK_AGAIN = "no-cache"
_NO_HEADERS: Mapping[str, str] = {}


class ReadableLog(Protocol):
    """Log that can be read in tiles."""

    async def checkpoint(self) -> bytes:
        """Returns the note of the newest checkpoint. Raises NotFound if there is none."""
        ...

    async def tile(self, tile: Tile) -> bytes:
        """Returns the content of a tile. Raises NotFound unless a checkpoint covers all of it."""
        ...


Page = Callable[[], Awaitable[Response]]
"""Handler of one path beside those of the log."""


def log_application(
    log: ReadableLog,
    *,
    pages: Mapping[str, Page] = {},
    posts: Sequence[Route] = (),
    fault: Callable[[TearlineError], None],
) -> Starlette:
    """Returns the HTTP application that serves a log.

    Args:
        log: The log.
        pages: Further paths that answer GET and HEAD.
        posts: Routes that accept other methods.
        fault: Receives each internal error; the reader gets no details of it.
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
                return refusal(400)  # never sent
            case HTTPException(status_code=405):
                return refusal(405, {"allow": "GET, HEAD"})
            case HTTPException():
                return refusal(error.status_code)
            case NotFound() | TileMalformed():
                return refusal(404)
            case TearlineError():
                fault(error)
                return refusal(503)
            case _:  # a fault of this port, whose details readers do not get
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
    """Returns the path as sent: it has one canonical form, and no query.

    Raises:
        HTTPException: With status 404, if there is a query.
    """
    if request.scope["query_string"]:
        raise HTTPException(404)
    path: bytes = request.scope["raw_path"]
    return path.decode("ascii", "replace")


def reply(content: bytes, media_type: str, cache: str, *, status: int = 200) -> Response:
    """Returns a response with a content and its cache policy."""
    # As a header, for to a media type of text Starlette adds a charset.
    headers = {
        "content-type": media_type,
        "cache-control": cache,
        "x-content-type-options": "nosniff",
    }
    return Response(content, status, headers=headers)


def refusal(status: int, headers: Mapping[str, str] = _NO_HEADERS) -> Response:
    """Returns a response without a content, which may not be cached."""
    return Response(status_code=status, headers={"cache-control": NEVER, **headers})


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files for TLS.

    Attributes:
        certificate: The certificate, followed by those of its issuers; PEM.
        key: Its private key; PEM.
    """

    certificate: PathLike[str]
    key: PathLike[str]

    def context(self) -> ssl.SSLContext:
        """Returns the context of a server: TLS 1.3 alone.

        Raises:
            ConfigUnreadable: If a file cannot be read, or the two do not belong together.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        try:
            context.load_cert_chain(self.certificate, self.key)
        except OSError as error:  # ssl.SSLError is one, too
            files = f"{fspath(self.certificate)} and {fspath(self.key)}"
            raise ConfigUnreadable(f"{files}: {pem_fault(error)}") from None
        return context


def tls_of_port(
    name: str,
    address: str,
    origin: str,
    certificate: PathLike[str] | None,
    key: PathLike[str] | None,
) -> TlsFiles | None:
    """Returns the files for TLS of a port; None for plain HTTP, on loopback alone.

    Args:
        name: Name of the setting with the address, and the beginning of those of its files.
        address: host:port to listen on.
        origin: Where the address was set.
        certificate: File of the certificate, or None.
        key: File of its private key, or None.

    Raises:
        SettingInvalid: If one file is missing, or other machines would reach the port without TLS.
    """
    if certificate is not None and key is not None:
        return TlsFiles(certificate, key)
    if certificate is not None or key is not None:
        raise SettingInvalid(f"{name}_certificate and {name}_key belong together")
    if not is_loopback(address.rpartition(":")[0]):
        raise SettingInvalid(
            f"{name} ({origin}): {address} is reached from other machines,"
            f" so {name}_certificate and {name}_key are required"
        )
    return None


def reporting(
    application: ASGIApp, name: str, *, failed: ASGIApp, report: Callable[[str], None]
) -> ASGIApp:
    """Returns the application with a guard that ends its faults.

    A fault's words may hold contents, so only its kind is reported.

    Args:
        application: The application.
        name: Its name in reports.
        failed: Answers a request in its place, unless it had begun an answer.
        report: Called with a sentence about each fault.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await application(scope, receive, noted)
        except ClientDisconnect:
            pass  # the reader is gone
        except Exception as error:  # noqa: BLE001 (the server would log it with its values)
            report(f"{name} could not answer {scope['method']}: {type(error).__name__}.")
            if not has_begun:
                await failed(scope, receive, send)

    return answer


@asynccontextmanager
async def listening(
    address: str, application: ASGIApp, *, tls: TlsFiles | None = None
) -> AsyncIterator[int]:
    """Serves ``application`` in this event loop, and drains it at the end.

    Args:
        address: host:port; port 0 selects a free one.
        application: The application.
        tls: Files for TLS; None for plain HTTP.

    Yields:
        The port.

    Raises:
        SettingInvalid: If the server cannot listen on the address.
        ConfigUnreadable: If a file for TLS cannot be read.
    """
    context = None if tls is None else tls.context()
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
            log_level="error",  # any stranger can cause messages below it
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_HTTP_CONNECTIONS,
            timeout_graceful_shutdown=HTTP_DRAIN_S,
            h11_max_incomplete_event_size=MAX_HTTP_HEAD_BYTES,
            ssl_context_factory=None if context is None else lambda config, default: context,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """Server that leaves the process's signals to the program."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _is_ambiguous(scope: Scope) -> bool:
    """Returns whether a request is ambiguous or exceeds the size limit.

    A proxy in front could read an ambiguous request differently, and take part of it for the next
    request (RFC 9112, section 11.2). Therefore a body has one length, and only a method with a body
    has one.
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
    """Connection with a maximum age, regardless of its reader's activity."""

    def send_400_response(self, msg: str) -> None:
        """Answers invalid HTTP, also in the middle of a request, and closes the connection.

        The base class would answer beside a running answer, and fail.
        """
        state = self.conn.our_state
        if state in (h11.SEND_RESPONSE, h11.SEND_BODY):  # the application handles a request
            self.cycle.disconnected = True  # discards the rest of its answer
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
        ends = self.loop.time() + MAX_HTTP_CONNECTION_S
        # For long answers, and for those that go on as long as their reader reads.
        self.app_state = {**self.app_state, "connection_ends": ends, "prolong": self._prolong}

    def _prolong(self) -> None:
        """Lets the connection live on: the application sent a part of a long answer, or got one."""
        self._age.cancel()
        if not self.transport.is_closing():
            self._age = self.loop.call_later(MAX_HTTP_CONNECTION_S, self._retire)

    def connection_lost(self, exc: Exception | None) -> None:
        self._age.cancel()
        super().connection_lost(exc)

    def _retire(self) -> None:
        self._age = self.loop.call_later(HTTP_DRAIN_S, self.transport.abort)
        self.shutdown()


def is_loopback(host: str) -> bool:
    """Returns whether only this machine reaches a host, which may stand in brackets."""
    host = host.removeprefix("[").removesuffix("]").lower()
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listener(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family)
    except OSError as error:
        why = str(error.strerror).partition(" (")[0]  # Python repeats the address after it
        raise SettingInvalid(f"cannot listen on {address}: {why}") from None
