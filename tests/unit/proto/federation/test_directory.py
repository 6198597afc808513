"""The sparse tree of agencies: roots, proofs of states and proofs of absence."""

import hashlib
import random

import pytest

from tearline.errors import ProofMalformed
from tearline.federation.directory import (
    EMPTY,
    Directory,
    DirectoryProof,
    directory_key,
    verify_directory,
)

URIS = [f"spiffe://agency{number}.example" for number in range(200)]
STATES = {uri: hashlib.sha256(uri.encode()).digest() for uri in URIS}
TREE = Directory((uri, uri.encode()) for uri in URIS)
ABSENT = [f"spiffe://absent{number}.example" for number in range(50)]


def root_of(leaves: dict[bytes, bytes], depth: int = 0) -> bytes:
    """The root by the definition, recursively."""
    if not leaves:
        return bytes(32)
    if len(leaves) == 1:
        ((key, state),) = leaves.items()
        return hashlib.sha256(b"\0" + key + state).digest()
    halves: list[dict[bytes, bytes]] = [{}, {}]
    for key, state in leaves.items():
        halves[key[depth // 8] >> (7 - depth % 8) & 1][key] = state
    left, right = (root_of(half, depth + 1) for half in halves)
    return hashlib.sha256(b"\1" + left + right).digest()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 200])
def test_the_root_is_that_of_the_definition(count: int) -> None:
    leaves = {directory_key(uri): STATES[uri] for uri in URIS[:count]}
    assert Directory((uri, uri.encode()) for uri in URIS[:count]).root == root_of(leaves)


def test_the_order_of_changes_does_not_matter() -> None:
    shuffled = random.Random(1).sample(URIS, len(URIS))
    tree = Directory((uri, bytes(32)) for uri in URIS)
    for uri in shuffled:
        tree.put(uri, uri.encode())
    assert tree.root == TREE.root


def test_states_and_absences_are_proven() -> None:
    for uri in URIS:
        verify_directory(TREE.root, uri, STATES[uri], TREE.prove(uri))
    for uri in ABSENT:
        verify_directory(TREE.root, uri, None, TREE.prove(uri))
    verify_directory(EMPTY, URIS[0], None, Directory().prove(URIS[0]))


def test_a_member_that_exists_is_never_proven_absent() -> None:
    uri = URIS[0]
    proof = TREE.prove(uri)
    forged = [
        proof,
        DirectoryProof(siblings=(), other=None),
        DirectoryProof(siblings=proof.siblings, other=(directory_key(uri), STATES[uri])),
        *(
            DirectoryProof(siblings=proof.siblings[:depth], other=None)
            for depth in range(len(proof.siblings))
        ),
        *(TREE.prove(other) for other in (*URIS[1:20], *ABSENT)),
    ]
    for each in forged:
        with pytest.raises(ProofMalformed):
            verify_directory(TREE.root, uri, None, each)


def test_another_state_is_never_proven() -> None:
    for uri in URIS[:20]:
        with pytest.raises(ProofMalformed):
            verify_directory(TREE.root, uri, bytes(32), TREE.prove(uri))
    with pytest.raises(ProofMalformed):
        verify_directory(TREE.root, ABSENT[0], bytes(32), TREE.prove(ABSENT[0]))


@pytest.mark.parametrize(
    "proof",
    [
        DirectoryProof(siblings=(bytes(32),) * 65, other=None),
        DirectoryProof(siblings=(b"short",), other=None),
        DirectoryProof(siblings=(), other=(b"short", bytes(32))),
    ],
    ids=["deep", "short", "other"],
)
def test_a_path_of_another_shape_is_refused(proof: DirectoryProof) -> None:
    with pytest.raises(ProofMalformed):
        verify_directory(TREE.root, URIS[0], None, proof)
