"""Headers, and statements of several signers."""

from dataclasses import replace

import pytest

from support.agencies import MX, US, federation, signed_by, signing_key
from tearline.errors import StatementMalformed
from tearline.federation.members import Revocation
from tearline.statements.statement import StatementType
from tearline.v1 import statement_pb2 as pb
from tearline.wire.federation import encode_revocation
from tearline.wire.statements import (
    STATEMENT,
    cosigned,
    encode_attestation,
    encode_signed,
    header_of,
    merge_signed,
    parse_signed,
    signed,
)

FED = federation()
NODE = FED.node(US)
BODY = encode_revocation(Revocation(header=NODE.header, revoked_key=bytes(32), reason="lost"))
TREE = NODE.sign([(StatementType.MARK, BODY + b"%d" % number) for number in range(5)])


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
        statement=STATEMENT.write(value.statement),
        attestations=[encode_attestation(second), encode_attestation(first)],
    )
    with pytest.raises(StatementMalformed):
        parse_signed(crossed.SerializeToString())


def test_an_attestation_too_few_or_too_many_is_refused() -> None:
    value = signed(TREE)
    data = encode_attestation(TREE.attestation)
    for attestations in ([], [data, data]):
        message = pb.Signed(statement=STATEMENT.write(value.statement), attestations=attestations)
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


def test_keys_of_trees_are_their_signers() -> None:
    TREE.attestation.verify(signing_key(NODE.header.signer).public)
