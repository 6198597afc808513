"""Checkpoints that enough counted cosigners signed: agencies are counted, not keys or nodes."""

import pytest

from support.forks import LEAVES, LOG, ORIGIN, SIGNERS, note
from tearline.errors import CosignersTooFew
from tearline.federation.counted import counted_times_s, verify_counted
from tearline.federation.directory import KeyState, counted_keys
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


def recorded(number: int, node: str, use: str = "cosign", end: int = 0) -> KeyState:
    """A key on record by the entry of that number."""
    return KeyState(
        id=number.to_bytes(32),
        subject=f"{A}/node/{node}",
        use=use,
        types=(),
        not_before_ms=0,
        not_after_ms=10_000,
        index=number,
        end=end,
    )


def listed(keys: list[KeyState]) -> list[int]:
    return [each.index for each in counted_keys(keys)]


def test_a_node_of_many_keys_displaces_no_other_node_s_newest() -> None:
    once = recorded(1, "once")
    many = [recorded(number, "often") for number in range(2, 20)]
    assert listed([*many, once]) == [*range(5, 20), 1]
    nodes = [recorded(number, f"n{number:02}") for number in range(20, 38)]
    assert listed([*nodes, *many, once]) == [*range(22, 38)]


def test_keys_that_ended_and_those_of_other_uses_count_for_none() -> None:
    others = [recorded(1, "a", end=5), recorded(2, "a", "witness"), recorded(3, "a", "sign")]
    assert listed([*others, recorded(4, "a")]) == [4]


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
