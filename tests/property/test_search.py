"""Finding: a value is found by itself, and by other spellings of the same."""

import unicodedata

from hypothesis import assume, example, given
from hypothesis import strategies as st

from support.cases import each_case
from tearline.packets.packet import Field
from tearline.policy.profile import marking_of
from tearline_client.planning.search_text import folded
from tearline_client.planning.text_search import Rank, SearchTerms

PATH = f"{'0a' * 16}/Person/name"
NAMES = st.text(
    st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Zs"], max_codepoint=0x9FFF), min_size=1
).filter(folded)
LATIN = st.text(st.characters(min_codepoint=0x41, max_codepoint=0x17F, categories=["Lu", "Ll"]))
WORDS = st.lists(LATIN.filter(folded), min_size=2, max_size=4)
DIGITS = st.text("0123456789", min_size=8, max_size=20)


def rank(sought: str, *values: str) -> Rank | None:
    field = Field(
        path=PATH, values=tuple(value.encode() for value in values), marking=marking_of(PATH)
    )
    match = SearchTerms(sought).match(field)
    return None if match is None else match.rank


@given(NAMES)
def test_a_value_is_found_by_itself(name: str) -> None:
    assert rank(name, name) is Rank.EXACT


@given(NAMES)
def test_the_form_of_its_code_points_does_not_matter(name: str) -> None:
    for form in ("NFC", "NFD"):
        assert rank(unicodedata.normalize(form, name), name) is Rank.EXACT


@given(LATIN.filter(folded))
def test_case_and_accents_do_not_matter(name: str) -> None:
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    assert rank(bare, name) in (Rank.EXACT, Rank.FOLDED)
    assert rank(name, bare) in (Rank.EXACT, Rank.FOLDED)
    assert rank(name.swapcase(), name) in (Rank.EXACT, Rank.FOLDED)


@given(WORDS, st.randoms(use_true_random=False), st.sampled_from([" ", ", ", "-", " · "]))
def test_the_order_of_words_does_not_matter(words: list[str], random, between: str) -> None:
    shuffled = [*words]
    random.shuffle(shuffled)
    assert rank(" ".join(shuffled), between.join(words)) in (Rank.EXACT, Rank.FOLDED)
    assert rank("".join(shuffled), between.join(words)) in (Rank.EXACT, Rank.FOLDED)


@given(DIGITS, st.data())
def test_how_a_number_is_spaced_does_not_matter(number: str, data) -> None:
    signs = data.draw(st.lists(st.sampled_from(["", " ", "-", ".", "/"]), min_size=len(number)))
    spaced = "".join(digit + sign for digit, sign in zip(number, signs, strict=False))
    assert rank(spaced, number) in (Rank.EXACT, Rank.FOLDED)
    assert rank(number, spaced) in (Rank.EXACT, Rank.FOLDED)


@given(NAMES, st.data())
def test_a_part_is_found(name: str, data) -> None:
    plain = folded(name)
    start = data.draw(st.integers(0, len(plain) - 1))
    part = plain[start : data.draw(st.integers(start + 1, len(plain)))]
    assert rank(part, name) is not None


@example("0¢0", "0")
@given(st.text(), st.text())
def test_what_is_found_shares_its_letters(sought: str, value: str) -> None:
    found = rank(sought, value)
    if found is not None and not found.is_widened:
        assert set(folded(sought)) - {"0"} <= set(folded(value))
    if found is Rank.FOLDED:
        assume(not folded(sought).isdigit())
        assert sorted(folded(sought)) == sorted(folded(value))


@given(st.lists(st.text("ab ", max_size=12), max_size=6), st.text("ab ", max_size=40))
def test_no_value_makes_it_slow(values: list[str], sought: str) -> None:
    rank(sought, *values)


@each_case(
    ("sought", "value", "expected"),
    [
        ("Qiu Wenhao", "邱文浩", Rank.FOLDED),
        ("Wenhao Qiu", "邱文浩", Rank.FOLDED),
        ("wen hao QIU", "邱文浩", Rank.FOLDED),
        ("邱文浩", "Wenhao Qiu", Rank.FOLDED),
        ("邱文浩", "Qiú Wénhào", Rank.FOLDED),
        ("邱文浩", "Wenhao M. Qiu", Rank.PARTIAL),
        ("文浩 邱", "邱文浩", Rank.FOLDED),
        ("邱", "邱文浩", Rank.PARTIAL),
        ("garcia marquez", "GARCÍA MÁRQUEZ", Rank.FOLDED),
        ("Perez Maria", "María Fernanda Pérez López", Rank.PARTIAL),
        ("Культура", "Kul'tura", Rank.FOLDED),
        ("DE02 1203 0000 0000 2020 51", "DE02120300000000202051", Rank.FOLDED),
        ("de02120300000000202051", "DE02 1203 0000 0000 2020 51", Rank.FOLDED),
        ("0052 55 5555 0142", "+52 55 5555 0142", Rank.FOLDED),
        ("(55) 5555-0142", "+525555550142", Rank.PARTIAL),
        (
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ",
            1,
        ),
        ("Li Wei", "Wang Wei", None),
        ("...", "...a", None),
        ("", "Qiu", None),
    ],
)
def test_spellings_find_each_other(sought: str, value: str, expected: Rank | None) -> None:
    assert rank(sought, value) == expected


def test_the_best_value_of_a_field_counts() -> None:
    assert rank("Qiu", "Wenhao Qiu", "Qiú", "Qiu") is Rank.EXACT


def test_a_text_without_letters_is_found_nowhere() -> None:
    assert rank("·", "Qiu · Wenhao") is None
