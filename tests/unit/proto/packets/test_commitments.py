"""What a manifest commits to."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import FIELDS, MX, US, compartment_of, federation, marking, packet
from tearline.errors import CommitmentMismatch
from tearline.packets.commitments import (
    field_keys,
    field_secret,
    key_commit,
    opening_commit,
    padded_length,
    slot_commit,
    verify_ciphertext,
    verify_opening,
)
from tearline.policy.form import Form

HEADER = federation().node(US).header
SEALED = packet(HEADER)
MANIFEST = SEALED.manifest
OPENING = SEALED.openings[compartment_of(SEALED, "identity.subject")]


def test_every_opening_is_committed_to() -> None:
    for opening in SEALED.openings.values():
        verify_opening(MANIFEST, opening)


@pytest.mark.parametrize(
    "changes",
    [
        {"marking": marking("reference")},
        {"form": Form.EXISTS},
        {"salt": bytes(32)},
        {"slots": (*OPENING.slots, OPENING.slots[-1] + 1)},
        {"compartment": OPENING.compartment ^ 1},
        {"compartment": 63},
        {"packet_id": bytes(16)},
        {"slots": (2047,)},
    ],
    ids=["marking", "form", "salt", "a slot more", "its neighbour", "the last", "packet", "slots"],
)
def test_no_part_of_an_opening_can_be_changed(changes: dict[str, Any]) -> None:
    with pytest.raises(CommitmentMismatch):
        verify_opening(MANIFEST, replace(OPENING, **changes))


def test_an_opening_of_another_packet_is_refused() -> None:
    other = packet(federation().node(MX).header, FIELDS)
    with pytest.raises(CommitmentMismatch):
        verify_opening(MANIFEST, next(iter(other.openings.values())))


def test_openings_that_read_alike_commit_alike_only_if_they_are() -> None:
    # Two slot lists whose bytes would run into the form, were they not length-prefixed.
    assert opening_commit(OPENING) == opening_commit(replace(OPENING))
    assert opening_commit(replace(OPENING, slots=(0, 1))) != opening_commit(
        replace(OPENING, slots=(1,))
    )


def test_every_ciphertext_is_named() -> None:
    for slot, ciphertext in enumerate(SEALED.ciphertexts):
        verify_ciphertext(MANIFEST, slot, ciphertext)


@pytest.mark.parametrize("slot", [-1, 8, 2048])
def test_a_slot_that_is_not_there_has_no_ciphertext(slot: int) -> None:
    with pytest.raises(CommitmentMismatch):
        verify_ciphertext(MANIFEST, slot, SEALED.ciphertexts[0])


def test_swapped_changed_and_cut_ciphertexts_are_refused() -> None:
    first, second = SEALED.ciphertexts[:2]
    for ciphertext in (second, first[:-1], first + b"\0", bytes(len(first)), b""):
        with pytest.raises(CommitmentMismatch):
            verify_ciphertext(MANIFEST, 0, ciphertext)


def test_keys_of_slots_are_independent() -> None:
    key, pid = bytes(32), bytes(16)
    secrets = {field_secret(key, pid, c, i) for c in range(3) for i in range(3)}
    assert len(secrets) == 9
    assert field_secret(key, b"another packet 1", 0, 0) not in secrets
    keys = {part for i in range(3) for part in field_keys(bytes(32), pid, i)}
    assert len(keys) == 6


def test_commitments_bind_packet_place_and_content() -> None:
    base = slot_commit(bytes(16), 0, bytes(32), b"plaintext")
    for other in (
        slot_commit(b"another packet 1", 0, bytes(32), b"plaintext"),
        slot_commit(bytes(16), 1, bytes(32), b"plaintext"),
        slot_commit(bytes(16), 0, b"s" * 32, b"plaintext"),
        slot_commit(bytes(16), 0, bytes(32), b"plaintexT"),
    ):
        assert other != base
    assert key_commit(bytes(16), 0, bytes(32)) != key_commit(bytes(16), 1, bytes(32))


def test_padding_adds_at_most_an_eighth() -> None:
    for length in (*range(2048), 1 << 20, (1 << 20) + 1):
        padded = padded_length(length)
        assert length <= padded <= max(256, length + length // 8)
        assert padded_length(padded) == padded


def test_of_16384_lengths_fewer_than_a_hundred_remain() -> None:
    assert len({padded_length(length) for length in range(1 << 14)}) < 100
