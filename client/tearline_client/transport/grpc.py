"""The exchange over gRPC: byte strings out, byte strings in. The only user of gRPC here."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any, TypeVar, cast

import grpc
import grpc.aio

from tearline.crypto.certificates import verify_current
from tearline.errors import (
    CertificateExpired,
    ExchangeFault,
    ExchangeMisbehaved,
    ExchangeUnreachable,
    OutcomeUnknown,
    TearlineError,
)
from tearline.federation.members import ExchangeIdentity
from tearline.limits import COSIGN_WAIT_MS, FOLLOW_MS
from tearline_client.transport.call_log import Call, logged
from tearline_client.transport.interface import PublishStream
from tearline_runtime.grpc import methods
from tearline_runtime.grpc.credentials import (
    client_credentials,
    client_options,
    with_access_token,
)
from tearline_runtime.grpc.request_id import with_request_id
from tearline_runtime.grpc.status import error_of
from tearline_runtime.grpc.tls_identity import TlsIdentity

T = TypeVar("T")

_FAILED = (ExchangeUnreachable, ExchangeFault, OutcomeUnknown)


_SAID = {
    "Connection refused": "no program listens at that address",
    "DNS resolution failed": "its host name is not known",
    "CERTIFICATE_VERIFY_FAILED": "what answers there is not the exchange of the charter:"
    " its certificate is not of that CA; if the council has replaced it, run tearline log read"
    " with a partner's mirror",
    "Hostname Verification Check failed": "what answers there is not the exchange of the"
    " charter: its certificate bears another name",
    "Socket closed": "it ended the connection at once, as it does where the federation does not"
    " have this agency's CA: the agency is not admitted yet, has left, or was removed; ask a member"
    " of the council",
}
"""Causes of failed connections: gRPC's text and our own."""


class _GrpcStream:
    """A stream of one call.

    Args:
        call: The call.
        timeout_s: Maximum seconds for one answer.
        translated: Maps an error of gRPC to ours.
        line: Its log record.
    """

    def __init__(
        self,
        call: "grpc.aio.StreamStreamCall[bytes, bytes]",
        timeout_s: float,
        translated: Callable[[grpc.aio.AioRpcError], TearlineError],
        line: Call,
    ) -> None:
        self._call = call
        self._line = line
        self._timeout_s = timeout_s
        self._translated = translated
        self._ending: grpc.aio.AioRpcError | None = None
        call.add_done_callback(self._end)

    def _end(self, call: "grpc.aio.StreamStreamCall[bytes, bytes]") -> None:
        """Stores the end of the call.

        If a write meets the end, gRPC replaces the exchange's error with its own INTERNAL.
        """
        code, metadata = _at_once(call.code()), _at_once(call.trailing_metadata())
        self._ending = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), metadata, "", "")

    async def send(self, publication: bytes) -> None:
        """Sends one more message; ``receive`` reports its errors."""
        # A call that has ended or hangs reports the reason when it is read.
        reported = (TimeoutError, asyncio.InvalidStateError, grpc.aio.AioRpcError, OutcomeUnknown)
        with suppress(*reported), _ends_with_connection(OutcomeUnknown):
            async with asyncio.timeout(self._timeout_s):
                await self._call.write(publication)
                self._line.sent += len(publication)

    async def receive(self) -> bytes:
        """Returns the encoded outcomes of the first unanswered message."""
        if self._call.cancelled():  # while it was sent
            raise OutcomeUnknown("the exchange did not read in time, or the connection was renewed")
        reply: object = None
        try:
            with _ends_with_connection(OutcomeUnknown):
                async with asyncio.timeout(self._timeout_s):
                    reply = await self._call.read()
        except TimeoutError:
            raise OutcomeUnknown("the exchange did not answer in time") from None
        except grpc.aio.AioRpcError as error:
            if (ending := self._ending or error).code() is not grpc.StatusCode.OK:
                raise self._translated(ending) from None
        if not isinstance(reply, bytes):
            raise ExchangeMisbehaved("it ended the stream without an answer")
        self._line.received += len(reply)
        return reply


@contextmanager
def _ends_with_connection(error: type[TearlineError]) -> Iterator[None]:
    """Reports a call that ended because this node closed its connection.

    gRPC then raises ``CancelledError`` in a task that was not cancelled. An ``asyncio.TaskGroup``
    ignores such an end, and the task's work would stop unnoticed.

    Raises:
        TearlineError: The given error, in place of gRPC's.
    """
    try:
        yield
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is None or task.cancelling():
            raise  # the caller cancelled it
        raise error("this node renewed or closed its connection") from None


def _at_once(answer: Coroutine[Any, Any, T]) -> T:
    """Returns the result of a coroutine that never suspends."""
    try:
        answer.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    raise RuntimeError("it waits for something")


class GrpcTransport:
    """The exchange over mutual TLS.

    Args:
        exchange: Returns the exchange by the newest constitution known, behind the one before; the
            CAs of both are trusted.
        identity: The node's TLS certificate and key.
        timeout_s: Maximum seconds for one call.
        address: host:port to connect to instead of the listed one; the name is still pinned. With
            several, separated by commas, one is used, and the next after a failure.

    Raises:
        TearlineError: From each call: of the Request branch without an answer, or the refusal.
    """

    def __init__(
        self,
        exchange: Callable[[], Sequence[ExchangeIdentity]],
        identity: TlsIdentity,
        *,
        timeout_s: float,
        address: str = "",
    ) -> None:
        self._exchange = exchange
        self._address = address
        self._addresses: list[str] = []
        self._at = 0
        self._timeout_s = timeout_s
        self._certificate = identity.certificate
        self._channels = self._dial(identity)

    def _dial(self, identity: TlsIdentity) -> list[grpc.aio.Channel]:
        # None of them connects before use.
        exchanges = self._exchange()
        credentials = client_credentials(identity, *{e.certificate_authority for e in exchanges})
        options = client_options(exchanges[-1].dns_name)
        addresses = (self._address or exchanges[-1].address).split(",")
        if addresses != self._addresses:
            self._addresses = addresses
            self._at = secrets.randbelow(len(addresses))  # random, to distribute the nodes
        return [
            grpc.aio.secure_channel(address, credentials, options=options)
            for address in self._addresses
        ]

    @property
    def _channel(self) -> grpc.aio.Channel:
        return self._channels[self._at]

    async def publish(self, publication: bytes) -> bytes:
        """Publishes; returns the encoded outcomes."""
        return await self._call(methods.PUBLISH, publication)

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[PublishStream]:
        """Returns a stream to publish in; unanswered messages may have been accepted."""
        with logged(methods.PUBLISH_STREAM) as line:
            call = self._channel.stream_stream(methods.PUBLISH_STREAM, None, None)(
                None, metadata=with_request_id(line.id)
            )
            try:
                yield _GrpcStream(call, self._timeout_s, partial(self._failed, self._at), line)
            finally:
                call.cancel()

    async def subscribe(self, cursor: bytes) -> AsyncIterator[bytes]:
        """Yields encoded deliveries behind ``cursor`` until the stream ends."""
        at, channel = self._at, self._channel
        with logged(methods.SUBSCRIBE) as line, _ends_with_connection(ExchangeUnreachable):
            line.sent = len(cursor)
            stream = channel.unary_stream(methods.SUBSCRIBE, None, None)(
                cursor, metadata=with_request_id(line.id)
            )
            try:
                async for delivery in stream:
                    line.received += len(delivery)
                    yield delivery
            except grpc.aio.AioRpcError as error:
                raise self._failed(at, error) from None
            finally:
                stream.cancel()

    async def reconcile(self, request: bytes) -> bytes:
        """Sends this node's state after a loss; returns the exchange's state."""
        return await self._call(methods.RECONCILE, request)

    async def acknowledge(self, cursor: bytes) -> bytes:
        """Confirms that all mail up to ``cursor`` is durable; returns the newest item's cursor."""
        return await self._call(methods.ACKNOWLEDGE, cursor)

    async def entries(self, request: bytes) -> bytes:
        """Returns a run of log entries with a checkpoint."""
        return await self._call(methods.ENTRIES, request)

    async def cosign(self, turn: bytes) -> bytes:
        """Sends our cosignature; returns others' cosignatures once the log has grown."""
        return await self._call(methods.COSIGN, turn, wait_s=COSIGN_WAIT_MS / 1000)

    async def light_turn(self, request: bytes) -> bytes:
        """Returns the next turn of a light node."""
        return await self._call(methods.LIGHT_TURN, request)

    async def light_leaves(self, request: bytes) -> bytes:
        """Returns the states of agencies at a turn."""
        return await self._call(methods.LIGHT_LEAVES, request)

    async def light_entries(self, request: bytes) -> bytes:
        """Returns entries with their inclusion proofs."""
        return await self._call(methods.LIGHT_ENTRIES, request)

    async def offer_blob(self, offer: bytes) -> bytes:
        """Offers a large document; returns how many of its parts are there."""
        return await self._call(methods.BLOB_OFFER, offer)

    async def put_blob(self, part: bytes) -> bytes:
        """Sends a part of it; returns the same, once the part is durable."""
        return await self._call(methods.BLOB_PUT, part)

    async def blob_leaves(self, question: bytes) -> bytes:
        """Returns the leaf hashes of a granted document's parts."""
        return await self._call(methods.BLOB_LEAVES, question)

    async def get_blob(self, question: bytes) -> bytes:
        """Returns a sealed part of a granted document."""
        return await self._call(methods.BLOB_GET, question)

    async def search(self, request: bytes, token: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Yields pages of proven events for the token's person; ``follow`` waits for more."""
        at, channel = self._at, self._channel
        # The exchange ends a following search after a while, at the latest.
        within_s = self._timeout_s + (FOLLOW_MS / 1000 if follow else 0)
        with logged(methods.SEARCH) as line, _ends_with_connection(ExchangeUnreachable):
            line.sent = len(request)
            stream = channel.unary_stream(methods.SEARCH, None, None)(
                request, metadata=(*with_access_token(token), *with_request_id(line.id))
            )
            try:
                while True:
                    async with asyncio.timeout(within_s):
                        page = await stream.read()
                    if not isinstance(page, bytes):
                        return
                    line.received += len(page)
                    yield page
            except TimeoutError:
                raise ExchangeUnreachable("the exchange stopped during a search") from None
            except grpc.aio.AioRpcError as error:
                raise self._failed(at, error) from None
            finally:
                stream.cancel()

    async def reconnect(self, identity: TlsIdentity) -> None:
        """Reconnects with another certificate, or to an exchange that the constitution changed.

        Single calls in progress are repeated on the new connection; streams end with an error.
        """
        before, self._channels = self._channels, self._dial(identity)
        self._certificate = identity.certificate
        for channel in before:
            await channel.close(None)

    async def close(self) -> None:
        """Closes the connection."""
        for channel in self._channels:
            await channel.close(None)

    async def _call(self, method: str, request: bytes, *, wait_s: float = 0) -> bytes:
        channels = self._channels
        for _ in self._addresses[1:]:
            # Every call may be repeated; after a long wait without an answer, it is not.
            with suppress(ExchangeUnreachable, ExchangeFault):
                return await self._call_once(method, request, wait_s)
        try:
            return await self._call_once(method, request, wait_s)
        except ExchangeUnreachable:
            if channels is self._channels:
                raise
        return await self._call(method, request, wait_s=wait_s)  # a reconnection ended it

    async def _call_once(self, method: str, request: bytes, wait_s: float) -> bytes:
        at = self._at
        with logged(method) as line, _ends_with_connection(ExchangeUnreachable):
            line.sent = len(request)
            try:
                reply: bytes = await self._channel.unary_unary(method, None, None)(
                    request, timeout=self._timeout_s + wait_s, metadata=with_request_id(line.id)
                )
            except grpc.aio.AioRpcError as error:
                raise self._failed(at, error) from None
            line.received = len(reply)
        return reply

    def _failed(self, at: int, error: grpc.aio.AioRpcError) -> TearlineError:
        """Returns the meaning of a failed call; the next call uses another address."""
        meant = self._translated(error)
        if at == self._at and isinstance(meant, _FAILED):
            self._at = (at + 1) % len(self._addresses)
        return meant

    def _translated(self, error: grpc.aio.AioRpcError) -> TearlineError:
        # The stubs know the items only as opaque; they are pairs.
        metadata = cast("tuple[tuple[str, str | bytes], ...]", tuple(error.trailing_metadata()))
        meant = error_of(error.code(), metadata)
        if isinstance(meant, ExchangeUnreachable):
            # TLS does not give the reason of a refusal; an expired certificate is the usual one.
            try:
                verify_current(self._certificate, int(time.time()))
            except CertificateExpired as expired:
                return expired
            return ExchangeUnreachable(_why(error.details() or "") or meant.why)
        return meant


def _why(details: str) -> str:
    """Returns why the connection failed, if gRPC's text states it; otherwise empty."""
    if "failed to connect" not in details:
        return ""  # an established connection has ended
    return next((why for said, why in _SAID.items() if said in details), "")
