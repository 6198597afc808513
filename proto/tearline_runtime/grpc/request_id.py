"""Request ids: the caller's own id of a call, by which the logs of both sides are tied together.

They are for logs alone: no decision rests on one, so an invalid one is ignored, and never logged.
"""

import re
import secrets
from collections.abc import Iterable

_KEY = "tearline-request"
_BYTES = 8
_ID = re.compile(f"[0-9a-f]{{{2 * _BYTES}}}")


def new_request_id() -> str:
    """Returns a random id: 16 hexadecimal digits."""
    return secrets.token_hex(_BYTES)


def with_request_id(request_id: str) -> tuple[tuple[str, str], ...]:
    """Returns the metadata that carries a caller's id of its call."""
    return ((_KEY, request_id),)


def request_id(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Returns the caller's id of a call; empty without one, for several, or for an invalid one."""
    found = [value for key, value in metadata if key == _KEY]
    if len(found) != 1 or not isinstance(found[0], str) or not _ID.fullmatch(found[0]):
        return ""
    return found[0]
