"""Signed notes: their one spelling, and whose lines they hold."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from tearline.errors import NoteMalformed
from tearline.limits import MAX_CHECKPOINT_BYTES, MAX_COSIGNERS
from tearline.tlog.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    NoteAlgorithm,
    parse_checkpoint,
    sign_checkpoint,
)
from tearline.tlog.note import Note, NoteSignature, parse_note, parse_note_signature

ORIGIN = "exchange.example/log"
TIME_S = 1_763_000_000
CHECKPOINT = Checkpoint(origin=ORIGIN, size=20_852_163, root=hashlib.sha256(b"root").digest())

LOG = CheckpointSigner(name=ORIGIN, algorithm=NoteAlgorithm.ED25519, seed=b"\1" * 32)
COSIGNER = CheckpointSigner(name="agency.example", algorithm=NoteAlgorithm.MLDSA44, seed=b"\3" * 32)
NOTE = sign_checkpoint(CHECKPOINT, [LOG, COSIGNER], time_s=TIME_S)
LINE = LOG.sign(CHECKPOINT, time_s=TIME_S).encode()


def test_signatures_are_added_and_replaced_by_key() -> None:
    note = parse_note(sign_checkpoint(CHECKPOINT, [LOG], time_s=TIME_S))
    cosigned = note.with_signatures([COSIGNER.sign(CHECKPOINT, time_s=TIME_S)])
    again = COSIGNER.sign(CHECKPOINT, time_s=TIME_S + 1)
    assert cosigned.with_signatures([again]).signatures == (*note.signatures, again)
    signed = parse_checkpoint(
        cosigned.with_signatures([again]).encode(), origin=ORIGIN, required=[COSIGNER.verifier]
    )
    assert [each.time_s for each in signed.signatures] == [TIME_S + 1]


def test_a_text_may_hold_empty_lines_and_ends_at_the_last() -> None:
    note = parse_note(f"one\n\ntwo\n\n{LINE}\n".encode())
    assert note.text == "one\n\ntwo\n"
    assert note.encode() == f"one\n\ntwo\n\n{LINE}\n".encode()


@each_case(
    "note",
    [
        b"",
        b"text\n",
        b"text\n\n",
        f"{LINE}\n".encode(),
        f"text\n{LINE}\n".encode(),
        f"text\n\n{LINE}.".encode(),
        f"text\n\n{LINE}".encode(),
        f"text\n\n{LINE}\n\n".encode(),
        f"text\r\n\n{LINE}\n".encode(),
        f"te\txt\n\n{LINE}\n".encode(),
        f"te\0xt\n\n{LINE}\n".encode(),
        f"te\x1fxt\n\n{LINE}\n".encode(),
        b"te\xffxt\n\n" + f"{LINE}\n".encode(),
        b"te\xed\xa0\x80xt\n\n" + f"{LINE}\n".encode(),
        f"text\n\n{LINE}\nno signature\n".encode(),
    ],
)
def test_what_is_not_a_note_is_refused(note: bytes) -> None:
    with pytest.raises(NoteMalformed):
        parse_note(note)


@each_case(
    "line",
    [
        "",
        "—",
        "- name AAAAAAAA",
        "—name AAAAAAAA",
        "— AAAAAAAA",
        "— name",
        "— name ",
        "— na+me AAAAAAAA",
        "— na\u00a0me AAAAAAAA",
        "— na\u3000me AAAAAAAA",
        "— na\u2028me AAAAAAAA",
        "— na\x1cme AAAAAAAA",
        "— name  AAAAAAAA",
        "— name AAAAAAAA ",
        "— name AAAAAAAA\n",
        " — name AAAAAAAA",
        "— name AAAAAAA",
        "— name AAAAAAA=A",
        "— name AAAAAA==",
        "— name AAAAAAB=",
        "— name AAAAAA_-",
    ],
)
def test_what_is_not_a_signature_line_is_refused(line: str) -> None:
    with pytest.raises(NoteMalformed):
        parse_note_signature(line)


def test_a_signature_line_keeps_its_parts() -> None:
    line = NoteSignature(name="é.example/log", key_hash=b"\0\1\2\3", payload=b"\4")
    assert line.encode() == "— é.example/log AAECAwQ="
    assert parse_note_signature(line.encode()) == line


def test_a_note_holds_the_cosignatures_of_a_whole_federation_and_no_more() -> None:
    signatures = tuple(
        NoteSignature(name=f"{number:0255}", key_hash=bytes(4), payload=bytes(8 + 2420))
        for number in range(MAX_COSIGNERS + 2)  # and the log's own two
    )
    note = Note(text=CHECKPOINT.encode(), signatures=signatures).encode()
    assert parse_note(note).signatures == signatures
    more = (MAX_CHECKPOINT_BYTES - len(note)) // len(signatures[0].encode()) + 1
    with pytest.raises(NoteMalformed):
        parse_note(
            Note(text=CHECKPOINT.encode(), signatures=signatures + signatures[:more]).encode()
        )


@given(st.binary(max_size=200))
def test_no_bytes_have_two_spellings(data: bytes) -> None:
    for candidate in (data, f"text\n\n{LINE}\n".encode() + data, data + NOTE):
        try:
            note = parse_note(candidate)
        except NoteMalformed:
            continue
        assert note.encode() == candidate
