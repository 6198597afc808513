"""What a manifest commits to."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import FIELDS, MX, US, compartment_of, federation, marking, packet
from support.cases import each_case
from tearline.errors import CommitmentMismatch
from tearline.packets.commitments import (
    field_keys,
    field_secret,
    marking_digest,
    opening_commit,
    opening_salt,
    padded_length,
    slot_commit,
    verify_opening,
)
from tearline.packets.packet import Marks
from tearline.policy.form import Form

HEADER = federation().node(US).header
SEALED = packet(HEADER)
MANIFEST = SEALED.manifest
OPENING = SEALED.openings[compartment_of(SEALED, "identity.subject")]


def test_every_opening_is_committed_to() -> None:
    for opening in SEALED.openings.values():
        verify_opening(MANIFEST, opening)


@each_case(
    "changes",
    [
        {"marking": marking("reference")},
        {"form": Form.MATCH},
        {"salt": bytes(32)},
        {"form": Form.GENERALISED, "mask": "band"},
        {"slots": (*OPENING.slots, OPENING.slots[-1] + 1)},
        {"compartment": OPENING.compartment ^ 1},
        {"compartment": 63},
        {"slots": (2047,)},
    ],
)
def test_no_part_of_an_opening_can_be_changed(changes: dict[str, Any]) -> None:
    with pytest.raises(CommitmentMismatch):
        verify_opening(MANIFEST, replace(OPENING, **changes))


def test_an_opening_of_another_packet_is_refused() -> None:
    other = packet(federation().node(MX).header, FIELDS)
    with pytest.raises(CommitmentMismatch):
        verify_opening(MANIFEST, next(iter(other.openings.values())))


def test_openings_that_read_alike_commit_alike_only_if_they_are() -> None:
    pid = MANIFEST.packet_id
    assert opening_commit(pid, OPENING) == opening_commit(pid, replace(OPENING))
    assert opening_commit(pid, OPENING) != opening_commit(bytes(16), OPENING)
    # Two slot lists of which one is the end of the other.
    assert opening_commit(pid, replace(OPENING, slots=(0, 1))) != opening_commit(
        pid, replace(OPENING, slots=(1,))
    )


def test_a_marking_s_digest_binds_each_part_and_its_end() -> None:
    digests = {
        marking_digest(Marks(marked, form, mask))
        for marked in (marking("reference"), marking("measure"))
        for form, mask in (
            (Form.CLEAR, ""),
            (Form.MATCH, ""),
            (Form.GENERALISED, "band"),
            (Form.GENERALISED, "ban"),
        )
    }
    assert len(digests) == 8


def test_keys_of_slots_are_independent() -> None:
    key, pid = bytes(32), bytes(16)
    secrets = {field_secret(key, pid, c, i) for c in range(3) for i in range(3)}
    assert len(secrets) == 9
    assert field_secret(key, b"another packet 1", 0, 0) not in secrets
    keys = {part for i in range(3) for part in field_keys(bytes(32), pid, i)}
    assert len(keys) == 6


def test_commitments_bind_packet_place_and_content() -> None:
    marks = Marks(marking("reference"))
    base = slot_commit(bytes(16), 0, bytes(32), marks, b"plaintext")
    for other in (
        slot_commit(b"another packet 1", 0, bytes(32), marks, b"plaintext"),
        slot_commit(bytes(16), 1, bytes(32), marks, b"plaintext"),
        slot_commit(bytes(16), 0, b"s" * 32, marks, b"plaintext"),
        slot_commit(bytes(16), 0, bytes(32), Marks(marking("measure")), b"plaintext"),
        slot_commit(bytes(16), 0, bytes(32), Marks(marks.marking, Form.MATCH), b"plaintext"),
        slot_commit(bytes(16), 0, bytes(32), marks, b"plaintexT"),
    ):
        assert other != base
    assert (
        len({opening_salt(bytes(32), 0), opening_salt(bytes(32), 1), opening_salt(b"k" * 32, 0)})
        == 3
    )


def test_padding_doubles_a_short_field_and_adds_at_most_an_eighth_to_a_long_one() -> None:
    for length in (*range(2048), 1 << 20, (1 << 20) + 1):
        padded = padded_length(length)
        most = max(128, 2 * length) if length <= 1024 else length + length // 8
        assert length <= padded <= most
        assert padded_length(padded) == padded


def test_of_1024_lengths_four_remain_and_of_16384_less_than_seventy() -> None:
    assert {padded_length(length) for length in range(1025)} == {128, 256, 512, 1024}
    assert len({padded_length(length) for length in range(1 << 14)}) < 70
