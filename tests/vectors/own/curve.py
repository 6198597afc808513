"""Ed25519 in plain arithmetic (RFC 8032, section 5.1), for signatures that no library makes."""

from hashlib import sha512

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, PRIME) % PRIME

Point = tuple[int, int]

BASE: Point = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    4 * pow(5, -1, PRIME) % PRIME,
)
EIGHTH: Point = (  # of order 8
    43496726750457979451437558183816721346016168361625936758514574428539776020131,
    55188659117513257062467267217118295137698188065244968500265048394206261417927,
)


def add(one: Point, other: Point) -> Point:
    (x, y), (u, v) = one, other
    cross = _D * x * u * y * v
    return (
        (x * v + u * y) * pow(1 + cross, -1, PRIME) % PRIME,
        (y * v + x * u) * pow(1 - cross, -1, PRIME) % PRIME,
    )


def times(factor: int, point: Point) -> Point:
    product = (0, 1)
    for bit in f"{factor:b}":
        product = add(product, product)
        product = add(product, point) if bit == "1" else product
    return product


def encoded(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def mixed_signature(seed: bytes, message: bytes) -> bytes:
    """A signature whose point R has a part of order 8: good with the cofactor, bad without."""
    hashed = sha512(seed).digest()
    secret = int.from_bytes(hashed[:32], "little") & (1 << 254) - 8 | 1 << 254
    public = encoded(times(secret, BASE))
    nonce = int.from_bytes(sha512(hashed[32:] + message).digest(), "little") % ORDER
    point = encoded(add(times(nonce, BASE), EIGHTH))
    challenge = int.from_bytes(sha512(point + public + message).digest(), "little")
    return point + ((nonce + challenge * secret) % ORDER).to_bytes(32, "little")


def decoded(data: bytes) -> Point:
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    square = (y * y - 1) * pow(_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    x = x if x * x % PRIME == square else x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    return (x if x & 1 == sign else PRIME - x), y


def verifies_times_eight(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether [8][S]B = [8]R + [8][k]A holds: verification with the cofactor."""
    challenge = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little")
    right = add(decoded(signature[:32]), times(challenge, decoded(public)))
    return times(8 * int.from_bytes(signature[32:], "little"), BASE) == times(8, right)
