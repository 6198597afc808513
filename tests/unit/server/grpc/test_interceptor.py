"""The guard: each kind of handler admits first, and ends with the code of its error."""

import asyncio
import contextlib
import dataclasses
import gc
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from functools import partial
from ssl import DER_cert_to_PEM_cert
from typing import Any

import grpc
import pytest

from support.agencies import CN, EXCHANGE, NOW_MS, US, authority, leaf_of, node_of
from support.cases import each_case
from support.exchange import Clock
from support.mutated_authorities import of_year_0
from tearline.crypto.certificates import LeafCertificate, to_pem, verify_leaf
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import (
    CallerDenied,
    CertificateExpired,
    CertificateRefused,
    ExchangeBusy,
    NotFound,
    StatementMalformed,
    StoreDamaged,
    StoreFull,
    StoreUnreachable,
    TokenRefused,
)
from tearline.identity import parse_exchange_uri, parse_node_uri
from tearline.limits import (
    AGENCY_RATES,
    DISK_RETRY_MS,
    LARGE_ANSWER_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_SMALL_BYTES,
    MAX_TOKEN_LIFETIME_S,
    RATE_BURST_S,
    REFUSALS_FLUSH_S,
)
from tearline.persons.tokens import AccessToken, Binding, IssuerKey, Person, Role, issue_token
from tearline.policy.marking import Tlp
from tearline_runtime.grpc import methods
from tearline_runtime.grpc.credentials import with_access_token
from tearline_server.admission.authentication import (
    KEY_EXCHANGE_GROUP,
    TLS_VERSION,
    AccessList,
    Authenticator,
    Caller,
)
from tearline_server.admission.refusals import Refusals
from tearline_server.grpc.exchange_service import ExchangeService
from tearline_server.grpc.interceptor import CallInterceptor
from tearline_server.observability.metrics import Metrics

KEY = TlsKey.generate()
LEAF = authority(US).issue_node(
    parse_node_uri(node_of(US)), KEY.public, now_s=NOW_MS // 1000, lifetime_s=24 * 3600
)
ISSUER = IssuerKey(b"i" * 32)
ROSTER = AccessList(
    authorities={authority(US).trust_domain: [authority(US).certificate]},
    issuer_keys={authority(US).trust_domain: [ISSUER.public]},
)
LEAF_FOUND = verify_leaf(LEAF, ROSTER.authorities, NOW_MS // 1000)


class Aborted(Exception):
    """What a real context raises."""


class Context:
    """A call as gRPC shows it, of an admitted node unless told otherwise."""

    def __init__(self, certificate: bytes = LEAF, token: str = "") -> None:
        self._certificate = certificate
        self._metadata = with_access_token(token) if token else ()
        self.refusal: dict[str, Any] = {}
        self.code: grpc.StatusCode | None = None
        self.written: list[bytes] = []

    def auth_context(self) -> dict[str, list[bytes]]:
        return {
            "x509_pem_cert": [to_pem(self._certificate)],
            "ssl_tls_version": [TLS_VERSION.encode()],
            "ssl_negotiated_key_exchange_group": [KEY_EXCHANGE_GROUP.encode()],
        }

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._metadata

    def peer(self) -> str:
        return "ipv4:192.0.2.7:50000"

    async def write(self, reply: bytes) -> None:
        self.written.append(reply)

    async def abort(self, code: grpc.StatusCode, details: str, trailing: Any) -> None:
        self.code, self.refusal = code, json.loads(dict(trailing)[methods.REFUSAL])
        self.aborted = Aborted()  # as gRPC does: a circle
        raise self.aborted


class Known:
    """Stands for the other exchanges: what they wrote is known."""

    def verify_heard(self) -> None:
        """Finds nothing wrong."""

    async def catch_up(self) -> None:
        """Finds no news."""


class Counter:
    """Stands for the exchange: it counts who was refused."""

    def __init__(self) -> None:
        self.refusals = Refusals("spiffe://hub.example/exchange")
        self.others = Known()

    def counted(self) -> list[tuple[str, str, int]]:
        """Who was refused what, and how often."""
        return [(event.actor, event.reason, event.count) for event in self.refusals.take(NOW_MS)]


async def one(message: bytes) -> AsyncIterator[bytes]:
    """The messages of a call that has one."""
    yield message


async def _requests() -> AsyncIterator[bytes]:
    yield b"one"
    yield b"two"


async def _answer(error: Exception | None, caller: Caller, request: Any) -> bytes:
    if error:
        raise error
    assert isinstance(request, bytes)
    return request


async def _stream(error: Exception | None, caller: Caller, request: Any) -> AsyncIterator[bytes]:
    yield b"first"
    if error:
        raise error


def guard_of(
    gate: Any, metrics: Metrics | None = None, counter: Counter | None = None
) -> CallInterceptor:
    return CallInterceptor(gate, counter or Counter(), lambda: NOW_MS, metrics or Metrics())  # type: ignore[arg-type]


def handler_of(
    guard: CallInterceptor, kind: str, error: Exception | None = None
) -> Callable[..., Any]:
    """What gRPC calls: a coroutine that ends when the call does."""
    wrapped: Callable[..., Any] = _stream if kind.endswith("_stream") else _answer
    handler = getattr(guard, kind)(methods.PUBLISH, partial(wrapped, error))

    async def handle(requests: Any, context: Context) -> list[bytes]:
        if kind in ("reading", "unary"):
            await handler.stream_stream(requests, context)
            return context.written
        return [each async for each in handler.stream_stream(requests, context)]

    return handle


async def answered(handler: Any, requests: AsyncIterator[bytes], context: Context) -> bytes:
    """The one answer of a handler."""
    await handler.stream_stream(requests, context)
    (written,) = context.written
    return written


KINDS = ("unary", "reading", "unary_stream", "stream_stream")


async def call(
    kind: str,
    context: Context,
    error: Exception | None = None,
    counter: Counter | None = None,
    metrics: Metrics | None = None,
) -> list[bytes]:
    guard = guard_of(Authenticator(parse_exchange_uri(EXCHANGE), ROSTER), metrics, counter)
    requests = _requests() if kind == "stream_stream" else one(b"request")
    return await handler_of(guard, kind, error)(requests, context)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_admitted_call_is_answered(kind: str) -> None:
    assert await call(kind, Context()) == [b"first" if kind.endswith("_stream") else b"request"]


@pytest.mark.parametrize("kind", KINDS)
async def test_whoever_is_not_admitted_is_counted_and_hears_the_code(kind: str) -> None:
    context, counter = Context(), Counter()
    context.auth_context = dict  # type: ignore[method-assign]
    with pytest.raises(Aborted):
        await call(kind, context, counter=counter)
    assert (context.code, context.refusal["code"]) == (
        grpc.StatusCode.UNAUTHENTICATED,
        "TL-TLS-003",
    )
    assert counter.counted() == [("ipv4:192.0.2.7", "TL-TLS-003", 1)]


def endless(
    gate: Authenticator,
    counter: Counter,
    context: Context,
    clock: Callable[[], int] = lambda: NOW_MS,
) -> AsyncIterator[bytes]:
    """A subscription of an admitted node, to which there is always more to say."""

    async def stream(caller: Caller, request: bytes) -> AsyncIterator[bytes]:
        while True:
            yield b"more"

    guard = CallInterceptor(gate, counter, clock, Metrics())  # type: ignore[arg-type]
    handler = guard.unary_stream(methods.SUBSCRIBE, stream)
    messages: AsyncIterator[bytes] = handler.stream_stream(one(b"request"), context)
    return messages


async def test_a_stream_ends_with_the_next_message_once_its_key_is_revoked() -> None:
    gate, counter, context = (
        Authenticator(parse_exchange_uri(EXCHANGE), ROSTER),
        Counter(),
        Context(),
    )
    stream = endless(gate, counter, context)
    assert [await anext(stream), await anext(stream)] == [b"more"] * 2
    key = (US, LEAF_FOUND.key_id)
    gate.replace(dataclasses.replace(ROSTER, denied_keys=frozenset({key})))
    with pytest.raises(Aborted):
        await anext(stream)
    assert context.refusal["code"] == CallerDenied.code
    assert counter.counted() == [("ipv4:192.0.2.7", CallerDenied.code, 1)]


async def test_a_stream_ends_with_the_next_message_once_its_certificate_ended() -> None:
    last_s = LEAF_FOUND.not_after_s
    clock, counter, context = Clock(last_s * 1000), Counter(), Context()
    stream = endless(Authenticator(parse_exchange_uri(EXCHANGE), ROSTER), counter, context, clock)
    assert [await anext(stream), await anext(stream)] == [b"more"] * 2
    clock.time_ms += 1000
    with pytest.raises(Aborted):
        await anext(stream)
    assert context.refusal["code"] == CertificateExpired.code
    assert counter.counted() == [("ipv4:192.0.2.7", CertificateExpired.code, 1)]


async def test_a_stream_ends_with_the_next_message_once_its_token_ended() -> None:
    binding = Binding(
        node=LEAF_FOUND.node, thumbprint=LEAF_FOUND.thumbprint, audience=EXCHANGE, issuer_keys=()
    )
    person = Person(subject="aa" * 32, roles=frozenset({Role.AUDITOR}), clearance=Tlp.RED)
    token = issue_token(ISSUER, person, binding, token_id=bytes(16), now_s=NOW_MS // 1000)
    clock, counter, context = Clock(), Counter(), Context(token=token)
    stream = endless(Authenticator(parse_exchange_uri(EXCHANGE), ROSTER), counter, context, clock)
    clock.time_ms += (MAX_TOKEN_LIFETIME_S - 1) * 1000
    assert [await anext(stream), await anext(stream)] == [b"more"] * 2
    clock.time_ms += 1000
    with pytest.raises(Aborted):
        await anext(stream)
    assert context.refusal["code"] == TokenRefused.code
    assert counter.counted() == [("ipv4:192.0.2.7", TokenRefused.code, 1)]


async def test_a_stream_ends_once_it_is_not_known_who_was_shut_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter, context = Counter(), Context()
    stream = endless(Authenticator(parse_exchange_uri(EXCHANGE), ROSTER), counter, context)
    assert await anext(stream) == b"more"

    def deaf() -> None:
        raise StoreUnreachable

    monkeypatch.setattr(counter.others, "verify_heard", deaf)
    with pytest.raises(Aborted):
        await anext(stream)
    assert context.refusal["code"] == "TL-REQ-003"


@each_case("kind", KINDS)
@each_case(
    ("error", "code", "status"),
    [
        (NotFound("of that name"), "TL-REQ-006", grpc.StatusCode.NOT_FOUND),
        (StoreFull("/var/lib/secret"), "TL-REQ-002", grpc.StatusCode.RESOURCE_EXHAUSTED),
        (StoreDamaged("/var/lib/secret"), "TL-REQ-003", grpc.StatusCode.INTERNAL),
        (ValueError("the contents of a field"), "TL-REQ-003", grpc.StatusCode.INTERNAL),
    ],
)
async def test_every_failure_ends_with_a_code_and_no_detail_of_ours(
    kind: str, error: Exception, code: str, status: grpc.StatusCode
) -> None:
    context = Context()
    with pytest.raises(Aborted):
        await call(kind, context, error)
    assert (context.code, context.refusal["code"]) == (status, code)
    assert "secret" not in str(context.refusal)
    assert "contents" not in str(context.refusal)


async def test_who_meets_a_full_disk_is_told_when_to_come_again() -> None:
    context = Context()
    with pytest.raises(Aborted):
        await call("unary", context, StoreFull("/var/lib/secret"))
    assert context.refusal["retry_after_ms"] == DISK_RETRY_MS


class Ended(Metrics):
    """Remembers how calls ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[tuple[str, str]] = []

    def ended(self, method: str, code: str) -> None:
        self.ends.append((method, code))


@pytest.mark.parametrize("kind", KINDS)
async def test_each_call_is_counted_by_how_it_ended(kind: str) -> None:
    metrics = Ended()
    await call(kind, Context(), metrics=metrics)
    with pytest.raises(Aborted):
        await call(kind, Context(), NotFound("of that name"), metrics=metrics)
    assert metrics.ends == [(methods.PUBLISH, "ok"), (methods.PUBLISH, "TL-REQ-006")]


async def test_a_call_that_its_caller_gives_up_is_counted() -> None:
    metrics, started = Ended(), asyncio.Event()

    async def wait(caller: Caller, request: bytes) -> bytes:
        started.set()
        await asyncio.Event().wait()
        return request

    gate = Authenticator(parse_exchange_uri(EXCHANGE), ROSTER)
    guard = CallInterceptor(gate, Counter(), lambda: NOW_MS, metrics)  # type: ignore[arg-type]
    handler = guard.unary(methods.PUBLISH, wait)
    calling = asyncio.create_task(handler.stream_stream(one(b"request"), Context()))
    await started.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert metrics.ends == [(methods.PUBLISH, "cancelled")]


ROOM = "tearline_server.grpc.interceptor.MAX_AGENCY_MESSAGES_BYTES"


class Unread:
    """The messages of a call, of which none ever comes."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def __aiter__(self) -> "Unread":
        return self

    async def __anext__(self) -> bytes:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_of_a_message_is_read_before_its_call_is_admitted(kind: str) -> None:
    guard, requests = guard_of(Authenticator(parse_exchange_uri(EXCHANGE), ROSTER)), Unread()
    context = Context()
    context.auth_context = dict  # type: ignore[method-assign]
    with pytest.raises(Aborted):
        await asyncio.wait_for(handler_of(guard, kind)(requests, context), 30)
    assert not requests.asked.is_set()


@pytest.mark.parametrize("kind", ["unary", "reading", "unary_stream"])
async def test_a_message_that_does_not_come_is_not_waited_for(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_server.grpc.interceptor.MESSAGE_S", 0)
    guard, requests = guard_of(Authenticator(parse_exchange_uri(EXCHANGE), ROSTER)), Unread()
    context = Context()
    with pytest.raises(Aborted):
        await asyncio.wait_for(handler_of(guard, kind)(requests, context), 30)
    assert requests.asked.is_set()
    assert context.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert context.refusal["retry_after_ms"]


async def test_a_call_that_brings_no_message_is_refused() -> None:
    async def none() -> AsyncIterator[bytes]:
        for message in ():
            yield message

    context = Context()
    with pytest.raises(Aborted):
        await handler_of(guard_of(Authenticator(parse_exchange_uri(EXCHANGE), ROSTER)), "unary")(
            none(), context
        )
    assert context.refusal["code"] == StatementMalformed.code


async def test_messages_that_do_not_come_keep_nobody_else_s_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ROOM, 2 * MAX_MESSAGE_BYTES)
    metrics = Metrics()
    guard = guard_of(Admitting(*[leaf_of(CN)] * 3, leaf_of(US)), metrics)
    handle = handler_of(guard, "unary")
    silent = [Unread() for _ in range(3)]
    calls = [asyncio.create_task(handle(each, Context())) for each in silent]
    for each in silent[:2]:
        await each.asked.wait()
    assert await asyncio.wait_for(handle(one(b"request"), Context()), 30) == [b"request"]
    assert not silent[2].asked.is_set()
    assert sample(metrics, "calls_arriving") == 2
    assert sample(metrics, "calls_under_way") == 3
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert sample(metrics, "calls_under_way") == 0


async def test_messages_of_streams_that_do_not_come_keep_nobody_else_s_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many may be arriving as fit the agency's room in bytes, on however many streams."""
    monkeypatch.setattr(ROOM, 2 * MAX_MESSAGE_BYTES)

    async def echo(caller: Caller, messages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for message in messages:
            yield message

    guard = guard_of(Admitting(*[leaf_of(CN)] * 3, leaf_of(US), *[leaf_of(CN)] * 3))
    handle = guard.stream_stream(methods.PUBLISH_STREAM, echo).stream_stream
    silent = [Unread() for _ in range(3)]
    calls = [asyncio.ensure_future(anext(handle(each, Context()))) for each in silent]
    for each in silent[:2]:
        await each.asked.wait()
    assert await asyncio.wait_for(anext(handle(one(b"request"), Context())), 30) == b"request"
    assert not silent[2].asked.is_set()
    calls[0].cancel()
    await silent[2].asked.wait()  # its room is free again
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    for _ in range(3):  # a message that came keeps no room of one that may come
        assert await asyncio.wait_for(anext(handle(one(b"request"), Context())), 30) == b"request"


class Deaf(Context):
    """A call whose caller does not read its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = asyncio.Event()

    async def write(self, reply: bytes) -> None:
        self.answered.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("kind", "size"), [("reading", LARGE_ANSWER_BYTES), ("unary", MAX_SMALL_BYTES + 1)]
)
async def test_answers_that_are_not_read_keep_nobody_else_s_waiting(
    monkeypatch: pytest.MonkeyPatch, kind: str, size: int
) -> None:
    """As many are held as leave no room for the largest message."""
    monkeypatch.setattr(ROOM, MAX_MESSAGE_BYTES + size)
    handle = handler_of(guard_of(Admitting(*[leaf_of(CN)] * 3, leaf_of(US))), kind)
    deaf = [Deaf() for _ in range(3)]
    large = bytes(MAX_SMALL_BYTES + 1)
    calls = [asyncio.create_task(handle(one(large), each)) for each in deaf]
    for each in deaf[:2]:
        await each.answered.wait()
    assert await asyncio.wait_for(handle(one(b"request"), Context()), 30) == [b"request"]
    assert not deaf[2].answered.is_set()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_messages_of_a_stream_take_room_until_their_answers_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large = bytes(MAX_SMALL_BYTES + 1)
    monkeypatch.setattr(ROOM, MAX_MESSAGE_BYTES + len(large))
    arrived = list[str]()

    async def converse(caller: Caller, messages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        replies: asyncio.Queue[bytes] = asyncio.Queue()

        async def read() -> None:
            async for message in messages:
                arrived.append(str(caller.agency))
                replies.put_nowait(message)

        reading = asyncio.create_task(read())
        try:
            while True:
                yield await replies.get()
        finally:
            reading.cancel()

    async def flood() -> AsyncIterator[bytes]:
        for _ in range(64):
            await asyncio.sleep(0)
            yield large

    guard = guard_of(Admitting(leaf_of(CN), leaf_of(US)))
    handle = guard.stream_stream(methods.PUBLISH_STREAM, converse).stream_stream
    deaf = handle(flood(), Context())
    assert await anext(deaf) == large
    other = handle(flood(), Context())
    for _ in range(9):
        assert await asyncio.wait_for(anext(other), 30) == large
    assert arrived.count(CN) == 2
    assert await anext(deaf) == large
    assert await asyncio.wait_for(anext(deaf), 30) == large
    assert arrived.count(CN) > 2
    await asyncio.gather(deaf.aclose(), other.aclose())


async def test_an_answer_keeps_its_place_for_as_long_as_it_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ROOM, MAX_MESSAGE_BYTES)
    monkeypatch.setattr("tearline_server.grpc.interceptor.CALL_S", 0)
    handle = handler_of(guard_of(Admitting(*[leaf_of(CN)] * 2)), "reading")
    deaf = [Deaf() for _ in range(2)]
    calls = [asyncio.create_task(handle(one(b"request"), each)) for each in deaf]
    await deaf[0].answered.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not calls[0].done()
    assert not deaf[1].answered.is_set()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


class Gone(Context):
    """A call whose caller leaves while its answer is written."""

    async def write(self, reply: bytes) -> None:
        raise grpc.aio.InternalError


async def test_an_answer_to_a_caller_that_left_is_cancelled_and_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics = Metrics()
    handle = handler_of(guard_of(Admitting(leaf_of(CN)), metrics), "reading")
    with pytest.raises(asyncio.CancelledError):
        await handle(one(b"request"), Gone())
    labels = {"method": methods.PUBLISH, "code": "cancelled"}
    assert sample(metrics, "calls_total", labels) == 1
    assert [each for each in caplog.records if each.levelno > logging.INFO] == []


@pytest.mark.parametrize(
    ("kind", "error", "code", "received", "sent"),
    [
        ("unary", None, "ok", 7, 7),
        ("reading", NotFound("nothing"), NotFound.code, 7, 0),
        ("unary_stream", None, "ok", 7, 5),
        ("unary_stream", ValueError("a field"), "ValueError", 7, 5),
        ("stream_stream", None, "ok", 0, 5),
    ],
)
async def test_each_call_has_a_line(
    kind: str,
    error: Exception | None,
    code: str,
    received: int,
    sent: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with contextlib.suppress(Aborted):
        await call(kind, Context(), error)
    (line,) = [vars(each) for each in caplog.records if each.getMessage() == "call"]
    assert (line["caller"], line["method"], line["code"]) == (node_of(US), methods.PUBLISH, code)
    assert (line["received_bytes"], line["sent_bytes"]) == (received, sent)
    faults = [vars(each) for each in caplog.records if each.levelno == logging.ERROR]
    assert [each["request"] for each in faults] == (
        [line["request"]] if code == "ValueError" else []
    )


ID = "9f2c61d0a4b7e835"


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ((ID,), ID),
        ((), None),
        ((ID, ID), None),
        ((ID.upper(),), None),
        ((ID[1:],), None),
        ((ID + "0",), None),
        ((ID + "\n",), None),
        (("x" * 16,), None),
        (("\uff11" * 16,), None),  # digits that are not ASCII's
        ((ID.encode(),), None),
        (("",), None),
    ],
)
async def test_the_id_that_a_node_gave_its_call_is_logged_or_nothing_is(
    said: tuple[str | bytes, ...], logged: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    context = Context()
    context._metadata = tuple(("tearline-request", each) for each in said)
    with contextlib.suppress(Aborted):
        await call("unary_stream", context, ValueError("a field"))
    lines = [vars(each) for each in caplog.records]
    assert {line["message"] for line in lines} == {"call", "call failed"}
    assert {line.get("node_request") for line in lines} == {logged}
    assert context.code is grpc.StatusCode.INTERNAL  # it decides nothing


async def test_refusals_of_a_flood_fill_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tearline_server.grpc.interceptor.MAX_NODE_CALLS", 0)
    caplog.set_level(logging.INFO)
    metrics = Metrics()
    handle = handler_of(guard_of(Admitting(leaf_of(CN)), metrics), "unary")
    with pytest.raises(Aborted):
        await handle(Unread(), Context())
    labels = {"method": methods.PUBLISH, "code": "TL-REQ-002"}
    assert sample(metrics, "calls_total", labels) == 1
    assert caplog.records == []


@pytest.mark.parametrize("kind", ["unary", "unary_stream", "stream_stream"])
async def test_a_refused_call_leaves_nothing_to_the_garbage_collector(kind: str) -> None:
    """Its message may have megabytes, and the collector passes rarely."""
    guard = guard_of(Authenticator(parse_exchange_uri(EXCHANGE), ROSTER))

    async def answer(caller: Caller, request: bytes) -> bytes:
        raise StatementMalformed("noise")

    async def stream(caller: Caller, requests: Any) -> AsyncIterator[bytes]:
        if kind == "stream_stream":
            requests = await anext(requests)
        yield await answer(caller, requests)

    handler = getattr(guard, kind)(methods.PUBLISH, answer if kind == "unary" else stream)
    message = bytes(1 << 10)
    gc.collect()
    gc.disable()
    try:
        before, ended = sys.getrefcount(message), None
        with suppress(Aborted):
            ended = handler.stream_stream(one(message), Context())
            await (ended if kind == "unary" else anext(ended))
        del ended
        for _ in range(9):
            await asyncio.sleep(0)  # generators that were left behind are closed
        assert sys.getrefcount(message) == before
    finally:
        gc.enable()


async def test_refusals_that_are_alike_are_one_line_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    clock, gate = Clock(), Authenticator(parse_exchange_uri(EXCHANGE), ROSTER)
    guard = CallInterceptor(gate, Counter(), clock, Metrics())  # type: ignore[arg-type]

    async def refused(error: Exception) -> None:
        with pytest.raises(Aborted):
            await handler_of(guard, "unary", error)(one(b"request"), Context())

    for _ in range(3):
        await refused(StatementMalformed("noise"))
    await refused(NotFound("nothing is there"))
    clock.time_ms += REFUSALS_FLUSH_S * 1000
    await refused(StatementMalformed("noise"))
    refusals = [line for line in caplog.records if line.getMessage() == "call refused"]
    told = [(vars(line)["code"], vars(line)["times"]) for line in refusals]
    assert told == [
        (StatementMalformed.code, 1),
        (NotFound.code, 1),
        (StatementMalformed.code, 3),
    ]


async def test_a_certificate_of_year_0_is_refused_as_any_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    counter = Counter()
    context = Context()
    context.auth_context = lambda: {  # type: ignore[method-assign]
        "x509_pem_cert": [DER_cert_to_PEM_cert(of_year_0(authority(US), LEAF)).encode()],
        "ssl_tls_version": [TLS_VERSION.encode()],
        "ssl_negotiated_key_exchange_group": [KEY_EXCHANGE_GROUP.encode()],
    }
    for _ in range(3):
        with pytest.raises(Aborted):
            await call("unary", context, counter=counter)
    assert context.refusal["code"] == CertificateRefused.code
    assert counter.counted() == [("ipv4:192.0.2.7", CertificateRefused.code, 3)]
    assert not [line for line in caplog.records if line.levelno >= logging.ERROR]


async def test_failures_that_nobody_expects_are_one_line_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, gate = Clock(), Authenticator(parse_exchange_uri(EXCHANGE), ROSTER)
    guard = CallInterceptor(gate, Counter(), clock, Metrics())  # type: ignore[arg-type]
    for wait_s in (0, 0, 0, REFUSALS_FLUSH_S):
        clock.time_ms += wait_s * 1000
        with pytest.raises(Aborted):
            await handler_of(guard, "unary", ValueError("a field"))(one(b"request"), Context())
    lines = [line for line in caplog.records if line.getMessage() == "call failed"]
    assert [(vars(line)["code"], vars(line)["times"]) for line in lines] == [
        ("ValueError", 1),
        ("ValueError", 3),
    ]


async def test_a_call_is_measured_from_before_it_is_admitted() -> None:
    metrics, seen = Metrics(), list[float]()

    class Refusing:
        def verify_node(self, *_: object) -> LeafCertificate:
            seen.append(sample(metrics, "calls_under_way"))
            raise CallerDenied

    with pytest.raises(Aborted):
        await handler_of(guard_of(Refusing(), metrics), "unary")(Unread(), Context())
    assert [*seen, sample(metrics, "calls_under_way")] == [1, 0]


async def test_an_agency_has_so_many_calls_under_way_by_whatever_nodes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.grpc.interceptor.MAX_AGENCY_CALLS", 2)
    names = [parse_node_uri(f"{US}/node/n{number}") for number in range(3)]
    leaves = [dataclasses.replace(leaf_of(US), node=node) for node in names]
    handle = handler_of(guard_of(Admitting(*leaves, leaf_of(CN))), "unary")
    silent = [Unread() for _ in range(2)]
    calls = [asyncio.create_task(handle(each, Context())) for each in silent]
    for each in silent:
        await each.asked.wait()
    context = Context()
    with pytest.raises(Aborted):
        await handle(one(b"request"), context)
    assert context.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert context.refusal["why"] == "the agency has too many calls under way"
    assert await handle(one(b"request"), Context()) == [b"request"]
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


def sample(metrics: Metrics, name: str, labels: dict[str, str] | None = None) -> float:
    """The value of a measurement."""
    found = metrics._registry.get_sample_value(f"tearline_{name}", labels)
    assert found is not None
    return found


async def test_an_answer_that_takes_too_long_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.grpc.interceptor.CALL_S", 0)

    async def wait(caller: Caller, request: bytes) -> bytes:
        await asyncio.Event().wait()
        return request

    gate = Authenticator(parse_exchange_uri(EXCHANGE), ROSTER)
    guard = CallInterceptor(gate, Counter(), lambda: NOW_MS, Metrics())  # type: ignore[arg-type]
    context = Context()
    with pytest.raises(Aborted):
        await guard.unary(methods.PUBLISH, wait).stream_stream(one(b"request"), context)
    assert (context.code, context.refusal["code"]) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "TL-REQ-002",
    )


async def test_a_message_of_a_stream_is_not_waited_for_longer_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.grpc.interceptor.CALL_S", 0)

    class Stuck:
        async def take_turn(self, *_: object) -> None:
            await asyncio.Event().wait()

    async def requests() -> AsyncIterator[bytes]:
        yield b""

    caller = Caller(certificate=b"", leaf=leaf_of(US), token=None)
    service = ExchangeService(Stuck())  # type: ignore[arg-type]
    with pytest.raises(ExchangeBusy):
        await anext(service.publish_stream(caller, requests()))


async def test_of_a_stream_that_ends_with_a_refusal_no_other_is_left_unheard() -> None:
    class Full:
        async def take_turn(self, *_: object) -> None:
            raise ExchangeBusy("too much waits", retry_after_ms=1)

    async def requests() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b""
        raise StoreUnreachable("what other processes wrote is not known")

    unheard: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unheard.append(context["message"]))
    service = ExchangeService(Full())  # type: ignore[arg-type]
    caller = Caller(certificate=b"", leaf=leaf_of(US), token=None)
    with pytest.raises(ExchangeBusy):
        await anext(service.publish_stream(caller, requests()))
    gc.collect()
    await asyncio.sleep(0)
    assert unheard == []


async def test_a_node_makes_so_many_calls_in_a_time_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.grpc.interceptor.NODE_CALLS_S", 1)
    gate = Authenticator(parse_exchange_uri(EXCHANGE), ROSTER)
    guard = CallInterceptor(gate, Counter(), lambda: NOW_MS, Metrics())  # type: ignore[arg-type]

    async def answer(caller: Caller, request: bytes) -> bytes:
        return request

    call = partial(answered, guard.unary(methods.ACKNOWLEDGE, answer))
    for _ in range(RATE_BURST_S):
        assert await call(one(b"request"), Context()) == b"request"
    context = Context()
    with pytest.raises(Aborted):
        await call(one(b"request"), context)
    assert context.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert context.refusal["retry_after_ms"] == 1


async def test_an_agency_makes_so_many_calls_in_a_time_by_whatever_nodes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.grpc.interceptor.NODE_CALLS_S", 1)
    names = [parse_node_uri(f"{US}/node/n{number}") for number in range(AGENCY_RATES + 1)]
    leaves = [dataclasses.replace(leaf_of(US), node=node) for node in names]
    calls = [leaf for leaf in leaves[:AGENCY_RATES] for _ in range(RATE_BURST_S)]
    guard = guard_of(Admitting(*calls, leaves[-1], leaf_of(CN)))

    async def answer(caller: Caller, request: bytes) -> bytes:
        return request

    call = partial(answered, guard.unary(methods.ACKNOWLEDGE, answer))
    for _ in calls:
        assert await call(one(b"request"), Context()) == b"request"
    context = Context()
    with pytest.raises(Aborted):
        await call(one(b"request"), context)
    assert context.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert await call(one(b"request"), Context()) == b"request"


async def test_calls_are_counted_before_a_token_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.grpc.interceptor.NODE_CALLS_S", 1)
    handle = handler_of(guard_of(Authenticator(parse_exchange_uri(EXCHANGE), ROSTER)), "unary")
    told = []
    for _ in range(RATE_BURST_S + 1):
        context = Context(token="no token")
        with pytest.raises(Aborted):
            await handle(Unread(), context)
        told.append(context.refusal["code"])
    assert told == [*[TokenRefused.code] * RATE_BURST_S, ExchangeBusy.code]


class Admitting:
    """Stands for the gate: lets one node after another in, some of them with a person."""

    def __init__(self, *leaves: LeafCertificate, subjects: Sequence[str] = ()) -> None:
        self._leaves = list(leaves)
        self._subjects = list(subjects)

    def verify_node(self, *_: object) -> LeafCertificate:
        self._leaf = self._leaves.pop(0)
        return self._leaf

    def admit(self, *_: object) -> Caller:
        token = _token(self._leaf, self._subjects.pop(0)) if self._subjects else None
        return Caller(certificate=b"", leaf=self._leaf, token=token)

    def verify_still(self, *_: object) -> None:
        """Lets a stream go on."""


def _token(leaf: LeafCertificate, subject: str) -> AccessToken:
    person = Person(subject=subject, roles=frozenset(), clearance=Tlp.RED)
    return AccessToken(
        person=person, node=leaf.node, token_id="", issued_at_s=0, expires_at_s=1 << 40
    )


async def test_a_person_asks_so_often_in_a_time_and_keeps_nobody_else_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.grpc.interceptor.PERSON_CALLS_S", 1)
    busy, quiet = "aa" * 32, "bb" * 32
    # An agency chooses its pseudonyms, so another's person may go by the same.
    callers = [*[(US, busy)] * (RATE_BURST_S + 1), (US, quiet), (CN, busy)]
    leaves = [leaf_of(agency) for agency, _ in callers]
    guard = guard_of(Admitting(*leaves, subjects=[subject for _, subject in callers]))

    async def answer(caller: Caller, request: bytes) -> bytes:
        return request

    ask = partial(answered, guard.unary(methods.SEARCH, answer))
    for _ in range(RATE_BURST_S):
        assert await ask(one(b"request"), Context()) == b"request"
    context = Context()
    with pytest.raises(Aborted):
        await ask(one(b"request"), context)
    assert context.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert context.refusal["retry_after_ms"] == 1
    assert [await ask(one(b"request"), Context()) for _ in range(2)] == [b"request"] * 2
