"""Keys at rest: from a passphrase to a key, and bytes sealed under one.

    sealed    nonce (12) ‖ ciphertext ‖ tag (16), AES-256-GCM with the context as associated data

A passphrase is stretched with Argon2id, at the second recommended option of RFC 9106: 64 MiB,
three passes, four lanes. The cost is part of the format and no setting. Both the agency's
keystore and the exchange's key file are made of these.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tearline.errors import KeystoreLocked, PassphraseShort
from tearline.limits import MIN_PASSPHRASE_BYTES

SALT_SIZE = 16
KEY_SIZE = 32
NONCE_SIZE = 12
OVERHEAD = NONCE_SIZE + 16
"""By how many bytes what is sealed is longer than what was."""
MEMORY_KIB = 64 << 10
"""What each guess at a passphrase fills, in KiB."""


def verify_length(passphrase: bytes) -> None:
    """Checks that a passphrase may protect keys from now on.

    Whoever has a copy of the file guesses without end, at ten guesses a second and core.

    Raises:
        PassphraseShort: If it has too few bytes.
    """
    if len(passphrase) < MIN_PASSPHRASE_BYTES:
        raise PassphraseShort(f"it has {len(passphrase)} bytes of at least {MIN_PASSPHRASE_BYTES}")


def stretch(passphrase: bytes, salt: bytes) -> bytes:
    """32 bytes from a passphrase, at a cost of 64 MiB and a tenth of a second for each guess.

    Args:
        passphrase: As it was given; UTF-8.
        salt: 16 bytes, random, kept beside what the result protects.
    """
    kdf = Argon2id(salt=salt, length=KEY_SIZE, iterations=3, lanes=4, memory_cost=MEMORY_KIB)
    return kdf.derive(passphrase)


def seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Seals ``plaintext``; only the same key with the same context opens it.

    Args:
        key: 32 bytes.
        plaintext: What is to be kept.
        context: What it is, and where it lies.
    """
    nonce = secrets.token_bytes(NONCE_SIZE)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def unseal(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """What was sealed.

    Raises:
        KeystoreLocked: If the key or the context is another, or a byte was changed.
    """
    if len(sealed) < OVERHEAD:
        raise KeystoreLocked
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], context)
    except InvalidTag:
        raise KeystoreLocked from None
