"""Trees, proofs, and what a proof may not be."""

import hashlib

import pytest

from tearline.errors import EntryNotIncluded, FrontierDamaged, LogInconsistent, ProofMalformed
from tearline.limits import MAX_LOG_SIZE
from tearline.tlog.merkle import (
    EMPTY_ROOT,
    Frontier,
    InclusionVerifier,
    consistency_nodes,
    consistency_proof,
    frontier_nodes,
    inclusion_nodes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_inclusion,
    root_from_leaf_hashes,
    tree_levels,
    tree_path,
    verify_consistency,
    verify_inclusion,
)

SIZE = 21  # three perfect subtrees: 16, 4 and 1
LEAVES = [leaf_hash(b"%d" % number) for number in range(SIZE)]
FRONTIER, NODES = Frontier().append(LEAVES)
STORED = {(level, index): node for level, index, node in NODES}
ROOT = FRONTIER.root()


def read_node(level: int, index: int) -> bytes:
    return STORED[level, index]


def root_of(size: int) -> bytes:
    return Frontier().append(LEAVES[:size])[0].root()


def test_hashes_are_those_of_rfc_6962() -> None:
    assert EMPTY_ROOT == Frontier().root() == root_from_leaf_hashes([])
    assert hashlib.sha256().digest() == EMPTY_ROOT
    assert leaf_hash(b"a") == hashlib.sha256(b"\x00a").digest()
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) == hashlib.sha256(b"\x01" + left + right).digest()
    assert root_from_leaf_hashes([left, right]) == node_hash(left, right)


def test_a_hash_without_a_right_neighbour_stands_a_level_higher() -> None:
    a, b, c = LEAVES[:3]
    assert tree_levels([a, b, c]) == ((a, b, c), (node_hash(a, b), c), (root_of(3),))
    assert tree_path([a, b, c], 2) == (node_hash(a, b),)
    with pytest.raises(ProofMalformed):
        tree_path([a, b, c], 3)
    with pytest.raises(ProofMalformed):
        tree_path([a, b, c], -1)


def test_a_frontier_grows_alike_in_any_steps_and_writes_each_node_once() -> None:
    frontier, nodes = Frontier(), []
    for start, end in [(0, 1), (1, 1), (1, 8), (8, 19), (19, SIZE)]:
        frontier, completed = frontier.append(LEAVES[start:end])
        nodes += completed
    assert frontier == FRONTIER
    assert sorted(nodes) == NODES
    assert len(STORED) == len(nodes) == sum(SIZE >> level for level in range(5))


def test_low_nodes_are_left_out_where_nobody_wants_them() -> None:
    frontier, nodes = Frontier().append(LEAVES, lowest=2)
    assert frontier == FRONTIER
    assert nodes == [node for node in NODES if node[0] >= 2]


def test_a_frontier_is_made_of_the_nodes_that_its_size_names() -> None:
    for size in range(SIZE + 1):
        hashes = tuple(read_node(*node) for node in frontier_nodes(size))
        assert Frontier(size=size, hashes=hashes) == Frontier().append(LEAVES[:size])[0]


@pytest.mark.parametrize(
    ("size", "hashes"),
    [
        (-1, ()),
        (0, (EMPTY_ROOT,)),
        (3, (EMPTY_ROOT,)),
        (1, (EMPTY_ROOT[:31],)),
        (MAX_LOG_SIZE * 2, (EMPTY_ROOT,)),
    ],
)
def test_a_frontier_that_no_tree_has_is_refused(size: int, hashes: tuple[bytes, ...]) -> None:
    with pytest.raises(FrontierDamaged):
        Frontier(size=size, hashes=hashes)


def test_proofs_read_the_nodes_named_before_and_no_others() -> None:
    reads: list[tuple[int, int]] = []

    def read_and_note(level: int, index: int) -> bytes:
        reads.append((level, index))
        return read_node(level, index)

    inclusion_proof(3, SIZE, read_and_note)
    assert sorted(reads) == sorted(inclusion_nodes(3, SIZE))
    reads.clear()
    consistency_proof(13, SIZE, read_and_note)
    assert sorted(reads) == sorted(consistency_nodes(13, SIZE))


def test_proofs_of_the_largest_log_read_few_nodes() -> None:
    size = MAX_LOG_SIZE - 1
    assert len(inclusion_nodes(0, size)) <= 2 * 48
    assert len(consistency_nodes(size // 3, size)) <= 2 * 48


def test_a_subtree_is_proved_as_a_leaf_of_a_smaller_tree() -> None:
    levels = tree_levels(LEAVES[:16])
    path = tree_path(levels[2], 3)  # the four leaves from 12 on
    assert root_from_inclusion(12 >> 2, 16 >> 2, levels[2][3], path) == root_of(16)


@pytest.mark.parametrize(
    ("index", "size"),
    [(0, 0), (-1, 5), (5, 5), (6, 5), (0, MAX_LOG_SIZE + 1), (2**64 - 1, 1)],
)
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ProofMalformed):
        inclusion_proof(index, size, read_node)
    with pytest.raises(ProofMalformed):
        inclusion_nodes(index, size)
    with pytest.raises(ProofMalformed):
        verify_inclusion(index, size, LEAVES[0], [], LEAVES[0])


def test_another_leaf_place_or_root_is_not_included() -> None:
    proof = inclusion_proof(6, SIZE, read_node)
    verify_inclusion(6, SIZE, LEAVES[6], proof, ROOT)
    with pytest.raises(EntryNotIncluded):
        verify_inclusion(6, SIZE, LEAVES[7], proof, ROOT)
    with pytest.raises(EntryNotIncluded):
        verify_inclusion(7, SIZE, LEAVES[6], proof, ROOT)
    with pytest.raises(EntryNotIncluded):
        verify_inclusion(6, SIZE, LEAVES[6], proof, root_of(20))


def test_a_proof_has_exactly_its_hashes() -> None:
    proof = inclusion_proof(6, SIZE, read_node)
    for forged in (proof[:-1], proof[1:], (*proof, ROOT), (ROOT, *proof)):
        with pytest.raises(ProofMalformed):
            verify_inclusion(6, SIZE, LEAVES[6], forged, ROOT)


def test_a_byte_moved_between_neighbours_is_refused() -> None:
    # 0x01 ‖ 31 bytes ‖ 33 bytes hashes like 0x01 ‖ 32 bytes ‖ 32 bytes.
    left, right = LEAVES[0], LEAVES[1]
    for short, long in [(left[:31], left[31:] + right), (left + right[:1], right[1:])]:
        assert node_hash(short, long) == root_of(2)
        with pytest.raises(ProofMalformed):
            verify_inclusion(0, 2, short, [long], root_of(2))
        with pytest.raises(ProofMalformed):
            verify_inclusion(1, 2, long, [short], root_of(2))
        with pytest.raises(ProofMalformed):
            verify_consistency(1, 2, short, root_of(2), [long])


def test_a_node_is_not_a_leaf() -> None:
    node = node_hash(LEAVES[0], LEAVES[1])
    with pytest.raises(ProofMalformed):
        verify_inclusion(0, 4, node, [node_hash(LEAVES[2], LEAVES[3])], root_of(4))
    with pytest.raises(EntryNotIncluded):
        verify_inclusion(0, 2, leaf_hash(LEAVES[0] + LEAVES[1]), [LEAVES[2]], root_of(3))


def test_an_empty_first_tree_proves_nothing() -> None:
    for size in (0, 1, SIZE):
        with pytest.raises(ProofMalformed):
            verify_consistency(0, size, EMPTY_ROOT, root_of(size), [])
        with pytest.raises(ProofMalformed):
            consistency_proof(0, size, read_node)
        with pytest.raises(ProofMalformed):
            consistency_nodes(0, size)


def test_a_log_does_not_shrink() -> None:
    proof = consistency_proof(13, SIZE, read_node)
    with pytest.raises(ProofMalformed):
        verify_consistency(SIZE, 13, ROOT, root_of(13), proof)
    with pytest.raises(ProofMalformed):
        verify_consistency(SIZE, 13, ROOT, root_of(13), [])
    with pytest.raises(ProofMalformed):
        consistency_proof(SIZE, 13, read_node)
    with pytest.raises(ProofMalformed):
        verify_consistency(1, MAX_LOG_SIZE + 1, ROOT, ROOT, [])


def test_one_size_has_one_root() -> None:
    verify_consistency(SIZE, SIZE, ROOT, ROOT, [])
    assert consistency_proof(SIZE, SIZE, read_node) == ()
    with pytest.raises(LogInconsistent):
        verify_consistency(SIZE, SIZE, ROOT, root_of(13), [])
    with pytest.raises(ProofMalformed):
        verify_consistency(SIZE, SIZE, ROOT, ROOT, [ROOT])


@pytest.mark.parametrize("old", [8, 13, 16, 20])
def test_a_rewritten_log_is_inconsistent(old: int) -> None:
    rewritten = Frontier().append([*LEAVES[:4], leaf_hash(b"another"), *LEAVES[5:old]])[0].root()
    proof = consistency_proof(old, SIZE, read_node)
    verify_consistency(old, SIZE, root_of(old), ROOT, proof)
    with pytest.raises(LogInconsistent):
        verify_consistency(old, SIZE, rewritten, ROOT, proof)
    with pytest.raises(LogInconsistent):
        verify_consistency(old, SIZE, root_of(old), rewritten, proof)
    with pytest.raises(ProofMalformed):
        verify_consistency(old, SIZE, root_of(old), ROOT, [])
    with pytest.raises(ProofMalformed):
        verify_consistency(old, SIZE, root_of(old), ROOT, (*proof, ROOT))


def test_what_two_paths_share_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = InclusionVerifier(SIZE, ROOT)
    proofs = [inclusion_proof(index, SIZE, read_node) for index in range(SIZE)]
    hashed = []

    def counted(left: bytes, right: bytes) -> bytes:
        hashed.append(left)
        return node_hash(left, right)

    monkeypatch.setattr("tearline.tlog.merkle.node_hash", counted)
    counts = []
    for index in (3, 2, 5):
        before = len(hashed)
        verifier.verify(index, LEAVES[index], proofs[index])
        counts.append(len(hashed) - before)
    assert counts[1:] == [1, 3]  # the sibling's parent; then up to where both paths meet
    assert counts[0] > len(proofs[3])


def test_every_leaf_verifies_behind_every_other() -> None:
    for size in range(1, SIZE + 1):
        proofs = [inclusion_proof(index, size, read_node) for index in range(size)]
        for known in range(size):
            for index in range(size):
                verifier = InclusionVerifier(size, root_of(size))
                verifier.verify(known, LEAVES[known], proofs[known])
                verifier.verify(index, LEAVES[index], proofs[index])


def test_a_neighbour_speaks_for_no_leaf_of_another_size_or_place() -> None:
    verifier = InclusionVerifier(SIZE, ROOT)
    proofs = [inclusion_proof(index, SIZE, read_node) for index in range(4)]
    verifier.verify(3, LEAVES[3], proofs[3])
    with pytest.raises(EntryNotIncluded):
        verifier.verify(3, LEAVES[4], proofs[3])
    sibling, *above = proofs[2]
    with pytest.raises(EntryNotIncluded):
        verifier.verify(2, LEAVES[2], [sibling, *above[:-1], LEAVES[0]])
    with pytest.raises(ProofMalformed):  # together they are the same 64 bytes
        verifier.verify(2, LEAVES[2] + sibling[:1], [sibling[1:], *above])
    verifier.verify(1, LEAVES[1], proofs[1])
    with pytest.raises(ProofMalformed):
        verifier.verify(-4, LEAVES[0], proofs[0])
