"""Bundles: what they show, and what is none."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import US, federation
from tearline.errors import StatementMalformed
from tearline.statements.signer import Leaf
from tearline.statements.statement import StatementType, verify_inclusion
from tearline.wire.bundles import Bundle, bundle, encode_bundle, parse_bundle

NODE = federation().node(US)
BODY = b"whatever is signed"
TREE = NODE.sign([(StatementType.MARK, BODY + b"%d" % number) for number in range(5)])
ALL = bundle(TREE)


def test_a_bundle_gives_the_paths_that_single_statements_have() -> None:
    found = parse_bundle(encode_bundle(ALL)).statements()
    by_position = sorted(TREE.statements(), key=lambda each: each.inclusions[0].index)
    assert list(found) == by_position
    for statement in found:
        verify_inclusion(statement, statement.inclusions[0], TREE.attestation)


def test_a_bundle_shows_only_what_is_wanted() -> None:
    some = parse_bundle(encode_bundle(bundle(TREE, [1, 4])))
    assert {each.body for each in some.statements()} == {TREE.leaves[1].body, TREE.leaves[4].body}
    whole = encode_bundle(some)
    assert all(TREE.leaves[n].body not in whole for n in (0, 2, 3))


def test_a_bundle_of_one_is_a_leaf_and_its_path() -> None:
    one = bundle(TREE, [2])
    assert (len(one.leaves), len(one.path)) == (1, 3)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"leaves": ()}, id="no leaves"),
        pytest.param({"leaves": ALL.leaves[:3]}, id="three leaves"),
        pytest.param({"index": 8}, id="beyond the tree"),
        pytest.param({"index": 1, "leaves": ALL.leaves[:2], "path": (bytes(32),) * 2}, id="askew"),
        pytest.param({"path": (bytes(32),)}, id="a path too long"),
        pytest.param({"leaves": ALL.leaves[:2], "path": (bytes(32),)}, id="a path too short"),
        pytest.param({"leaves": ALL.leaves[:4], "path": (bytes(31),)}, id="a short hash"),
        pytest.param({"leaves": ALL.leaves * 2}, id="more leaves than the tree"),
        pytest.param({"leaves": (bytes(31),) * 8}, id="a hidden leaf that is no hash"),
    ],
)
def test_what_is_no_subtree_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        parse_bundle(encode_bundle(replace(ALL, **changes)))


def test_a_leaf_of_a_bundle_has_type_salt_and_body() -> None:
    good = next(leaf for leaf in ALL.leaves if isinstance(leaf, Leaf))
    for bad in (replace(good, salt=bytes(31)), replace(good, body=b"")):
        leaves = tuple(bad if leaf == good else leaf for leaf in ALL.leaves)
        with pytest.raises(StatementMalformed):
            parse_bundle(encode_bundle(replace(ALL, leaves=leaves)))


def test_a_leaf_is_shown_or_hidden() -> None:
    one = Bundle(
        attestation=NODE.sign([(StatementType.MARK, BODY)]).attestation,
        index=0,
        leaves=(bytes(32),),
        path=(),
    )
    hidden = encode_bundle(one)
    shown = hidden.replace(b"\x1a\x22\x22\x20", b"\x1a\x24\x08\x0a\x22\x20")
    assert parse_bundle(hidden) == one
    with pytest.raises(StatementMalformed):
        parse_bundle(shown)
