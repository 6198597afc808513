"""Trees of statements of all sizes, and the bundles that travel in place of single paths."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.agencies import US, federation
from support.examples import examples
from tearline.errors import InclusionInvalid
from tearline.limits import TREE_SIZES
from tearline.statements.signer import SignedTree
from tearline.statements.statement import StatementType, verify_inclusion
from tearline.wire.bundles import bundle, encode_bundle, parse_bundle

NODE = federation().node(US)


def tree_of(count: int) -> SignedTree:
    return NODE.sign([(StatementType.MARK, b"%d" % number) for number in range(count)])


counts = st.sampled_from([1, 2, 7, 8, 9, 63, 64, 65]) | st.integers(1, 520)


@settings(max_examples=examples(40), deadline=None)
@given(count=counts, data=st.data())
def test_every_statement_verifies_and_no_other_place_does(count: int, data: st.DataObject) -> None:
    tree = tree_of(count)
    assert tree.attestation.size == min(size for size in TREE_SIZES if size >= count)
    assert len(set(tree.positions)) == count
    number = data.draw(st.integers(0, count - 1))
    statement = tree.statement(number)
    (inclusion,) = statement.inclusions
    verify_inclusion(statement, inclusion, tree.attestation)
    other = data.draw(st.integers(0, 2 * tree.attestation.size))
    if other != inclusion.index:
        with pytest.raises(InclusionInvalid):
            verify_inclusion(statement, replace(inclusion, index=other), tree.attestation)


@settings(max_examples=examples(40), deadline=None)
@given(count=counts, data=st.data())
def test_bundles_equal_single_paths(count: int, data: st.DataObject) -> None:
    tree = tree_of(count)
    numbers = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=12))
    found = parse_bundle(encode_bundle(bundle(tree, sorted(numbers)))).statements()
    expected = sorted(map(tree.statement, numbers), key=lambda each: each.inclusions[0].index)
    assert list(found) == expected
