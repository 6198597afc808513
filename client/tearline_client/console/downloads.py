"""Files that a page gives to be saved, never to be shown or executed; and pictures to be shown."""

import re
from collections.abc import AsyncIterator, Iterable
from tempfile import TemporaryFile
from typing import BinaryIO
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile

from starlette.responses import Response, StreamingResponse

_PIECE_BYTES = 1 << 16
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


def archive(members: Iterable[tuple[str, BinaryIO]]) -> BinaryIO:
    """Returns a ZIP archive of some files, as a file without a name.

    Args:
        members: Name and content of each; read from its beginning.
    """
    made = TemporaryFile()  # noqa: SIM115 (returned open)
    with ZipFile(made, "w", ZIP_DEFLATED) as target:
        for name, content in members:
            content.seek(0)
            with target.open(name, "w", force_zip64=True) as member:
                while piece := content.read(_PIECE_BYTES):
                    member.write(piece)
    return made


def download_archive(name: str, file: BinaryIO) -> Response:
    """Returns an archive to be saved; the file is closed once it is sent."""

    async def pieces() -> AsyncIterator[bytes]:
        with file:
            file.seek(0)
            while piece := file.read(_PIECE_BYTES):
                yield piece

    return StreamingResponse(pieces(), headers=_headers(name, "application/zip"))


def _headers(name: str, kind: str) -> dict[str, str]:
    plain = _ODD.sub("_", name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"content-type": kind, "content-disposition": disposition, **_SANDBOX}
