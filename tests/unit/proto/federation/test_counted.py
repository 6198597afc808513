"""Checkpoints that enough counted cosigners signed: agencies are counted, not keys or nodes."""

import pytest

from support.forks import LEAVES, LOG, ORIGIN, SIGNERS, note
from tearline.errors import CosignersTooFew
from tearline.federation.counted import counted_times_s, verify_counted
from tearline.tlog.checkpoint import (
    CheckpointSigner,
    NoteAlgorithm,
    SignedCheckpoint,
    parse_checkpoint,
)
from tearline.tlog.note import parse_note

A, B, C, D, E, OTHER = (f"spiffe://{name}.example" for name in "abcdef")
COUNTED = frozenset({A, B, C, D, E})
SIZE = len(LEAVES)


def key(agency: str, node: str = "hub") -> CheckpointSigner:
    """A node's cosigning key."""
    name = f"{agency}/node/{node}"
    return CheckpointSigner(
        name=name, algorithm=NoteAlgorithm.MLDSA44, seed=name.encode().ljust(32)[-32:]
    )


def cosigned(*by: tuple[CheckpointSigner, int]) -> SignedCheckpoint:
    """The log's checkpoint with a line of each key, at a time."""
    bare = parse_checkpoint(note(SIZE), origin=ORIGIN, required=[each.verifier for each in SIGNERS])
    lines = [signer.sign(bare.checkpoint, time_s=time_s) for signer, time_s in by]
    return parse_checkpoint(
        parse_note(bare.note).with_signatures(lines).encode(),
        origin=LOG.origin,
        required=[each.verifier for each in SIGNERS],
        known=[signer.verifier for signer, _ in by],
    )


def test_four_of_five_suffice_and_the_fourth_newest_line_dates_them() -> None:
    signed = cosigned((key(A), 10), (key(C), 40), (key(D), 30), (key(E), 20))
    assert verify_counted(signed, COUNTED, 4) == 10
    more = cosigned((key(A), 10), (key(B), 50), (key(C), 40), (key(D), 30), (key(E), 20))
    assert verify_counted(more, COUNTED, 4) == 20


def test_the_lines_of_the_log_itself_count_nothing() -> None:
    assert counted_times_s(cosigned(), COUNTED) == {}


def test_an_agency_counts_once_however_many_nodes_and_keys_it_has() -> None:
    signed = cosigned((key(A), 10), (key(A, "two"), 20), (key(A, "three"), 30), (key(B), 5))
    assert counted_times_s(signed, COUNTED) == {A: 30, B: 5}
    with pytest.raises(CosignersTooFew):
        verify_counted(signed, COUNTED, 4)


def test_a_member_that_the_constitution_does_not_count_adds_nothing() -> None:
    signed = cosigned((key(A), 10), (key(B), 20), (key(C), 30), (key(OTHER), 30))
    with pytest.raises(CosignersTooFew):
        verify_counted(signed, COUNTED, 4)
