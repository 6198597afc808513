"""The guard: each kind of handler admits first, and ends with the code of its error."""

import asyncio
import dataclasses
import gc
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest

from builders import CN, EXCHANGE, NOW_MS, US, authority, leaf_of, node_of
from exchange_builders import Clock
from tearline.certificates import to_pem, verify_leaf
from tearline.errors import (
    CallerDenied,
    CertificateExpired,
    ExchangeBusy,
    NotFound,
    StoreDamaged,
    StoreFull,
    StoreUnreachable,
    TokenRefused,
)
from tearline.identity import parse_exchange_uri, parse_node_uri
from tearline.limits import DISK_RETRY_MS, MAX_TOKEN_LIFETIME_S, RATE_BURST_S
from tearline.policy.marking import Tlp
from tearline.rpc import methods
from tearline.rpc.credentials import with_access_token
from tearline.tls_key import TlsKey
from tearline.tokens import AccessToken, Binding, IssuerKey, Person, Role, issue_token
from tearline_server.gate import KEY_EXCHANGE_GROUP, TLS_VERSION, Caller, Gate, Roster
from tearline_server.metrics import Metrics
from tearline_server.refusals import Refusals
from tearline_server.services.exchange import ExchangeService
from tearline_server.services.guard import Guard

KEY = TlsKey.generate()
LEAF = authority(US).issue_node(
    parse_node_uri(node_of(US)), KEY.public, now_s=NOW_MS // 1000, lifetime_s=24 * 3600
)
ISSUER = IssuerKey(b"i" * 32)
ROSTER = Roster(
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

    async def abort(self, code: grpc.StatusCode, details: str, trailing: Any) -> None:
        self.code, self.refusal = code, json.loads(dict(trailing)[methods.REFUSAL])
        raise Aborted


class Known:
    """Stands for the other exchanges: what they wrote is known."""

    def verify_heard(self) -> None:
        """Finds nothing wrong."""


class Counter:
    """Stands for the exchange: it counts who was refused."""

    def __init__(self) -> None:
        self.refusals = Refusals("spiffe://hub.example/exchange")
        self.others = Known()

    def counted(self) -> list[tuple[str, str, int]]:
        """Who was refused what, and how often."""
        return [(event.actor, event.reason, event.count) for event in self.refusals.take(NOW_MS)]


async def _requests() -> AsyncIterator[bytes]:
    yield b"one"
    yield b"two"


async def _answer(error: Exception | None, caller: Caller, request: Any) -> bytes:
    if error:
        raise error
    if not isinstance(request, bytes):
        return b" ".join([each async for each in request])
    return request


async def _stream(error: Exception | None, caller: Caller, request: Any) -> AsyncIterator[bytes]:
    yield b"first"
    if error:
        raise error


KINDS = ("unary", "unary_stream", "stream_unary", "stream_stream")


async def call(
    kind: str,
    context: Context,
    error: Exception | None = None,
    counter: Counter | None = None,
    metrics: Metrics | None = None,
) -> list[bytes]:
    gate = Gate(parse_exchange_uri(EXCHANGE), ROSTER)
    guard = Guard(gate, counter or Counter(), lambda: NOW_MS, metrics or Metrics())  # type: ignore[arg-type]
    wrapped: Callable[..., Any] = _stream if kind.endswith("_stream") else _answer

    def serve(caller: Caller, request: Any) -> Any:
        return wrapped(error, caller, request)

    handler = getattr(guard, kind)(methods.PUBLISH, serve)
    request: Any = _requests() if kind.startswith("stream") else b"request"
    behaviour = next(
        found
        for found in (
            handler.unary_unary,
            handler.unary_stream,
            handler.stream_unary,
            handler.stream_stream,
        )
        if found
    )
    if kind.endswith("_stream"):
        return [each async for each in behaviour(request, context)]
    return [await behaviour(request, context)]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_admitted_call_is_answered(kind: str) -> None:
    expected = {"unary": b"request", "stream_unary": b"one two"}.get(kind, b"first")
    assert await call(kind, Context()) == [expected]


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
    gate: Gate, counter: Counter, context: Context, clock: Callable[[], int] = lambda: NOW_MS
) -> AsyncIterator[bytes]:
    """A subscription of an admitted node, to which there is always more to say."""

    async def stream(caller: Caller, request: bytes) -> AsyncIterator[bytes]:
        while True:
            yield b"more"

    guard = Guard(gate, counter, clock, Metrics())  # type: ignore[arg-type]
    handler = guard.unary_stream(methods.SUBSCRIBE, stream)
    messages: AsyncIterator[bytes] = handler.unary_stream(b"request", context)
    return messages


async def test_a_stream_ends_with_the_next_message_once_its_key_is_revoked() -> None:
    gate, counter, context = Gate(parse_exchange_uri(EXCHANGE), ROSTER), Counter(), Context()
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
    stream = endless(Gate(parse_exchange_uri(EXCHANGE), ROSTER), counter, context, clock)
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
    stream = endless(Gate(parse_exchange_uri(EXCHANGE), ROSTER), counter, context, clock)
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
    stream = endless(Gate(parse_exchange_uri(EXCHANGE), ROSTER), counter, context)
    assert await anext(stream) == b"more"

    def deaf() -> None:
        raise StoreUnreachable

    monkeypatch.setattr(counter.others, "verify_heard", deaf)
    with pytest.raises(Aborted):
        await anext(stream)
    assert context.refusal["code"] == "TL-REQ-003"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
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

    gate = Gate(parse_exchange_uri(EXCHANGE), ROSTER)
    guard = Guard(gate, Counter(), lambda: NOW_MS, metrics)  # type: ignore[arg-type]
    handler = guard.unary(methods.PUBLISH, wait)
    calling = asyncio.create_task(handler.unary_unary(b"request", Context()))
    await started.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert metrics.ends == [(methods.PUBLISH, "cancelled")]


async def test_an_answer_that_takes_too_long_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.services.guard.CALL_S", 0)

    async def wait(caller: Caller, request: bytes) -> bytes:
        await asyncio.Event().wait()
        return request

    gate = Gate(parse_exchange_uri(EXCHANGE), ROSTER)
    guard = Guard(gate, Counter(), lambda: NOW_MS, Metrics())  # type: ignore[arg-type]
    context = Context()
    with pytest.raises(Aborted):
        await guard.unary(methods.PUBLISH, wait).unary_unary(b"request", context)
    assert (context.code, context.refusal["code"]) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "TL-REQ-002",
    )


async def test_a_message_of_a_stream_is_not_waited_for_longer_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.services.guard.CALL_S", 0)

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
        for _ in range(3):
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
    monkeypatch.setattr("tearline_server.services.guard.NODE_CALLS_S", 1)
    gate = Gate(parse_exchange_uri(EXCHANGE), ROSTER)
    guard = Guard(gate, Counter(), lambda: NOW_MS, Metrics())  # type: ignore[arg-type]

    async def answer(caller: Caller, request: bytes) -> bytes:
        return request

    call = guard.unary(methods.ACKNOWLEDGE, answer).unary_unary
    for _ in range(RATE_BURST_S):
        assert await call(b"request", Context()) == b"request"
    context = Context()
    with pytest.raises(Aborted):
        await call(b"request", context)
    assert context.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert context.refusal["retry_after_ms"] == 1


class Admitting:
    """Stands for the gate: lets one person after another in."""

    def __init__(self, *persons: tuple[str, str]) -> None:
        self._persons = list(persons)

    def admit(self, *_: object) -> Caller:
        agency, subject = self._persons.pop(0)
        leaf = leaf_of(agency)
        person = Person(subject=subject, roles=frozenset(), clearance=Tlp.RED)
        token = AccessToken(
            person=person, node=leaf.node, token_id="", issued_at_s=0, expires_at_s=1 << 40
        )
        return Caller(certificate=b"", leaf=leaf, token=token)


async def test_a_person_asks_so_often_in_a_time_and_keeps_nobody_else_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tearline_server.services.guard.PERSON_CALLS_S", 1)
    busy, quiet = "aa" * 32, "bb" * 32
    # An agency chooses its pseudonyms, so another's person may go by the same.
    callers = [*[(US, busy)] * (RATE_BURST_S + 1), (US, quiet), (CN, busy)]
    guard = Guard(Admitting(*callers), Counter(), lambda: NOW_MS, Metrics())  # type: ignore[arg-type]

    async def answer(caller: Caller, request: bytes) -> bytes:
        return request

    ask = guard.unary(methods.SEARCH, answer).unary_unary
    for _ in range(RATE_BURST_S):
        assert await ask(b"request", Context()) == b"request"
    context = Context()
    with pytest.raises(Aborted):
        await ask(b"request", context)
    assert context.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert context.refusal["retry_after_ms"] == 1
    assert [await ask(b"request", Context()) for _ in range(2)] == [b"request"] * 2
