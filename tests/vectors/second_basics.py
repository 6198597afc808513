"""What the second verifier stands on: encoding, hashes and signing keys, from docs/spec alone.

Statement-v1, sections 1 to 3 (S-1 to S-6). Messages are read by hand, by the schema that the
specifications' own tables are. What is refused ends in a ValueError of the error's code and the
rule.
"""

import hmac
import re
from hashlib import sha256, sha512
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from vectors.second_schema import (
    NUMBERS,
    RULES,
    SCHEMA,
    TEXTS,
    WITHIN,
    Message,
    ascending,
    is_consistent,
    is_utf8,
    names_in,
)


def need(condition: object, reason: str) -> None:
    if not condition:
        raise ValueError(reason)


def fits(condition: object, where: str, what: str) -> None:
    """``need``, for what the table of a message says."""
    rule = RULES.get(where, RULES.get(where.split(".")[0], ""))
    need(condition, f"TL-PKT-001 {rule}: {where} {what}")


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number in its shortest spelling (S-1), and where it ends."""
    found = re.compile(rb"[\x80-\xff]{0,9}[\x00-\x7f]").match(data, at)
    if found is None or (len(found[0]) > 1 and found[0][-1] == 0):
        raise ValueError("TL-PKT-001 S-1: no varint, or longer than it needs")
    return sum((byte & 127) << 7 * place for place, byte in enumerate(found[0])), found.end()


def unpack(data: bytes) -> list[int]:
    """S-1."""
    at, numbers = 0, []
    while at < len(data):
        number, at = varint(data, at)
        numbers.append(number)
    return numbers


def item(where: str, words: str, kind: str, size: str, raw: Any) -> Any:
    """One value of a field, of its type and size, in its bounds."""
    if kind in SCHEMA:
        return parse(kind, raw)
    if kind in NUMBERS:
        need(raw < 1 << NUMBERS[kind], f"TL-PKT-001 S-1: {where} is no {kind}")
        return raw
    if kind == "bytes":
        fits(not size or len(raw) == int(size), where, f"has not {size} bytes")
        return raw
    need(is_utf8(raw), f"TL-PKT-001 S-1: {where} is not UTF-8")
    text = raw.decode()
    closed = re.fullmatch(r"(?:repeated )?string(?:: | \()((?:`[^`]+`(?:,\s)?)+)\)?", words)
    allowed = names_in(closed[1]) if closed else TEXTS.get(where, "(?s:.*)")
    fits(re.fullmatch(allowed, text), where, f"is not {text!r}")
    return text


def parse(name: str, data: bytes) -> Message:
    """A message, which has exactly one encoding (S-1, S-2)."""
    found: dict[int, list[Any]] = {}
    message: Message = {}
    at = last = 0
    value: Any
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag % 8 == 2:
            value, at = data[at : at + value], at + value
        need(last <= tag, f"TL-PKT-001 S-1: the fields of {name} are out of order")
        need(at <= len(data), f"TL-PKT-001 S-2: {name} is cut short")
        found.setdefault(tag, []).append(value)
        last = tag
    for number, field, words, repeated, kind, size in SCHEMA[name]:
        where = f"{name}.{field}"
        values = found.pop(8 * number + (0 if kind in NUMBERS and not repeated else 2), [])
        if repeated and kind in NUMBERS:
            need(8 * number not in found, f"TL-PKT-001 S-1: {where} is not packed")
        if repeated and kind in NUMBERS and values:
            need(len(values) == 1 and values[0], f"TL-PKT-001 S-1: {where} is not packed")
            values = unpack(values[0])
        if repeated or values:
            need(repeated or len(values) == 1, f"TL-PKT-001 S-1: {where} stands twice")
            shown = repeated or kind in SCHEMA or values[0]
            need(shown, f"TL-PKT-001 S-1: {where} is there and empty")
            items = [item(where, words, kind, size, value) for value in values]
            ordered = "ascending" not in words or kind in SCHEMA or ascending(items)
            fits(ordered, where, "is not ascending")
            message[field] = items if repeated else items[0]
        elif kind in SCHEMA:
            need("absent" in words, f"TL-PKT-001 S-1: {where} is missing")
            message[field] = None
        else:
            size = "" if "none, or" in words else size
            message[field] = item(where, words, kind, size, 0 if kind in NUMBERS else b"")
        if where in WITHIN:
            value = message[field]
            value = value.encode() if isinstance(value, str) else value
            count = value if isinstance(value, int) else len(value)
            fits(count in WITHIN[where], where, "is out of bounds")
        if field.endswith("_ms"):
            need(message[field] < 1 << 63, f"TL-PKT-001 S-1: {where} is no time")
    need(not found, f"TL-PKT-001 S-1: {name} has a field or a wire type that is none")
    fits(is_consistent(name, message), name, "contradicts itself")
    return message


def label(name: str) -> bytes:
    return f"tearline/v1/{name}\0".encode()


def prefixed(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


def sha(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def commit(name: str, *parts: bytes) -> bytes:
    """A hash under a label: ids and commitments."""
    return sha(label(name), *parts)


def key_id_of(public: bytes) -> bytes:
    """S-6."""
    return commit("key", (1).to_bytes(2), public)


def expand(key: bytes, name: str, *info: bytes, size: int) -> bytes:
    """HKDF-Expand (RFC 5869) under a label."""
    blocks, message = [b""], label(name) + b"".join(info)
    for number in range(1, size // 32 + 1):
        blocks.append(hmac.digest(key, blocks[-1] + message + bytes([number]), "sha256"))
    return b"".join(blocks)


def verify_point(encoded: bytes) -> None:
    """S-3: a point of the curve in its one encoding, whose eightfold is not the neutral point."""
    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime)
    y = int.from_bytes(encoded, "little") % (1 << 255)
    square = (y * y - 1) * pow(d * y * y + 1, -1, prime) % prime
    need(y < prime and pow(square, prime // 2, prime) < 2, "TL-KEY-001 S-3: no point")
    for _ in range(3):  # twice a point has the height (y² + x²) / (2 + x² - y²)
        y = (y * y + square) * pow(2 + square - y * y, -1, prime) % prime
        square = (y * y - 1) * pow(d * y * y + 1, -1, prime) % prime
    need(y != 1, "TL-KEY-001 S-3: a small order")


def verify_composite(public: bytes, signature: bytes, message: bytes, context: bytes = b"") -> None:
    """S-3 and S-4."""
    name = b"COMPSIG-MLDSA65-Ed25519-SHA512"
    signed = b"CompositeAlgorithmSignatures2025" + name + len(context).to_bytes() + context
    signed += sha512(message).digest()
    need((len(public), len(signature)) == (1984, 3373), "TL-KEY-002 S-4: another length")
    verify_point(public[1952:])
    try:
        one = mldsa.MLDSA65PublicKey.from_public_bytes(public[:1952])
        one.verify(signature[:3309], signed, name)
        other = ed25519.Ed25519PublicKey.from_public_bytes(public[1952:])
        other.verify(signature[3309:], signed)
    except InvalidSignature:
        raise ValueError("TL-KEY-002 S-4: a half does not verify") from None
