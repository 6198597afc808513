"""Files that people hand each other."""

import pytest

from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.errors import MalformedInput

TEXT = armor(Armor.AGREEMENT, bytes(100))


def test_a_file_says_what_it_holds() -> None:
    assert TEXT.startswith("-----BEGIN TEARLINE AGREEMENT-----\nAAAA")
    assert max(map(len, TEXT.splitlines())) == 64
    assert parse_armor(Armor.AGREEMENT, TEXT) == bytes(100)


@pytest.mark.parametrize("size", [1, 47, 48, 49, 96])
def test_contents_of_every_length_come_back(size: int) -> None:
    assert parse_armor(Armor.AGENCY, armor(Armor.AGENCY, b"x" * size)) == b"x" * size


def test_a_file_that_holds_nothing_is_refused() -> None:
    with pytest.raises(MalformedInput):
        parse_armor(Armor.AGENCY, armor(Armor.AGENCY, b""))


def test_line_ends_of_other_systems_are_taken() -> None:
    assert parse_armor(Armor.AGREEMENT, TEXT.replace("\n", "\r\n")) == bytes(100)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(TEXT + "\n", id="something behind it"),
        pytest.param("hello\n" + TEXT, id="something before it"),
        pytest.param(TEXT[:-1], id="no last newline"),
        pytest.param(
            TEXT.replace("\n", "", 2).replace("-----A", "-----\nA"), id="lines run together"
        ),
        pytest.param(TEXT.replace("AAAA", "AA\nAA", 1), id="lines of other lengths"),
        pytest.param(TEXT.replace("A", "!", 1), id="no base64"),
        pytest.param(TEXT.replace("\n", "\nProc-Type: 4\n\n", 1), id="a header"),
        pytest.param(armor(Armor.AGENCY, bytes(100)), id="of another kind"),
    ],
)
def test_any_other_file_is_refused(text: str) -> None:
    with pytest.raises(MalformedInput):
        parse_armor(Armor.AGREEMENT, text)


def test_a_file_of_any_size_is_not_read() -> None:
    with pytest.raises(MalformedInput):
        parse_armor(Armor.AGREEMENT, "A" * (9 << 20))
