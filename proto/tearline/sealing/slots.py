"""Field in its slot: padded, sealed under its own key, with a commitment."""

from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tearline.blobs.description import masked_field
from tearline.encoding import prefixed
from tearline.errors import (
    CiphertextMissing,
    CommitmentMismatch,
    DecryptionFailed,
    StatementMalformed,
)
from tearline.packets.commitments import (
    field_keys,
    field_secret,
    padded_length,
    slot_commit,
)
from tearline.packets.packet import Field, Manifest, Marked, Opening
from tearline.wire.packets import FieldRelease, encode_field, parse_field

_NONCE = bytes(12)  # a slot's key encrypts once


def field_plaintext(field: Field) -> bytes:
    """Returns the plaintext of a field's slot: its length, its encoding and padding (spec P-9)."""
    return padded(encode_field(field))


def parse_field_plaintext(plaintext: bytes, marked: Marked) -> Field:
    """Returns the field of a slot's plaintext, marked as its compartment says.

    Raises:
        StatementMalformed: If it is not a field, or its padding is not valid.
    """
    return parse_field(unpadded(plaintext), marked)


def padded(encoded: bytes) -> bytes:
    """Returns an encoding behind its length, padded (spec P-9)."""
    framed = prefixed(encoded)
    return framed.ljust(padded_length(len(framed)), b"\0")


def unpadded(plaintext: bytes) -> bytes:
    """Returns the encoding in a padded plaintext.

    Raises:
        StatementMalformed: If its padding is not valid.
    """
    end = 4 + int.from_bytes(plaintext[:4], "big")
    length = len(plaintext)
    # The length first: a valid one ends within the plaintext, with zeros behind it.
    if length != padded_length(end) or plaintext.count(0, end) != length - end:
        raise StatementMalformed("the padding of the plaintext is not valid")
    return plaintext[4:end]


def seal_slot(
    packet_id: bytes, compartment: int, slot: int, key: bytes, field: Field
) -> tuple[bytes, bytes]:
    """Returns the commitment and the ciphertext of a field under its compartment's key.

    Args:
        packet_id: 16 bytes.
        compartment: Its number in the packet.
        slot: Its place in the packet.
        key: 32 bytes, the compartment's.
        field: The field.
    """
    secret = field_secret(key, packet_id, compartment, slot)
    plaintext = field_plaintext(masked_field(field, secret, packet_id, slot))
    cipher_key, salt = field_keys(secret, packet_id, slot)
    ciphertext = AESGCM(cipher_key).encrypt(_NONCE, plaintext, None)
    return slot_commit(packet_id, slot, salt, field, plaintext), ciphertext


def release_slot(packet_id: bytes, opening: Opening, key: bytes, slot: int) -> FieldRelease:
    """Returns the release of one slot of a compartment.

    Args:
        packet_id: 16 bytes.
        opening: The compartment's.
        key: 32 bytes, the compartment's.
        slot: One of the opening's slots.
    """
    return FieldRelease(
        slot=slot,
        secret=field_secret(key, packet_id, opening.compartment, slot),
        marking=opening.marking,
        form=opening.form,
        mask=opening.mask,
    )


def open_slot(
    manifest: Manifest, slot: int, secret: bytes, marked: Marked, ciphertexts: Mapping[int, bytes]
) -> Field:
    """Returns the field of a slot, opened with the slot's own secret.

    Args:
        manifest: The packet's.
        slot: The index of one of its slots.
        secret: 32 bytes, the slot's.
        marked: Its compartment's opening, or its release: the commitment covers what they say.
        ciphertexts: By slot.

    Raises:
        CommitmentMismatch: If the plaintext does not match its commitment.
        CiphertextMissing: If the ciphertext is absent.
        DecryptionFailed: If it does not open.
        StatementMalformed: If the plaintext is not a field.
    """
    if slot not in ciphertexts:
        raise CiphertextMissing()
    packet_id = manifest.packet_id
    cipher_key, salt = field_keys(secret, packet_id, slot)
    try:
        plaintext = AESGCM(cipher_key).decrypt(_NONCE, ciphertexts[slot], None)
    except InvalidTag:
        raise DecryptionFailed() from None
    if manifest.slots[slot] != slot_commit(packet_id, slot, salt, marked, plaintext):
        raise CommitmentMismatch("a field is not the one that was signed")
    return parse_field_plaintext(plaintext, marked)
