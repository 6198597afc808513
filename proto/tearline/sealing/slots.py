"""Fields in their slots: padded, sealed under their own keys, with commitments.

Each step is taken for all slots before the next one. A processor repeats one step faster than it
alternates between cipher, hash and parser, which displace one another from its caches.
"""

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
    """Returns the plaintext of a field's slot: its length, its encoding and padding (spec P-5)."""
    return padded(encode_field(field))


def parse_field_plaintext(plaintext: bytes, marked: Marked) -> Field:
    """Returns the field of a slot's plaintext, marked as its compartment says.

    Raises:
        StatementMalformed: If it is not a field, or its padding is not valid.
    """
    return parse_field(unpadded(plaintext), marked)


def padded(encoded: bytes) -> bytes:
    """Returns an encoding behind its length, padded (spec P-5)."""
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


def seal_slots(
    packet_id: bytes, fields: Mapping[int, tuple[bytes, Field]]
) -> tuple[dict[int, bytes], dict[int, bytes]]:
    """Returns the commitments and the ciphertexts of slots.

    Args:
        packet_id: 16 bytes.
        fields: By slot: its own 32-byte secret, and the field.
    """
    keys = {i: field_keys(secret, packet_id, i) for i, (secret, _) in fields.items()}
    plaintexts = {
        i: field_plaintext(masked_field(field, secret, packet_id, i))
        for i, (secret, field) in fields.items()
    }
    ciphertexts = {
        i: AESGCM(keys[i][0]).encrypt(_NONCE, plaintext, None)
        for i, plaintext in plaintexts.items()
    }
    commits = {
        i: slot_commit(packet_id, i, keys[i][1], field, plaintexts[i])
        for i, (_, field) in fields.items()
    }
    return commits, ciphertexts


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


def open_slots(
    manifest: Manifest,
    released: Mapping[int, tuple[bytes, Marked]],
    ciphertexts: Mapping[int, bytes],
) -> dict[int, Field]:
    """Returns the fields of released slots, in the order of the slots.

    Args:
        manifest: The packet's.
        released: By slot: its own 32-byte secret, and its compartment's opening or its release; the
            commitment covers what they say.
        ciphertexts: By slot.

    Raises:
        CommitmentMismatch: If a plaintext does not match its commitment.
        CiphertextMissing: If a ciphertext is absent.
        DecryptionFailed: If one does not open.
        StatementMalformed: If a plaintext is not a field.
    """
    if not released.keys() <= ciphertexts.keys():
        raise CiphertextMissing()
    packet_id = manifest.packet_id
    slots = sorted(released)
    keys = {i: field_keys(released[i][0], packet_id, i) for i in slots}
    plaintexts = {i: _decrypted(ciphertexts[i], keys[i][0]) for i in slots}
    for i, plaintext in plaintexts.items():
        commit = slot_commit(packet_id, i, keys[i][1], released[i][1], plaintext)
        if manifest.slots[i] != commit:
            raise CommitmentMismatch("a field is not the one that was signed")
    return {
        i: parse_field_plaintext(plaintext, released[i][1]) for i, plaintext in plaintexts.items()
    }


def _decrypted(ciphertext: bytes, key: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(_NONCE, ciphertext, None)
    except InvalidTag:
        raise DecryptionFailed() from None
