"""Finding many values in a text in one pass: by words, in any script and order."""

from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from support.costs import MOST, growth
from support.documents import png
from tearline.limits import MAX_CONSOLE_FILES
from tearline.packets.packet import TEXT, Field
from tearline.policy.profile import marking_of
from tearline_client.connectors.importers.documents import document_fields, document_of
from tearline_client.documents.reader import document_text
from tearline_client.features.packets import onward_use
from tearline_client.features.packets.onward_use import OnwardUse
from tearline_client.planning.mentions import Reader, Seeker, mentions_of, phrases_of
from tearline_client.planning.search_text import folded
from tearline_client.rules.onward_sources import values_of


def found(value: str, text: str) -> bool:
    return Seeker([("it", value)]).found_in(text) == {"it"}


@each_case(
    ("value", "text"),
    [
        ("Qiu Wenhao", "met QIU, Wenhao on Monday"),
        ("Qiu Wenhao", "Wenhao Qiu"),
        ("裘文昊", "付款给裘文昊的"),
        ("裘文昊", "paid to Qiu Wenhao"),
        ("이준호", "어제 이준호를 만났다"),
        ("DE02 1203 0000 0000 2020 51", "to DE02120300000000202051."),
        ("DE02120300000000202051", "to DE02 1203 0000 0000 2020 51."),
        ("1847250", "1,847,250 pesos"),
        ("María de los Ángeles Pérez", "Perez Maria de los Angeles"),
        ("Anna", "with Anna."),
        ("x" * 200, "before " + "x" * 200 + " after"),
    ],
)
def test_a_value_is_found_in_a_text(value: str, text: str) -> None:
    assert found(value, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Anna", "Susanna and Annabel"),
        ("100000", "1000000 and 2100000"),
        ("2026", "in 2026"),
        ("mx", "mx"),
        ("Qiu Wenhao", "Qiu and Wenhao"),
        ("…", "… …"),
        ("", ""),
    ],
)
def test_what_is_part_of_a_word_or_too_short_is_not(value: str, text: str) -> None:
    assert not found(value, text)


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_value_between_blanks_is_found_if_it_is_long_enough(
    value: str, before: str, after: str
) -> None:
    plain = folded(value)
    wanted = len(plain) >= 4 and not (plain.isdigit() and len(plain) < 5)
    assert found(value, f"{before} {value} {after}") or not wanted


def test_every_value_is_told_apart() -> None:
    seeker = Seeker([(1, "Anna Berg"), (2, "Berg Anna"), (3, "Anna"), (4, "Cecil")])
    assert seeker.found_in("Anna Berg") == {1, 2, 3}
    assert not Seeker([(1, "mx")])


def test_phrases_are_the_words_in_a_row() -> None:
    assert {"qiuwenhao", "wenhaoqiu"} <= set(phrases_of("by Wenhao Qiu"))
    assert "wenhao" in set(phrases_of("Wenhao"))
    assert list(phrases_of("a b")) == []


@pytest.mark.parametrize("piece", ["anna ", "a", "李", "\u0301\u0327", "anna", "1 ", "-"])
def test_seeking_takes_time_by_the_length_of_the_text(piece: str) -> None:
    def make(number: int):
        seeker = Seeker((n, f"anna{'a' * (n % 60)} {n}") for n in range(200))
        text = piece * (20 * number)
        return lambda: (seeker.found_in(text), sum(1 for _ in phrases_of(text)))

    assert growth(make, 20) <= MOST


def test_seeking_takes_time_by_the_number_of_values() -> None:
    def make(number: int):
        values = [(n, f"anna berg {n:06}") for n in range(number)]
        return lambda: Seeker(values).found_in("anna berg 000001 " * number)

    assert growth(make, 50) <= MOST


def kept(name: str, value: str, token: str = "ab" * 16) -> Field:
    path = f"{token}/{name}"
    return Field(path=path, media_type=TEXT, values=(value.encode(),), marking=marking_of(path))


PHOTO = document_fields(document_of("photo.png", png()))


@pytest.mark.parametrize(
    ("fields", "is_asked"),
    [
        ([kept("Person/name", "Qiu Wenhao")], True),
        ([kept("Document/fileName", "statement of a source.pdf")], True),
        ([kept("Person/id", "person-qiu")], False),
        (PHOTO[:-1], False),
        ([kept("Document/author", "Qiu Wenhao", PHOTO[-1].path.partition("/")[0])], True),
        ([kept("Person/country", "mx")], False),
        ([], False),
    ],
    ids=["name", "other document", "local id", "own description", "own author", "short", "none"],
)
def test_a_picture_is_asked_about_if_it_could_show_a_withheld_value(
    fields: list[Field], is_asked: bool
) -> None:
    reader = Reader(uri="mx", clear=PHOTO[-1:], kept=tuple(fields), sources=())
    assert [each.text for each in mentions_of([reader])] == [PHOTO[-1].path] * is_asked


def test_each_document_of_a_packet_is_read_once_for_all_readers() -> None:
    document_text.cache_clear()
    names = (f"{number}.png" for number in range(MAX_CONSOLE_FILES))
    files = [
        document_fields(document_of(name, png((b"tEXt", name.encode()))))[-1] for name in names
    ]
    secret = (kept("Person/name", "Qiu Wenhao"),)
    readers = [Reader(uri=uri, clear=tuple(files), kept=secret, sources=()) for uri in ("mx", "pa")]
    assert len(mentions_of(readers)) == 2 * MAX_CONSOLE_FILES
    assert document_text.cache_info().misses == MAX_CONSOLE_FILES


def test_phrases_of_a_long_text_are_sought_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onward_use, "_PHRASES_AT_ONCE", 64)
    asked = Mock(return_value={})
    use = OnwardUse(Mock(**{"stores.values.told_among": asked}))
    text = kept("Person/summary", " ".join(str(number) for number in range(1000, 2000)))
    assert use._told_within(text) == []
    sought = [call.args[0] for call in asked.mock_calls]
    assert max(map(len, sought)) <= 64
    assert set().union(*sought) == set(phrases_of(text.texts[0])) - values_of(text)
