"""Errors as gRPC statuses, and back.

A refusal travels in the call's trailing metadata, under one key, as JSON of ``{"code", "what",
"why", "next"}``, beside the nearest gRPC status for third-party clients. The receiving end restores
the same error from it. Only errors of the tree are sent: any other failure of the exchange becomes
one ``ExchangeFault`` without a cause.

The exchange's text is shown to persons, so its length is limited and control characters are
removed.
"""

import json
import re
from collections.abc import Mapping, Sequence

import grpc

from tearline.dataclass.immutable import immutable
from tearline.errors import (
    EXIT_NOT_FOUND,
    AgreementError,
    BlobError,
    CallerDenied,
    CaseError,
    ConfigError,
    ExchangeBusy,
    ExchangeError,
    ExchangeFault,
    ExchangeUnreachable,
    GrantError,
    KeyError_,
    LogError,
    MailboxError,
    NotPermitted,
    OutcomeUnknown,
    PacketError,
    PolicyError,
    RecordRequestError,
    RefusedOtherwise,
    StoreError,
    TearlineError,
    TlsError,
    TrustError,
    UsageError,
    error_by_code,
    sentence,
)
from tearline.limits import MAX_REFUSAL_BYTES, MAX_REFUSAL_TEXT, MAX_RETRY_AFTER_MS
from tearline.text.display import visible
from tearline_runtime.grpc import methods

_STATUS: Mapping[type[TearlineError], grpc.StatusCode] = {
    UsageError: grpc.StatusCode.INVALID_ARGUMENT,
    KeyError_: grpc.StatusCode.INVALID_ARGUMENT,
    TlsError: grpc.StatusCode.UNAUTHENTICATED,
    NotPermitted: grpc.StatusCode.PERMISSION_DENIED,
    CallerDenied: grpc.StatusCode.PERMISSION_DENIED,
    TrustError: grpc.StatusCode.PERMISSION_DENIED,
    AgreementError: grpc.StatusCode.FAILED_PRECONDITION,
    PolicyError: grpc.StatusCode.PERMISSION_DENIED,
    PacketError: grpc.StatusCode.INVALID_ARGUMENT,
    GrantError: grpc.StatusCode.INVALID_ARGUMENT,
    MailboxError: grpc.StatusCode.FAILED_PRECONDITION,
    LogError: grpc.StatusCode.FAILED_PRECONDITION,
    RecordRequestError: grpc.StatusCode.FAILED_PRECONDITION,
    CaseError: grpc.StatusCode.FAILED_PRECONDITION,
    BlobError: grpc.StatusCode.FAILED_PRECONDITION,
    ExchangeError: grpc.StatusCode.UNAVAILABLE,
    ExchangeBusy: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ExchangeFault: grpc.StatusCode.INTERNAL,
}
# Internal faults of the exchange: their causes name its files and settings.
_OWN_FAULTS = (ConfigError, StoreError)
_WITHOUT_REFUSAL: Mapping[grpc.StatusCode, type[TearlineError]] = {
    grpc.StatusCode.UNAVAILABLE: ExchangeUnreachable,
    grpc.StatusCode.DEADLINE_EXCEEDED: OutcomeUnknown,
    grpc.StatusCode.CANCELLED: OutcomeUnknown,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ExchangeBusy,
}
# The cause in our own words: gRPC's names do not help to correct it.
_MISBEHAVED = "the call ended without saying why"
_PLAIN: Mapping[grpc.StatusCode, str] = {
    grpc.StatusCode.UNAVAILABLE: "there is no connection, or it was lost",
    grpc.StatusCode.DEADLINE_EXCEEDED: "no answer came in time",
    grpc.StatusCode.CANCELLED: "the call was given up",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "a bound on calls or their size was reached",
}
_CODE = re.compile(r"TL-[A-Z]{3}-[0-9]{3}")
_TEXTS = ("code", "what", "why", "next")
_RETRY_AFTER = "retry_after_ms"


@immutable
class Status:
    """Result of a call, as gRPC takes it.

    Attributes:
        code: The gRPC status.
        details: One line for the logs of third-party clients.
        metadata: The trailing metadata.
    """

    code: grpc.StatusCode
    details: str
    metadata: tuple[tuple[str, bytes], ...]


def status_of(error: Exception) -> Status:
    """Returns the status of a call that failed with ``error``."""
    shown = error if isinstance(error, TearlineError) and error.code else ExchangeFault()
    if isinstance(shown, _OWN_FAULTS):
        shown = ExchangeFault()
    refusal: dict[str, str | int] = {
        "code": shown.code,
        "what": shown.what,
        "why": _clean(shown.why),
        "next": shown.next,
    }
    if isinstance(shown, ExchangeBusy) and shown.retry_after_ms is not None:
        refusal[_RETRY_AFTER] = min(shown.retry_after_ms, MAX_RETRY_AFTER_MS)
    payload = json.dumps(refusal, ensure_ascii=False, separators=(",", ":")).encode()
    return Status(
        code=_grpc_code(shown),
        details=f"{shown.code}: {shown.what}",
        metadata=((methods.REFUSAL, payload),),
    )


def error_of(
    code: grpc.StatusCode, metadata: Sequence[tuple[str, str | bytes]] | None
) -> TearlineError:
    """Returns the error of a call, from its status and trailing metadata.

    It never raises: any malformed answer becomes one of the tree's errors.
    """
    payloads = [value for key, value in metadata or () if key == methods.REFUSAL]
    if len(payloads) == 1 and isinstance(payloads[0], bytes):
        refusal = _parse_refusal(payloads[0])
        if refusal is not None:
            return refusal
    return _WITHOUT_REFUSAL.get(code, ExchangeFault)(_PLAIN.get(code, _MISBEHAVED))


def _grpc_code(error: TearlineError) -> grpc.StatusCode:
    if error.exit_status == EXIT_NOT_FOUND:
        return grpc.StatusCode.NOT_FOUND
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def _parse_refusal(payload: bytes) -> TearlineError | None:
    if len(payload) > MAX_REFUSAL_BYTES:
        return None
    try:
        refusal = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(refusal, dict) or not set(_TEXTS) <= set(refusal):
        return None
    texts = [refusal[name] for name in _TEXTS]
    if not all(isinstance(text, str) for text in texts) or not _CODE.fullmatch(texts[0]):
        return None
    code, what, why, following = (_clean(text) for text in texts)
    known = error_by_code(code)
    if known is not None and issubclass(known, ExchangeBusy):
        return known(why, retry_after_ms=_retry_after(refusal.get(_RETRY_AFTER)))
    if known is not None:
        return known(why)
    said = sentence(f"{code}: {what}", why)
    return RefusedOtherwise(f"{said} {following}".rstrip())


def _retry_after(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= MAX_RETRY_AFTER_MS else None


def _clean(text: str) -> str:
    return visible(text)[:MAX_REFUSAL_TEXT]
