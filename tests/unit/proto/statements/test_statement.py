"""Trees of statements under one signature."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import US, node_of, secret, signer, signing_key
from support.cases import each_case
from tearline.errors import (
    AttestationMissing,
    InclusionInvalid,
    SignatureInvalid,
    SignerMismatch,
    StatementMalformed,
)
from tearline.limits import MAX_BODY_BYTES, TREE_SIZES
from tearline.statements.signer import SignedTree
from tearline.statements.statement import (
    Attestation,
    AttestationCache,
    StatementType,
    find_attestation,
    leaf_hash,
    statement_id,
    verify_inclusion,
)

SIGNER = signer(node_of(US), secret("federation"))
KEY = signing_key(node_of(US))


def tree(count: int = 3) -> SignedTree:
    return SIGNER.sign([(StatementType.MARK, b"body %d" % number) for number in range(count)])


TREE = tree()
STATEMENT = TREE.statement(0)
(INCLUSION,) = STATEMENT.inclusions


@pytest.mark.parametrize(
    ("count", "size"), [(1, 1), (2, 8), (8, 8), (9, 64), (65, 512), (513, 4096), (4096, 4096)]
)
def test_every_statement_of_a_tree_is_included(count: int, size: int) -> None:
    signed = tree(count)
    assert signed.attestation.size == size
    signed.attestation.verify(KEY.public)
    for statement in signed.statements()[:: max(1, count // 8)]:
        verify_inclusion(statement, statement.inclusions[0], signed.attestation)


def test_statements_keep_their_order_whatever_their_positions() -> None:
    assert [each.body for each in tree(9).statements()] == [b"body %d" % n for n in range(9)]


def test_positions_are_random() -> None:
    assert len({tree(3).positions for _ in range(8)}) > 1


def test_the_same_words_twice_are_the_same_statement() -> None:
    again = tree().statement(0)
    assert again.id == STATEMENT.id
    assert again.inclusions != STATEMENT.inclusions


def test_equal_bodies_of_a_tree_have_unequal_leaves() -> None:
    twins = SIGNER.sign([(StatementType.MARK, b"body")] * 2)
    assert twins.leaves[0].hash != twins.leaves[1].hash


def test_a_type_is_part_of_id_and_leaf() -> None:
    mark, void = StatementType.MARK, StatementType.VOID
    assert statement_id(mark, b"body") != statement_id(void, b"body")
    assert leaf_hash(mark, bytes(32), b"body") != leaf_hash(void, bytes(32), b"body")


def test_labels_of_types_are_distinct() -> None:
    assert len({kind.label for kind in StatementType}) == len(StatementType)


def test_nothing_too_many_and_too_large_are_not_signed() -> None:
    for statements in (
        [],
        [(StatementType.MARK, b"body")] * (TREE_SIZES[-1] + 1),
        [(StatementType.MARK, bytes(MAX_BODY_BYTES + 1))],
    ):
        with pytest.raises(StatementMalformed):
            SIGNER.sign(statements)


@each_case(
    "changes",
    [
        {"salt": bytes(32)},
        {"salt": INCLUSION.salt[:-1]},
        {"index": INCLUSION.index ^ 1},
        {"index": 8},
        {"index": -1},
        {"path": INCLUSION.path[:-1]},
        {"path": (*INCLUSION.path, bytes(32))},
        {"path": INCLUSION.path[::-1]},
        {"path": (INCLUSION.path[0][:-1], INCLUSION.path[0][-1:] + INCLUSION.path[1], bytes(32))},
    ],
)
def test_an_inclusion_fits_in_no_other_way(changes: dict[str, Any]) -> None:
    with pytest.raises(InclusionInvalid):
        verify_inclusion(STATEMENT, replace(INCLUSION, **changes), TREE.attestation)


def test_a_body_of_one_type_is_not_one_of_another() -> None:
    with pytest.raises(InclusionInvalid):
        verify_inclusion(replace(STATEMENT, type=StatementType.VOID), INCLUSION, TREE.attestation)


def test_a_changed_body_is_not_included() -> None:
    with pytest.raises(InclusionInvalid):
        verify_inclusion(replace(STATEMENT, body=b"other"), INCLUSION, TREE.attestation)


def test_a_statement_points_to_one_attestation() -> None:
    with pytest.raises(AttestationMissing):
        verify_inclusion(STATEMENT, INCLUSION, tree().attestation)
    with pytest.raises(AttestationMissing):
        find_attestation(INCLUSION, {})


@each_case(
    "changes",
    [
        {"size": 2},
        {"size": 0},
        {"root": bytes(31)},
        {"federation": b""},
        {"key_id": bytes(33)},
        {"signature": bytes(64)},
        {"signer": ""},
        {"signer": "s" * 256},
    ],
)
def test_an_impossible_attestation_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(TREE.attestation, **changes)


@pytest.mark.parametrize(
    "changes",
    [{"size": 64}, {"root": bytes(32)}, {"federation": bytes(32)}, {"signer": "spiffe://x/node/y"}],
    ids=lambda changes: next(iter(changes)),
)
def test_every_part_of_an_attestation_is_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(SignatureInvalid):
        replace(TREE.attestation, **changes).verify(KEY.public)


def test_an_attestation_is_verified_under_the_key_that_it_names() -> None:
    with pytest.raises(SignerMismatch):
        TREE.attestation.verify(signing_key("another").public)


def forged() -> Attestation:
    return replace(TREE.attestation, signature=bytes(len(TREE.attestation.signature)))


def test_a_zero_signature_under_a_known_root_is_no_hit() -> None:
    cache = AttestationCache()
    cache.verify(TREE.attestation, KEY.public)
    with pytest.raises(SignatureInvalid):
        cache.verify(forged(), KEY.public)


def test_a_signature_that_failed_is_not_remembered() -> None:
    cache = AttestationCache()
    for _ in range(2):
        with pytest.raises(SignatureInvalid):
            cache.verify(forged(), KEY.public)


def test_what_is_remembered_is_remembered_for_one_key() -> None:
    cache = AttestationCache()
    cache.verify(TREE.attestation, KEY.public)
    with pytest.raises(SignerMismatch):
        cache.verify(TREE.attestation, signing_key("another").public)


def test_a_cache_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, first = AttestationCache(capacity=1), TREE.attestation
    verified: list[Attestation] = []
    monkeypatch.setattr(Attestation, "verify", lambda self, _: verified.append(self))
    for attestation in (first, first, tree().attestation, first):
        cache.verify(attestation, KEY.public)
    assert verified.count(first) == 2
