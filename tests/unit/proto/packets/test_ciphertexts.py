"""Ciphertexts under one root: any of them lead to it with their path, and no others do."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.agencies import US, federation, packet
from support.cases import each_case
from tearline.encoding import u32
from tearline.errors import CommitmentMismatch
from tearline.limits import MAX_SLOTS
from tearline.packets.ciphertexts import (
    CiphertextTree,
    ciphertext_leaf,
    ciphertexts_root,
    hidden_subtrees,
    verify_ciphertexts,
    without_ciphertexts,
)
from tearline.packets.packet import PacketParts
from tearline.tlog.merkle import root_from_leaf_hashes

SEALED = packet(federation().node(US).header)
MANIFEST = SEALED.manifest
SIZES = (8, 16, 24, 40, 56, 64, 136)


def parts_of(ciphertexts: Iterable[bytes]) -> PacketParts:
    held = dict(enumerate(ciphertexts))
    return PacketParts(manifest=bytes(32), ciphertexts=held, slot_count=len(held))


WHOLE = parts_of(SEALED.ciphertexts)


def keeping(parts: PacketParts, slots: Iterable[int]) -> PacketParts:
    return without_ciphertexts(parts, parts.ciphertexts.keys() - {*slots})


def test_a_leaf_is_of_its_slot() -> None:
    expected = hashlib.sha256(b"\0" + u32(7) + bytes(32) + b"ciphertext").digest()
    assert ciphertext_leaf(7, b"ciphertext") == expected


def test_all_ciphertexts_have_the_root_that_was_signed() -> None:
    assert ciphertexts_root(SEALED.ciphertexts) == MANIFEST.ciphertexts_root
    assert CiphertextTree(WHOLE).root == MANIFEST.ciphertexts_root
    verify_ciphertexts(MANIFEST, WHOLE)


@given(st.data())
def test_what_is_left_leads_to_the_root_in_however_many_steps_the_rest_goes(
    data: st.DataObject,
) -> None:
    size = data.draw(st.sampled_from(SIZES))
    whole = parts_of(u32(slot) for slot in range(size))
    slots = data.draw(st.sets(st.integers(0, size - 1), min_size=1))
    fewer = data.draw(st.sets(st.sampled_from(sorted(slots)), min_size=1))
    kept = keeping(whole, slots)
    assert CiphertextTree(kept).root == CiphertextTree(whole).root
    assert keeping(kept, fewer) == keeping(whole, fewer)
    assert CiphertextTree(keeping(kept, fewer)).root == CiphertextTree(whole).root


def test_a_path_has_the_largest_subtrees_from_left_to_right() -> None:
    places = [(level, index) for _, level, index in hidden_subtrees({1, 2}, 8)]
    assert places == [(0, 0), (0, 3), (2, 1)]
    assert hidden_subtrees(range(24), 24) == hidden_subtrees((), 24) == []
    assert hidden_subtrees({0}, 24)[-1] == (16, 4, 1)


def test_a_path_is_never_longer_than_the_ciphertexts_that_are_not_here() -> None:
    for slots in ({0}, {0, MAX_SLOTS - 1}, {*range(0, MAX_SLOTS, 2)}, {*range(100)}):
        hidden = hidden_subtrees(slots, MAX_SLOTS)
        assert len(hidden) <= min(MAX_SLOTS - len(slots), 11 * len(slots))


def test_the_last_ciphertexts_go_without_a_path() -> None:
    assert without_ciphertexts(WHOLE, set(WHOLE.ciphertexts)).path == ()


@each_case(
    "changed",
    [
        replace(WHOLE, ciphertexts={**WHOLE.ciphertexts, 0: b""}),
        replace(WHOLE, ciphertexts={**WHOLE.ciphertexts, 8: b"one more"}),
        replace(WHOLE, ciphertexts={**WHOLE.ciphertexts, 0: SEALED.ciphertexts[0] + b"\0"}),
        replace(
            WHOLE,
            ciphertexts={**WHOLE.ciphertexts, 0: SEALED.ciphertexts[1], 1: SEALED.ciphertexts[0]},
        ),
        replace(WHOLE, slot_count=16),
        replace(WHOLE, slot_count=0),
        replace(WHOLE, ciphertexts={}),
        replace(WHOLE, path=(bytes(32),)),
        replace(keeping(WHOLE, {2, 5}), path=()),
        replace(keeping(WHOLE, {2, 5}), path=(*keeping(WHOLE, {2, 5}).path, bytes(32))),
        replace(keeping(WHOLE, {2, 5}), path=keeping(WHOLE, {2, 5}).path[::-1]),
        replace(keeping(WHOLE, {2, 5}), ciphertexts={2: SEALED.ciphertexts[2], 4: b""}),
    ],
)
def test_no_other_ciphertexts_or_paths_lead_to_the_root(changed: PacketParts) -> None:
    with pytest.raises(CommitmentMismatch):
        verify_ciphertexts(MANIFEST, changed)


def test_a_leaf_is_no_node() -> None:
    """A tree whose leaves have the preimages of another tree's nodes has another root."""
    ciphertexts = [secrets.token_bytes(28) for _ in range(8)]
    leaves = [u32(slot) + bytes(32) + data for slot, data in enumerate(ciphertexts)]
    halves = [half for leaf in leaves for half in (leaf[:32], leaf[32:])]
    assert ciphertexts_root(ciphertexts) != root_from_leaf_hashes(halves)
