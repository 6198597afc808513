"""Commitments of a manifest, and the derivation of a packet's keys.

    CK              32 random bytes for each compartment
    FS_i            HKDF-Expand(CK, label ‖ packet id ‖ c ‖ i, 32)       opens one slot
    K_i ‖ S_i       HKDF-Expand(FS_i, label ‖ packet id ‖ i, 64)         key and salt
    commit_i        SHA-256(label ‖ packet id ‖ i ‖ S_i ‖ plaintext)
    key_commit_c    SHA-256(label ‖ packet id ‖ c ‖ CK)
    opening_commit  SHA-256(label ‖ packet id ‖ c ‖ salt ‖ marking ‖ form ‖ slots)

Integers are big-endian: two bytes for c and the form, four for i. All functions follow
docs/spec/packet-v1.md and hold no secret beyond the call.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tearline.encoding import label, labelled_sha256, prefixed, u16, u32
from tearline.errors import CommitmentMismatch
from tearline.limits import MIN_FIELD_PLAINTEXT
from tearline.packets.packet import SECRET_SIZE, Manifest, Opening

_SECRET_INFO = label("field-secret")
_KEYS_INFO = label("field-keys")
_SHA256 = SHA256()


def field_secret(key: bytes, packet_id: bytes, compartment: int, slot: int) -> bytes:
    """Returns FS_i, the 32 bytes that open one slot of a compartment and no other."""
    info = _SECRET_INFO + packet_id + u16(compartment) + u32(slot)
    return HKDFExpand(_SHA256, SECRET_SIZE, info).derive(key)


def field_keys(secret: bytes, packet_id: bytes, slot: int) -> tuple[bytes, bytes]:
    """Returns K_i and S_i, the cipher key and the commitment salt of a slot, 32 bytes each."""
    info = _KEYS_INFO + packet_id + u32(slot)
    both = HKDFExpand(_SHA256, 2 * SECRET_SIZE, info).derive(secret)
    return both[:SECRET_SIZE], both[SECRET_SIZE:]


def opening_commit(opening: Opening) -> bytes:
    """Returns the 32-byte commitment of a manifest to an opening."""
    return labelled_sha256(
        "opening",
        opening.packet_id,
        u16(opening.compartment),
        opening.salt,
        prefixed(opening.marking.encode().encode("ascii")),
        u16(opening.form),
        prefixed(b"".join(u32(slot) for slot in opening.slots)),
    )


def key_commit(packet_id: bytes, compartment: int, key: bytes) -> bytes:
    """Returns key_commit_c, over a compartment's key."""
    return labelled_sha256("compartment-key", packet_id, u16(compartment), key)


def slot_commit(packet_id: bytes, slot: int, salt: bytes, plaintext: bytes) -> bytes:
    """Returns commit_i, over the exact plaintext of a slot, padding included."""
    return labelled_sha256("slot", packet_id, u32(slot), salt, plaintext)


def verify_opening(manifest: Manifest, opening: Opening) -> None:
    """Checks that ``manifest`` commits to ``opening``.

    Raises:
        CommitmentMismatch: If it does not, or the opening belongs to another packet.
    """
    if (
        opening.packet_id != manifest.packet_id
        or opening.compartment >= len(manifest.compartments)
        or opening.slots[-1] >= len(manifest.slots)
    ):
        raise CommitmentMismatch("the opening belongs to another packet")
    commit = manifest.compartments[opening.compartment].opening_commit
    if not hmac.compare_digest(commit, opening_commit(opening)):
        raise CommitmentMismatch("the opening is not the one that was signed")


def verify_ciphertext(manifest: Manifest, slot: int, ciphertext: bytes) -> None:
    """Checks that ``manifest`` names ``ciphertext`` at ``slot``.

    Raises:
        CommitmentMismatch: If it names another one, or has no such slot.
    """
    if not 0 <= slot < len(manifest.slots):
        raise CommitmentMismatch("the packet has no such slot")
    expected = manifest.slots[slot]
    if len(ciphertext) != expected.ciphertext_length or not hmac.compare_digest(
        hashlib.sha256(ciphertext).digest(), expected.ciphertext_sha256
    ):
        raise CommitmentMismatch("a ciphertext is not the one that was signed")


def padded_length(length: int) -> int:
    """Returns ``length`` rounded up to hide the exact length.

    The minimum is 256. Above it, Padmé (Nikitin et al., PURBs, 2019) adds at most 12 %, and only
    O(log log) bits of the length remain.
    """
    if length <= MIN_FIELD_PLAINTEXT:
        return MIN_FIELD_PLAINTEXT
    exponent = length.bit_length() - 1
    low_bits = exponent - exponent.bit_length()
    mask = (1 << low_bits) - 1
    return (length + mask) & ~mask
