"""Interceptor: admits every call, and ends every failed one with a status code.

Interceptors do not see the connection, so the guard wraps handlers. A call is admitted before its
message is read. A long call is checked again at each of its messages.

For a unary handler, gRPC reads the message before it runs the handler. So every handler here takes
a stream; a unary call is a stream of one message, identical on the wire. Until a handler reads,
gRPC buffers only the stream's window.
"""

import asyncio
import logging
import time
import traceback
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, NoReturn, TypeAlias, TypeVar

import grpc
import grpc.aio

from tearline.errors import (
    ExchangeBusy,
    ObjectsUnreachable,
    StatementMalformed,
    StoreFull,
    TearlineError,
    TlsError,
    TokenRefused,
)
from tearline.limits import (
    CALL_S,
    DISK_RETRY_MS,
    LARGE_ANSWER_BYTES,
    MAX_AGENCY_CALLS,
    MAX_AGENCY_MESSAGES_BYTES,
    MAX_AGENCY_STREAMS,
    MAX_MESSAGE_BYTES,
    MAX_NODE_CALLS,
    MAX_SMALL_BYTES,
    MESSAGE_S,
    NODE_CALLS_S,
    PERSON_CALLS_S,
)
from tearline_runtime.grpc.credentials import access_token, tls_facts
from tearline_runtime.grpc.request_id import request_id
from tearline_runtime.grpc.status import status_of
from tearline_server.admission.authentication import Authenticator, Caller
from tearline_server.admission.connections import Connections
from tearline_server.admission.rate_limits import (
    ConcurrencyLimit,
    HeldBytes,
    LeakyBucket,
    MemoryQuota,
    NodeRateLimit,
    SourceSlots,
)
from tearline_server.admission.refusals import RefusalLines
from tearline_server.exchange import Exchange
from tearline_server.grpc.call_log import Call, CallLog, traced
from tearline_server.observability.metrics import Metrics
from tearline_server.tlog.log import Clock

T = TypeVar("T")

_log = logging.getLogger(__name__)

_RETRY_AFTER_MS = 5000  # by then a slow call has finished, or never will

# Outcomes of calls without an error: answered, or cancelled by the caller.
_OK = "ok"
_CANCELLED = "cancelled"

Handlers: TypeAlias = "grpc.GenericRpcHandler[Any, Any]"
Context = grpc.aio.ServicerContext[Any, Any]
Answer = Callable[[Caller, bytes], Awaitable[bytes]]
Stream = Callable[[Caller, bytes], AsyncIterator[bytes]]
Converse = Callable[[Caller, AsyncIterator[bytes]], AsyncGenerator[bytes, None]]


class CallInterceptor:
    """Wrapper of handlers: admits calls, and ends failed ones with the status of their error.

    Args:
        authenticator: The gate that admits calls.
        exchange: The exchange, which counts refusals.
        clock: The time.
        metrics: The metrics of calls.
        calls: The log of calls (default: logs all).
        connections: Learns the connection of each call.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        exchange: Exchange,
        clock: Clock,
        metrics: Metrics,
        calls: CallLog | None = None,
        connections: Connections | None = None,
    ) -> None:
        self._authenticator = authenticator
        self._exchange = exchange
        self._clock = clock
        self._metrics = metrics
        self._calls = calls or CallLog()
        self._connections = connections or Connections()
        self._node_calls = ConcurrencyLimit(MAX_NODE_CALLS, "the node has too many calls under way")
        self._agency_calls = ConcurrencyLimit(
            MAX_AGENCY_CALLS, "the agency has too many calls under way"
        )
        self._called = MemoryQuota(MAX_AGENCY_MESSAGES_BYTES)
        self._streamed = MemoryQuota(MAX_AGENCY_MESSAGES_BYTES)
        self._streams = SourceSlots(MAX_AGENCY_STREAMS)
        self._nodes = NodeRateLimit(NODE_CALLS_S, "more calls are made")
        self._lines = RefusalLines()
        self._persons = LeakyBucket(PERSON_CALLS_S, "more calls are made than one person may")

    def unary(self, method: str, answer: Answer) -> Any:
        """Returns a handler of one message with one answer of about the same size."""
        return self._answering(method, answer, _room_of)

    def reading(self, method: str, answer: Answer) -> Any:
        """Returns a handler of one message with a large answer, judged by the newest state."""

        async def current(caller: Caller, request: bytes) -> bytes:
            await self._catch_up(caller)
            return await answer(caller, request)

        return self._answering(method, current, lambda size: max(size, LARGE_ANSWER_BYTES))

    async def _catch_up(self, caller: Caller) -> None:
        """Learns the writes of other processes, and checks that the caller is still admitted."""
        await self._exchange.others.catch_up()
        self._authenticator.verify_still(caller, self._clock() // 1000)

    def _answering(self, method: str, answer: Answer, room_of: Callable[[int], int]) -> Any:
        """Returns a handler of one message.

        The call holds room for the largest message until its own has arrived. Then it holds
        ``room_of`` its size until its caller has read the answer. Dropping the answer would free
        no memory: gRPC holds it until the call's stream ends.
        """
        self._metrics.serves(method, is_long=False)

        async def handle(requests: AsyncIterator[bytes], context: Context) -> None:
            began = time.perf_counter()
            async with (
                self._call(method, context) as (caller, call),
                self._called.hold(str(caller.agency), MAX_MESSAGE_BYTES) as share,
            ):
                request = await self._message(call, requests)
                share.shrink(room_of(len(request)))
                answering = answer(caller, request)
                del request, requests  # if the call fails, gRPC keeps this frame: see _forget
                reply = await in_time(answering)
                await _write(context, reply)
                call.sent += len(reply)
                self._metrics.answered(method, time.perf_counter() - began)

        return grpc.stream_stream_rpc_method_handler(handle)

    def unary_stream(self, method: str, stream: Stream) -> Any:
        """Returns a handler of one message that is answered by a stream."""
        self._metrics.serves(method, is_long=True)

        async def handle(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
            async with self._call(method, context) as (caller, call):
                async with self._called.hold(str(caller.agency), MAX_MESSAGE_BYTES):
                    message = await self._message(call, requests)
                    await self._catch_up(caller)
                    replies = stream(caller, message)
                del message
                del requests
                async for reply in self._watched(method, caller, replies):
                    call.sent += len(reply)
                    yield reply
                    del reply

        return grpc.stream_stream_rpc_method_handler(handle)

    def stream_stream(self, method: str, converse: Converse) -> Any:
        """Returns a handler of a stream that is answered by a stream: a reply to each message."""
        self._metrics.serves(method, is_long=True)

        async def handle(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
            async with (
                self._call(method, context) as (caller, call),
                self._streams.one(str(caller.agency)),
            ):
                held = deque[HeldBytes]()
                messages = self._held(caller, self._messages(call, requests), held)
                replies = converse(caller, self._watched(method, caller, messages))
                del requests, messages
                try:
                    async with aclosing(replies):
                        async for reply in replies:
                            call.sent += len(reply)
                            yield reply
                            del reply
                            if held:
                                held.popleft().shrink(0)
                finally:  # behind the end of whoever takes more
                    for share in held:
                        share.shrink(0)

        return grpc.stream_stream_rpc_method_handler(handle)

    async def _held(
        self, caller: Caller, messages: AsyncIterator[bytes], held: deque[HeldBytes]
    ) -> AsyncIterator[bytes]:
        """Yields the messages of a stream, and adds the room of each to ``held``.

        gRPC tells no size before a message has arrived. Until then it holds room for the largest.

        Raises:
            ExchangeBusy: If no room becomes free in time.
        """
        while True:
            share = await self._streamed.take(str(caller.agency), MAX_MESSAGE_BYTES)
            message: bytes | None = None
            try:
                message = await anext(messages, None)
            finally:
                share.shrink(_room_of(len(message or b"")))
            if message is None:
                return
            held.append(share)
            yield message

    async def _message(self, call: Call, requests: AsyncIterator[bytes]) -> bytes:
        """Reads and returns the one message of a call.

        Raises:
            StatementMalformed: If the call ends without one.
            ExchangeBusy: If it does not arrive in time.
        """
        async with aclosing(self._messages(call, requests)) as messages:
            async for message in messages:
                return message
        raise StatementMalformed("the call has no message")

    async def _messages(
        self, call: Call, requests: AsyncIterator[bytes]
    ) -> AsyncGenerator[bytes, None]:
        """Yields the messages of a call; raises ExchangeBusy if one does not arrive in time."""
        arriving = aiter(requests)
        try:
            while True:
                with self._metrics.arriving():
                    message = await _next(arriving)
                call.received += len(message)
                yield message
        except StopAsyncIteration:
            return
        finally:
            # gRPC's generator is in a reference cycle, and holds the last message.
            if isinstance(arriving, AsyncGenerator):
                await arriving.aclose()

    @asynccontextmanager
    async def _call(self, method: str, context: Context) -> AsyncIterator[tuple[Caller, Call]]:
        """Yields the caller of an admitted call; logs, counts and ends the call afterwards."""
        self._connections.call(str(context.peer()))
        metadata = context.invocation_metadata() or ()
        code, call = _CANCELLED, self._calls.begin(method, _peer(context), request_id(metadata))
        try:
            with self._metrics.under_way(), traced(call):
                self._exchange.others.verify_heard()
                facts, now_ms = tls_facts(context), self._clock()
                leaf = self._authenticator.verify_node(facts, now_ms // 1000)
                node, agency = call.caller, call.agency = str(leaf.node), str(leaf.node.agency)
                self._nodes.take(node, 1, now_ms)
                with self._node_calls.one(node), self._agency_calls.one(agency):
                    # Rate limits apply before the token is verified, which is most of the cost.
                    token = access_token(metadata)
                    caller = self._authenticator.admit(facts, token, method, now_ms // 1000)
                    if caller.token is not None:
                        # Agencies choose pseudonyms, so the limit is per agency and pseudonym.
                        person = f"{agency} {caller.pseudonym.hex()}"
                        self._persons.take(person, 1, now_ms)
                    yield caller, call
            code = _OK
        except Exception as error:  # noqa: BLE001 (the boundary: no call may end as UNKNOWN)
            code = error.code if isinstance(error, TearlineError) else type(error).__name__
            if isinstance(error, TlsError):
                self._exchange.refusals.count(_peer(context), error.code)
            if not isinstance(error, grpc.aio.BaseError):
                self._log(call, error)
            _forget(error)
            await _abort(context, error)
        finally:
            self._metrics.ended(method, code)
            self._calls.end(call, code)

    def _log(self, call: Call, error: Exception) -> None:
        """Logs a failed call; failures of one kind once a minute, expected or not."""
        if isinstance(error, ExchangeBusy):
            return  # these are temporary, and metrics count them
        code = error.code if isinstance(error, TearlineError) else type(error).__name__
        times = self._lines.count(call.method, code, self._clock())
        if not times:
            return
        told = {"method": call.method, "code": code, "times": times}
        if isinstance(error, TearlineError):
            level = logging.WARNING if isinstance(error, TokenRefused) else logging.INFO
            _log.log(level, "call refused", extra=told)
            return
        told["request"] = call.id
        if call.node_request:
            told["node_request"] = call.node_request
        _log.error("call failed", extra=told, exc_info=error)

    async def _watched(
        self, method: str, caller: Caller, messages: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Yields the messages of a long call, while its caller would still be admitted."""
        with self._metrics.streaming(method) as count:
            async for message in messages:
                self._exchange.others.verify_heard()
                self._authenticator.verify_still(caller, self._clock() // 1000)
                count()
                yield message


def _room_of(size: int) -> int:
    """Returns the room that a message of some size takes until it is answered."""
    return size if size > MAX_SMALL_BYTES else 0


async def _write(context: Context, reply: bytes) -> None:
    """Writes an answer, and waits until its caller has room for it.

    Raises:
        CancelledError: If the caller has gone away. gRPC would otherwise log this as an error of
            the handler.
    """
    try:
        await context.write(reply)
    except grpc.aio.InternalError:
        raise asyncio.CancelledError from None


async def _next(arriving: AsyncIterator[bytes]) -> bytes:
    try:
        async with asyncio.timeout(MESSAGE_S):
            return await anext(arriving)
    except TimeoutError:
        raise ExchangeBusy("its message did not arrive", retry_after_ms=_RETRY_AFTER_MS) from None


async def in_time(answer: Awaitable[T]) -> T:
    """Awaits and returns an answer, within the time limit of calls.

    Raises:
        ExchangeBusy: If it takes too long.
    """
    try:
        async with asyncio.timeout(CALL_S):
            return await answer
    except TimeoutError:
        raise ExchangeBusy("it took too long", retry_after_ms=_RETRY_AFTER_MS) from None


def _passing(error: Exception) -> Exception:
    """Returns the error reported to the caller; a lack of storage is reported as temporary."""
    if isinstance(error, StoreFull):
        return ExchangeBusy("its disk is full", retry_after_ms=DISK_RETRY_MS)
    if isinstance(error, ObjectsUnreachable):
        return ExchangeBusy("large documents cannot be reached", retry_after_ms=DISK_RETRY_MS)
    return error


def _peer(context: Context) -> str:
    """Returns the peer's address without its port, so its connections count as one."""
    kind, _, address = str(context.peer()).partition(":")
    return f"{kind}:{address.rpartition(':')[0]}"


def _forget(error: BaseException) -> None:
    """Releases the local variables of the frames in which a call failed.

    gRPC keeps the exception in a reference cycle with the call. Objects in its frames, such as a
    message of megabytes, would stay until garbage collection.
    """
    found: BaseException | None = error
    while found is not None:
        traceback.clear_frames(found.__traceback__)
        found = found.__context__


async def _abort(context: Context, error: Exception) -> NoReturn:
    if isinstance(error, grpc.aio.BaseError):
        raise error
    status = status_of(_passing(error))
    await context.abort(status.code, status.details, status.metadata)
    raise error  # not reached: abort raises
