"""The guard: every handler of every kind passes through it, and every error ends with a code.

Interceptors do not see the connection, so handlers are wrapped. A call is admitted before a
byte of its message is read, and a long one is looked at again while it lasts.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeAlias, TypeVar

import grpc
import grpc.aio

from tearline.errors import ExchangeBusy, StoreFull, TearlineError, TlsError, TokenRefused
from tearline.limits import (
    CALL_S,
    DISK_RETRY_MS,
    MAX_NODE_CALLS,
    NODE_CALLS_S,
    PERSON_CALLS_S,
)
from tearline.rpc.credentials import access_token, tls_facts
from tearline.rpc.status import status_of
from tearline_server.auditlog import Clock
from tearline_server.bounds import Calls, Rate
from tearline_server.exchange import Exchange
from tearline_server.gate import Caller, Gate
from tearline_server.metrics import Metrics

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
Collect = Callable[[Caller, AsyncIterator[bytes]], Awaitable[bytes]]
Converse = Callable[[Caller, AsyncIterator[bytes]], AsyncIterator[bytes]]


class Guard:
    """Admits calls and ends failed ones with the status of their error.

    Args:
        gate: Who may call.
        exchange: Where refusals are counted.
        clock: The time.
        metrics: What is measured of calls.
    """

    def __init__(self, gate: Gate, exchange: Exchange, clock: Clock, metrics: Metrics) -> None:
        self._gate = gate
        self._exchange = exchange
        self._clock = clock
        self._metrics = metrics
        self._calls = Calls(MAX_NODE_CALLS)
        self._nodes = Rate(NODE_CALLS_S, "more calls are made than one node may")
        self._persons = Rate(PERSON_CALLS_S, "more is asked than one person may")

    def unary(self, method: str, answer: Answer) -> Any:
        """A handler of one message that is answered by one."""

        async def handle(request: bytes, context: Context) -> bytes:
            began = time.perf_counter()
            async with self._call(method, context) as caller:
                reply = await in_time(answer(caller, request))
                self._metrics.answered(method, time.perf_counter() - began)
                return reply

        return grpc.unary_unary_rpc_method_handler(handle)

    def unary_stream(self, method: str, stream: Stream) -> Any:
        """A handler of one message that is answered by a stream."""

        async def handle(request: bytes, context: Context) -> AsyncIterator[bytes]:
            async with self._call(method, context) as caller:
                async for reply in self._watched(method, caller, stream(caller, request)):
                    yield reply

        return grpc.unary_stream_rpc_method_handler(handle)

    def stream_unary(self, method: str, collect: Collect) -> Any:
        """A handler of a stream that is answered by one message."""

        async def handle(requests: AsyncIterator[bytes], context: Context) -> bytes:
            async with self._call(method, context) as caller:
                return await collect(caller, self._watched(method, caller, requests))

        return grpc.stream_unary_rpc_method_handler(handle)

    def stream_stream(self, method: str, converse: Converse) -> Any:
        """A handler of a stream that is answered by a stream."""

        async def handle(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
            async with self._call(method, context) as caller:
                async for reply in converse(caller, self._watched(method, caller, requests)):
                    yield reply

        return grpc.stream_stream_rpc_method_handler(handle)

    @asynccontextmanager
    async def _call(self, method: str, context: Context) -> AsyncIterator[Caller]:
        """A call, from the gate to its end, whichever that is."""
        code = _CANCELLED
        try:
            caller = self._admit(method, context)
            self._nodes.take(str(caller.node), 1, self._clock())
            if caller.token is not None:
                # An agency chooses its pseudonyms: one of another's takes nothing from that one.
                person = f"{caller.agency} {caller.pseudonym.hex()}"
                self._persons.take(person, 1, self._clock())
            with self._calls.one(str(caller.node)), self._metrics.under_way():
                yield caller
            code = _OK
        except Exception as error:  # noqa: BLE001 (the boundary: nothing may end as UNKNOWN)
            code = error.code if isinstance(error, TearlineError) else type(error).__name__
            if isinstance(error, TlsError):
                self._count(error, context)
            await _abort(context, method, error)
        finally:
            self._metrics.ended(method, code)

    def _admit(self, method: str, context: Context) -> Caller:
        now_s = self._clock() // 1000
        self._exchange.others.verify_heard()
        token = access_token(context.invocation_metadata() or ())
        return self._gate.admit(tls_facts(context), token, method, now_s)

    def _count(self, error: TlsError, context: Context) -> None:
        self._exchange.refusals.count(_peer(context), error.code)
        if isinstance(error, TokenRefused):
            _log.warning("token refused", extra={"peer": _peer(context), "code": error.code})

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


async def _abort(context: Context, method: str, error: Exception) -> NoReturn:
    known = isinstance(error, TearlineError)
    if isinstance(error, grpc.aio.BaseError):
        raise error
    _log.log(
        logging.INFO if known else logging.ERROR,
        "call refused" if known else "call failed",
        extra={
            "method": method,
            "code": error.code if isinstance(error, TearlineError) else type(error).__name__,
        },
        exc_info=None if known else error,
    )
    status = status_of(_passing(error))
    await context.abort(status.code, status.details, status.metadata)
    raise error  # not reached: to abort is to raise
