"""Tables of fields: one that differs from the schema is refused where it is made."""

import pytest

from tearline.errors import StatementMalformed
from tearline.statements.channel import Address
from tearline.v1 import flow_pb2
from tearline.wire.codec import Codec
from tearline.wire.statements import HEADER
from tearline.wire.table import (
    BYTES,
    NUMBER,
    TEXT,
    Kind,
    choice,
    many,
    maybe,
    part,
    required,
    sized,
    table,
)

ADDRESS = {"recipient": TEXT, "agreement_id": BYTES, "seq": NUMBER}


def without(name: str) -> dict[str, Kind]:
    return {field: kind for field, kind in ADDRESS.items() if field != name}


@pytest.mark.parametrize("name", ADDRESS)
def test_a_table_without_a_field_is_no_table(name: str) -> None:
    with pytest.raises(TypeError, match="each field, in order"):
        table(flow_pb2.Address, Address, **without(name))


def test_a_table_in_another_order_than_the_numbers_is_no_table() -> None:
    with pytest.raises(TypeError, match="each field, in order"):
        table(flow_pb2.Address, Address, **without("recipient"), recipient=TEXT)


@pytest.mark.parametrize("kind", [TEXT, NUMBER, many(BYTES)])
def test_a_table_of_other_types_than_the_schema_is_no_table(kind: Kind) -> None:
    with pytest.raises(TypeError, match=r"Address\.agreement_id has another type"):
        table(flow_pb2.Address, Address, **(ADDRESS | {"agreement_id": kind}))


def test_only_what_none_can_stand_for_may_be_absent() -> None:
    with pytest.raises(TypeError, match="may be absent"):
        maybe(NUMBER)


def test_a_list_has_no_fewer_and_no_more_than_its_bounds() -> None:
    items = many(TEXT, least=1, most=2, why="one or two")
    assert items.read is not None
    assert items.read(["a"]) == ("a",)
    for wrong in ([], ["a", "b", "c"]):
        with pytest.raises(StatementMalformed, match="one or two"):
            items.read(wrong)


def test_bytes_have_their_size() -> None:
    code = sized(2, "two bytes")
    assert code.read is not None
    assert code.read(b"ab") == b"ab"
    for wrong in (b"", b"a", b"abc"):
        with pytest.raises(StatementMalformed, match="two bytes"):
            code.read(wrong)


def test_a_choice_ends_with_its_last_value() -> None:
    answer = choice((None, False, True))
    assert answer.read is not None
    assert answer.read(2) is True
    with pytest.raises(StatementMalformed, match="a value is unknown"):
        answer.read(3)


def test_an_absent_message_is_none_or_refused_as_its_kind_says() -> None:
    address = table(flow_pb2.Address, Address, **ADDRESS)
    void = {"header": maybe(part(HEADER)), "reason": TEXT, "withdraws": BYTES}
    order = ("header", "address", "reason", "withdraws")

    def reader(kind: Kind) -> Codec[dict[str, object]]:
        kinds = void | {"address": kind}
        return table(flow_pb2.Void, dict, **{name: kinds[name] for name in order})

    empty = flow_pb2.Void()
    assert reader(maybe(part(address))).read(empty)["address"] is None
    with pytest.raises(StatementMalformed, match="no place"):
        reader(required(address, "no place")).read(empty)
