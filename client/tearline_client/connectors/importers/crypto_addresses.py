"""Validation of cryptocurrency addresses with a checksum.

Formats are Base58Check (Bitcoin and related coins, Tron), Bech32 and Bech32m (BIP 173, BIP 350),
and mixed-case hexadecimal (EIP-55, for Ethereum and its tokens). An address in another format
cannot be validated, but may be valid.
"""

import hashlib
import re

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_ADDRESS = re.compile(f"[{_BASE58}]{{25,36}}\\Z")
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_ADDRESS = re.compile(f"([a-z]{{2,4}})1([{_BECH32}]{{8,86}})\\Z")
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_CHECK, _BECH32M_CHECK = 1, 0x2BC830A3
_HEX_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")

_MASK = (1 << 64) - 1
_KECCAK_RATE = 136


def is_wallet_address(text: str) -> bool:
    """Returns whether ``text`` is an address with a valid checksum."""
    if _HEX_ADDRESS.match(text):
        return _eip55(text)
    if match := _BECH32_ADDRESS.match(text.lower() if text.isupper() else text):
        return _bech32(match[1], match[2])
    return bool(_BASE58_ADDRESS.match(text)) and _base58check(text)


def _base58check(text: str) -> bool:
    number = 0
    for character in text:
        number = number * 58 + _BASE58.index(character)
    zeros = len(text) - len(text.lstrip("1"))
    decoded = b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    # One or two bytes of version, a 20-byte hash, four bytes of checksum.
    if len(decoded) not in (25, 26):
        return False
    return hashlib.sha256(hashlib.sha256(decoded[:-4]).digest()).digest()[:4] == decoded[-4:]


def _bech32(prefix: str, data: str) -> bool:
    values = [_BECH32.index(character) for character in data]
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = 1
    for value in expanded + values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_BECH32_GENERATOR):
            check ^= generator if top >> bit & 1 else 0
    # Witness version 0 has the first checksum, later versions have the second (BIP 350).
    return check == (_BECH32_CHECK if values[0] == 0 else _BECH32M_CHECK)


def _eip55(text: str) -> bool:
    digits = text[2:]
    if digits in (digits.lower(), digits.upper()):
        return True  # written without a checksum
    digest = keccak256(digits.lower().encode("ascii")).hex()
    return all(
        digit.isdigit() or digit.isupper() == (int(nibble, 16) >= 8)
        for digit, nibble in zip(digits, digest, strict=False)
    )


def keccak256(message: bytes, *, domain: int = 0x01) -> bytes:
    """Returns the Keccak-256 digest as in Ethereum; with ``domain`` 0x06, the SHA3-256 digest."""
    padding = _KECCAK_RATE - len(message) % _KECCAK_RATE
    padded = bytearray(message) + bytes([domain]) + bytes(padding - 1)
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), _KECCAK_RATE):
        for i in range(_KECCAK_RATE // 8):
            at = start + 8 * i
            lanes[i % 5][i // 5] ^= int.from_bytes(padded[at : at + 8], "little")
        lanes = _keccak_f(lanes)
    return b"".join(lanes[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


def _rotated(lane: int, by: int) -> int:
    return (lane << by | lane >> (64 - by)) & _MASK


def _keccak_f(lanes: list[list[int]]) -> list[list[int]]:
    """Returns the lanes after Keccak-f[1600]; FIPS 202, section 3.3, names the steps."""
    register = 1
    for _ in range(24):
        parity = [x[0] ^ x[1] ^ x[2] ^ x[3] ^ x[4] for x in lanes]  # theta
        delta = [parity[(x - 1) % 5] ^ _rotated(parity[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lane ^ delta[x] for lane in lanes[x]] for x in range(5)]
        x, y, moving = 1, 0, lanes[1][0]  # rho and pi
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            moving, lanes[x][y] = lanes[x][y], _rotated(moving, (t + 1) * (t + 2) // 2 % 64)
        for y in range(5):  # chi
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5] & _MASK)
        for j in range(7):  # iota
            register = (register << 1 ^ (register >> 7) * 0x171) % 256
            if register & 2:
                lanes[0][0] ^= 1 << ((1 << j) - 1)
    return lanes
