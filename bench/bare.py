"""The bare cost: the same cryptography on bytes of the same lengths, and nothing else."""

import secrets
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tearline.crypto.keys import KemKey, SigningKey

HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
MESSAGE = secrets.token_bytes(200)  # federation, signer, key id, size and root have about that
KEY = secrets.token_bytes(32)
NONCE = bytes(12)
INFO = secrets.token_bytes(51)


class Sender:
    """One composite signature, some HPKE seals, some AES-GCM seals.

    Args:
        releases: Lengths of what is sealed to recipients, in bytes.
        fields: Lengths of what is sealed under field keys, in bytes.
    """

    def __init__(self, releases: Sequence[int], fields: Sequence[int]) -> None:
        self._key = SigningKey.generate()
        self._recipient = KemKey.generate().public.hpke
        self._releases = [secrets.token_bytes(length) for length in releases]
        self._fields = [secrets.token_bytes(length) for length in fields]

    def seal(self, _number: int) -> None:
        """Does it once."""
        self._key.sign(MESSAGE)
        for release in self._releases:
            HPKE.encrypt(release, self._recipient, info=INFO)
        for field in self._fields:
            AESGCM(KEY).encrypt(NONCE, field, None)


class Reader:
    """One composite verification, one HPKE open, some AES-GCM opens.

    Args:
        release: Length of what was sealed to the reader, in bytes.
        fields: Lengths of what was sealed under field keys, in bytes.
    """

    def __init__(self, release: int, fields: Sequence[int]) -> None:
        key, recipient = SigningKey.generate(), KemKey.generate()
        self._public, self._signature = key.public, key.sign(MESSAGE)
        self._recipient = recipient.hpke
        self._release = HPKE.encrypt(secrets.token_bytes(release), recipient.public.hpke, info=INFO)
        self._fields = [
            AESGCM(KEY).encrypt(NONCE, secrets.token_bytes(length), None) for length in fields
        ]

    def open(self, _number: int) -> None:
        """Does it once."""
        self._public.verify(self._signature, MESSAGE)
        HPKE.decrypt(self._release, self._recipient, info=INFO)
        for field in self._fields:
            AESGCM(KEY).decrypt(NONCE, field, None)
