"""Files that a page gives to be saved, never to be shown or executed; and pictures to be shown."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import BinaryIO
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile

from starlette.responses import Response, StreamingResponse

from tearline.errors import ExportRefused
from tearline_client.planning.sealed_file import sealed_file

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


def download_pieces(
    name: str, size: int, pieces: Iterator[bytes], prolong: Callable[[], None]
) -> Response:
    """Returns a large file to be saved, sent piece by piece.

    Args:
        name: Its name, of any letters.
        size: Its bytes: a browser so notices a download that breaks off.
        pieces: Its content; read in a thread.
        prolong: Called for each piece: the connection lives as long as its reader reads.
    """

    async def sent() -> AsyncIterator[bytes]:
        while piece := await asyncio.to_thread(next, pieces, b""):
            yield piece
            prolong()

    headers = {**_headers(name, ANY_TYPE), "content-length": str(size)}
    return StreamingResponse(sent(), headers=headers)


def picture(content: bytes, kind: str) -> Response:
    """Returns a picture that a page shows; see ``pictures.is_shown``."""
    return Response(content, headers={"content-type": kind, **_SANDBOX})


def archive(members: Iterable[tuple[str, BinaryIO]]) -> BinaryIO:
    """Returns a ZIP archive of some files, as a file of which the disk holds no legible byte.

    Args:
        members: Name and content of each; read from its beginning.
    """
    made = sealed_file(ExportRefused)
    with ZipFile(made, "w", ZIP_DEFLATED) as target:
        for name, content in members:
            content.seek(0)
            with target.open(name, "w", force_zip64=True) as member:
                while piece := content.read(_PIECE_BYTES):
                    member.write(piece)
    return made


def download_file(name: str, kind: str, file: BinaryIO) -> Response:
    """Returns an open file to be saved; it is closed once it is sent.

    Args:
        name: Its name, of any letters.
        kind: Its content type.
        file: Its content, from its beginning.
    """

    async def pieces() -> AsyncIterator[bytes]:
        with file:
            file.seek(0)
            while piece := file.read(_PIECE_BYTES):
                yield piece

    return StreamingResponse(pieces(), headers=_headers(name, kind))


def _headers(name: str, kind: str) -> dict[str, str]:
    plain = _ODD.sub("_", name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"content-type": kind, "content-disposition": disposition, **_SANDBOX}
