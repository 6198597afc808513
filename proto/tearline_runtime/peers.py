"""Other machines: their names, and the reasons for which they are not reached."""

import os
import socket
import ssl


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
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case _:
            return type(error).__name__


def pem_fault(error: OSError) -> str:
    """Returns the reason for which files of certificates and keys cannot be used."""
    if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
        return "the key belongs to another certificate"
    return "not a PEM file" if isinstance(error, ssl.SSLError) else str(error.strerror)
