"""Metadata of JPEG and PNG images, listed and removed; the pixels are not read."""

import struct
import zlib
from collections.abc import Iterator

from tearline_client.documents.collected_text import Gap, Gathering, TraceKind

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/"
_SHOWN = {
    0x010F: TraceKind.DEVICE, 0x0110: TraceKind.DEVICE, 0x0131: TraceKind.DEVICE,
    0xA431: TraceKind.DEVICE, 0xA435: TraceKind.DEVICE, 0x0132: TraceKind.TIME,
    0x9003: TraceKind.TIME, 0x013B: TraceKind.AUTHOR, 0x8298: TraceKind.AUTHOR,
    0xA430: TraceKind.AUTHOR, 0x010E: TraceKind.COMMENT,
}  # fmt: skip
"""Tags of TIFF 6.0 and Exif 2.32 with texts."""
_FOLDERS, _GPS = (0x8769,), 0x8825
_ASCII = 2
_MOST_TAGS = 256
_SCAN, _END, _COMMENT, _APP0, _APP14, _APP15 = 0xDA, 0xD9, 0xFE, 0xE0, 0xEE, 0xEF
_KEPT_CHUNKS = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD",
     b"pHYs", b"acTL", b"fcTL", b"fdAT"}
)  # fmt: skip
"""Chunks of PNG that the picture needs, and none with a text."""


def read_image(content: bytes, into: Gathering) -> None:
    """Adds the metadata of an image; its picture is a gap."""
    into.gap(Gap.IMAGE)
    try:
        if content.startswith(JPEG):
            for marker, segment in _segments(content):
                _read_segment(marker, segment, into)
        elif content.startswith(PNG):
            for name, chunk in _chunks(content):
                _read_chunk(name, chunk, into)
    except (struct.error, IndexError, ValueError, zlib.error):
        into.gap(Gap.DAMAGED)


def without_image_metadata(content: bytes) -> bytes:
    """Returns an image without its metadata.

    Of JPEG, application segments and comments go, except JFIF and Adobe's colours; so does all that
    follows the picture. The direction of a camera goes with them: such a picture may lie on its
    side. Of PNG, all chunks go that the picture does not need.

    Raises:
        ValueError: If it is no whole image.
    """
    try:
        if content.startswith(JPEG):
            return _plain_jpeg(content)
        return _plain_png(content)
    except (struct.error, IndexError) as error:
        raise ValueError("damaged") from error


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields marker and content of each segment before the picture; the rest as the scan's."""
    at = 2
    while True:
        if content[at] != 0xFF:
            raise ValueError("no marker")
        while content[at + 1] == 0xFF:  # padding
            at += 1
        marker = content[at + 1]
        if marker == _SCAN:
            yield marker, content[at:]
            return
        (size,) = struct.unpack_from(">H", content, at + 2)
        if size < 2 or at + 2 + size > len(content):
            raise ValueError("a segment is cut")
        yield marker, content[at + 4 : at + 2 + size]
        at += 2 + size


def _plain_jpeg(content: bytes) -> bytes:
    plain = [content[:2]]
    for marker, segment in _segments(content):
        if marker == _SCAN:
            plain += _scans(segment)
        elif not (_APP0 < marker <= _APP15 and marker != _APP14) and marker != _COMMENT:
            plain.append(struct.pack(">BBH", 0xFF, marker, len(segment) + 2) + segment)
    return b"".join(plain)


def _scans(rest: bytes) -> Iterator[bytes]:
    """Yields the picture's data: each scan with its tables, to the end of the image."""
    at = 0
    while True:
        marker = rest[at + 1]
        if marker == _END:
            yield rest[at : at + 2]
            return
        (size,) = struct.unpack_from(">H", rest, at + 2)
        end = at + 2 + size
        if marker == _SCAN:
            while not (
                rest[end] == 0xFF and rest[end + 1] != 0 and not 0xD0 <= rest[end + 1] <= 0xD7
            ):
                end = rest.index(b"\xff", end + 1)
        if marker != _COMMENT and not _APP0 <= marker <= _APP15:
            yield rest[at:end]
        at = end
        while rest[at + 1] == 0xFF:
            at += 1


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG)
    while True:
        size, name = struct.unpack_from(">I4s", content, at)
        if at + 12 + size > len(content):
            raise ValueError("a chunk is cut")
        yield name, content[at + 8 : at + 8 + size]
        at += 12 + size
        if name == b"IEND":
            return


def _plain_png(content: bytes) -> bytes:
    plain = [PNG]
    for name, chunk in _chunks(content):
        if name in _KEPT_CHUNKS:
            checksum = zlib.crc32(name + chunk)
            plain.append(
                struct.pack(">I4s", len(chunk), name) + chunk + checksum.to_bytes(4, "big")
            )
    return b"".join(plain)


def _read_segment(marker: int, segment: bytes, into: Gathering) -> None:
    if marker == _COMMENT:
        _say(TraceKind.COMMENT, segment, into)
    elif _APP0 < marker <= _APP15 and segment.startswith(_EXIF):
        _read_exif(segment[len(_EXIF) :], into)
    elif _APP0 < marker <= _APP15 and marker != _APP14:
        kind = TraceKind.PROPERTY
        into.trace(kind, "XMP" if segment.startswith(_XMP) else f"segment {marker - _APP0}")
        into.add(segment.decode("utf-8", "replace"))


def _read_chunk(name: bytes, chunk: bytes, into: Gathering) -> None:
    if name == b"eXIf":
        _read_exif(chunk, into)
    elif name == b"zTXt":
        key, _, packed = chunk.partition(b"\0")
        _say(TraceKind.COMMENT, key + b" " + _unpacked(packed[1:], into), into)
    elif name not in _KEPT_CHUNKS:
        kind = TraceKind.TIME if name == b"tIME" else TraceKind.COMMENT
        into.trace(kind, name.decode("ascii", "replace"))
        into.add(chunk.decode("utf-8", "replace"))
        if name == b"iTXt" and b"\0\1\0" in chunk:
            into.gap(Gap.UNKNOWN)  # compressed


def _unpacked(packed: bytes, into: Gathering) -> bytes:
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(packed, 1 << 16)
    into.count(len(text))
    if unpacking.unconsumed_tail:
        into.gap(Gap.TOO_LARGE)
    return text


def _say(kind: TraceKind, value: bytes, into: Gathering) -> None:
    text = value.rstrip(b"\0").decode("utf-8", "replace")
    if text.strip():
        into.trace(kind, text)
        into.add(text)


def _read_exif(tiff: bytes, into: Gathering) -> None:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        raise ValueError("no byte order")
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    following = _read_folder(tiff, order, first, into)
    if following:
        into.trace(TraceKind.THUMBNAIL)


def _read_folder(tiff: bytes, order: str, at: int, into: Gathering, *, deep: bool = False) -> int:
    """Reads a directory of tags; returns the place of the next one, or 0."""
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    if count > _MOST_TAGS:
        raise ValueError("too many tags")
    for place in range(at + 2, at + 2 + 12 * count, 12):
        tag, sort, size, value = struct.unpack_from(f"{order}HHII", tiff, place)
        if deep and sort != _ASCII:
            continue
        into.count(size if sort == _ASCII else 0)
        if tag == _GPS and not deep:
            into.trace(TraceKind.LOCATION, _position(tiff, order, value))
        elif tag in _FOLDERS and not deep:
            _read_folder(tiff, order, value, into, deep=True)
        elif sort == _ASCII:
            start = value if size > 4 else place + 8
            _say(_SHOWN.get(tag, TraceKind.PROPERTY), tiff[start : start + size], into)
    end = at + 2 + 12 * count
    (following,) = struct.unpack_from(f"{order}I", tiff, end)
    return int(following)


def _position(tiff: bytes, order: str, at: int) -> str:
    """Returns latitude and longitude in degrees, or empty if they are not stated."""
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    signs, degrees = dict[int, int](), dict[int, float]()
    for place in range(at + 2, at + 2 + 12 * min(count, _MOST_TAGS), 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHII", tiff, place)
        if tag in (1, 3):
            signs[tag + 1] = -1 if tiff[place + 8 : place + 9] in (b"S", b"W") else 1
        elif tag in (2, 4):
            parts = struct.unpack_from(f"{order}6I", tiff, value)
            degrees[tag] = sum(parts[2 * n] / (parts[2 * n + 1] or 1) / 60**n for n in range(3))
    if len(degrees) < 2:
        return ""
    return ", ".join(f"{signs.get(tag, 1) * degrees[tag]:.5f}" for tag in (2, 4))
