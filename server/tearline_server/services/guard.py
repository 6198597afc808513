"""The guard: every handler of every kind passes through it, and every error ends with a code.

Interceptors do not see the connection, so handlers are wrapped. A call is admitted before a
byte of its message is read, and a long one is checked again at each of its messages.

gRPC reads the message of a call before it runs a handler of one message. So every handler here
takes a stream, of which a call of one message has one: on the wire the two are the same. Until
a handler reads, gRPC holds no more of a call than the window of its stream.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any, NoReturn, TypeAlias, TypeVar

import grpc
import grpc.aio

from tearline.errors import (
    ExchangeBusy,
    StatementMalformed,
    StoreFull,
    TearlineError,
    TlsError,
    TokenRefused,
)
from tearline.limits import (
    CALL_S,
    DISK_RETRY_MS,
    MAX_AGENCY_ANSWERS,
    MAX_AGENCY_CALLS,
    MAX_AGENCY_READS,
    MAX_AGENCY_STREAMS,
    MAX_NODE_CALLS,
    MAX_SMALL_BYTES,
    MESSAGE_S,
    NODE_CALLS_S,
    PERSON_CALLS_S,
)
from tearline.rpc.credentials import access_token, tls_facts
from tearline.rpc.status import status_of
from tearline_server.auditlog import Clock
from tearline_server.bounds import Calls, NodeRate, Places, Rate
from tearline_server.exchange import Exchange
from tearline_server.gate import Caller, Gate
from tearline_server.metrics import Metrics
from tearline_server.refusals import RefusalLines
from tearline_server.services.calls import Call, CallLog

T = TypeVar("T")

_log = logging.getLogger(__name__)

_RETRY_AFTER_MS = 5000  # what took too long is done by then, or never

# How a call ended that has no error: answered, or given up by its caller.
_OK = "ok"
_CANCELLED = "cancelled"

Handlers: TypeAlias = "grpc.GenericRpcHandler[Any, Any]"
Context = grpc.aio.ServicerContext[Any, Any]
Answer = Callable[[Caller, bytes], Awaitable[bytes]]
Stream = Callable[[Caller, bytes], AsyncIterator[bytes]]
Converse = Callable[[Caller, AsyncIterator[bytes]], AsyncIterator[bytes]]


class Guard:
    """Admits calls and ends failed ones with the status of their error.

    Args:
        gate: Who may call.
        exchange: Where refusals are counted.
        clock: The time.
        metrics: What is measured of calls.
        calls: Writes a line for each; for all of them if not given.
    """

    def __init__(
        self,
        gate: Gate,
        exchange: Exchange,
        clock: Clock,
        metrics: Metrics,
        calls: CallLog | None = None,
    ) -> None:
        self._gate = gate
        self._exchange = exchange
        self._clock = clock
        self._metrics = metrics
        self._calls = calls or CallLog()
        self._node_calls = Calls(MAX_NODE_CALLS, "the node has too many calls under way")
        self._agency_calls = Calls(MAX_AGENCY_CALLS, "the agency has too many calls under way")
        self._reads = Places(MAX_AGENCY_READS)
        self._streams = Places(MAX_AGENCY_STREAMS)
        self._answers = Places(MAX_AGENCY_ANSWERS)
        self._nodes = NodeRate(NODE_CALLS_S, "more calls are made")
        self._lines = RefusalLines()
        self._persons = Rate(PERSON_CALLS_S, "more is asked than one person may")

    def unary(self, method: str, answer: Answer) -> Any:
        """Returns a handler of one message that is answered by one, of about its size."""
        return self._answering(method, answer, MAX_SMALL_BYTES)

    def reading(self, method: str, answer: Answer) -> Any:
        """Returns a handler of one message whose answer is large."""
        return self._answering(method, answer, -1)

    def _answering(self, method: str, answer: Answer, small: int) -> Any:
        """Returns a handler of one message; one that is not small is answered in a place.

        The call keeps its place until its caller has taken the answer in. To give the answer up
        would free nothing: gRPC holds all of it until the call's stream ends.
        """
        self._metrics.serves(method, is_long=False)

        async def handle(requests: AsyncIterator[bytes], context: Context) -> None:
            began = time.perf_counter()
            async with self._call(method, context) as (caller, call), AsyncExitStack() as held:
                request = await self._message(caller, call, requests)
                if len(request) > small:
                    await held.enter_async_context(self._answers.one(str(caller.agency)))
                answering = answer(caller, request)
                del request, requests  # where the call is refused, this frame stays: see _forget
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
                replies = stream(caller, await self._message(caller, call, requests))
                del requests
                async for reply in self._watched(method, caller, replies):
                    call.sent += len(reply)
                    yield reply
                    del reply

        return grpc.stream_stream_rpc_method_handler(handle)

    def stream_stream(self, method: str, converse: Converse) -> Any:
        """Returns a handler of a stream that is answered by a stream."""
        self._metrics.serves(method, is_long=True)

        async def handle(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
            async with (
                self._call(method, context) as (caller, call),
                self._streams.one(str(caller.agency)),
            ):
                messages = self._watched(method, caller, self._messages(call, requests))
                replies = converse(caller, messages)
                del requests, messages
                async for reply in replies:
                    call.sent += len(reply)
                    yield reply
                    del reply

        return grpc.stream_stream_rpc_method_handler(handle)

    async def _message(self, caller: Caller, call: Call, requests: AsyncIterator[bytes]) -> bytes:
        """Reads the one message of a call.

        Raises:
            StatementMalformed: If the call ends without one.
            ExchangeBusy: If it does not come in time.
        """
        async with (
            self._reads.one(str(caller.agency)),
            aclosing(self._messages(call, requests)) as messages,
        ):
            async for message in messages:
                return message
        raise StatementMalformed("the call brings no message")

    async def _messages(
        self, call: Call, requests: AsyncIterator[bytes]
    ) -> AsyncGenerator[bytes, None]:
        """Yields the messages of a call as they come.

        Raises:
            ExchangeBusy: If the next one does not come in time.
        """
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
            # gRPC's own is in a circle with what it yields from, and holds the last message.
            if isinstance(arriving, AsyncGenerator):
                await arriving.aclose()

    @asynccontextmanager
    async def _call(self, method: str, context: Context) -> AsyncIterator[tuple[Caller, Call]]:
        """A call, from the gate to its end, whichever that is."""
        code, call = _CANCELLED, self._calls.begin(method, _peer(context))
        try:
            with self._metrics.under_way():
                self._exchange.others.verify_heard()
                facts, now_ms = tls_facts(context), self._clock()
                leaf = self._gate.verify_node(facts, now_ms // 1000)
                node, agency = call.caller, call.agency = str(leaf.node), str(leaf.node.agency)
                self._nodes.take(node, 1, now_ms)
                with self._node_calls.one(node), self._agency_calls.one(agency):
                    # What a call costs is counted before: to verify a token is most of it.
                    token = access_token(context.invocation_metadata() or ())
                    caller = self._gate.admit(facts, token, method, now_ms // 1000)
                    if caller.token is not None:
                        # Agencies choose their pseudonyms: one's takes nothing of another's.
                        person = f"{agency} {caller.pseudonym.hex()}"
                        self._persons.take(person, 1, now_ms)
                    yield caller, call
            code = _OK
        except Exception as error:  # noqa: BLE001 (the boundary: nothing may end as UNKNOWN)
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
        """Logs how a call failed; of refusals that are alike, one a minute."""
        if not isinstance(error, TearlineError):
            failed = {"request": call.id, "method": call.method, "code": type(error).__name__}
            _log.error("call failed", extra=failed, exc_info=error)
            return
        if isinstance(error, ExchangeBusy):
            return  # metrics count these, and they pass
        times = self._lines.count(call.method, error.code, self._clock())
        if times:
            level = logging.WARNING if isinstance(error, TokenRefused) else logging.INFO
            refused = {"method": call.method, "code": error.code, "times": times}
            _log.log(level, "call refused", extra=refused)

    async def _watched(
        self, method: str, caller: Caller, messages: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """The messages of a long call, for as long as its caller would still be let in."""
        with self._metrics.streaming(method) as count:
            async for message in messages:
                self._exchange.others.verify_heard()
                self._gate.verify_still(caller, self._clock() // 1000)
                count()
                yield message


async def _write(context: Context, reply: bytes) -> None:
    """Writes an answer, and waits until its caller makes room for it.

    Raises:
        CancelledError: If the caller has gone away. gRPC cancels the call as well, but where this
            is seen first it would take it for a fault of the handler, and log it as an error.
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
        raise ExchangeBusy("its message did not come", retry_after_ms=_RETRY_AFTER_MS) from None


async def in_time(answer: Awaitable[T]) -> T:
    """Waits for an answer, so long and no longer.

    Raises:
        ExchangeBusy: If it takes too long.
    """
    try:
        async with asyncio.timeout(CALL_S):
            return await answer
    except TimeoutError:
        raise ExchangeBusy("it took too long", retry_after_ms=_RETRY_AFTER_MS) from None


def _passing(error: Exception) -> Exception:
    """What the caller is told: a full disk is no fault of the exchange, and passes."""
    if isinstance(error, StoreFull):
        return ExchangeBusy("its disk is full", retry_after_ms=DISK_RETRY_MS)
    return error


def _peer(context: Context) -> str:
    """The peer's address without its port, which would tell its connections apart."""
    kind, _, address = str(context.peer()).partition(":")
    return f"{kind}:{address.rpartition(':')[0]}"


def _forget(error: BaseException) -> None:
    """Lets go of all that the functions held in which a call failed.

    gRPC keeps the exception that ends a call with the call, and so in a circle: what it leads to,
    such as a message of megabytes, would stay until the garbage collector passes.
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
    raise error  # not reached: to abort is to raise
