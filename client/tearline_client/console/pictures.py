"""Pictures of packets that a browser may show: of two types, by their content, and not too large.

A partner chose the bytes. Only PNG and JPEG are shown, and only after their own beginning says so.
Every other document is downloaded. A small file can decode to a picture without end, so its size
in pixels is read first. All pure functions.
"""

from tearline.limits import MAX_PICTURE_PIXELS

PNG, JPEG = "image/png", "image/jpeg"
_PNG_BEGIN = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_JPEG_BEGIN = b"\xff\xd8"
# Start of frame: every code of ITU T.81 but those of tables (C4, C8, CC).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_SCAN = 0xDA


def is_shown(media_type: str, content: bytes) -> bool:
    """Returns whether a browser may show a document inside a page.

    Args:
        media_type: Its stated type.
        content: Its bytes, from a partner.
    """
    size = {PNG: _png_size, JPEG: _jpeg_size}.get(media_type, _no_size)(content)
    return size is not None and 0 < size[0] * size[1] <= MAX_PICTURE_PIXELS


def _no_size(_content: bytes) -> None:
    return None


def _png_size(content: bytes) -> tuple[int, int] | None:
    """Returns width and height by the header of a PNG, or None if it is none."""
    begin = len(_PNG_BEGIN)
    if not content.startswith(_PNG_BEGIN) or len(content) < begin + 8:
        return None
    return _number(content, begin, 4), _number(content, begin + 4, 4)


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Returns width and height by the first frame of a JPEG, or None if it is none."""
    if not content.startswith(_JPEG_BEGIN):
        return None
    place = len(_JPEG_BEGIN)
    while place + 9 <= len(content) and content[place] == 0xFF:
        code = content[place + 1]
        if code == 0xFF:  # padding before a marker
            place += 1
        elif code in _STANDALONE:
            place += 2
        elif code in _FRAMES:
            return _number(content, place + 7, 2), _number(content, place + 5, 2)
        elif code == _SCAN:
            return None
        else:
            place += 2 + max(2, _number(content, place + 2, 2))
    return None


def _number(content: bytes, begin: int, size: int) -> int:
    return int.from_bytes(content[begin : begin + size], "big")
