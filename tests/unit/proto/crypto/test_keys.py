"""Composite signing keys and X-Wing encryption keys."""

import pytest

from support.agencies import kem_key, signing_key
from tearline.crypto.keys import (
    KEM_PUBLIC_SIZE,
    SIGNATURE_SIZE,
    SIGNING_PUBLIC_SIZE,
    KemKey,
    KemPublicKey,
    SigningKey,
    SigningPublicKey,
    composite_message,
    key_id,
)
from tearline.errors import KeyMalformed, SignatureInvalid
from vectors.own.curve import EIGHTH, PRIME, encoded, mixed_signature, times, verifies_times_eight

KEY, OTHER = signing_key("one"), signing_key("another")
MLDSA = SIGNATURE_SIZE - 64
SIGNATURE = KEY.sign(b"message")


def test_a_signature_verifies() -> None:
    KEY.public.verify(SIGNATURE, b"message")
    assert len(SIGNATURE) == SIGNATURE_SIZE


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(bytes(MLDSA) + SIGNATURE[MLDSA:], id="no ML-DSA half"),
        pytest.param(SIGNATURE[:MLDSA] + bytes(64), id="no Ed25519 half"),
        pytest.param(
            OTHER.sign(b"message")[:MLDSA] + SIGNATURE[MLDSA:], id="another's ML-DSA half"
        ),
        pytest.param(
            SIGNATURE[:MLDSA] + OTHER.sign(b"message")[MLDSA:], id="another's Ed25519 half"
        ),
        pytest.param(KEY.sign(b"other")[:MLDSA] + SIGNATURE[MLDSA:], id="halves of two messages"),
        pytest.param(SIGNATURE[MLDSA:] + SIGNATURE[:MLDSA], id="halves swapped"),
        pytest.param(bytes(SIGNATURE_SIZE), id="zeros"),
        pytest.param(SIGNATURE[:-1], id="too short"),
        pytest.param(SIGNATURE + b"\0", id="too long"),
        pytest.param(SIGNATURE[MLDSA:], id="Ed25519 alone"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_half_a_signature_is_none(signature: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        KEY.public.verify(signature, b"message")


def test_a_signature_binds_message_context_and_key() -> None:
    for key, message, context in (
        (KEY, b"other", b""),
        (KEY, b"message", b"context"),
        (OTHER, b"message", b""),
    ):
        with pytest.raises(SignatureInvalid):
            key.public.verify(SIGNATURE, message, context)


def test_a_context_is_signed() -> None:
    KEY.public.verify(KEY.sign(b"message", b"context"), b"message", b"context")


def test_keys_follow_from_what_is_kept_of_them() -> None:
    assert SigningKey(KEY.private_bytes()).public == KEY.public
    kem = kem_key("one")
    assert KemKey(kem.private_bytes()).public == kem.public


def test_fresh_keys_differ() -> None:
    assert SigningKey.generate().id != SigningKey.generate().id
    assert KemKey.generate().id != KemKey.generate().id


def test_an_id_is_of_the_whole_key() -> None:
    assert KEY.id == KEY.public.id == key_id(KEY.public.encoded)
    swapped = KEY.public.encoded[:1952] + OTHER.public.encoded[1952:]
    assert key_id(swapped) not in (KEY.id, OTHER.id)


def test_keys_of_other_sizes_are_refused() -> None:
    for make in (
        lambda: SigningPublicKey(encoded=bytes(SIGNING_PUBLIC_SIZE - 1)),
        lambda: KemPublicKey(encoded=bytes(KEM_PUBLIC_SIZE + 1)),
        lambda: SigningKey(bytes(63)),
        lambda: KemKey(bytes(33)),
    ):
        with pytest.raises(KeyMalformed):
            make()


@pytest.mark.parametrize("x25519", [bytes(32), b"\1" + bytes(31)], ids=["zero", "order one"])
def test_an_encryption_key_that_agrees_on_nothing_is_refused(x25519: bytes) -> None:
    useless = KemPublicKey(encoded=kem_key("one").public.encoded[:-32] + x25519)
    with pytest.raises(KeyMalformed):
        useless.verify()


def test_an_encryption_key_beyond_its_modulus_is_refused() -> None:
    impossible = KemPublicKey(encoded=b"\xff" * 1184 + kem_key("one").public.encoded[-32:])
    with pytest.raises(KeyMalformed):
        impossible.verify()
    with pytest.raises(KeyMalformed):
        _ = impossible.hpke


def test_private_keys_do_not_show_in_text() -> None:
    for key in (KEY, kem_key("one")):
        secret = key.private_bytes()
        assert secret.hex()[:16] not in repr(key)
        assert repr(secret)[2:10] not in repr(key)


def test_the_ed25519_half_is_verified_without_the_cofactor() -> None:
    """Some libraries multiply by the cofactor and accept what others refuse (spec S-4)."""
    message = composite_message(b"message")
    made = mixed_signature(KEY.private_bytes()[32:], message)
    assert verifies_times_eight(KEY.public.encoded[-32:], made, message)
    with pytest.raises(SignatureInvalid):
        KEY.public.verify(SIGNATURE[:MLDSA] + made, b"message")


@pytest.mark.parametrize(
    "half",
    [
        pytest.param(encoded((0, 1)), id="the neutral point"),
        pytest.param(encoded((1, 1)), id="the neutral point, with a sign"),
        pytest.param(encoded((0, PRIME - 1)), id="order 2"),
        pytest.param(encoded((0, 0)), id="order 4"),
        pytest.param(encoded(EIGHTH), id="order 8"),
        pytest.param(encoded(times(3, EIGHTH)), id="order 8, the other y"),
        pytest.param((PRIME + 3).to_bytes(32, "little"), id="y above the prime"),
        pytest.param((2).to_bytes(32, "little"), id="no point of the curve"),
    ],
)
def test_a_key_of_another_spelling_or_a_small_order_is_none(half: bytes) -> None:
    """Libraries differ in these keys: to one federation they are no keys (spec S-3)."""
    key = SigningPublicKey(encoded=KEY.public.encoded[:-32] + half)
    with pytest.raises(KeyMalformed):
        key.verify(SIGNATURE, b"message")
