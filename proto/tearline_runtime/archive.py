"""Archives: several files in one, with checksums and a MAC that prove it complete.

An archive is a tar of plain files (in GNU format, which has no limit on sizes). The last file but
one is ``SHA256SUMS``, as ``sha256sum --check`` reads it; without it an archive is truncated.
Checksums detect accidents only, since an attacker can rewrite them. Therefore the last file,
``SHA256SUMS.mac``, authenticates them under a key of the archive's owner.

A reader compares each header with the canonical one: a header that differs in one bit is refused,
as are links, sparse files and names of every other form.
"""

import hashlib
import hmac
import tarfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from tearline.dataclass.immutable import immutable
from tearline.encoding import label
from tearline.errors import BackupDamaged

SUMS = "SHA256SUMS"
TAG = f"{SUMS}.mac"
_MAX_SUMS_BYTES = 1 << 20  # a line of some hundred bytes for each of some thousand files
_TAG_SIZE = 32
_CHUNK = 1 << 20
_BLOCK, _RECORD = tarfile.BLOCKSIZE, tarfile.RECORDSIZE


class _Summed:
    """Stream that hashes the bytes read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.sum.update(data)
        return data


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return data


@immutable
class Unpacked:
    """Archive that was read to its end.

    Attributes:
        names: Its files, in order.
        sums: Its checksums, which match its files.
        tag: Their MAC; empty for none.
    """

    names: tuple[str, ...]
    sums: bytes
    tag: bytes

    def verify(self, key: bytes) -> None:
        """Checks that a holder of a key wrote the archive.

        Raises:
            BackupDamaged: If it does not verify.
        """
        if not hmac.compare_digest(self.tag, _tag(key, self.sums)):
            raise BackupDamaged("its MAC does not verify under the keys in it")


@immutable
class Member:
    """File of an archive, to be read before the next.

    Attributes:
        name: Its name.
        size: Its size, bytes.
        chunks: Its content; may be left unread.
    """

    name: str
    size: int
    chunks: Iterator[bytes]


def pack(
    archive: IO[bytes], members: Iterable[tuple[str, int, IO[bytes]]], key: bytes | None = None
) -> None:
    """Writes an archive.

    Args:
        archive: The target stream.
        members: Name, size in bytes and content of each, in order.
        key: Authenticates it; None for contents that prove themselves, such as a log.
    """
    sums: list[str] = []
    with tarfile.open(fileobj=archive, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        for name, size, stream in members:
            summed = _Summed(stream)
            tar.addfile(_info(name, size), summed)
            sums.append(f"{summed.sum.hexdigest()}  {name}\n")
        data = "".join(sums).encode()
        tar.addfile(_info(SUMS, len(data)), _Bytes(data))
        if key is not None:
            tar.addfile(_info(TAG, _TAG_SIZE), _Bytes(_tag(key, data)))


def unpack(
    archive: IO[bytes], receive: Callable[[str], IO[bytes]], *, permits: Callable[[str], bool]
) -> Unpacked:
    """Reads an archive to its end, and passes on its files: no more bytes than the archive has.

    Args:
        archive: The source stream.
        receive: Opens the target of a file name; closed here.
        permits: Returns whether a name may appear in it.

    Returns:
        The names, checksums and MAC. The files count only once these are verified.

    Raises:
        BackupDamaged: If it is not an archive, is truncated, or holds a forbidden file.
    """
    sums: dict[str, str] = {}
    said, tag = None, b""
    for member in read_members(archive):
        if said is None and member.name == SUMS:
            said = _small(member, _MAX_SUMS_BYTES)
        elif said is not None and member.name == TAG and not tag:
            tag = _small(member, _TAG_SIZE)
        elif said is not None or member.name in sums or not permits(member.name):
            raise BackupDamaged(f"{member.name!r} does not belong in it")
        else:
            summed = hashlib.sha256()
            with receive(member.name) as place:
                for chunk in member.chunks:
                    summed.update(chunk)
                    place.write(chunk)
            sums[member.name] = summed.hexdigest()
    if said is None:
        raise BackupDamaged("it has no sums")
    if said != "".join(f"{sum_}  {name}\n" for name, sum_ in sums.items()).encode():
        raise BackupDamaged("its files do not match its checksums")
    return Unpacked(names=tuple(sums), sums=said, tag=tag)


def read_members(archive: IO[bytes]) -> Iterator[Member]:
    """Yields the files of an archive, in order, as they are read.

    Raises:
        BackupDamaged: If it holds a part that ``pack`` does not write.
    """
    position = 0
    while (header := _exactly(archive, _BLOCK)) != bytes(_BLOCK):
        name, size = _parse_header(header)
        chunks = _chunks(archive, size)
        yield Member(name=name, size=size, chunks=chunks)
        for _ in chunks:
            pass  # skips the unread rest
        _verify_zeros(archive, -size % _BLOCK)
        position += _BLOCK + size + -size % _BLOCK
    position += _BLOCK
    _verify_zeros(archive, _BLOCK + -(position + _BLOCK) % _RECORD)
    if archive.read(1):
        raise BackupDamaged("it has data behind its end")


def _parse_header(header: bytes) -> tuple[str, int]:
    name = header[:100].rstrip(b"\0").decode("ascii", "replace")
    try:
        size = _parse_size(header[124:136])
        is_own = _info(name, size).tobuf(tarfile.GNU_FORMAT) == header
    except ValueError:
        is_own = False
    if not is_own:
        raise BackupDamaged("a header is not that of a plain file")
    return name, size


def _parse_size(field: bytes) -> int:
    """Returns a size of octal digits, or for large ones of GNU's bytes behind one bit."""
    return int.from_bytes(field[1:]) if field[0] == 0x80 else int(field.rstrip(b"\0"), 8)


def _small(member: Member, maximum: int) -> bytes:
    if member.size > maximum:
        raise BackupDamaged(f"{member.name} has more than {maximum} bytes")
    return b"".join(member.chunks)


def _tag(key: bytes, sums: bytes) -> bytes:
    return hmac.digest(key, label("backup") + sums, "sha256")


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def _chunks(archive: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        chunk = _exactly(archive, min(size, _CHUNK))
        size -= len(chunk)
        yield chunk


def _exactly(archive: IO[bytes], size: int) -> bytes:
    data = archive.read(size)
    if len(data) != size:
        raise BackupDamaged("it was cut short")
    return data


def _verify_zeros(archive: IO[bytes], size: int) -> None:
    if _exactly(archive, size) != bytes(size):
        raise BackupDamaged("it has data between its files")
