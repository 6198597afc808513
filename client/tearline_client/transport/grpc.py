"""The seam to the exchange: byte strings out, byte strings in. The only user of gRPC here."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Any, Protocol, TypeVar, cast

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
from tearline_runtime.grpc import methods
from tearline_runtime.grpc.credentials import (
    TlsIdentity,
    client_credentials,
    client_options,
    with_access_token,
)
from tearline_runtime.grpc.request_id import with_request_id
from tearline_runtime.grpc.status import error_of

T = TypeVar("T")

_FAILED = (ExchangeUnreachable, ExchangeFault, OutcomeUnknown)


class PublishStream(Protocol):
    """Messages on their way, each answered in its turn."""

    async def send(self, publication: bytes) -> None:
        """Sends one more; whatever goes wrong with it, ``receive`` says."""
        ...

    async def receive(self) -> bytes:
        """The encoded outcomes of the first that was not answered yet.

        Raises:
            TearlineError: As ``publish`` does, for that one. No later one is answered then.
        """
        ...


class Transport(Protocol):
    """What a node asks of the exchange; a test puts a lying exchange in its place."""

    async def publish(self, publication: bytes) -> bytes:
        """Publishes; returns the encoded outcomes."""
        ...

    def publishing(self) -> AbstractAsyncContextManager[PublishStream]:
        """A stream to publish in; what is not answered when it is left may have been taken."""
        ...

    def subscribe(self, cursor: bytes) -> AsyncIterator[bytes]:
        """Encoded deliveries behind ``cursor``, until the stream ends."""
        ...

    async def acknowledge(self, cursor: bytes) -> bytes:
        """Says that all up to ``cursor`` is durable here; returns the newest item's cursor."""
        ...

    async def reconcile(self, request: bytes) -> bytes:
        """Where this node stands after a loss; answered by where the exchange stands."""
        ...

    async def entries(self, request: bytes) -> bytes:
        """A run of log entries with a checkpoint."""
        ...

    async def cosign(self, turn: bytes) -> bytes:
        """What we cosigned; answered by what others did, once the log has grown."""
        ...

    def search(self, request: bytes, token: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Pages of proven events, for the person whose token it is; ``follow`` waits for more."""
        ...

    async def reconnect(self, identity: TlsIdentity) -> None:
        """Goes on with another certificate, on a connection of its own."""
        ...

    async def close(self) -> None:
        """Ends the connection."""
        ...


_SAID = {
    "Connection refused": "no program listens at that address",
    "DNS resolution failed": "its host name is not known",
    "CERTIFICATE_VERIFY_FAILED": "what answers there is not the exchange of the trust list:"
    " its certificate is not of that CA",
    "Hostname Verification Check failed": "what answers there is not the exchange of the trust"
    " list: its certificate bears another name",
    "Socket closed": "it ended the connection at once, as it does where its trust list does not"
    " have this agency's CA: ask the operator which list it serves",
}
"""Words of gRPC for why a connection does not come about, and ours."""


class _GrpcStream:
    """A stream of one call.

    Args:
        call: The call.
        timeout_s: How long one answer may take.
        translated: The error that an error of gRPC means.
        line: What is logged of it.
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
        """Keeps how the call ended.

        A write that meets the end has gRPC put an INTERNAL of its own in the place of what the
        exchange said, which is then nowhere else.
        """
        code, metadata = _at_once(call.code()), _at_once(call.trailing_metadata())
        self._ending = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), metadata, "", "")

    async def send(self, publication: bytes) -> None:
        """Sends one more; whatever goes wrong with it, ``receive`` says."""
        # A call that has ended, or hangs, says why when it is read.
        with suppress(TimeoutError, asyncio.InvalidStateError, grpc.aio.AioRpcError):
            async with asyncio.timeout(self._timeout_s):
                await self._call.write(publication)
                self._line.sent += len(publication)

    async def receive(self) -> bytes:
        """The encoded outcomes of the first that was not answered yet."""
        if self._call.cancelled():  # sending took too long
            raise OutcomeUnknown("the exchange did not read on in time")
        reply: object = None
        try:
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


def _at_once(answer: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that has nothing to wait for."""
    try:
        answer.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    raise RuntimeError("it waits for something")


class GrpcTransport:
    """The exchange over mutual TLS.

    Args:
        exchange: As the pinned trust list names it: CA, DNS name, address.
        identity: The node's TLS certificate and key.
        timeout_s: How long one call may take.
        address: host:port to connect to instead of the listed one; the name is still pinned.
            Several, with commas between, where several processes serve: one of them is used,
            and the next as soon as it does not answer.

    Raises:
        TearlineError: Of the Request branch from every call that the exchange does not
            answer, or whatever it refused with.
    """

    def __init__(
        self,
        exchange: ExchangeIdentity,
        identity: TlsIdentity,
        *,
        timeout_s: float,
        address: str = "",
    ) -> None:
        self._exchange = exchange
        self._addresses = (address or exchange.address).split(",")
        self._at = secrets.randbelow(len(self._addresses))  # so that nodes spread
        self._timeout_s = timeout_s
        self._certificate = identity.certificate
        self._channels = self._dial(identity)

    def _dial(self, identity: TlsIdentity) -> list[grpc.aio.Channel]:
        # None connects before it is used.
        credentials = client_credentials(identity, self._exchange.certificate_authority)
        options = client_options(self._exchange.dns_name)
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
        """A stream to publish in; what is not answered when it is left may have been taken."""
        with logged(methods.PUBLISH_STREAM) as line:
            call = self._channel.stream_stream(methods.PUBLISH_STREAM, None, None)(
                None, metadata=with_request_id(line.id)
            )
            try:
                yield _GrpcStream(call, self._timeout_s, partial(self._failed, self._at), line)
            finally:
                call.cancel()

    async def subscribe(self, cursor: bytes) -> AsyncIterator[bytes]:
        """Encoded deliveries behind ``cursor``, until the stream ends."""
        at, channel = self._at, self._channel
        with logged(methods.SUBSCRIBE) as line:
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
        """Where this node stands after a loss; answered by where the exchange stands."""
        return await self._call(methods.RECONCILE, request)

    async def acknowledge(self, cursor: bytes) -> bytes:
        """Says that all up to ``cursor`` is durable here; returns the newest item's cursor."""
        return await self._call(methods.ACKNOWLEDGE, cursor)

    async def entries(self, request: bytes) -> bytes:
        """A run of log entries with a checkpoint."""
        return await self._call(methods.ENTRIES, request)

    async def cosign(self, turn: bytes) -> bytes:
        """What we cosigned; answered by what others did, once the log has grown."""
        return await self._call(methods.COSIGN, turn, wait_s=COSIGN_WAIT_MS / 1000)

    async def search(self, request: bytes, token: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Pages of proven events, for the person whose token it is; ``follow`` waits for more."""
        at, channel = self._at, self._channel
        # The exchange ends one that follows after a while, at the latest.
        within_s = self._timeout_s + (FOLLOW_MS / 1000 if follow else 0)
        with logged(methods.SEARCH) as line:
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
                raise ExchangeUnreachable("it stopped in the middle of a search") from None
            except grpc.aio.AioRpcError as error:
                raise self._failed(at, error) from None
            finally:
                stream.cancel()

    async def reconnect(self, identity: TlsIdentity) -> None:
        """Goes on with another certificate; calls under way are ended."""
        before, self._channels = self._channels, self._dial(identity)
        self._certificate = identity.certificate
        for channel in before:
            await channel.close(None)

    async def close(self) -> None:
        """Ends the connection."""
        for channel in self._channels:
            await channel.close(None)

    async def _call(self, method: str, request: bytes, *, wait_s: float = 0) -> bytes:
        for _ in self._addresses[1:]:
            # Whatever is asked may be asked twice; who was waited for long is not waited for again.
            with suppress(ExchangeUnreachable, ExchangeFault):
                return await self._call_once(method, request, wait_s)
        return await self._call_once(method, request, wait_s)

    async def _call_once(self, method: str, request: bytes, wait_s: float) -> bytes:
        at = self._at
        with logged(method) as line:
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
        """What a failed call means; who did not do as asked is not asked next time."""
        meant = self._translated(error)
        if at == self._at and isinstance(meant, _FAILED):
            self._at = (at + 1) % len(self._addresses)
        return meant

    def _translated(self, error: grpc.aio.AioRpcError) -> TearlineError:
        # The stubs know the items only as opaque; they are pairs.
        metadata = cast("tuple[tuple[str, str | bytes], ...]", tuple(error.trailing_metadata()))
        meant = error_of(error.code(), metadata)
        if isinstance(meant, ExchangeUnreachable):
            # TLS tells nobody why it was refused; an expired certificate is the usual reason.
            try:
                verify_current(self._certificate, int(time.time()))
            except CertificateExpired as expired:
                return expired
            return ExchangeUnreachable(_why(error.details() or "") or meant.why)
        return meant


def _why(details: str) -> str:
    """Why no connection came about, as far as gRPC's words tell; empty where they do not."""
    if "failed to connect" not in details:
        return ""  # a connection that was there has ended
    return next((why for said, why in _SAID.items() if said in details), "")
