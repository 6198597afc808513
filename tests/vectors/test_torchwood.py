"""A checkpoint that torchwood cosigned with ML-DSA-44."""

from dataclasses import replace

import pytest

from support.paths import shared
from tearline.errors import CheckpointForged, KeyMalformed
from tearline.tlog.checkpoint import (
    NoteAlgorithm,
    VerifierKey,
    parse_checkpoint,
    parse_verifier_key,
)
from tearline.tlog.note import parse_note

ORIGIN = "example.com/mldsa-log"


@pytest.fixture(scope="module")
def note() -> bytes:
    return shared("vectors/torchwood-mldsa44.note").read_bytes()


@pytest.fixture(scope="module")
def vkey() -> str:
    return shared("vectors/torchwood-mldsa44.vkey").read_text().strip()


@pytest.fixture(scope="module")
def key(vkey: str) -> VerifierKey:
    return parse_verifier_key(vkey)


def test_the_key_is_mldsa44_in_its_one_spelling(key: VerifierKey, vkey: str) -> None:
    assert key.algorithm is NoteAlgorithm.MLDSA44
    assert key.name == ORIGIN
    assert key.encode() == vkey


def test_the_note_verifies_and_keeps_its_bytes(note: bytes, key: VerifierKey) -> None:
    signed = parse_checkpoint(note, origin=ORIGIN, required=[key])
    assert signed.checkpoint.size == 1
    assert signed.note == note == parse_note(note).encode()
    assert [(each.key, each.time_s) for each in signed.signatures] == [(key, 0)]


def test_a_changed_size_time_or_signature_does_not_verify(note: bytes, key: VerifierKey) -> None:
    signed = parse_checkpoint(note, origin=ORIGIN, required=[key]).checkpoint
    (line,) = parse_note(note).signatures
    key.verify(signed, line)
    with pytest.raises(CheckpointForged):
        key.verify(replace(signed, size=2), line)
    for position in (7, 8, len(line.payload) - 1):  # the end of the time; the signature's ends
        payload = bytearray(line.payload)
        payload[position] ^= 1
        with pytest.raises(CheckpointForged):
            key.verify(signed, replace(line, payload=bytes(payload)))


def test_a_key_id_that_is_not_the_keys_is_refused(vkey: str) -> None:
    with pytest.raises(KeyMalformed):
        parse_verifier_key(vkey.replace("+b5df45c5+", "+b5df45c4+"))
