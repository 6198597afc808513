"""HPKE with X-Wing (KEM 0x647A, ML-KEM-768 beside X25519) against public vectors.

The public set has its two X-Wing cases under ChaCha20-Poly1305. They are opened as they
are; for AES-256-GCM, which our suite uses, the first of them is carried over: the key
schedule of RFC 9180, section 5.1, is done again here from the vector's shared secret,
must give the vector's own key, and then seals under AES-256-GCM what HPKE must open.
"""

import hmac
import json
from typing import Any

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tearline.crypto.keys import KemKey

XWING = 0x647A
HKDF_SHA256 = 0x0001
SHAKE256 = 0x0011
AES_256_GCM = 0x0002
CHACHA20_POLY1305 = 0x0003

Vector = dict[str, Any]


@pytest.fixture(scope="module")
def vectors() -> list[Vector]:
    with cryptography_vectors.open_vector_file("HPKE/hpke-pq-test-vectors.json", "r") as file:
        found = [vector for vector in json.load(file) if vector["kem_id"] == XWING]
    assert [(vector["kdf_id"], vector["aead_id"]) for vector in found] == [
        (HKDF_SHA256, CHACHA20_POLY1305),
        (SHAKE256, CHACHA20_POLY1305),
    ]
    return found


def of(vector: Vector, name: str) -> bytes:
    return bytes.fromhex(vector[name])


def key_schedule(vector: Vector, aead: int) -> tuple[bytes, bytes]:
    """Key and base nonce of base mode under HKDF-SHA256 (RFC 9180, section 5.1)."""
    suite = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (XWING, HKDF_SHA256, aead))

    def extract(salt: bytes, name: bytes, secret: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + name + secret, "sha256")

    def expand(secret: bytes, name: bytes, info: bytes, size: int) -> bytes:
        message = size.to_bytes(2, "big") + b"HPKE-v1" + suite + name + info + b"\x01"
        return hmac.digest(secret, message, "sha256")[:size]

    psk = extract(b"", b"psk_id_hash", b"")
    context = b"\0" + psk + extract(b"", b"info_hash", of(vector, "info"))
    secret = extract(of(vector, "shared_secret"), b"secret", b"")
    return expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)


def test_a_seed_gives_the_public_key(vectors: list[Vector]) -> None:
    for vector in vectors:
        assert KemKey(of(vector, "skRm")).public.encoded == of(vector, "pkRm")


def test_the_first_message_of_every_case_opens(vectors: list[Vector]) -> None:
    for vector, kdf in zip(vectors, (KDF.HKDF_SHA256, KDF.SHAKE256), strict=True):
        suite = Suite(KEM.MLKEM768_X25519, kdf, AEAD.CHACHA20_POLY1305)
        first = vector["encryptions"][0]
        sealed = of(vector, "enc") + of(first, "ct")
        key = KemKey(of(vector, "skRm")).hpke
        assert openssl.hpke._decrypt_with_aad(
            suite, sealed, key, of(vector, "info"), of(first, "aad")
        ) == of(first, "pt")
        with pytest.raises(InvalidTag):
            openssl.hpke._decrypt_with_aad(suite, sealed, key, of(vector, "info"), b"")


def test_our_suite_opens_what_the_same_encapsulation_sealed(vectors: list[Vector]) -> None:
    vector = vectors[0]
    assert key_schedule(vector, CHACHA20_POLY1305) == (of(vector, "key"), of(vector, "base_nonce"))
    key, nonce = key_schedule(vector, AES_256_GCM)
    plaintext = of(vector["encryptions"][0], "pt")
    sealed = of(vector, "enc") + AESGCM(key).encrypt(nonce, plaintext, None)
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    recipient = KemKey(of(vector, "skRm")).hpke
    assert suite.decrypt(sealed, recipient, of(vector, "info")) == plaintext
    for flipped in (0, 1119, 1120, len(sealed) - 1):  # both ends of the encapsulation, and after
        forged = bytearray(sealed)
        forged[flipped] ^= 1
        with pytest.raises(InvalidTag):
            suite.decrypt(bytes(forged), recipient, of(vector, "info"))
    with pytest.raises(InvalidTag):
        suite.decrypt(sealed, recipient, of(vector, "info") + b"\0")


def test_what_our_suite_seals_to_the_public_key_opens_with_the_seed(vectors: list[Vector]) -> None:
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    key = KemKey(of(vectors[0], "skRm"))
    sealed = suite.encrypt(b"for one reader", key.public.hpke, b"info")
    assert suite.decrypt(sealed, key.hpke, b"info") == b"for one reader"
    assert len(sealed) == KEM.MLKEM768_X25519.enc_length() + len(b"for one reader") + 16
