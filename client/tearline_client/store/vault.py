"""Encryption at rest: everything a partner wrote is sealed before it touches the disk.

One key, derived from the keystore, seals every value under a random nonce. The place a value
stands in is bound to it, so that a value moved to another row does not open.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from tearline.encoding import label
from tearline.errors import StoreDamaged

_NONCE_SIZE = 12
_KEY_SIZE = 32


class Vault:
    """Seals and opens values under the node's storage key.

    AES-256-GCM-SIV (RFC 8452): a nonce drawn twice, in a store that lives for years, tells no
    more than that two values are equal.
    """

    def __init__(self, storage_key: bytes) -> None:
        if len(storage_key) != _KEY_SIZE:
            raise StoreDamaged("the storage key has the wrong size")
        self._cipher = AESGCMSIV(storage_key)

    def seal(self, place: str, value: bytes) -> bytes:
        """``value`` sealed for ``place``, for example ``packet.manifest``."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, value, label("vault") + place.encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        """The value sealed for ``place``.

        Raises:
            StoreDamaged: If it was changed, moved, or sealed under another key.
        """
        try:
            return self._cipher.decrypt(
                sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], label("vault") + place.encode()
            )
        except (InvalidTag, ValueError):
            raise StoreDamaged(f"a value of {place} does not open") from None
