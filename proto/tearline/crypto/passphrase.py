"""Keys at rest: key derivation from a passphrase, and sealing under a key.

    sealed    nonce (12) ‖ ciphertext ‖ tag (16), AES-256-GCM with the context as associated data

Argon2id stretches a passphrase, at the second recommended option of RFC 9106: 64 MiB, three passes,
four lanes. The cost is part of the format, not a setting. The agency's keystore and the exchange's
key file both use these functions.
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
"""Bytes that sealing adds."""
MEMORY_KIB = 64 << 10
"""Memory of each guess at a passphrase, in KiB."""


def verify_length(passphrase: bytes) -> None:
    """Checks that a new passphrase is long enough to protect keys.

    An attacker with a copy of the file makes ten guesses a second and core, without limit.

    Raises:
        PassphraseShort: If it has too few bytes.
    """
    if len(passphrase) < MIN_PASSPHRASE_BYTES:
        raise PassphraseShort(f"it has {len(passphrase)} bytes of at least {MIN_PASSPHRASE_BYTES}")


def stretch(passphrase: bytes, salt: bytes) -> bytes:
    """Returns 32 bytes from a passphrase, at 64 MiB and a tenth of a second per guess.

    Args:
        passphrase: The passphrase, UTF-8.
        salt: 16 random bytes, stored beside the protected data.
    """
    kdf = Argon2id(salt=salt, length=KEY_SIZE, iterations=3, lanes=4, memory_cost=MEMORY_KIB)
    return kdf.derive(passphrase)


def seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Seals ``plaintext``, and returns the sealed bytes.

    Only the same key with the same context opens them.

    Args:
        key: 32 bytes.
        plaintext: The data.
        context: Kind and place of the data.
    """
    nonce = secrets.token_bytes(NONCE_SIZE)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def unseal(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Returns the plaintext of sealed bytes.

    Raises:
        KeystoreLocked: If the key or the context differs, or a byte was changed.
    """
    if len(sealed) < OVERHEAD:
        raise KeystoreLocked
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], context)
    except InvalidTag:
        raise KeystoreLocked from None
