"""Keys at rest: what a guess costs, and what opens what was sealed."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tearline.crypto.passphrase import (
    KEY_SIZE,
    NONCE_SIZE,
    OVERHEAD,
    SALT_SIZE,
    seal,
    stretch,
    unseal,
)
from tearline.errors import KeystoreLocked

KEY, CONTEXT = bytes(range(KEY_SIZE)), b"where it lies"
SEALED = seal(KEY, b"secret", CONTEXT)


def test_a_guess_costs_what_the_format_says() -> None:
    salt = bytes(range(SALT_SIZE))
    kdf = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=64 * 1024)
    assert stretch(b"caballo", salt) == kdf.derive(b"caballo")
    assert stretch(b"caballo", bytes(SALT_SIZE)) != stretch(b"caballo", salt)


def test_what_is_sealed_opens_as_its_format_says() -> None:
    assert len(SEALED) == len(b"secret") + OVERHEAD
    assert unseal(KEY, SEALED, CONTEXT) == b"secret"
    assert AESGCM(KEY).decrypt(SEALED[:NONCE_SIZE], SEALED[NONCE_SIZE:], CONTEXT) == b"secret"
    assert seal(KEY, b"secret", CONTEXT) != SEALED  # never the same nonce again


@pytest.mark.parametrize(
    ("key", "sealed", "context"),
    [
        (bytes(KEY_SIZE), SEALED, CONTEXT),
        (KEY, SEALED, b"elsewhere"),
        *(
            (KEY, SEALED[:at] + bytes([SEALED[at] ^ 1]) + SEALED[at + 1 :], CONTEXT)
            for at in (0, 14)
        ),
        (KEY, SEALED[:-1], CONTEXT),
        (KEY, SEALED[: OVERHEAD - 1], CONTEXT),
        (KEY, b"", CONTEXT),
    ],
    ids=["key", "context", "nonce", "ciphertext", "tag cut", "too short", "nothing"],
)
def test_nothing_else_opens(key: bytes, sealed: bytes, context: bytes) -> None:
    with pytest.raises(KeystoreLocked):
        unseal(key, sealed, context)
