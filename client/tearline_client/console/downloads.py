"""Files that a page gives to be saved, never to be shown or executed; and pictures to be shown."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from starlette.responses import Response

_ODD = re.compile(r"[^A-Za-z0-9._-]")
_SANDBOX = {"content-security-policy": "default-src 'none'; sandbox"}
"""A further policy: even a browser that opened the file would run no part of it."""
ANY_TYPE = "application/octet-stream"
"""A type that no browser opens."""


def download(name: str, kind: str, pieces: Iterable[bytes]) -> Response:
    """Returns a file to be saved.

    Args:
        name: Its name, of any letters.
        kind: Its content type.
        pieces: Its content.
    """
    return Response(b"".join(pieces), headers=_headers(name, kind))


def picture(content: bytes, kind: str) -> Response:
    """Returns a picture that a page shows; see ``pictures.is_shown``."""
    return Response(content, headers={"content-type": kind, **_SANDBOX})


def _headers(name: str, kind: str) -> dict[str, str]:
    plain = _ODD.sub("_", name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"content-type": kind, "content-disposition": disposition, **_SANDBOX}
