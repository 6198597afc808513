"""What a cosigner signs and what it refuses, in the order of tlog-witness."""

import pytest

from support.cases import each_case
from support.forks import FORKED, LEAVES, LOG, SIGNERS, note, path
from tearline.errors import (
    CheckpointForeign,
    CheckpointForged,
    CheckpointUnsigned,
    CosignerElsewhere,
    LogError,
    LogInconsistent,
    NoteMalformed,
    ProofMalformed,
)
from tearline.federation.cosigning import (
    AddCheckpoint,
    AwaitedCosignature,
    CosignedTree,
    parse_add_checkpoint,
    verify_add_checkpoint,
)
from tearline.limits import MAX_COSIGN_DELAY_MS
from tearline.tlog.merkle import EMPTY_ROOT, Frontier, root_from_leaf_hashes


def seen(size: int) -> CosignedTree:
    return CosignedTree(
        size=size, root=root_from_leaf_hashes(LEAVES[:size]) if size else EMPTY_ROOT
    )


def offered(old: int, new: int, leaves: list[bytes] = LEAVES) -> AddCheckpoint:
    return AddCheckpoint(old_size=old, path=path(old, new, leaves), note=note(new, leaves))


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (5, 5), (5, 6), (7, 40), (32, 33)])
def test_what_begins_with_the_last_tree_may_be_signed(old: int, new: int) -> None:
    found = verify_add_checkpoint(offered(old, new), LOG, seen(old))
    assert (found.size, found.root) == (new, seen(new).root)


@each_case(
    ("request_", "at", "error"),
    [
        (offered(5, 9), seen(6), CosignerElsewhere),
        (offered(0, 9), seen(6), CosignerElsewhere),
        (AddCheckpoint(old_size=9, path=(), note=note(5)), seen(9), NoteMalformed),
        (AddCheckpoint(old_size=0, path=path(3, 9), note=note(9)), seen(0), ProofMalformed),
        (AddCheckpoint(old_size=5, path=(), note=note(9)), seen(5), ProofMalformed),
        # Another history: of the same size, larger, and with its own honest proof.
        (AddCheckpoint(old_size=20, path=(), note=note(20, FORKED)), seen(20), LogInconsistent),
        (offered(20, 33, FORKED), seen(20), LogInconsistent),
        (
            AddCheckpoint(old_size=5, path=(), note=note(5, origin="other.example/log")),
            seen(5),
            CheckpointForeign,
        ),
        (
            AddCheckpoint(old_size=5, path=(), note=note(5, signers=SIGNERS[:1])),
            seen(5),
            CheckpointUnsigned,
        ),
        (AddCheckpoint(old_size=5, path=(), note=b"no note"), seen(5), NoteMalformed),
    ],
)
def test_anything_else_is_refused(
    request_: AddCheckpoint, at: CosignedTree, error: type[LogError]
) -> None:
    with pytest.raises(error):
        verify_add_checkpoint(request_, LOG, at)


def test_a_signature_of_the_log_that_is_none_is_refused() -> None:
    other = note(6)
    text, lines = note(5).split(b"\n\n")[0], other.split(b"\n\n")[1]
    with pytest.raises(CheckpointForged):
        verify_add_checkpoint(
            AddCheckpoint(old_size=5, path=(), note=text + b"\n\n" + lines), LOG, seen(5)
        )


def test_a_request_has_one_spelling() -> None:
    request = offered(7, 40)
    assert parse_add_checkpoint(request.encode()) == request
    first = offered(0, 3)
    assert parse_add_checkpoint(first.encode()) == first
    for bad in (
        b"",
        b"old 07\n\n" + note(7),
        b"old -1\n\n" + note(7),
        b"new 7\n\n" + note(7),
        b"old 7\r\n\n" + note(7),
        b"old 7\n" + b"AAAA\n" * 64 + b"\n" + note(7),
        b"old 7\n*\n\n" + note(7),
        b"x" * (1 << 20),
    ):
        with pytest.raises(NoteMalformed):
            parse_add_checkpoint(bad)


def test_a_tree_of_many_steps_is_the_tree_of_one() -> None:
    # What a cosigner signs step by step is what it would have signed at once.
    tree, at = Frontier(), CosignedTree()
    for size in (1, 2, 9, 10, 31, 40):
        found = verify_add_checkpoint(offered(at.size, size), LOG, at)
        tree, _ = tree.append(LEAVES[tree.size : size])
        assert found.root == tree.root()
        at = CosignedTree(size=found.size, root=found.root)


# What a partner did and did not cosign.

MINUTE = MAX_COSIGN_DELAY_MS


def test_a_partner_that_acts_on_and_does_not_cosign_is_overdue() -> None:
    acted = AwaitedCosignature(first=7, first_ms=1000, last=7, last_ms=1000)
    assert not acted.is_overdue
    assert not acted.after(9, 1000 + MINUTE).is_overdue
    assert acted.after(9, 1001 + MINUTE).is_overdue


def test_silence_is_not_overdue_and_old_news_change_nothing() -> None:
    acted = AwaitedCosignature(first=7, first_ms=1000, last=9, last_ms=2000)
    assert acted.after(8, 1000 + 10 * MINUTE) == acted


def test_a_cosignature_covers_what_is_below_its_size() -> None:
    acted = AwaitedCosignature(first=7, first_ms=1000, last=90, last_ms=1001 + MINUTE)
    assert acted.after_cosigning(7) == acted
    assert acted.after_cosigning(8) == AwaitedCosignature(
        first=90, first_ms=acted.last_ms, last=90, last_ms=acted.last_ms
    )
    assert acted.after_cosigning(90) == acted.after_cosigning(8)
    assert acted.after_cosigning(91) is None
