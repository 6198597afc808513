"""Encodings that no honest party makes: messages of Protocol Buffers, field by field."""

from collections.abc import Iterable, Sequence


def varint(number: int) -> bytes:
    """The shortest spelling of a number."""
    rest = b""
    while number > 127:
        rest += bytes([number & 127 | 128])
        number >>= 7
    return rest + bytes([number])


def spelled(number: int, value: bytes | int) -> bytes:
    """One field: a number as it stands, or anything else behind its length."""
    if isinstance(value, int):
        return varint(8 * number) + varint(value)
    return varint(8 * number + 2) + varint(len(value)) + value


def fields_of(data: bytes) -> list[tuple[int, bytes]]:
    """The fields of a message in their order: number, and all their bytes with the tag."""
    found, at = [], 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte, at = data[at], at + 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    while at < len(data):
        start, tag = at, number()
        length = number()
        if tag % 8 == 2:
            at += length
        found.append((tag // 8, data[start:at]))
    return found


def respelled(data: bytes, number: int, spelling: bytes) -> bytes:
    """``data`` with all of one field spelled as given, in its place or where it would stand."""
    kept: Iterable[tuple[int, bytes]] = [each for each in fields_of(data) if each[0] != number]
    ordered = sorted([*kept, (number, spelling)], key=lambda each: each[0])
    return b"".join(part for _, part in ordered)


def pieces_of(data: bytes, good: Sequence[bytes]) -> list[int | str]:
    """Bytes by the fields that they have in common with good ones, each by its number."""
    pieces: list[int | str] = []
    at = start = 0
    while at < len(data):
        same = next((n for n, field in enumerate(good) if data.startswith(field, at)), None)
        if same is None:
            at += 1
            continue
        pieces += [data[start:at].hex(), same]
        at = start = at + len(good[same])
    return [piece for piece in (*pieces, data[start:].hex()) if piece != ""]


def joined(pieces: Iterable[int | str], good: Sequence[bytes]) -> bytes:
    """The bytes of these pieces."""
    parts = (good[each] if isinstance(each, int) else bytes.fromhex(each) for each in pieces)
    return b"".join(parts)
