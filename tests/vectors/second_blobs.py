"""Large documents as the second verifier makes and opens them, from docs/spec/blob-v1.md alone."""

import hmac
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vectors.second_basics import varint

CHUNK, TAG, CHUNKS = 16 << 10, 16, 64
LABEL = b"tearline/v1/%s\0"


def need(condition: object, reason: str) -> None:
    if not condition:
        raise ValueError(reason)


def expand(key: bytes, info: bytes, size: int) -> bytes:
    """HKDF-Expand of RFC 5869 with SHA-256."""
    made, block = b"", b""
    while len(made) < size:
        block = hmac.digest(key, block + info + bytes([len(made) // 32 + 1]), "sha256")
        made += block
    return made[:size]


def padded(length: int) -> int:
    """P-5."""
    for step in (128, 256, 512, 1024):
        if length <= step:
            return step
    e = length.bit_length() - 1
    m = (1 << (e - e.bit_length())) - 1
    return (length + m) & ~m


def keys(secret: bytes, blob_id: bytes) -> tuple[AESGCM, int]:
    """BL-1."""
    both = expand(secret, LABEL % b"blob" + blob_id, 44)
    return AESGCM(both[:32]), int.from_bytes(both[32:])


def chunks(document: bytes) -> list[bytes]:
    """BL-2: the last one is shorter."""
    data = document + bytes(padded(len(document)) - len(document))
    return [data[start : start + CHUNK] for start in range(0, len(data) + 1, CHUNK)]


def parts(secret: bytes, blob_id: bytes, document: bytes) -> list[bytes]:
    """BL-2."""
    cipher, base = keys(secret, blob_id)
    sealed = [
        cipher.encrypt((base ^ number).to_bytes(12), chunk, b"")
        for number, chunk in enumerate(chunks(document))
    ]
    return [b"".join(sealed[start : start + CHUNKS]) for start in range(0, len(sealed), CHUNKS)]


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + root(leaves[:half]) + root(leaves[half:])).digest()


def leaf(part: bytes) -> bytes:
    """BL-2."""
    return sha256(b"\0" + part).digest()


def description(value: bytes) -> dict[str, Any]:
    """BL-3, with the secret still masked."""
    need(121 <= len(value) <= 248, "TL-PKT-001 BL-3: size")
    need(value[120:].isascii(), "TL-PKT-001 BL-3: media type")
    length = int.from_bytes(value[48:56])
    need(0 < length <= 50 << 30, "TL-PKT-001 BL-3: length")
    return {
        "blob_id": value[:16],
        "masked": value[16:48],
        "length": length,
        "sha256": value[56:88],
        "root": value[88:120],
        "media_type": value[120:].decode(),
    }


def unmasked(masked: bytes, field_secret: bytes, packet_id: bytes, slot: int) -> bytes:
    """BL-3."""
    mask = expand(field_secret, LABEL % b"blob-key" + packet_id + slot.to_bytes(4), 32)
    return bytes(a ^ b for a, b in zip(masked, mask, strict=True))


def opened(secret: bytes, blob_id: bytes, number: int, part: bytes) -> bytes:
    """BL-8: the plaintext of a part."""
    cipher, base = keys(secret, blob_id)
    plain = b""
    for place, start in enumerate(range(0, len(part), CHUNK + TAG)):
        nonce = (base ^ (number * CHUNKS + place)).to_bytes(12)
        try:
            plain += cipher.decrypt(nonce, part[start : start + CHUNK + TAG], b"")
        except (InvalidTag, ValueError):
            raise ValueError("TL-BLB-001 BL-8: a chunk") from None
    return plain


def fields(data: bytes) -> list[tuple[int, bytes]]:
    """Numbers and values of a message's fields, of which numbers are empty."""
    found, at = [], 0
    while at < len(data):
        tag, at = varint(data, at)
        size, at = varint(data, at)
        end = at + size if tag & 7 == 2 else at  # of a number, the value itself was read
        found.append((tag >> 3, data[at:end]))
        at = end
    return found


def verify_links(publish: bytes) -> None:
    """BL-5: the links of all parts (3) of a Publish, each field 7 of one."""
    parts = [value for number, value in fields(publish) if number == 3]
    linked = [number for part in parts for number, _ in fields(part) if number == 7]
    need(len(linked) <= 16, "TL-PKT-001 BL-5: links")
