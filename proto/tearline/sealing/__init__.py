"""Seal, open and release: the only package that uses HPKE and AES-GCM.

Neither commits to its key: one ciphertext can open under two keys to two plaintexts. Therefore the
manifest holds a commitment to every plaintext with its key, and to every compartment's key and
opening. The caller gets no plaintext before every granted part has verified. Specified in
docs/spec/packet-v1.md.

    ciphertext_i    AES-256-GCM(K_i, nonce 0): a slot's key encrypts once
    sealed part     HPKE base mode to the recipient, info = label ‖ SHA-256(grant before it)
    note            the same of any other statement, info = label ‖ id of the body before it
"""

from tearline.sealing.packets import (
    Envelope,
    SealedPacket,
    granted_slots,
    open_delivered,
    open_packet,
    release_of,
    seal,
    verify_links,
)
from tearline.sealing.recipients import (
    open_note,
    open_release,
    seal_note,
    seal_release,
)
from tearline.sealing.slots import field_plaintext, parse_field_plaintext

__all__ = [
    "Envelope",
    "SealedPacket",
    "field_plaintext",
    "granted_slots",
    "open_delivered",
    "open_note",
    "open_packet",
    "open_release",
    "parse_field_plaintext",
    "release_of",
    "seal",
    "seal_note",
    "seal_release",
    "verify_links",
]
