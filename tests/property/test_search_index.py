"""The index of texts finds exactly what a look at every text finds."""

from hypothesis import example, given
from hypothesis import strategies as st

from tearline.packets.packet import Field
from tearline.policy.profile import marking_of
from tearline_client.planning.search_text import MAX_NAMES
from tearline_client.planning.text_search import Match, SearchTerms, compared_texts, index_lines
from unit.client.planning.test_name_spellings import SHORTENED, TRANSCRIBED

NAME, OTHER = f"{'0a' * 16}/Person/name", f"{'0a' * 16}/BankAccount/accountNumber"
SYLLABLES = ["qiu", "ch'iu", "wen", "hao", "Chan", "Tai", "man", "li", "Hsu", "wong", "ka", "wai"]
HAN = "邱文浩陈陳大王李许張學賢家偉单解"
WORDS = st.one_of(
    st.sampled_from([*SYLLABLES, *HAN, "Juan", "García", "de", "J.", "WH", "Ma.", "Pérez,", "QIU"]),
    st.text("aquiwen", min_size=1, max_size=5),
    st.text("0123456789", min_size=1, max_size=9),
)
TEXTS = st.one_of(
    st.lists(WORDS, min_size=1, max_size=7).map(" ".join),
    st.lists(WORDS, min_size=1, max_size=3).map("".join),
    st.text(HAN, min_size=1, max_size=5),
    st.text(max_size=12),
    st.sampled_from([text for pair in (*TRANSCRIBED, *SHORTENED) for text in pair[:2]]),
)


def field(path: str, values: list[str]) -> Field:
    encoded = tuple(value.encode("utf-8", "replace") for value in values)
    return Field(path=path, values=encoded, marking=marking_of(path))


def lines(*fields: Field) -> str:
    return index_lines(text for each in fields for text in compared_texts(each))


@example("邱文浩", ["Ch'iu Wen-hao"], [], True)
@example("Chen Dawen", ["David CHAN Tai Man"], ["0"], True)
@example("qiuwen", ["wen qiu hao"], ["qiu wen"], True)
@example("garcia perez", [], ["juan perez del garcia lopez"], True)
@example("0052 55 5555 0142", [], ["+52 55 5555 0142"], True)
@given(TEXTS, st.lists(TEXTS, max_size=4), st.lists(TEXTS, max_size=3), st.booleans())
def test_the_index_matches_as_the_fields_do(
    sought: str, names: list[str], others: list[str], widen: bool
) -> None:
    fields = [field(NAME, names), *(field(OTHER, [each]) for each in others)]
    terms = SearchTerms(sought, widen=widen)
    matches = [match for each in fields if (match := terms.match(each)) is not None]
    assert terms.match_lines(lines(*fields)) == min(matches, default=None)


def test_a_field_with_many_names_is_matched_as_its_index_is() -> None:
    names = [*(f"{number}" for number in range(MAX_NAMES - 1)), "Ch'iu Wen-hao", "Ch'en Ta-wen"]
    many = field(NAME, names)
    for sought, is_found in (
        ("邱文浩", True),
        ("陈大文", False),  # beyond the names that are compared in other spellings
        ("Ta-wen Ch'en", True),
    ):
        terms = SearchTerms(sought)
        assert terms.match_lines(lines(many)) == terms.match(many)
        assert (terms.match(many) is not None) == is_found


def test_every_known_spelling_is_found_through_the_index() -> None:
    for sought, value, *_ in (*TRANSCRIBED, *SHORTENED):
        expected = SearchTerms(sought).match(field(NAME, [value]))
        assert isinstance(expected, Match)
        assert SearchTerms(sought).match_lines(lines(field(NAME, [value]))) == expected
