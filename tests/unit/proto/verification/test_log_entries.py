"""Entries of the log, and what proves them."""

from dataclasses import replace

import pytest

from support.agencies import MX, NOW_MS, ORIGIN, US, federation, log_signers, node_of, secret
from tearline.audit.event import Event, EventCode
from tearline.errors import (
    CheckpointForeign,
    CheckpointForged,
    CheckpointUnsigned,
    EntryMismatch,
    EntryNotIncluded,
    EntryTooLarge,
    ProofMalformed,
    StatementMalformed,
    TwinEntries,
)
from tearline.limits import MAX_ENTRY_BYTES
from tearline.statements.receipt import LogOpening
from tearline.tlog.checkpoint import Checkpoint, CheckpointSigner, NoteAlgorithm, sign_checkpoint
from tearline.tlog.merkle import root_from_leaf_hashes, tree_path
from tearline.verification.log_entries import (
    blind_entry,
    clear_entry,
    entry_hash,
    parse_entry,
    verify_cosigned,
    verify_opening_in_log,
    verify_same_entry,
)
from tearline.wire.grants import encode_event
from tearline.wire.statements import Signed, encode_signed

FED = federation()
LOG = FED.trust().members.log
EVENT = Event(
    statement_id=bytes(32),
    code=EventCode.PACKET_ACCEPTED,
    party=node_of(US),
    time_ms=NOW_MS,
    actor=node_of(US),
)
OPENING = LogOpening(index=len(FED.clear), salt=secret("salt"), event=encode_event(EVENT))
ENTRIES = [*map(clear_entry, FED.clear), blind_entry(OPENING.salt, OPENING.event)]
LEAVES = [entry_hash(entry) for entry in ENTRIES]
CHECKPOINT = Checkpoint(origin=ORIGIN, size=len(ENTRIES), root=root_from_leaf_hashes(LEAVES))
NOTE = sign_checkpoint(CHECKPOINT, log_signers(), time_s=NOW_MS // 1000)
SIGNED = verify_cosigned(NOTE, LOG)
PATH = tree_path(LEAVES, OPENING.index)


def test_a_clear_entry_shows_its_statement() -> None:
    for entry, statement in zip(ENTRIES, FED.clear, strict=False):
        assert parse_entry(entry) == statement


def test_an_entry_has_a_length_that_two_bytes_can_say() -> None:
    first = FED.clear[0]
    room = MAX_ENTRY_BYTES - len(ENTRIES[0]) - 2  # the body's length takes a byte more, twice
    largest = padded(first, room)
    assert len(clear_entry(largest)) == MAX_ENTRY_BYTES
    assert parse_entry(clear_entry(largest)) == largest
    larger = padded(first, room + 1)
    with pytest.raises(EntryTooLarge):
        clear_entry(larger)
    with pytest.raises(EntryMismatch):
        parse_entry(b"\0" + encode_signed(larger))


def padded(signed: Signed, size: int) -> Signed:
    """The statement with ``size`` bytes more in its body; nobody signed those."""
    return replace(
        signed,
        statement=replace(signed.statement, body=signed.statement.body + bytes(size)),
    )


def test_a_blind_entry_shows_nothing() -> None:
    entry = ENTRIES[OPENING.index]
    assert parse_entry(entry) is None
    assert len(entry) == 33


def test_equal_events_have_unequal_entries() -> None:
    assert blind_entry(secret("one"), OPENING.event) != blind_entry(secret("two"), OPENING.event)


@pytest.mark.parametrize(
    "entry", [b"", b"\1", b"\1" + bytes(31), b"\1" + bytes(33), b"\2" + bytes(32)]
)
def test_there_is_no_third_kind(entry: bytes) -> None:
    with pytest.raises(EntryMismatch):
        parse_entry(entry)


@pytest.mark.parametrize("entry", [b"\0", ENTRIES[0] + b"\0", ENTRIES[0][:-1], b"\0" + bytes(32)])
def test_a_clear_entry_holds_one_statement_in_one_spelling(entry: bytes) -> None:
    with pytest.raises(StatementMalformed):
        parse_entry(entry)


def test_an_opened_entry_is_found_in_the_log() -> None:
    assert verify_opening_in_log(OPENING, PATH, SIGNED) == EVENT


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(OPENING, salt=bytes(32)), id="salt"),
        pytest.param(replace(OPENING, event=encode_event(replace(EVENT, count=2))), id="event"),
    ],
)
def test_another_opening_of_the_entry_is_refused(changed: LogOpening) -> None:
    with pytest.raises(EntryNotIncluded):
        verify_opening_in_log(changed, PATH, SIGNED)


def test_an_opening_at_another_place_is_refused() -> None:
    for index in (0, 1, OPENING.index - 1):
        with pytest.raises((EntryNotIncluded, ProofMalformed)):
            verify_opening_in_log(replace(OPENING, index=index), PATH, SIGNED)


def test_an_opening_beyond_the_checkpoint_is_refused() -> None:
    with pytest.raises(ProofMalformed):
        verify_opening_in_log(replace(OPENING, index=len(ENTRIES)), PATH, SIGNED)


def test_an_event_that_was_logged_malformed_is_refused() -> None:
    odd = replace(OPENING, event=OPENING.event + b"\0")
    leaves = [*LEAVES[:-1], entry_hash(blind_entry(odd.salt, odd.event))]
    checkpoint = replace(SIGNED, checkpoint=replace(CHECKPOINT, root=root_from_leaf_hashes(leaves)))
    with pytest.raises(StatementMalformed):
        verify_opening_in_log(odd, tree_path(leaves, odd.index), checkpoint)


@pytest.mark.parametrize(
    "other", [replace(OPENING, index=1), replace(OPENING, salt=bytes(32))], ids=["index", "salt"]
)
def test_two_entries_of_one_event_are_proof_against_the_log(other: LogOpening) -> None:
    verify_same_entry(OPENING, OPENING)
    with pytest.raises(TwinEntries):
        verify_same_entry(OPENING, other)


def test_a_checkpoint_counts_with_every_key_of_the_log() -> None:
    assert SIGNED.checkpoint == CHECKPOINT
    for missing in log_signers():
        kept = [signer for signer in log_signers() if signer is not missing]
        with pytest.raises(CheckpointUnsigned):
            verify_cosigned(sign_checkpoint(CHECKPOINT, kept, time_s=0), LOG)


def test_a_checkpoint_under_another_key_does_not_count() -> None:
    foreign = [
        CheckpointSigner(name=ORIGIN, algorithm=algorithm, seed=bytes(32))
        for algorithm in NoteAlgorithm
    ]
    with pytest.raises(CheckpointUnsigned):
        verify_cosigned(sign_checkpoint(CHECKPOINT, foreign, time_s=0), LOG)


def test_a_checkpoint_of_another_size_or_log_does_not_count() -> None:
    size = b"\n%d\n" % CHECKPOINT.size
    with pytest.raises(CheckpointForged):
        verify_cosigned(NOTE.replace(size, b"\n1000\n", 1), LOG)
    with pytest.raises(CheckpointForeign):
        verify_cosigned(NOTE.replace(ORIGIN.encode(), b"other.example/log", 1), LOG)


def test_a_party_is_told_of_its_own_entry() -> None:
    assert replace(EVENT, party=node_of(MX)).id != EVENT.id
