"""Errors as gRPC statuses and back: nothing lost, nothing leaked."""

import json

import pytest

from support.cases import each_case
from tearline.errors import (
    CallerDenied,
    ExchangeBusy,
    ExchangeFault,
    ExchangeUnreachable,
    MailboxFull,
    MalformedInput,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    RefusedOtherwise,
    TearlineError,
    TokenRequired,
    concrete_errors,
)
from tearline.limits import MAX_REFUSAL_BYTES, MAX_REFUSAL_TEXT, MAX_RETRY_AFTER_MS
from tearline_runtime.grpc import methods
from tearline_runtime.grpc.status import error_of, status_of

grpc = pytest.importorskip("grpc")
INTERNAL = grpc.StatusCode.INTERNAL
OWN_FAULTS = ("TL-CFG", "TL-STO")


def returned(error: Exception) -> TearlineError:
    status = status_of(error)
    return error_of(status.code, status.metadata)


@each_case("kind", list(concrete_errors()))
def test_every_error_comes_back_as_itself(kind: type[TearlineError]) -> None:
    back = returned(kind("because of 7"))
    if kind.code.startswith(OWN_FAULTS):
        assert (type(back), back.why) == (ExchangeFault, "")
    else:
        assert (type(back), back.why) == (kind, "because of 7")


def test_the_status_fits_for_clients_of_other_makers() -> None:
    codes = grpc.StatusCode
    fitting = {
        MalformedInput: codes.INVALID_ARGUMENT,
        TokenRequired: codes.UNAUTHENTICATED,
        NotPermitted: codes.PERMISSION_DENIED,
        CallerDenied: codes.PERMISSION_DENIED,
        NotFound: codes.NOT_FOUND,
        ExchangeBusy: codes.RESOURCE_EXHAUSTED,
        ExchangeFault: codes.INTERNAL,
    }
    assert {kind: status_of(kind()).code for kind in fitting} == fitting
    assert all(status_of(kind()).code is not codes.OK for kind in concrete_errors())


@each_case(
    "error",
    [
        ValueError("/etc/secret"),
        KeyError("/etc/secret"),
        OSError(2, "/etc/secret"),
        TearlineError("/etc/secret"),
        *(kind("/etc/secret") for kind in concrete_errors() if kind.code.startswith(OWN_FAULTS)),
    ],
)
def test_faults_of_the_house_say_nothing_outside(error: Exception) -> None:
    status = status_of(error)
    assert "secret" not in repr(status)
    assert status.code is INTERNAL
    assert type(returned(error)) is ExchangeFault


def test_busy_says_how_long_to_wait() -> None:
    back = returned(ExchangeBusy("queue full", retry_after_ms=250))
    assert isinstance(back, ExchangeBusy)
    assert (back.why, back.retry_after_ms) == ("queue full", 250)
    assert getattr(returned(ExchangeBusy()), "retry_after_ms", 0) is None
    long = returned(ExchangeBusy(retry_after_ms=10**12))
    assert getattr(long, "retry_after_ms", 0) == MAX_RETRY_AFTER_MS


def test_a_full_mailbox_is_told_as_one_that_is_busy() -> None:
    status = status_of(MailboxFull(retry_after_ms=60_000))
    assert status.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    back = error_of(status.code, status.metadata)
    assert (type(back), getattr(back, "retry_after_ms", 0)) == (MailboxFull, 60_000)


@pytest.mark.parametrize("wait", [-1, 10**12, 1.5, "5", True, [1]])
def test_a_wait_that_is_none_is_not_believed(wait: object) -> None:
    back = error_of(INTERNAL, refusal(code="TL-REQ-002", retry_after_ms=wait))
    assert isinstance(back, ExchangeBusy)
    assert back.retry_after_ms is None


def refusal(**changed: object) -> list[tuple[str, str | bytes]]:
    parts = {"code": "TL-POL-001", "what": "w", "why": "y", "next": "n"} | changed
    return [(methods.REFUSAL, json.dumps(parts).encode())]


def test_an_unknown_code_keeps_what_the_exchange_says() -> None:
    back = error_of(INTERNAL, refusal(code="TL-XYZ-999", what="New.", why="since", next="Do."))
    assert type(back) is RefusedOtherwise
    assert back.why == "TL-XYZ-999: New: since. Do."


def test_what_the_exchange_says_is_bounded_and_harmless() -> None:
    back = error_of(INTERNAL, refusal(why="\x1b[2Jred\x00\n" + "x" * 2000))
    assert "\x1b" not in back.why
    assert "\n" not in back.why
    assert len(back.why) == MAX_REFUSAL_TEXT
    sent = status_of(MalformedInput("\N{GRINNING FACE}" * 9999))
    assert len(sent.metadata[0][1]) <= MAX_REFUSAL_BYTES
    assert len(returned(MalformedInput("\N{GRINNING FACE}" * 9999)).why) == MAX_REFUSAL_TEXT


BAD_REFUSALS: dict[str, list[tuple[str, str | bytes]]] = {
    "none": [],
    "twice": [*refusal(), *refusal()],
    "as text": [(methods.REFUSAL, '{"code": "TL-POL-001"}')],
    "no JSON": [(methods.REFUSAL, b"{")],
    "no UTF-8": [(methods.REFUSAL, b"\xff")],
    "a list": [(methods.REFUSAL, b"[]")],
    "deep": [(methods.REFUSAL, b"[" * 5000)],
    "too large": refusal(why="x" * MAX_REFUSAL_BYTES),
    "a part missing": [(methods.REFUSAL, b'{"code": "TL-POL-001", "what": "", "why": ""}')],
    "a code of another kind": refusal(code="POL-1"),
    "a code with more": refusal(code="TL-POL-001\n"),
    "a number": refusal(code=7),
    "a why of another kind": refusal(why=["x"]),
}


@each_case("case", BAD_REFUSALS)
def test_a_malformed_refusal_leaves_the_status(case: str) -> None:
    assert type(error_of(INTERNAL, BAD_REFUSALS[case])) is ExchangeFault


def test_a_call_without_a_refusal_ends_by_its_status() -> None:
    codes = grpc.StatusCode
    ends = {
        codes.UNAVAILABLE: ExchangeUnreachable,
        codes.DEADLINE_EXCEEDED: OutcomeUnknown,
        codes.CANCELLED: OutcomeUnknown,
        codes.RESOURCE_EXHAUSTED: ExchangeBusy,
        codes.UNKNOWN: ExchangeFault,
        codes.UNIMPLEMENTED: ExchangeFault,
    }
    assert {code: type(error_of(code, None)) for code in ends} == ends
