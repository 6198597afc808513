"""The composite signature of suite 1 against draft-ietf-lamps-pq-composite-sigs."""

import json
from base64 import b64decode
from dataclasses import dataclass

import pytest

from support.paths import shared
from tearline.crypto.keys import SIGNATURE_SIZE, SIGNING_PUBLIC_SIZE, SigningKey, SigningPublicKey
from tearline.errors import KeyMalformed, SignatureInvalid

ALGORITHM = "id-MLDSA65-Ed25519-SHA512"
MLDSA_SIGNATURE = 3309


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    message: bytes
    context: bytes
    public: bytes
    seeds: bytes
    signature: bytes
    signature_with_context: bytes


@pytest.fixture(scope="module")
def vector() -> Vector:
    document = json.loads(shared("vectors/composite-sigs-testvectors.json").read_bytes())
    (test,) = [test for test in document["tests"] if test["tcId"] == ALGORITHM]
    return Vector(
        message=b64decode(document["m"]),
        context=b64decode(document["ctx"]),
        public=b64decode(test["pk"]),
        seeds=b64decode(test["sk"]),
        signature=b64decode(test["s"]),
        signature_with_context=b64decode(test["sWithContext"]),
    )


def test_sizes(vector: Vector) -> None:
    assert len(vector.public) == SIGNING_PUBLIC_SIZE
    assert len(vector.signature) == SIGNATURE_SIZE


def test_the_seeds_give_the_public_key(vector: Vector) -> None:
    assert SigningKey(vector.seeds).public.encoded == vector.public


def test_both_signatures_verify(vector: Vector) -> None:
    key = SigningPublicKey(encoded=vector.public)
    key.verify(vector.signature, vector.message)
    key.verify(vector.signature_with_context, vector.message, vector.context)


def test_our_signature_verifies_under_the_vectors_key(vector: Vector) -> None:
    signature = SigningKey(vector.seeds).sign(vector.message, vector.context)
    SigningPublicKey(encoded=vector.public).verify(signature, vector.message, vector.context)


def test_the_context_is_signed(vector: Vector) -> None:
    key = SigningPublicKey(encoded=vector.public)
    with pytest.raises(SignatureInvalid):
        key.verify(vector.signature, vector.message, vector.context)
    with pytest.raises(SignatureInvalid):
        key.verify(vector.signature_with_context, vector.message)


@pytest.mark.parametrize("position", [0, MLDSA_SIGNATURE - 1, MLDSA_SIGNATURE, SIGNATURE_SIZE - 1])
def test_a_flipped_bit_in_either_half_is_refused(vector: Vector, position: int) -> None:
    forged = bytearray(vector.signature)
    forged[position] ^= 1
    with pytest.raises(SignatureInvalid):
        SigningPublicKey(encoded=vector.public).verify(bytes(forged), vector.message)


@pytest.mark.parametrize("half", [slice(0, MLDSA_SIGNATURE), slice(MLDSA_SIGNATURE, None)])
def test_one_half_alone_is_refused(vector: Vector, half: slice) -> None:
    other = SigningKey.generate().sign(vector.message)
    forged = bytearray(other)
    forged[half] = vector.signature[half]
    for signature in (bytes(forged), vector.signature[half]):
        with pytest.raises(SignatureInvalid):
            SigningPublicKey(encoded=vector.public).verify(signature, vector.message)


def test_a_key_of_another_size_is_refused(vector: Vector) -> None:
    with pytest.raises(KeyMalformed):
        SigningPublicKey(encoded=vector.public[:-1])
