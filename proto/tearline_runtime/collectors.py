"""Address of a collector of traces, for settings: it is read without the traces themselves."""

from urllib.parse import urlsplit

from tearline.errors import MalformedInput
from tearline_runtime.peers import is_host

_LOCAL = ("localhost", "127.0.0.1", "::1")


def parse_collector(text: str) -> str:
    """Returns the address of a collector; empty for none.

    Raises:
        MalformedInput: If it is no URL of HTTPS, or of HTTP on this machine, or has a user, a
            query or a fragment.
    """
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)
    odd = not text.isascii() or not text.isprintable() or " " in text or port == 0
    if (
        not is_host(host or "")
        or not is_safe
        or odd
        or parts.username is not None
        or "?" in text
        or "#" in text
    ):
        raise MalformedInput(
            "expected https://host:port/v1/traces, or http:// for a collector on this machine"
        )
    return text
