"""Labels, fixed-width integers, and decoders that accept exactly one spelling.

Python's own parsers are lenient: ``int("1_0")`` is 10, ``int("٣")`` is 3 and ``b64decode("AB==",
validate=True)`` equals ``b64decode("AA==")``. If two texts mean the same value, two parties can
sign different bytes and believe that they agree. Therefore every decoder here decodes, encodes
again and compares.
"""

import binascii
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from tearline.errors import MalformedInput

N = TypeVar("N", int, str)

LABEL_PREFIX = b"tearline/v1/"


@cache
def label(name: str) -> bytes:
    r"""Returns the domain separator ``tearline/v1/<name>\0`` of all hashes and signatures.

    The few names are constants of the code, so each label is cached.
    """
    return LABEL_PREFIX + name.encode("ascii") + b"\0"


def u8(number: int) -> bytes:
    """Returns one byte."""
    return number.to_bytes(1, "big")


def u16(number: int) -> bytes:
    """Returns two bytes, big-endian."""
    return number.to_bytes(2, "big")


def u32(number: int) -> bytes:
    """Returns four bytes, big-endian."""
    return number.to_bytes(4, "big")


def u64(number: int) -> bytes:
    """Returns eight bytes, big-endian."""
    return number.to_bytes(8, "big")


def prefixed(part: bytes) -> bytes:
    """Returns ``part`` behind its length in four bytes."""
    return u32(len(part)) + part


def labelled_sha256(name: str, *parts: bytes) -> bytes:
    """Returns SHA-256 over the label ``name`` and ``parts``, which must be unambiguous together."""
    return hashlib.sha256(b"".join((label(name), *parts))).digest()


def is_ascending(items: Sequence[N]) -> bool:
    """Returns whether ``items`` are in order, each once: the canonical form of a set."""
    return list(items) == sorted(set(items))


def parse_decimal(text: str, *, maximum: int) -> int:
    """Returns a number from the digits 0-9, without sign, leading zeros or separators.

    Raises:
        MalformedInput: If ``text`` is not in that form, or above ``maximum``.
    """
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise MalformedInput("a decimal number was expected")
    number = int(text)
    if str(number) != text or number > maximum:
        raise MalformedInput("the number is not in canonical form, or is too large")
    return number


def parse_hex(text: str, *, size: int) -> bytes:
    """Returns ``size`` bytes from lower-case hexadecimal.

    Raises:
        MalformedInput: If ``text`` is not in that form.
    """
    try:
        value = bytes.fromhex(text)
    except ValueError:
        raise MalformedInput("hexadecimal digits were expected") from None
    if len(value) != size or value.hex() != text:
        raise MalformedInput(f"exactly {2 * size} lower-case hexadecimal digits were expected")
    return value


def encode_base64(data: bytes) -> str:
    """Returns standard base64 with padding (RFC 4648, section 4)."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def parse_base64(text: str) -> bytes:
    """Returns bytes from canonical standard base64 with padding (RFC 4648, section 4).

    Raises:
        MalformedInput: If ``text`` is not in that form.
    """
    try:
        value = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise MalformedInput("base64 was expected") from None
    if encode_base64(value) != text:
        raise MalformedInput("the base64 is not in canonical form")
    return value


def parse_utf8(data: bytes) -> str:
    """Returns text from UTF-8, without NUL.

    Raises:
        MalformedInput: If ``data`` is not UTF-8 or holds a NUL.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedInput("UTF-8 text was expected") from None
    if "\0" in text:
        raise MalformedInput("text may not hold a NUL")
    return text
