"""Trees and proofs against RFC 6962, section 2.1, written down word for word."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from tearline.errors import LogError, LogInconsistent
from tearline.tlog.merkle import (
    EMPTY_ROOT,
    Frontier,
    InclusionVerifier,
    consistency_nodes,
    consistency_proof,
    inclusion_nodes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_leaf_hashes,
    tree_path,
    verify_consistency,
    verify_inclusion,
)

MAX_SIZE = 130  # crosses several powers of two
LEAVES = [leaf_hash(b"%d" % number) for number in range(MAX_SIZE)]
STORED = {(level, index): node for level, index, node in Frontier().append(LEAVES)[1]}


def read_node(level: int, index: int) -> bytes:
    return STORED[level, index]


def split(size: int) -> int:
    """The largest power of two smaller than ``size``."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


sizes = st.integers(1, MAX_SIZE)
places = sizes.flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))
pairs = sizes.flatmap(lambda new: st.tuples(st.integers(1, new), st.just(new)))


@each_case("size", range(MAX_SIZE + 1))
def test_every_root_is_the_references(size: int) -> None:
    reference = mth(LEAVES[:size])
    assert Frontier().append(LEAVES[:size])[0].root() == reference
    assert root_from_leaf_hashes(LEAVES[:size]) == reference


@each_case("size", [*range(1, 35), 63, 64, 65, 127, 128, 129])
def test_every_inclusion_proof_is_the_references_and_verifies(size: int) -> None:
    leaves, root = LEAVES[:size], mth(LEAVES[:size])
    for index in range(size):
        proof = inclusion_proof(index, size, read_node)
        assert list(proof) == path(index, leaves)
        assert proof == tree_path(leaves, index)
        verify_inclusion(index, size, leaves[index], proof, root)


@each_case("new", [*range(1, 35), 63, 64, 65, 127, 128, 129])
def test_every_consistency_proof_is_the_references_and_verifies(new: int) -> None:
    root = mth(LEAVES[:new])
    for old in range(1, new + 1):
        proof = consistency_proof(old, new, read_node)
        assert list(proof) == subproof(old, LEAVES[:new], True)
        verify_consistency(old, new, mth(LEAVES[:old]), root, proof)


@given(st.lists(st.integers(0, 40), max_size=5))
def test_a_frontier_does_not_depend_on_the_batches(batches: list[int]) -> None:
    frontier, nodes = Frontier(), []
    for batch in batches:
        frontier, completed = frontier.append(
            leaf_hash(b"%d" % number) for number in range(frontier.size, frontier.size + batch)
        )
        nodes += completed
    once, nodes_at_once = Frontier().append(leaf_hash(b"%d" % n) for n in range(sum(batches)))
    assert (frontier, sorted(nodes)) == (once, sorted(nodes_at_once))
    assert nodes_at_once == sorted(nodes_at_once)


@given(places, st.data())
def test_no_other_place_fits_a_proof(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    proof = inclusion_proof(index, size, read_node)
    root = mth(LEAVES[:size])
    other = data.draw(st.integers(-1, MAX_SIZE).filter(lambda value: value != index))
    with pytest.raises(LogError):
        verify_inclusion(other, size, LEAVES[index], proof, root)


@given(places, st.data())
def test_no_flipped_bit_passes_an_inclusion_proof(
    place: tuple[int, int], data: st.DataObject
) -> None:
    index, size = place
    parts = [LEAVES[index], mth(LEAVES[:size]), *inclusion_proof(index, size, read_node)]
    leaf, root, *proof = data.draw(flipped(parts))
    with pytest.raises(LogError):
        verify_inclusion(index, size, leaf, proof, root)


Claim = tuple[int, bytes, list[bytes]]


@st.composite
def claims(draw: st.DrawFn, size: int) -> Claim:
    """That a leaf stands at an index, with its proof; true, or wrong in some way."""
    index = draw(st.integers(0, size - 1))
    leaf, proof = LEAVES[index], list(inclusion_proof(index, size, read_node))
    match draw(st.integers(0, 5)):
        case 0:
            leaf, *proof = draw(flipped([leaf, *proof]))
        case 1:
            index = draw(st.integers(-size, 2 * size))
        case 2:
            proof = draw(st.sampled_from([proof[1:], proof[:-1], [*proof, leaf]]))
        case 3 if proof:
            which = draw(st.integers(0, len(proof) - 1))
            proof[which] = draw(st.sampled_from([b"", proof[which][:31], proof[which] + b"x"]))
    return index, leaf, proof


def told(check: Callable[..., None], *arguments: object) -> type[LogError] | None:
    """What a check ends in; None where it passes."""
    try:
        check(*arguments)
    except LogError as error:
        return type(error)
    return None


@given(sizes.flatmap(lambda size: st.tuples(st.just(size), st.lists(claims(size), max_size=8))))
def test_leaves_verify_one_after_the_other_as_each_alone(tried: tuple[int, list[Claim]]) -> None:
    size, all_claims = tried
    root = mth(LEAVES[:size])
    verifier = InclusionVerifier(size, root)
    for index, leaf, proof in all_claims:
        alone = told(verify_inclusion, index, size, leaf, proof, root)
        assert told(verifier.verify, index, leaf, proof) is alone


@given(pairs, st.data())
def test_no_flipped_bit_passes_a_consistency_proof(
    pair: tuple[int, int], data: st.DataObject
) -> None:
    old, new = pair
    parts = [mth(LEAVES[:old]), mth(LEAVES[:new]), *consistency_proof(old, new, read_node)]
    root1, root2, *proof = data.draw(flipped(parts))
    with pytest.raises(LogInconsistent):
        verify_consistency(old, new, root1, root2, proof)


@given(st.integers(1, 1 << 48), st.data())
def test_proofs_of_any_size_name_few_nodes_inside_the_tree(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    for nodes in (inclusion_nodes(index, size), consistency_nodes(old, size)):
        assert len(set(nodes)) == len(nodes) <= 2 * size.bit_length()
        assert all((number + 1) << level <= size for level, number in nodes)


@st.composite
def flipped(draw: st.DrawFn, parts: list[bytes]) -> list[bytes]:
    which, bit = draw(st.integers(0, len(parts) - 1)), draw(st.integers(0, 255))
    changed = bytearray(parts[which])
    changed[bit // 8] ^= 1 << bit % 8
    return [*parts[:which], bytes(changed), *parts[which + 1 :]]
