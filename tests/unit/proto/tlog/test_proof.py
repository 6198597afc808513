"""Proofs as they travel between parties."""

from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from tearline.errors import (
    CheckpointForeign,
    CheckpointUnsigned,
    EntryNotIncluded,
    NoteMalformed,
    ProofMalformed,
)
from tearline.limits import MAX_LOG_PROOF_BYTES, MAX_LOG_SIZE
from tearline.tlog.checkpoint import Checkpoint, CheckpointSigner, NoteAlgorithm, sign_checkpoint
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes, tree_path
from tearline.tlog.proof import LogProof, parse_log_proof, verify_log_proof

ORIGIN = "exchange.example/log"
LEAVES = [leaf_hash(b"%d" % number) for number in range(7)]
SIGNER = CheckpointSigner(name=ORIGIN, algorithm=NoteAlgorithm.ED25519, seed=b"\1" * 32)
COSIGNER = CheckpointSigner(name="agency.example", algorithm=NoteAlgorithm.MLDSA44, seed=b"\2" * 32)
NOTE = sign_checkpoint(
    Checkpoint(origin=ORIGIN, size=7, root=root_from_leaf_hashes(LEAVES)),
    [SIGNER, COSIGNER],
    time_s=1_763_000_000,
)
PROOF = LogProof(index=5, path=tree_path(LEAVES, 5), note=NOTE, extra=b"salt and event")
TEXT = PROOF.encode()


def test_a_proof_is_written_as_specified() -> None:
    hashes = "".join(f"{b64encode(node).decode()}\n" for node in PROOF.path)
    head = f"c2sp.org/tlog-proof@v1\nextra c2FsdCBhbmQgZXZlbnQ=\nindex 5\n{hashes}\n"
    assert head.encode() + NOTE == TEXT
    assert parse_log_proof(TEXT) == PROOF


def test_what_is_not_there_is_left_out() -> None:
    bare = LogProof(index=0, path=(), note=NOTE)
    assert bare.encode() == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + NOTE
    assert parse_log_proof(bare.encode()) == bare


def test_a_proof_verifies_and_says_who_signed() -> None:
    signed = verify_log_proof(
        parse_log_proof(TEXT),
        LEAVES[5],
        origin=ORIGIN,
        required=[SIGNER.verifier],
        known=[COSIGNER.verifier],
    )
    assert signed.checkpoint.size == 7
    assert [each.key for each in signed.signatures] == [SIGNER.verifier, COSIGNER.verifier]


def test_a_proof_of_another_entry_place_or_log_does_not_verify() -> None:
    required = [SIGNER.verifier]
    with pytest.raises(EntryNotIncluded):
        verify_log_proof(PROOF, LEAVES[4], origin=ORIGIN, required=required)
    with pytest.raises(EntryNotIncluded):
        verify_log_proof(replace(PROOF, index=4), LEAVES[5], origin=ORIGIN, required=required)
    with pytest.raises(ProofMalformed):
        verify_log_proof(replace(PROOF, index=7), LEAVES[5], origin=ORIGIN, required=required)
    with pytest.raises(ProofMalformed):
        verify_log_proof(replace(PROOF, path=()), LEAVES[5], origin=ORIGIN, required=required)
    with pytest.raises(CheckpointForeign):
        verify_log_proof(PROOF, LEAVES[5], origin="other.example", required=required)


def test_a_proof_whose_checkpoint_is_not_signed_as_required_does_not_verify() -> None:
    other = CheckpointSigner(name=ORIGIN, algorithm=NoteAlgorithm.ED25519, seed=b"\3" * 32)
    with pytest.raises(CheckpointUnsigned):
        verify_log_proof(PROOF, LEAVES[5], origin=ORIGIN, required=[other.verifier])
    with pytest.raises(CheckpointUnsigned):
        verify_log_proof(PROOF, LEAVES[5], origin=ORIGIN, required=[])


@each_case(
    "head",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v2\nindex 5",
        "index 5",
        "c2sp.org/tlog-proof@v1\nextra \nindex 5",
        "c2sp.org/tlog-proof@v1\nextra\nindex 5",
        "c2sp.org/tlog-proof@v1\nextra AB==\nindex 5",
        "c2sp.org/tlog-proof@v1\nextra AA==\nextra AA==\nindex 5",
        "c2sp.org/tlog-proof@v1\nindex 5\nextra AA==",
        "c2sp.org/tlog-proof@v1\nextra AA==",
        "c2sp.org/tlog-proof@v1\n5",
        "c2sp.org/tlog-proof@v1\nindex 05",
        "c2sp.org/tlog-proof@v1\nindex -5",
        "c2sp.org/tlog-proof@v1\nindex  5",
        "c2sp.org/tlog-proof@v1\nindex 5 ",
        "c2sp.org/tlog-proof@v1\r\nindex 5",
        f"c2sp.org/tlog-proof@v1\nindex {MAX_LOG_SIZE + 1}",
        "c2sp.org/tlog-proof@v1\nindex 5\nAAAA",
        f"c2sp.org/tlog-proof@v1\nindex 5\n{b64encode(bytes(33)).decode()}",
        "c2sp.org/tlog-proof@v1\nindex 5" + f"\n{b64encode(bytes(32)).decode()}" * 49,
    ],
)
def test_what_is_not_a_proof_is_refused(head: str) -> None:
    with pytest.raises(NoteMalformed):
        parse_log_proof(f"{head}\n\n".encode() + NOTE)


def test_a_proof_without_its_checkpoint_is_refused() -> None:
    head = TEXT[: TEXT.index(b"\n\n")]
    for cut in (head, head + b"\n", head + b"\n\n"):
        with pytest.raises(NoteMalformed):
            parse_log_proof(cut)


def test_a_proof_is_bounded() -> None:
    room = MAX_LOG_PROOF_BYTES - len(TEXT)
    assert parse_log_proof(TEXT + b"x" * room).path == PROOF.path
    with pytest.raises(NoteMalformed):
        parse_log_proof(TEXT + b"x" * (room + 1))


def test_a_head_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(NoteMalformed):
        parse_log_proof(TEXT.replace(b"index", b"ind\xffex"))


@given(st.integers(0, len(TEXT) - 1), st.binary(max_size=3))
def test_no_bytes_have_two_spellings(position: int, insert: bytes) -> None:
    for candidate in (TEXT[:position] + insert + TEXT[position:], insert + TEXT[position:]):
        try:
            proof = parse_log_proof(candidate)
        except NoteMalformed:
            continue
        assert proof.encode() == candidate
