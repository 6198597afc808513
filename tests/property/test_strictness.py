"""Every decoder refuses what it would not encode again, whatever is done to its bytes."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.agencies import FIELDS
from support.codecs import CODECS, Sample
from support.examples import examples
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.encoding import parse_base64, parse_decimal, parse_hex
from tearline.errors import StatementMalformed, TearlineError
from tearline.sealing import field_plaintext, parse_field_plaintext
from tearline.verification.log_entries import CLEAR, parse_entry
from tearline.wire.statements import encode_signed

each = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Something done to bytes: flip, cut, repeat, swap, insert, or replace parts of them."""
    where = draw(st.floats(0, 1, exclude_max=True))
    until = draw(st.floats(0, 1))
    noise = draw(st.binary(min_size=1, max_size=8))
    kind = draw(st.sampled_from(["flip", "cut", "repeat", "swap", "insert", "replace", "drop"]))

    def mutate(data: bytes) -> bytes:
        a = int(where * len(data))
        z = a + 1 + int(until * min(64, len(data) - a - 1))
        part = data[a:z]
        match kind:
            case "flip":
                return data[:a] + bytes([data[a] ^ noise[0]]) + data[a + 1 :]
            case "cut":
                return data[:a]
            case "repeat":
                return data[:z] + part + data[z:]
            case "swap":
                return data[a:] + data[:a]
            case "insert":
                return data[:a] + noise + data[a:]
            case "replace":
                return data[:a] + noise + data[a + len(noise) :]
            case _:
                return data[:a] + data[z:]

    return mutate


@each
@given(mutate=mutations())
def test_a_message_is_refused_or_is_its_own_encoding(
    codec: Sample, mutate: Callable[[bytes], bytes]
) -> None:
    data = mutate(codec.encode(codec.value))
    try:
        value = codec.parse(data)
    except StatementMalformed:
        return
    assert codec.encode(value) == data


@each
@settings(max_examples=examples(50))  # nearly all of it is refused by its first bytes
@given(data=st.binary(max_size=200))
def test_noise_is_refused_or_is_its_own_encoding(codec: Sample, data: bytes) -> None:
    try:
        value = codec.parse(data)
    except StatementMalformed:
        return
    assert codec.encode(value) == data


@given(mutate=mutations())
def test_a_plaintext_is_refused_or_is_what_is_sealed_of_its_field(
    mutate: Callable[[bytes], bytes],
) -> None:
    field = FIELDS[0]
    data = mutate(field_plaintext(field))
    try:
        value = parse_field_plaintext(data, field)
    except StatementMalformed:
        return
    assert field_plaintext(value) == data


@given(mutate=mutations())
def test_an_entry_is_refused_or_is_its_own_encoding(mutate: Callable[[bytes], bytes]) -> None:
    signed = CODECS["signed"]
    data = mutate(CLEAR + signed.encode(signed.value))
    try:
        value = parse_entry(data)
    except TearlineError:
        return
    assert data[:1] == b"\1" if value is None else CLEAR + encode_signed(value) == data


@given(text=st.text(max_size=24) | st.integers().map(str))
def test_a_decimal_is_refused_or_is_its_own_spelling(text: str) -> None:
    try:
        number = parse_decimal(text, maximum=10**12)
    except TearlineError:
        return
    assert str(number) == text


@given(text=st.text(max_size=12) | st.text("0123456789abcdefABCDEF ", max_size=12))
def test_hexadecimal_is_refused_or_is_its_own_spelling(text: str) -> None:
    try:
        value = parse_hex(text, size=3)
    except TearlineError:
        return
    assert value.hex() == text


@given(text=st.text("ABCDab01+/=-_ \n", max_size=12))
def test_base64_is_refused_or_is_its_own_spelling(text: str) -> None:
    from base64 import b64encode

    try:
        value = parse_base64(text)
    except TearlineError:
        return
    assert b64encode(value).decode() == text


@given(data=st.binary(min_size=1, max_size=300), mutate=mutations())
def test_armor_is_refused_or_is_its_own_spelling(
    data: bytes, mutate: Callable[[bytes], bytes]
) -> None:
    assert parse_armor(Armor.AGENCY, armor(Armor.AGENCY, data)) == data
    text = mutate(armor(Armor.AGENCY, data).encode()).decode("latin-1")
    try:
        value = parse_armor(Armor.AGENCY, text)
    except TearlineError:
        return
    assert armor(Armor.AGENCY, value) == text.replace("\r\n", "\n")
