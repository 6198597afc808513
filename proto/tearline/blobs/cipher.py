"""Encryption of a large document's parts: c2sp.org/chunked-encryption in raw mode.

``K ‖ N`` = HKDF-Expand(BS, label ‖ blob id, 44). AES-256-GCM, nonce N xor the chunk's number, no
AAD. Raw mode has neither salt nor commitment: BS is random and seals one document, and the root of
its parts is signed.
"""

from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tearline.blobs.parts import CHUNK_BYTES, PART_CHUNKS, PART_PLAIN_BYTES, TAG_BYTES
from tearline.encoding import label
from tearline.errors import BlobMismatch

_KEY_BYTES = 32
_NONCE_BYTES = 12
_INFO = label("blob")


class BlobCipher:
    """Cipher of one document.

    Args:
        secret: BS, 32 random bytes.
        blob_id: 16 bytes.
    """

    def __init__(self, secret: bytes, blob_id: bytes) -> None:
        size = _KEY_BYTES + _NONCE_BYTES
        both = HKDFExpand(SHA256(), size, _INFO + blob_id).derive(secret)
        self._cipher = AESGCM(both[:_KEY_BYTES])
        self._nonce = int.from_bytes(both[_KEY_BYTES:], "big")

    def seal(self, number: int, plaintext: bytes) -> bytes:
        """Returns a sealed part.

        Args:
            number: The part's number.
            plaintext: Its plaintext, padding included; shorter than a whole part if it is the last.
        """
        nonces = self._nonces(number)
        chunks = _chunks(plaintext, CHUNK_BYTES, is_last=len(plaintext) < PART_PLAIN_BYTES)
        return b"".join(
            self._cipher.encrypt(nonce, chunk, None)
            for nonce, chunk in zip(nonces, chunks, strict=False)
        )

    def open(self, number: int, sealed: bytes) -> bytes:
        """Returns the plaintext of a part of verified length, padding included.

        Raises:
            BlobMismatch: If a chunk is not authentic.
        """
        nonces = self._nonces(number)
        chunks = _chunks(sealed, CHUNK_BYTES + TAG_BYTES, is_last=False)
        try:
            return b"".join(
                self._cipher.decrypt(nonce, chunk, None)
                for nonce, chunk in zip(nonces, chunks, strict=False)
            )
        except (InvalidTag, ValueError):  # a chunk shorter than a tag is a ValueError
            raise BlobMismatch(f"part {number}") from None

    def _nonces(self, number: int) -> Iterator[bytes]:
        first = number * PART_CHUNKS
        for chunk in range(first, first + PART_CHUNKS):
            yield (self._nonce ^ chunk).to_bytes(_NONCE_BYTES, "big")


def _chunks(data: bytes, size: int, *, is_last: bool) -> Iterator[bytes]:
    """Yields the chunks of a part; of the last part, a shorter one ends it, which may be empty."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
    if is_last and not len(data) % size:
        yield b""
