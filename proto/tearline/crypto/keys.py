"""Key types of suite 1, each with one encoding.

Signatures are composite: ML-DSA-65 beside Ed25519, both of which must verify
(``id-MLDSA65-Ed25519-SHA512`` of draft-ietf-lamps-pq-composite-sigs). Encryption keys are X-Wing
pairs (ML-KEM-768 beside X25519, HPKE KEM 0x647A). A private key is stored as its seed, its shortest
form.
"""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cached_property, lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey

from tearline.encoding import labelled_sha256, u8, u16
from tearline.errors import KeyMalformed, SignatureInvalid

SUITE = 1
KEY_ID_SIZE = 32
SIGNING_PUBLIC_SIZE = 1952 + 32
SIGNATURE_SIZE = 3309 + 64
KEM_PUBLIC_SIZE = 1184 + 32
SEED_SIZE = 32

_MLDSA_PUBLIC = 1952
_MLDSA_SIGNATURE = 3309
_MLKEM_PUBLIC = 1184
# draft-ietf-lamps-pq-composite-sigs, sections 2.2 and 6: prefix and label of the signed message.
_PREFIX = b"CompositeAlgorithmSignatures2025"
_LABEL = b"COMPSIG-MLDSA65-Ed25519-SHA512"

# The curve of RFC 8032, section 5.1, and the heights of its eight points of small order.
_PRIME = 2**255 - 19
_D = -121665 * pow(121666, -1, _PRIME) % _PRIME
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL = frozenset({0, 1, _PRIME - 1, _EIGHTH, _PRIME - _EIGHTH})


def key_id(public: bytes) -> bytes:
    """Returns the 32-byte id of a public key: its labelled hash under the suite."""
    return labelled_sha256("key", u16(SUITE), public)


def composite_message(message: bytes, context: bytes = b"") -> bytes:
    """Returns the representative M' that both halves of a composite signature sign."""
    return _PREFIX + _LABEL + u8(len(context)) + context + hashlib.sha512(message).digest()


def _verify_point(encoded: bytes) -> None:
    """Checks that an Ed25519 key is the one encoding of a point of large order.

    OpenSSL takes other keys, and other libraries refuse them: readers would disagree.

    Raises:
        KeyMalformed: If it is not.
    """
    y = int.from_bytes(encoded, "little") & (1 << 255) - 1
    # The curve holds a point of this height if u / v is a square, that is, if u v is one.
    product = (y * y - 1) * (_D * y * y + 1) % _PRIME
    if y >= _PRIME or y in _SMALL or pow(product, _PRIME // 2, _PRIME) != 1:
        raise KeyMalformed("its Ed25519 half has a small order, or is not a point's encoding")


@dataclass(frozen=True, kw_only=True)
class SigningPublicKey:
    """Composite verification key: 1,952 bytes of ML-DSA-65, 32 of Ed25519."""

    encoded: bytes

    def __post_init__(self) -> None:
        if len(self.encoded) != SIGNING_PUBLIC_SIZE:
            raise KeyMalformed(f"a signing key has {SIGNING_PUBLIC_SIZE} bytes")

    @cached_property
    def id(self) -> bytes:
        """Returns the key's 32-byte id."""
        return key_id(self.encoded)

    @cached_property
    def _halves(self) -> tuple[MLDSA65PublicKey, Ed25519PublicKey]:
        _verify_point(self.encoded[_MLDSA_PUBLIC:])
        try:
            return (
                MLDSA65PublicKey.from_public_bytes(self.encoded[:_MLDSA_PUBLIC]),
                Ed25519PublicKey.from_public_bytes(self.encoded[_MLDSA_PUBLIC:]),
            )
        except ValueError:
            raise KeyMalformed("one half of the signing key is not a key") from None

    def verify_halves(self) -> None:
        """Checks that both halves are keys.

        Raises:
            KeyMalformed: If one is not.
        """
        _ = self._halves

    def verify(self, signature: bytes, message: bytes, context: bytes = b"") -> None:
        """Checks both halves of ``signature``.

        Raises:
            SignatureInvalid: If either half does not verify.
            KeyMalformed: If the key itself is not valid.
        """
        if len(signature) != SIGNATURE_SIZE:
            raise SignatureInvalid(f"a composite signature has {SIGNATURE_SIZE} bytes")
        mldsa, ed25519 = self._halves
        representative = composite_message(message, context)
        try:
            mldsa.verify(signature[:_MLDSA_SIGNATURE], representative, _LABEL)
            ed25519.verify(signature[_MLDSA_SIGNATURE:], representative)
        except InvalidSignature:
            raise SignatureInvalid() from None


class SigningKey:
    """Composite signing key, kept as two 32-byte seeds."""

    def __init__(self, seeds: bytes) -> None:
        if len(seeds) != 2 * SEED_SIZE:
            raise KeyMalformed(f"a signing key is kept as {2 * SEED_SIZE} bytes")
        self._seeds = seeds
        self._mldsa = MLDSA65PrivateKey.from_seed_bytes(seeds[:SEED_SIZE])
        self._ed25519 = Ed25519PrivateKey.from_private_bytes(seeds[SEED_SIZE:])
        self.public = SigningPublicKey(
            encoded=self._mldsa.public_key().public_bytes_raw()
            + self._ed25519.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls) -> "SigningKey":
        """Returns a fresh key from the system's randomness."""
        return cls(secrets.token_bytes(2 * SEED_SIZE))

    @property
    def id(self) -> bytes:
        """Returns the 32-byte id of the public half."""
        return self.public.id

    def private_bytes(self) -> bytes:
        """Returns the two seeds, for a keystore that encrypts them."""
        return self._seeds

    def sign(self, message: bytes, context: bytes = b"") -> bytes:
        """Returns a composite signature over ``message``."""
        representative = composite_message(message, context)
        return self._mldsa.sign(representative, _LABEL) + self._ed25519.sign(representative)

    def __repr__(self) -> str:
        return f"SigningKey({self.id.hex()[:16]})"


@dataclass(frozen=True, kw_only=True)
class KemPublicKey:
    """X-Wing encapsulation key: 1,184 bytes of ML-KEM-768, 32 of X25519."""

    encoded: bytes

    def __post_init__(self) -> None:
        if len(self.encoded) != KEM_PUBLIC_SIZE:
            raise KeyMalformed(f"an encryption key has {KEM_PUBLIC_SIZE} bytes")

    @cached_property
    def id(self) -> bytes:
        """Returns the key's 32-byte id."""
        return key_id(self.encoded)

    @cached_property
    def hpke(self) -> MLKEM768X25519PublicKey:
        """Returns the key as HPKE takes it.

        Raises:
            KeyMalformed: If a half is not a key.
        """
        try:
            return MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self.encoded[:_MLKEM_PUBLIC]),
                X25519PublicKey.from_public_bytes(self.encoded[_MLKEM_PUBLIC:]),
            )
        except ValueError:
            raise KeyMalformed("one half of the encryption key is not a key") from None

    def verify(self) -> None:
        """Checks that data can be sealed to this key.

        An X25519 key of small order agrees on no shared secret (RFC 7748, section 6.1).

        Raises:
            KeyMalformed: If a half is not a key, or a useless one.
        """
        x25519 = X25519PublicKey.from_public_bytes(self.encoded[_MLKEM_PUBLIC:])
        try:
            X25519PrivateKey.from_private_bytes(bytes(SEED_SIZE)).exchange(x25519)
        except ValueError:
            raise KeyMalformed("the encryption key has a small order") from None
        _ = self.hpke


class KemKey:
    """X-Wing decapsulation key, kept as its 32-byte seed.

    SHAKE256 expands the seed to 64 bytes of ML-KEM seed and 32 of X25519
    (draft-connolly-cfrg-xwing-kem, section 5.2).
    """

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise KeyMalformed(f"an encryption key is kept as {SEED_SIZE} bytes")
        self._seed = seed
        expanded = hashlib.shake_256(seed).digest(96)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
        self.hpke = MLKEM768X25519PrivateKey(mlkem, x25519)
        self.public = KemPublicKey(
            encoded=mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls) -> "KemKey":
        """Returns a fresh key from the system's randomness."""
        return cls(secrets.token_bytes(SEED_SIZE))

    @property
    def id(self) -> bytes:
        """Returns the 32-byte id of the public half."""
        return self.public.id

    def private_bytes(self) -> bytes:
        """Returns the seed, for a keystore that encrypts it."""
        return self._seed

    def __repr__(self) -> str:
        return f"KemKey({self.id.hex()[:16]})"


@lru_cache(maxsize=4096)
def signing_public_key(encoded: bytes) -> SigningPublicKey:
    """Returns the parsed key for ``encoded``; the cache saves repeated parsing of ML-DSA keys."""
    return SigningPublicKey(encoded=encoded)
