"""Archives: several files in one, with the sums that show whether it is whole.

A tar of plain files (in GNU's form, which has no bound on sizes), the last of which is
``SHA256SUMS`` as ``sha256sum --check`` reads it. Without that one an archive was cut short, and
is none. The sums show an accident, not an attack: whoever can write the archive can write them.
"""

import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from tearline.errors import BackupDamaged

SUMS = "SHA256SUMS"
_MAX_SUMS_BYTES = 1 << 20  # a line of some hundred bytes for each of some thousand files
_CHUNK = 1 << 20


class _Summed:
    """Reads a stream, and sums what was read of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.sum.update(data)
        return data


def pack(archive: IO[bytes], members: Iterable[tuple[str, int, IO[bytes]]]) -> None:
    """Writes an archive.

    Args:
        archive: Where to.
        members: Name, size in bytes and content of each, in order.
    """
    sums: list[str] = []
    with tarfile.open(fileobj=archive, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        for name, size, stream in members:
            summed = _Summed(stream)
            tar.addfile(_info(name, size), summed)
            sums.append(f"{summed.sum.hexdigest()}  {name}\n")
        data = "".join(sums).encode()
        tar.addfile(_info(SUMS, len(data)), _Bytes(data))


def unpack(
    archive: IO[bytes], receive: Callable[[str], IO[bytes]], *, permits: Callable[[str], bool]
) -> tuple[str, ...]:
    """Reads an archive to its end, and hands on what is in it.

    Args:
        archive: Where from.
        receive: Opens the place for the file of a name; closed here.
        permits: Whether a name may stand in it.

    Returns:
        The names, in order. What was handed on counts only once this returns.

    Raises:
        BackupDamaged: If it is no archive, cut short, or holds what it must not.
    """
    sums: list[str] = []
    names: list[str] = []
    try:
        with tarfile.open(fileobj=archive, mode="r|") as tar:
            for info in tar:
                stream = tar.extractfile(info) if info.isreg() else None
                if stream is None:
                    raise BackupDamaged(f"{info.name!r} is no plain file")
                if info.name == SUMS:
                    if stream.read(_MAX_SUMS_BYTES + 1) != "".join(sums).encode():
                        raise BackupDamaged("its files are not those of its sums")
                    return tuple(names)
                if info.name in names or not permits(info.name):
                    raise BackupDamaged(f"{info.name!r} does not belong in it")
                summed = hashlib.sha256()
                with receive(info.name) as place:
                    for chunk in _chunks(stream):
                        summed.update(chunk)
                        place.write(chunk)
                names.append(info.name)
                sums.append(f"{summed.hexdigest()}  {info.name}\n")
    except (tarfile.TarError, EOFError) as error:
        raise BackupDamaged(type(error).__name__) from None
    raise BackupDamaged("it was cut short")


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return data


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk
