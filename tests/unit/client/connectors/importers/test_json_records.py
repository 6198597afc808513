"""Items of a list in a JSON file, read in pieces of any size."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from tearline.errors import ImportRefused
from tearline_client.connectors.importers import json_reader
from tearline_client.connectors.importers.json_records import json_records

TEXTS = st.text(max_size=8).filter(lambda text: text.isprintable())
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def as_texts(data: Any) -> Any:
    """The same data, with numbers as texts."""
    return json.loads(json.dumps(data), parse_int=str)


@given(
    st.lists(DATA, max_size=5),
    st.dictionaries(TEXTS, DATA, max_size=3),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
)
def test_any_pieces_make_the_same_members(
    items: list[Any], beside: dict[str, Any], piece: int, indent: int | None
) -> None:
    beside.pop("objects", None)
    data = json.dumps({**beside, "objects": items}, ensure_ascii=False, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_reader, "_PIECE", piece)
        patch.setattr(json_reader, "MAX_LINE_BYTES", 512)
        found = list(json_records(io.BytesIO(data), "objects"))
    assert [each.value for each in found if each.name == "objects"] == as_texts(items)
    assert {each.name: each.value for each in found if each.name != "objects"} == as_texts(beside)


def test_a_line_is_that_of_the_value() -> None:
    data = b'{"a":\n1,\n"objects":[\n\n{"b":\n2},\n3]}'
    found = [(each.line, each.value) for each in json_records(io.BytesIO(data), "objects")]
    assert found == [(2, "1"), (5, {"b": "2"}), (7, "3")]


@pytest.mark.parametrize("piece", [1, 3, 1 << 16])
def test_the_line_in_another_encoding_is_named(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reader, "_PIECE", piece)
    data = '{"a":\n1,\n"objects":[\n\n{"b":\n"ü"},\n3]}'.encode("cp1252")
    with pytest.raises(ImportRefused, match="line 6: not UTF-8; save the file in this encoding"):
        list(json_records(io.BytesIO(data), "objects"))


@each_case(
    "data",
    [
        b"",
        b"{",
        b'{"a"',
        b'{"a":',
        b'{"a":1',
        b'{"a":1,',
        b'{"a":1,}',
        b'{"a":1]',
        b"{1:2}",
        b'{"objects":[1',
        b'{"objects":[1,',
        b'{"objects":[1,]}',
        b'{"objects":[1 2]}',
        b"{}1",
        b'{"a":1} {',
        b'{"a":tru}',
        b'{"a":"\xc3"}',
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":2}}',
    ],
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ImportRefused):
        list(json_records(io.BytesIO(data), "objects"))


@pytest.mark.parametrize("deep", ["[" * 70 + "]" * 70, '{"a":' * 70 + "1" + "}" * 70])
def test_a_value_is_not_deeper_than_any_code_can_follow(deep: str) -> None:
    """A draft is read in a thread, and shown where less of the stack is left."""
    with pytest.raises(ImportRefused, match="too deep"):
        list(json_records(io.BytesIO(f'{{"objects": [{deep}]}}'.encode()), "objects"))
    wide = "[" + ",".join(["[[]]"] * 1_000) + "]"
    (member,) = json_records(io.BytesIO(f'{{"objects": [{wide}]}}'.encode()), "objects")
    assert len(member.value) == 1_000
