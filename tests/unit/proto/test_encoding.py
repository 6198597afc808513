"""Labels and decoders that accept exactly one spelling."""

from collections.abc import Callable

import pytest

from support.cases import each_case
from tearline.encoding import (
    is_ascending,
    label,
    labelled_sha256,
    parse_base64,
    parse_decimal,
    parse_hex,
    parse_utf8,
    prefixed,
    u8,
    u16,
    u32,
    u64,
)
from tearline.errors import MalformedInput


def test_a_label_is_prefix_name_and_zero() -> None:
    assert label("key") == b"tearline/v1/key\0"


@pytest.mark.parametrize("items", [(), (3,), (0, 1, 7)])
def test_what_stands_in_order_and_once_is_ascending(items: tuple[int, ...]) -> None:
    assert is_ascending(items)


@pytest.mark.parametrize("items", [(1, 1), (2, 1), (0, 2, 1), (0, 2, 2)])
def test_what_is_repeated_or_out_of_order_is_not(items: tuple[int, ...]) -> None:
    assert not is_ascending(items)


def test_integers_are_big_endian_and_of_fixed_width() -> None:
    assert (u8(1), u16(1), u32(1), u64(1)) == (
        b"\1",
        b"\0\1",
        b"\0\0\0\1",
        b"\0\0\0\0\0\0\0\1",
    )


@pytest.mark.parametrize(("width", "write"), [(8, u8), (16, u16), (32, u32), (64, u64)])
def test_an_integer_that_does_not_fit_is_an_error(
    width: int, write: Callable[[int], bytes]
) -> None:
    with pytest.raises(OverflowError):
        write(1 << width)


def test_prefixed_parts_do_not_run_together() -> None:
    assert prefixed(b"ab") + prefixed(b"c") != prefixed(b"a") + prefixed(b"bc")


def test_labels_keep_hashes_apart() -> None:
    assert labelled_sha256("a", b"x") != labelled_sha256("b", b"x")


def test_a_decimal_is_read() -> None:
    assert parse_decimal("1020", maximum=1020) == 1020


@each_case("text", ["", "01", "+1", "-1", " 1", "1 ", "1_0", "1.0", "٣", "²", "1\n"])
def test_other_spellings_of_a_decimal_are_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        parse_decimal(text, maximum=10**9)


@pytest.mark.parametrize("text", ["11", "9" * 5000])
def test_a_decimal_above_its_maximum_is_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        parse_decimal(text, maximum=10)


def test_hexadecimal_is_read() -> None:
    assert parse_hex("00ff", size=2) == b"\0\xff"


@each_case("text", ["", "00", "00f", "00FF", "00 ff", "0xff", "00fg", "00ff00"])
def test_other_spellings_of_hexadecimal_are_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        parse_hex(text, size=2)


def test_base64_is_read() -> None:
    assert parse_base64("AP8=") == b"\0\xff"


@each_case("text", ["AB==", "AP8", "AP8=\n", "A P8=", "AP9=", "-_8=", "AP8==", "é==="])
def test_other_spellings_of_base64_are_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        parse_base64(text)


def test_utf8_is_read() -> None:
    assert parse_utf8("李伟".encode()) == "李伟"


@pytest.mark.parametrize("data", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"a\0b"])
def test_what_is_not_utf8_or_holds_nul_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        parse_utf8(data)
