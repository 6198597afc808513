"""One field in its slot: padded, sealed under a key of its own, and committed to."""

import hashlib
import hmac
from collections.abc import Mapping

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from tearline.commitments import (
    field_keys,
    field_secret,
    padded_length,
    slot_commit,
    verify_ciphertext,
)
from tearline.encoding import label, prefixed, u32
from tearline.errors import (
    CiphertextMissing,
    CommitmentMismatch,
    DecryptionFailed,
    StatementMalformed,
)
from tearline.packet import Field, Manifest, Slot
from tearline.wire.packets import encode_field, parse_field

_FIELD_CONTEXT = label("field")


def field_plaintext(field: Field) -> bytes:
    """What is sealed of a field: its encoding with its length before it, padded (spec P-9)."""
    return padded(encode_field(field))


def parse_field_plaintext(plaintext: bytes) -> Field:
    """The field that was sealed as ``plaintext``.

    Raises:
        StatementMalformed: If it is no field, or padded otherwise than it must be.
    """
    return parse_field(unpadded(plaintext))


def padded(encoded: bytes) -> bytes:
    """What is sealed of an encoding: its length before it, padded (spec P-9)."""
    framed = prefixed(encoded)
    return framed.ljust(padded_length(len(framed)), b"\0")


def unpadded(plaintext: bytes) -> bytes:
    """The encoding that was padded to ``plaintext``.

    Raises:
        StatementMalformed: If it is padded otherwise than it must be.
    """
    end = 4 + int.from_bytes(plaintext[:4], "big")
    length = len(plaintext)
    # The length first: what it lets pass ends within the plaintext, and zeros are behind that.
    if length != padded_length(end) or plaintext.count(0, end) != length - end:
        raise StatementMalformed("the padding of what was sealed is not the one it must have")
    return plaintext[4:end]


def slot_of(commit: bytes, ciphertext: bytes) -> Slot:
    """What a manifest says of a ciphertext beside its commitment."""
    return Slot(
        commit=commit,
        ciphertext_sha256=hashlib.sha256(ciphertext).digest(),
        ciphertext_length=len(ciphertext),
    )


def seal_slot(
    packet_id: bytes, compartment: int, slot: int, key: bytes, field: Field
) -> tuple[Slot, bytes]:
    """A field under the key of its compartment, and what the manifest says of it.

    Args:
        packet_id: 32 bytes.
        compartment: Its number in the packet.
        slot: Its place in the packet.
        key: 32 bytes, the compartment's.
        field: What is sealed.
    """
    plaintext = field_plaintext(field)
    cipher_key, salt = field_keys(field_secret(key, packet_id, compartment, slot), packet_id, slot)
    encryptor = Cobblestone256Encryptor(cipher_key, _FIELD_CONTEXT + packet_id + u32(slot))
    ciphertext = encryptor.update(plaintext) + encryptor.finalize()
    return slot_of(slot_commit(packet_id, slot, salt, plaintext), ciphertext), ciphertext


def open_slot(
    manifest: Manifest, slot: int, secret: bytes, ciphertexts: Mapping[int, bytes]
) -> Field:
    """The field of a slot, with the slot's own secret.

    Raises:
        CommitmentMismatch: If ciphertext or plaintext is not the one that was signed.
        CiphertextMissing: If the ciphertext is absent.
        DecryptionFailed: If it does not open.
        StatementMalformed: If what it holds is not a field.
    """
    if slot >= len(manifest.slots):
        raise CommitmentMismatch("the packet has no such slot")
    if slot not in ciphertexts:
        raise CiphertextMissing()
    ciphertext = ciphertexts[slot]
    verify_ciphertext(manifest, slot, ciphertext)
    packet_id = manifest.packet_id
    cipher_key, salt = field_keys(secret, packet_id, slot)
    decryptor = Cobblestone256Decryptor(cipher_key, _FIELD_CONTEXT + packet_id + u32(slot))
    try:
        plaintext = decryptor.update(ciphertext) + decryptor.finalize()
    except (InvalidTag, ValueError):
        raise DecryptionFailed() from None
    commit = slot_commit(packet_id, slot, salt, plaintext)
    if not hmac.compare_digest(commit, manifest.slots[slot].commit):
        raise CommitmentMismatch("a field is not the one that was signed")
    return parse_field_plaintext(plaintext)
