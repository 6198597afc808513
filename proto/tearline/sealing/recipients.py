"""Sealing to one recipient: the sealed part of a grant, and notes in other statements."""

import hashlib
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tearline.crypto.keys import KemKey, KemPublicKey
from tearline.encoding import label
from tearline.errors import DecryptionFailed, GrantMisdirected, ReleaseMismatch
from tearline.packets.grant import Grant
from tearline.sealing.slots import padded, unpadded
from tearline.statements.statement import StatementType, statement_id
from tearline.wire.grants import encode_grant_prefix
from tearline.wire.packets import Release, encode_release, parse_release

_HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal_release(grant: Grant, release: Release, recipient: KemPublicKey) -> Grant:
    """Returns ``grant`` with ``release`` sealed into it.

    Args:
        grant: The grant without its sealed part.
        release: The listed parts, with keys.
        recipient: The encryption key that ``grant.kem_key_id`` names.

    Raises:
        GrantMisdirected: If the key is another one.
        ReleaseMismatch: If ``release`` does not match the grant's list.
    """
    if recipient.id != grant.kem_key_id:
        raise GrantMisdirected("the key is not the one that the grant names")
    _verify_listed(grant, release)
    sealed = _HPKE.encrypt(encode_release(release), recipient.hpke, info=_grant_info(grant))
    return replace(grant, sealed=sealed)


def open_release(grant: Grant, key: KemKey) -> Release:
    """Returns the release in the sealed part of ``grant`` (spec P-10, P-12).

    Raises:
        GrantMisdirected: If it is not sealed to ``key`` with exactly this grant around it.
        ReleaseMismatch: If it does not match the grant's list.
        StatementMalformed: If the contents are not a release.
    """
    if key.id != grant.kem_key_id:
        raise GrantMisdirected("the grant is sealed to another key")
    try:
        plaintext = _HPKE.decrypt(grant.sealed, key.hpke, info=_grant_info(grant))
    except (InvalidTag, ValueError):
        # ValueError: shorter than an encapsulation.
        raise GrantMisdirected("the sealed part does not open") from None
    release = parse_release(plaintext)
    _verify_listed(grant, release)
    return release


def seal_note(note: bytes, recipient: KemPublicKey, kind: StatementType, before: bytes) -> bytes:
    """Returns a note, padded and sealed to a partner's key.

    Args:
        note: The note; padding hides its length as it does for a field.
        recipient: The encryption key that the body names.
        kind: The statement's type.
        before: The encoded body without the sealed part, to which the note is bound.
    """
    return _HPKE.encrypt(padded(note), recipient.hpke, info=_note_info(kind, before))


def open_note(sealed: bytes, key: KemKey, kind: StatementType, before: bytes) -> bytes:
    """Returns the note that ``seal_note`` sealed.

    Raises:
        DecryptionFailed: If it is not sealed to ``key`` with exactly this body around it.
        StatementMalformed: If its padding is not valid.
    """
    try:
        plaintext = _HPKE.decrypt(sealed, key.hpke, info=_note_info(kind, before))
    except (InvalidTag, ValueError):
        # ValueError: shorter than an encapsulation.
        raise DecryptionFailed("the sealed part of a statement") from None
    return unpadded(plaintext)


def _grant_info(grant: Grant) -> bytes:
    return label("grant") + hashlib.sha256(encode_grant_prefix(grant)).digest()


def _note_info(kind: StatementType, before: bytes) -> bytes:
    return label("note") + statement_id(kind, before)


def _verify_listed(grant: Grant, release: Release) -> None:
    listed = (grant.openings, grant.compartments, grant.fields)
    held = (
        tuple(item.opening.compartment for item in release.openings),
        tuple(item.opening.compartment for item in release.compartments),
        tuple(item.slot for item in release.fields),
    )
    if listed != held:
        raise ReleaseMismatch()
