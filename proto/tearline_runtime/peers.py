"""Other machines: their names, bounds of their answers, and why they are not reached."""

import os
import socket
import ssl
from time import monotonic
from typing import Any, TypeVar, cast

S = TypeVar("S", bound=socket.socket)


class EndlessAnswerError(OSError):
    """A peer's answer exceeds its time or size."""


class _Bounded:
    """Bounds of all that a socket receives; they begin with its first step."""

    seconds: float
    size: int
    _ends_s = 0.0
    _received = 0

    def recv_into(self: Any, *arguments: Any) -> int:
        self._ends_s = self._ends_s or monotonic() + self.seconds
        left_s = self._ends_s - monotonic()
        if left_s <= 0 or self._received > self.size:
            raise EndlessAnswerError
        self.settimeout(min(left_s, self.gettimeout() or left_s))
        received: int = super().recv_into(*arguments)  # type: ignore[misc]  # of the other base
        self._received += received
        return received


def bounded(kind: type[S], seconds: float, size: int) -> type[S]:
    """Returns a kind of sockets that bound all that they receive, by ``recv_into`` or a file.

    A timeout of a socket bounds one step alone, and a peer may take a million.

    Args:
        kind: ``socket.socket`` or ``ssl.SSLSocket``.
        seconds: Time of a connection, from the first step on.
        size: Bytes that a connection may receive.
    """
    attributes = {"seconds": seconds, "size": size}
    return cast(type[S], type("BoundedSocket", (_Bounded, kind), attributes))


def is_host(text: str) -> bool:
    """Returns whether a host can be looked up; the look-up of another one is no ``OSError``."""
    try:
        return bool(text.encode("idna")) and not text.startswith(".") and text.isprintable()
    except UnicodeError:
        return False


def connection_fault(error: Exception) -> str:
    """Returns the reason of a failed connection in words; it never holds a word of the peer."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not valid: {error.verify_message.rstrip('.')}"
        case ssl.SSLError():
            reason = getattr(error, "reason", None) or type(error).__name__
            return f"TLS failed: {reason.lower().replace('_', ' ')}"
        case socket.gaierror():
            return str(error.strerror)
        case TimeoutError():
            return "no answer in time"
        case EndlessAnswerError():
            return "its answer does not end"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case _:
            return type(error).__name__


def pem_fault(error: OSError) -> str:
    """Returns the reason for which files of certificates and keys cannot be used."""
    if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
        return "the key belongs to another certificate"
    return "not a PEM file" if isinstance(error, ssl.SSLError) else str(error.strerror)
