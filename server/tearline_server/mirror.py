"""Reading an agency's mirror of the log: a file, or its tiles over HTTP (c2sp.org/tlog-tiles).

Nothing vouches for a mirror: what it gives counts only as far as the log's own checkpoint says.
"""

import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from tearline.errors import RestoreRefused, TileMalformed
from tearline.limits import MAX_CHECKPOINT_BYTES, MAX_ENTRY_BYTES
from tearline.tiles import TILE_WIDTH, Tile, parse_entry_bundle

_MAX_BUNDLE_BYTES = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)
_TIMEOUT_S = 30


class Mirror(Protocol):
    """A mirror: paths as tlog-tiles names them, and the bytes that stand there."""

    name: str

    def get(self, path: str, *, maximum: int) -> bytes:
        """What stands at a path, for example ``checkpoint``; at most ``maximum`` bytes.

        Raises:
            RestoreRefused: If it cannot be had.
        """
        ...


class FileMirror:
    """A file that ``tearline node mirror`` wrote."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            self._tar = tarfile.open(path, mode="r:")  # noqa: SIM115 (read until the process ends)
        except (OSError, tarfile.TarError) as error:
            raise RestoreRefused(f"{path}: {error}") from None

    def get(self, path: str, *, maximum: int) -> bytes:
        """What stands at a path."""
        try:
            stream = self._tar.extractfile(path)
        except (KeyError, OSError, tarfile.TarError):
            stream = None
        if stream is None:
            raise RestoreRefused(f"{self.name} has no {path}")
        return _bounded(stream, maximum, f"{self.name}: {path}")


class HttpMirror:
    """A node, or anybody, who shows the log over HTTP."""

    def __init__(self, url: str) -> None:
        self.name = url
        self._base = url.rstrip("/")

    def get(self, path: str, *, maximum: int) -> bytes:
        """What stands at a path."""
        url = f"{self._base}/{path}"
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as stream:  # noqa: S310 (``mirror_at`` let http and https alone through)
                return _bounded(stream, maximum, url)
        except (OSError, urllib.error.URLError) as error:
            raise RestoreRefused(f"{url}: {error}") from None


def mirror_at(place: str) -> Mirror:
    """The mirror at a URL, or in a file.

    Raises:
        RestoreRefused: If the file is none.
    """
    if place.startswith(("http://", "https://")):
        return HttpMirror(place)
    return FileMirror(Path(place))


def read_checkpoint(mirror: Mirror) -> bytes:
    """The note of a mirror's checkpoint; nothing is verified."""
    return mirror.get("checkpoint", maximum=MAX_CHECKPOINT_BYTES)


def read_entries(mirror: Mirror, start: int, end: int) -> Iterator[tuple[bytes, ...]]:
    """Entries from ``start`` up to ``end``, in bundles; nothing is verified.

    Raises:
        RestoreRefused: If one cannot be had, or is not what its path says.
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


def _bounded(stream: IO[bytes], maximum: int, what: str) -> bytes:
    data = stream.read(maximum + 1)
    if len(data) > maximum:
        raise RestoreRefused(f"{what} has more than {maximum} bytes")
    return data
