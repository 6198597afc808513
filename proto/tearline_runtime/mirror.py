"""Reading of an agency's mirror of the log: a file, or tiles over HTTP (c2sp.org/tlog-tiles).

A mirror is not trusted: its content counts only as far as the log's own checkpoint covers it.
"""

import os
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Protocol
from urllib.error import URLError

from tearline.errors import BackupDamaged, RestoreRefused, TileMalformed
from tearline.limits import MAX_CHECKPOINT_BYTES, MAX_ENTRY_BYTES
from tearline.tlog.tiles import TILE_WIDTH, Tile, parse_entry_bundle
from tearline_runtime.archive import read_members

_MAX_BUNDLE_BYTES = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)
_TIMEOUT_S = 30


class Mirror(Protocol):
    """Mirror of the log: content by tlog-tiles path."""

    name: str

    def get(self, path: str, *, maximum: int) -> bytes:
        """Returns the content of a path, for example ``checkpoint``; at most ``maximum`` bytes.

        Raises:
            RestoreRefused: If it cannot be read.
        """
        ...


class FileMirror:
    """Mirror in a file written by ``tearline node mirror``."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        try:
            with path.open("rb") as file:
                self._places = {
                    member.name: (file.tell(), member.size) for member in read_members(file)
                }
        except BackupDamaged as error:
            raise RestoreRefused(f"{path}: {error.why}") from None
        except OSError as error:
            raise RestoreRefused(f"{path}: {error.strerror}") from None

    def get(self, path: str, *, maximum: int) -> bytes:
        """Returns the content of a path."""
        if path not in self._places:
            raise RestoreRefused(f"{self.name} has no {path}")
        offset, size = self._places[path]
        if size > maximum:
            raise RestoreRefused(f"{self.name}: {path} has more than {maximum} bytes")
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                return file.read(size)
        except OSError as error:
            raise RestoreRefused(f"{self.name}: {error.strerror}") from None


class HttpMirror:
    """Mirror over HTTP, at a node or any other server."""

    def __init__(self, url: str) -> None:
        self.name = url
        self._base = url.rstrip("/")

    def get(self, path: str, *, maximum: int) -> bytes:
        """Returns the content of a path."""
        url = f"{self._base}/{path}"
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as stream:  # noqa: S310 (``mirror_at`` admits only http and https)
                data: bytes = stream.read(maximum + 1)
        except (OSError, HTTPException) as error:
            raise RestoreRefused(f"{url}: {_said(error)}") from None
        except ValueError:  # of its host
            raise RestoreRefused(f"{url} is no address") from None
        if len(data) > maximum:
            raise RestoreRefused(f"{url} has more than {maximum} bytes")
        return data


def _said(error: OSError | HTTPException) -> str:
    """Returns the reason of a failed read, as the system describes it if it can."""
    cause = error.reason if isinstance(error, URLError) else error
    number = cause.errno if isinstance(cause, OSError) else None
    return os.strerror(number) if number is not None and number > 0 else str(error)


def mirror_at(place: str) -> Mirror:
    """Returns the mirror at a URL, or in a file.

    Raises:
        RestoreRefused: If the file is not a mirror.
    """
    if place.startswith(("http://", "https://")):
        return HttpMirror(place)
    return FileMirror(Path(place))


def read_checkpoint(mirror: Mirror) -> bytes:
    """Returns the note of a mirror's checkpoint, unverified."""
    return mirror.get("checkpoint", maximum=MAX_CHECKPOINT_BYTES)


def read_entries(mirror: Mirror, start: int, end: int) -> Iterator[tuple[bytes, ...]]:
    """Yields entries from ``start`` up to ``end`` in bundles, unverified.

    Raises:
        RestoreRefused: If one cannot be read, or does not match its path.
    """
    for index in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
        first = index * TILE_WIDTH
        tile = Tile(level=None, index=index, width=min(TILE_WIDTH, end - first))
        try:
            found = parse_entry_bundle(
                mirror.get(tile.path, maximum=_MAX_BUNDLE_BYTES), width=tile.width
            )
        except TileMalformed as error:
            raise RestoreRefused(f"{mirror.name}: {tile.path}: {error.why}") from None
        yield found[max(0, start - first) :]
