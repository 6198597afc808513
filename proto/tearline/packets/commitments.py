"""Commitments of a manifest, and the derivation of a packet's keys.

    CK              32 random bytes for each compartment
    salt            HKDF-Expand(CK, label ‖ c, 32)                       one for an opening
    FS_i            HKDF-Expand(CK, label ‖ packet id ‖ c ‖ i, 32)       opens one slot
    K_i ‖ S_i       HKDF-Expand(FS_i, label ‖ packet id ‖ i, 64)         key and salt
    M               SHA-256(label ‖ marking ‖ form ‖ mask)               one for a compartment
    commit_i        SHA-256(label ‖ packet id ‖ i ‖ S_i ‖ M ‖ plaintext)
    opening_commit  SHA-256(label ‖ packet id ‖ c ‖ salt ‖ M ‖ slots)

An opening's commitment binds the compartment's key by the salt. Integers are big-endian: one byte
for the form, two for c, four for i. Commitments are public, so they are compared as any bytes are.
All functions follow docs/spec/packet-v1.md and hold no secret beyond the call.
"""

import struct
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tearline.encoding import label, labelled_sha256, prefixed, u8, u16, u32
from tearline.errors import CommitmentMismatch
from tearline.limits import MAX_MARKINGS_KEPT, PADDING_STEPS
from tearline.packets.packet import SECRET_SIZE, Manifest, Marked, Opening

_SECRET_INFO = label("field-secret")
_KEYS_INFO = label("field-keys")
_SALT_INFO = label("opening-salt")
_SHA256 = SHA256()


def opening_salt(key: bytes, compartment: int) -> bytes:
    """Returns the 32-byte salt of a compartment's opening.

    It says nothing of the key; no two keys are known with one salt.
    """
    return HKDFExpand(_SHA256, SECRET_SIZE, _SALT_INFO + u16(compartment)).derive(key)


def field_secret(key: bytes, packet_id: bytes, compartment: int, slot: int) -> bytes:
    """Returns FS_i, the 32 bytes that open one slot of a compartment and no other."""
    info = _SECRET_INFO + packet_id + u16(compartment) + u32(slot)
    return HKDFExpand(_SHA256, SECRET_SIZE, info).derive(key)


def field_keys(secret: bytes, packet_id: bytes, slot: int) -> tuple[bytes, bytes]:
    """Returns K_i and S_i, the cipher key and the commitment salt of a slot, 32 bytes each."""
    info = _KEYS_INFO + packet_id + u32(slot)
    both = HKDFExpand(_SHA256, 2 * SECRET_SIZE, info).derive(secret)
    return both[:SECRET_SIZE], both[SECRET_SIZE:]


def marking_digest(marked: Marked) -> bytes:
    """Returns the 32-byte digest of marking, form and mask."""
    return _digest(marked.marking.encode(), int(marked.form), marked.mask)


@lru_cache(maxsize=MAX_MARKINGS_KEPT)  # a packet's fields have few different markings
def _digest(marking: str, form: int, mask: str) -> bytes:
    return labelled_sha256(
        "marking", prefixed(marking.encode("ascii")), u8(form), prefixed(mask.encode())
    )


def opening_commit(packet_id: bytes, opening: Opening) -> bytes:
    """Returns the 32-byte commitment of a manifest to an opening."""
    return labelled_sha256(
        "opening",
        packet_id,
        u16(opening.compartment),
        opening.salt,
        marking_digest(opening),
        struct.pack(f">{len(opening.slots)}I", *opening.slots),
    )


def slot_commit(
    packet_id: bytes, slot: int, salt: bytes, marked: Marked, plaintext: bytes
) -> bytes:
    """Returns commit_i, over the exact plaintext of a slot, padding included."""
    digest = marking_digest(marked)
    return labelled_sha256("slot", packet_id, u32(slot), salt, digest, plaintext)


def verify_opening(manifest: Manifest, opening: Opening) -> None:
    """Checks that ``manifest`` commits to ``opening``.

    Raises:
        CommitmentMismatch: If it does not, or the opening belongs to another packet.
    """
    c = opening.compartment
    if c >= len(manifest.compartments) or opening.slots[-1] >= len(manifest.slots):
        raise CommitmentMismatch("the opening belongs to another packet")
    if manifest.compartments[c] != opening_commit(manifest.packet_id, opening):
        raise CommitmentMismatch("the opening is not the one that was signed")


def padded_length(length: int) -> int:
    """Returns ``length`` rounded up to hide the exact length.

    Short lengths are rounded to one of a few steps. Above them, Padmé (Nikitin et al., PURBs, 2019)
    adds at most 12 %, and only O(log log) bits of the length remain.
    """
    for step in PADDING_STEPS:
        if length <= step:
            return step
    exponent = length.bit_length() - 1
    low_bits = exponent - exponent.bit_length()
    mask = (1 << low_bits) - 1
    return (length + mask) & ~mask
