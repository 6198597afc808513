"""Checkpoints, and the keys that sign them."""

import hashlib
from base64 import b64encode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from support.cases import each_case
from tearline.errors import (
    CheckpointForeign,
    CheckpointForged,
    CheckpointUnsigned,
    KeyMalformed,
    NoteMalformed,
)
from tearline.limits import MAX_LOG_SIZE, MAX_URI_BYTES
from tearline.tlog.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    NoteAlgorithm,
    VerifierKey,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_verifier_key,
    sign_checkpoint,
)
from tearline.tlog.merkle import EMPTY_ROOT
from tearline.tlog.note import parse_note

ORIGIN = "exchange.example/log"
ROOT = hashlib.sha256(b"root").digest()
TIME_S = 1_763_000_000
CHECKPOINT = Checkpoint(origin=ORIGIN, size=20_852_163, root=ROOT)

LOG_ED25519 = CheckpointSigner(name=ORIGIN, algorithm=NoteAlgorithm.ED25519, seed=b"\1" * 32)
LOG_MLDSA44 = CheckpointSigner(name=ORIGIN, algorithm=NoteAlgorithm.MLDSA44, seed=b"\2" * 32)
COSIGNER = CheckpointSigner(name="agency.example", algorithm=NoteAlgorithm.MLDSA44, seed=b"\3" * 32)
LOG = [LOG_ED25519.verifier, LOG_MLDSA44.verifier]
NOTE = sign_checkpoint(CHECKPOINT, [LOG_ED25519, LOG_MLDSA44, COSIGNER], time_s=TIME_S)
LINE = LOG_ED25519.sign(CHECKPOINT, time_s=TIME_S).encode()


# Checkpoints and their notes.


def test_a_checkpoint_is_three_lines_in_a_signed_note() -> None:
    text = f"{ORIGIN}\n20852163\n{b64encode(ROOT).decode()}\n"
    assert CHECKPOINT.encode() == text
    assert parse_checkpoint_text(text) == CHECKPOINT
    head, *lines, end = NOTE.decode().removeprefix(text).split("\n")
    assert (head, end) == ("", "")
    assert [line.split(" ")[:2] for line in lines] == [
        ["—", ORIGIN],
        ["—", ORIGIN],
        ["—", "agency.example"],
    ]


def test_signatures_of_the_log_and_of_cosigners_verify_with_their_times() -> None:
    signed = parse_checkpoint(NOTE, origin=ORIGIN, required=LOG, known=[COSIGNER.verifier])
    assert signed.checkpoint == CHECKPOINT
    assert signed.note == NOTE
    assert [(each.key, each.time_s) for each in signed.signatures] == [
        (LOG_ED25519.verifier, None),
        (LOG_MLDSA44.verifier, TIME_S),
        (COSIGNER.verifier, TIME_S),
    ]


def test_lines_of_unknown_keys_are_ignored() -> None:
    signed = parse_checkpoint(NOTE, origin=ORIGIN, required=LOG[:1])
    assert [each.key for each in signed.signatures] == LOG[:1]
    alien = NOTE + b"\xe2\x80\x94 alien.example AAAAAAAA\n"
    assert parse_checkpoint(alien, origin=ORIGIN, required=LOG).checkpoint == CHECKPOINT


def test_a_known_name_with_another_key_id_is_unknown() -> None:
    other = CheckpointSigner(name=ORIGIN, algorithm=NoteAlgorithm.ED25519, seed=b"\4" * 32)
    note = sign_checkpoint(CHECKPOINT, [other, LOG_MLDSA44], time_s=TIME_S)
    signed = parse_checkpoint(note, origin=ORIGIN, required=[LOG_MLDSA44.verifier], known=LOG)
    assert [each.key for each in signed.signatures] == [LOG_MLDSA44.verifier]
    with pytest.raises(CheckpointUnsigned):
        parse_checkpoint(note, origin=ORIGIN, required=LOG)


def test_every_required_key_must_have_signed() -> None:
    note = sign_checkpoint(CHECKPOINT, [LOG_ED25519], time_s=TIME_S)
    with pytest.raises(CheckpointUnsigned, match=ORIGIN):
        parse_checkpoint(note, origin=ORIGIN, required=LOG)
    with pytest.raises(CheckpointUnsigned, match=r"agency\.example"):
        parse_checkpoint(note, origin=ORIGIN, required=[*LOG[:1], COSIGNER.verifier])


def test_a_note_that_no_known_key_signed_is_refused() -> None:
    with pytest.raises(CheckpointUnsigned):
        parse_checkpoint(NOTE, origin=ORIGIN, required=[])


def test_a_false_line_of_any_known_key_refuses_the_note() -> None:
    false = replace(COSIGNER.sign(CHECKPOINT, time_s=TIME_S), payload=bytes(8 + 2420))
    note = parse_note(NOTE).with_signatures([false]).encode()
    assert parse_checkpoint(note, origin=ORIGIN, required=LOG).checkpoint == CHECKPOINT
    with pytest.raises(CheckpointForged):
        parse_checkpoint(note, origin=ORIGIN, required=LOG, known=[COSIGNER.verifier])


def test_a_key_signs_a_note_once() -> None:
    twice = NOTE + f"{LINE}\n".encode()
    with pytest.raises(NoteMalformed):
        parse_checkpoint(twice, origin=ORIGIN, required=LOG)


def test_another_log_is_not_taken_for_this_one() -> None:
    with pytest.raises(CheckpointForeign):
        parse_checkpoint(NOTE, origin="exchange.example", required=LOG)


@pytest.mark.parametrize("signer", [LOG_ED25519, LOG_MLDSA44])
def test_origin_size_and_root_are_signed(signer: CheckpointSigner) -> None:
    line = signer.sign(CHECKPOINT, time_s=TIME_S)
    signer.verifier.verify(CHECKPOINT, line)
    for other in (
        replace(CHECKPOINT, origin="exchange.example/other"),
        replace(CHECKPOINT, size=20_852_164),
        replace(CHECKPOINT, root=EMPTY_ROOT),
    ):
        with pytest.raises(CheckpointForged):
            signer.verifier.verify(other, line)


@pytest.mark.parametrize("signer", [LOG_ED25519, LOG_MLDSA44])
def test_a_signature_has_its_one_size(signer: CheckpointSigner) -> None:
    line = signer.sign(CHECKPOINT, time_s=TIME_S)
    for payload in (line.payload[:-1], line.payload + b"\0", b"\0"):
        with pytest.raises(CheckpointForged):
            signer.verifier.verify(CHECKPOINT, replace(line, payload=payload))


def test_a_key_does_not_verify_a_line_of_another() -> None:
    line = LOG_ED25519.sign(CHECKPOINT, time_s=TIME_S)
    for other in (replace(line, name="exchange.example"), replace(line, key_hash=bytes(4))):
        with pytest.raises(CheckpointForged):
            LOG_ED25519.verifier.verify(CHECKPOINT, other)


# ML-DSA-44 cosignatures.


def test_a_cosignature_signs_the_structure_of_the_specification() -> None:
    line = COSIGNER.sign(CHECKPOINT, time_s=TIME_S)
    assert line.payload[:8] == TIME_S.to_bytes(8, "big")
    message = (
        b"subtree/v1\n\0"
        + b"\x0eagency.example"
        + TIME_S.to_bytes(8, "big")
        + b"\x14exchange.example/log"
        + bytes(8)
        + (20_852_163).to_bytes(8, "big")
        + ROOT
    )
    key = MLDSA44PublicKey.from_public_bytes(COSIGNER.verifier.public)
    key.verify(line.payload[8:], message)


def test_a_cosignature_signs_its_time_and_its_name() -> None:
    line = COSIGNER.sign(CHECKPOINT, time_s=TIME_S)
    later = (TIME_S + 1).to_bytes(8, "big") + line.payload[8:]
    with pytest.raises(CheckpointForged):
        COSIGNER.verifier.verify(CHECKPOINT, replace(line, payload=later))
    renamed = replace(COSIGNER.verifier, name="other.example")
    line = replace(line, name=renamed.name, key_hash=renamed.key_hash)
    with pytest.raises(CheckpointForged):
        renamed.verify(CHECKPOINT, line)


def test_a_time_beyond_the_specification_is_refused() -> None:
    COSIGNER.verifier.verify(CHECKPOINT, COSIGNER.sign(CHECKPOINT, time_s=2**63 - 1))
    with pytest.raises(CheckpointForged):
        COSIGNER.verifier.verify(CHECKPOINT, COSIGNER.sign(CHECKPOINT, time_s=2**63))


# Texts.


@each_case(
    "text",
    [
        "",
        f"{ORIGIN}\n1\n",
        f"{ORIGIN}\n1\n{b64encode(ROOT).decode()}",
        f"{ORIGIN}\n1\n{b64encode(ROOT).decode()}\nextension\n",
        f"{ORIGIN}\n1\n{b64encode(ROOT).decode()}\nextension",
        f"{ORIGIN}\n1\n{b64encode(ROOT).decode()}\n\n",
        f"\n1\n{b64encode(ROOT).decode()}\n",
        f"{ORIGIN}\n01\n{b64encode(ROOT).decode()}\n",
        f"{ORIGIN}\n+1\n{b64encode(ROOT).decode()}\n",
        f"{ORIGIN}\n1_0\n{b64encode(ROOT).decode()}\n",
        f"{ORIGIN}\n٣\n{b64encode(ROOT).decode()}\n",
        f"{ORIGIN}\n-1\n{b64encode(ROOT).decode()}\n",
        f"{ORIGIN}\n{MAX_LOG_SIZE + 1}\n{b64encode(ROOT).decode()}\n",
        f"{ORIGIN}\n1\n{b64encode(ROOT[:31]).decode()}\n",
        f"{ORIGIN}\n1\n{b64encode(ROOT).decode().replace('=', '')}\n",
        f"{ORIGIN}\n1\n{ROOT.hex()}\n",
        f"{ORIGIN}\n0\n{b64encode(ROOT).decode()}\n",
        f"{'o' * 256}\n1\n{b64encode(ROOT).decode()}\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteMalformed):
        parse_checkpoint_text(text)


def test_an_empty_log_has_the_empty_root() -> None:
    empty = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)
    assert parse_checkpoint_text(empty.encode()) == empty


@pytest.mark.parametrize(("size", "root"), [(-1, ROOT), (MAX_LOG_SIZE + 1, ROOT), (1, ROOT[1:])])
def test_a_size_and_a_root_are_possible(size: int, root: bytes) -> None:
    with pytest.raises(NoteMalformed):
        Checkpoint(origin=ORIGIN, size=size, root=root)


@pytest.mark.parametrize("origin", ["", "a\nb", "a\0b", "a\x1fb", "\ud800", "é" * 128])
def test_an_origin_is_one_line(origin: str) -> None:
    with pytest.raises(NoteMalformed):
        Checkpoint(origin=origin, size=1, root=ROOT)


# Keys.


def test_a_verifier_key_of_the_specification_is_read() -> None:
    text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    key = parse_verifier_key(text)
    assert (key.name, key.key_hash.hex()) == ("example.com/foo", "530d903a")
    assert key.algorithm is NoteAlgorithm.ED25519
    assert key.encode() == text


@pytest.mark.parametrize("signer", [LOG_ED25519, LOG_MLDSA44])
def test_a_verifier_key_has_one_spelling(signer: CheckpointSigner) -> None:
    key = signer.verifier
    assert parse_verifier_key(key.encode()) == key
    name, key_id, value = key.encode().split("+", 2)
    for text in (
        "",
        name,
        f"{name}+{key_id}",
        f"{name}+{key_id.upper()}+{value}",
        f"{name}+{key_id[1:]}+{value}",
        f"{name}+00000000+{value}",
        f"other+{key_id}+{value}",
        f"+{key_id}+{value}",
        f"{name}+{key_id}+",
        f"{name}+{key_id}+{value[:-4]}",
        f"{name}+{key_id}+{value}\n",
        f"{name}+{key_id}+BA{value[2:]}",
    ):
        with pytest.raises(KeyMalformed):
            parse_verifier_key(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "\ud800", "é" * 128])
def test_a_key_has_a_name_that_a_line_can_hold(name: str) -> None:
    with pytest.raises(KeyMalformed):
        VerifierKey(name=name, algorithm=NoteAlgorithm.ED25519, public=bytes(32))


@pytest.mark.parametrize("algorithm", NoteAlgorithm)
def test_a_key_has_its_one_size(algorithm: NoteAlgorithm) -> None:
    for size in (0, algorithm.public_size - 1, algorithm.public_size + 1):
        with pytest.raises(KeyMalformed):
            VerifierKey(name="name", algorithm=algorithm, public=bytes(size))
    with pytest.raises(KeyMalformed):
        CheckpointSigner(name="name", algorithm=algorithm, seed=bytes(31))


def test_the_longest_names_can_sign() -> None:
    name = "n" * MAX_URI_BYTES
    checkpoint = Checkpoint(origin="o" * MAX_URI_BYTES, size=1, root=ROOT)
    signer = CheckpointSigner(name=name, algorithm=NoteAlgorithm.MLDSA44, seed=bytes(32))
    note = sign_checkpoint(checkpoint, [signer], time_s=0)
    signed = parse_checkpoint(note, origin=checkpoint.origin, required=[signer.verifier])
    assert [each.time_s for each in signed.signatures] == [0]


@pytest.mark.parametrize("algorithm", NoteAlgorithm)
def test_a_fresh_key_is_kept_as_its_seed_and_does_not_show_it(algorithm: NoteAlgorithm) -> None:
    signer = CheckpointSigner.generate(name="name", algorithm=algorithm)
    seed = signer.private_bytes()
    again = CheckpointSigner(name="name", algorithm=algorithm, seed=seed)
    assert again.verifier == signer.verifier
    assert signer.verifier != CheckpointSigner.generate(name="name", algorithm=algorithm).verifier
    assert seed.hex() not in repr(signer)
    assert repr(seed) not in repr(signer)
    assert repr(signer) == f"CheckpointSigner(name, {signer.verifier.key_hash.hex()})"
