"""Headers, bundles, and statements of several signers."""

from dataclasses import replace
from typing import Any

import pytest

from builders import MX, US, federation, signed_by, signing_key
from tearline.errors import StatementMalformed
from tearline.federation import Revocation
from tearline.statement import Leaf, StatementType, verify_inclusion
from tearline.v1 import statement_pb2 as pb
from tearline.wire.statements import (
    Bundle,
    bundle,
    cosigned,
    encode_attestation,
    encode_bundle,
    encode_signed,
    header_of,
    merge_signed,
    parse_bundle,
    parse_signed,
    signed,
    write_statement,
)
from tearline.wire.trust import encode_revocation

FED = federation()
NODE = FED.node(US)
BODY = encode_revocation(Revocation(header=NODE.header, revoked_key=bytes(32), reason="lost"))
TREE = NODE.sign([(StatementType.MARK, BODY + b"%d" % number) for number in range(5)])
ALL = bundle(TREE)


def test_a_header_is_read_from_any_body() -> None:
    assert header_of(BODY) == NODE.header
    assert header_of(BODY + b"whatever else") == NODE.header


def test_a_header_with_a_long_name_is_read() -> None:
    longer = replace(NODE.header, signer=f"{US}/node/{'n' * 63}")
    body = encode_revocation(Revocation(header=longer, revoked_key=bytes(32), reason=""))
    assert header_of(body) == longer


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x0a", id="a tag alone"),
        pytest.param(b"\x12" + BODY[1:], id="another field"),
        pytest.param(b"\x0a\x80\x80\x01", id="a length of three bytes"),
        pytest.param(b"\x0a\x80", id="half a length"),
        pytest.param(BODY[:40], id="cut short"),
        pytest.param(b"\x0a\x00", id="an empty header"),
        pytest.param(b"\x0a\x22" + b"\x0a\x20" + bytes(32), id="a federation alone"),
    ],
)
def test_a_body_without_a_header_is_refused(body: bytes) -> None:
    with pytest.raises(StatementMalformed):
        header_of(body)


# Signed statements.


def test_a_statement_travels_with_its_attestation() -> None:
    value = signed(TREE, 3)
    assert parse_signed(encode_signed(value)) == value


def test_attestations_stand_in_the_order_of_the_signers() -> None:
    value = signed_by(StatementType.AGREEMENT, BODY, NODE, FED.node(MX))
    first, second = value.attestations.values()
    assert [first.signer, second.signer] == [NODE.header.signer, FED.node(MX).header.signer]
    assert parse_signed(encode_signed(value)) == value
    crossed = pb.Signed(
        statement=write_statement(value.statement),
        attestations=[encode_attestation(second), encode_attestation(first)],
    )
    with pytest.raises(StatementMalformed):
        parse_signed(crossed.SerializeToString())


def test_an_attestation_too_few_or_too_many_is_refused() -> None:
    value = signed(TREE)
    data = encode_attestation(TREE.attestation)
    for attestations in ([], [data, data]):
        message = pb.Signed(statement=write_statement(value.statement), attestations=attestations)
        with pytest.raises(StatementMalformed):
            parse_signed(message.SerializeToString())


def test_copies_of_one_statement_merge_with_each_signer_once() -> None:
    us, mx = (signed(by.sign([(StatementType.AGREEMENT, BODY)])) for by in (NODE, FED.node(MX)))
    merged = merge_signed([us, mx, us])
    assert len(merged.statement.inclusions) == 2
    assert merge_signed([merged, mx]) == merged


def test_different_statements_do_not_merge() -> None:
    one, two = signed(TREE, 0), signed(TREE, 1)
    for copies in ([one, two], []):
        with pytest.raises(StatementMalformed):
            merge_signed(copies)
    other_type = NODE.sign([(StatementType.VOID, TREE.leaves[0].body)])
    with pytest.raises(StatementMalformed):
        cosigned([(TREE, 0), (other_type, 0)])


def test_a_statement_has_a_type_a_body_and_a_signer() -> None:
    good = signed(TREE)
    inclusions = good.statement.inclusions
    for bad in (
        replace(good.statement, body=b""),
        replace(good.statement, inclusions=()),
        replace(good.statement, inclusions=inclusions * 65),
    ):
        with pytest.raises(StatementMalformed):
            parse_signed(encode_signed(replace(good, statement=bad)))


# Bundles.


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


def test_keys_of_trees_are_their_signers() -> None:
    TREE.attestation.verify(signing_key(NODE.header.signer).public)
