"""Text search in any script: search terms and values are folded in the same way.

Case, accents, script and the order of words do not matter for a name: 邱文浩, Qiú Wénhào and
Wenhao Qiu match each other. Spaces and punctuation do not matter for an identifier. A search in a
name is widened to other transcriptions of a Chinese name and to short forms; the match says so.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache, partial
from itertools import permutations

from tearline.bodies.body import ID_PROPERTY, TOKEN_PREFIX
from tearline.packets.packet import TEXT, Field
from tearline_client.planning.chinese_names import MIN_BRIDGED, ChineseName, Reading
from tearline_client.planning.ftm_schema import PropertyType, property_of
from tearline_client.planning.romanisation import characters
from tearline_client.planning.search_text import (
    CANTONESE,
    CANTONESE_SPELLED,
    MANDARIN,
    MAX_NAME,
    MAX_NAMES,
    MAX_WORDS,
    NameForms,
    TextForms,
    bare,
    composed,
    digest,
    folded,
    in_latin,
    index_line,
    read_line,
    words_of,
)
from tearline_client.planning.short_names import ShortName, short_name

_MIN_NUMBER = 7  # digits of a telephone number without its prefixes
_BEGINNING = 3  # letters of a word by which a text is chosen for a closer look
_KNOWN_HEADS = 4096  # words whose syllables are remembered

_Test = Callable[[str], object]
"""Returns a true value if a text passes."""
_NameOf = Callable[[], NameForms] | None
"""Returns the forms of a name; None for a text that is none."""


class Rank(IntEnum):
    """Quality of a match; the best first."""

    EXACT = 0
    FOLDED = 1
    TRANSCRIBED = 2
    PARTIAL = 3
    SHORTENED = 4

    @property
    def text(self) -> str:
        """Returns its display text."""
        return ("exact", "alike", "transcribed", "in part", "shortened")[self]

    @property
    def is_widened(self) -> bool:
        """Returns whether the text itself has other letters than the terms."""
        return self in (Rank.TRANSCRIBED, Rank.SHORTENED)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Match:
    """A value that fits the search terms.

    Attributes:
        rank: Its quality.
        widened_by: How the search was widened: the romanisation and the common syllables, or the
            short form. Empty if it was not.
    """

    rank: Rank
    widened_by: str = ""


_IN_PART = Match(rank=Rank.PARTIAL)


def compared_texts(field: Field) -> Iterator[tuple[str, bool]]:
    """Yields the texts of a field, each with whether it is compared as a name.

    These are the first names of the field: another one is found by its letters, not in other
    spellings. An id is found by the entity's token as well, by which partners know it.
    """
    if field.media_type != TEXT:
        return
    named = is_name(field)
    for number, text in enumerate(field.texts):
        yield text, named and number < MAX_NAMES
    if field.path.endswith(f"/{ID_PROPERTY}"):
        yield TOKEN_PREFIX + field.path.partition("/")[0], False


def index_lines(texts: Iterable[tuple[str, bool]]) -> str:
    """Returns the lines of an index of texts, each once.

    Args:
        texts: The texts, as ``compared_texts`` yields them.
    """
    lines = (index_line(text, is_name=named) for text, named in texts)
    return "\n".join(dict.fromkeys(filter(None, lines)))


class SearchTerms:
    """Search terms, prepared once for any number of values.

    Args:
        text: The terms as typed.
        widen: Whether names also match in other transcriptions and short forms.
    """

    def __init__(self, text: str, *, widen: bool = True) -> None:
        self._text = composed(text)
        self._widen = widen and len(self._text) <= MAX_NAME
        self._digest = digest(text)
        self._folded = folded(text)
        self._words = words_of(text)

    def match(self, field: Field) -> Match | None:
        """Returns the best match in ``field``, or None if no value fits.

        Terms without letters or digits fit no value.
        """
        if not self._folded:
            return None
        texts = compared_texts(field)
        return self._best(
            [(TextForms.of(t), partial(NameForms.of, t) if named else None) for t, named in texts]
        )

    def match_lines(self, lines: str) -> Match | None:
        """Returns the best match in the index of a packet, as ``match`` in all of its fields."""
        if not self._folded:
            return None
        # No match is missed: a text that fits passes a test in its own line.
        passed = [test for test in self._tests if test(lines)]
        if not passed:
            return None
        near = (line for line in lines.split("\n") if any(test(line) for test in passed))
        read = map(read_line, near)
        return self._best([(each.text(), each.name if each.is_name else None) for each in read])

    def may_be_in(self, lines: str) -> bool:
        """Returns whether some of these lines deserve a look: False only if none fits."""
        return bool(self._folded) and any(test(lines) for test in self._tests)

    def _best(self, texts: Sequence[tuple[TextForms, _NameOf]]) -> Match | None:
        ranks = [self._rank(text, is_name=name is not None) for text, name in texts]
        matches = [Match(rank=rank) for rank in ranks if rank is not None]
        if self._widen and min(matches, default=_IN_PART).rank > Rank.FOLDED:
            names = (name() for _, name in texts if name is not None)
            matches += [match for name in names if (match := self._widened(name))]
        return min(matches, default=None)

    def _widened(self, name: NameForms) -> Match | None:
        if self._chinese.readings and (by := self._chinese.match(name.readings)):
            return Match(rank=Rank.TRANSCRIBED, widened_by=by)
        if name.short is None or self._short is None:
            return None
        by = self._short.match(name.short, _heads)
        return Match(rank=Rank.SHORTENED, widened_by=by) if by else None

    @cached_property
    def _chinese(self) -> ChineseName:
        return ChineseName(bare(self._text))

    @cached_property
    def _short(self) -> ShortName | None:
        return short_name(in_latin(self._text), folded)

    def _rank(self, text: TextForms, *, is_name: bool) -> Rank | None:
        value, words = text.folded, text.words
        if not value:
            return None
        if value == self._folded:
            return Rank.EXACT if text.digest == self._digest else Rank.FOLDED
        if _is_same_number(value, self._folded):
            return Rank.FOLDED
        length = sum(map(len, words))
        if value in self._orders or (
            length == len(self._folded) and self._folded in _orders(words)
        ):
            return Rank.FOLDED
        if self._folded in value or any(order in value for order in self._orders):
            return Rank.PARTIAL
        # In a name, a single letter is an initial.
        least = min(map(len, self._words)) if is_name else len(self._folded)
        if len(self._words) > 1 < least and all(word in value for word in self._words):
            return Rank.PARTIAL
        return Rank.PARTIAL if _spelled(self._folded, words) else None

    @cached_property
    def _orders(self) -> frozenset[str]:
        return _orders(self._words)

    @cached_property
    def _tests(self) -> tuple[_Test, ...]:
        """Returns quick tests of lines, one of which each text passes that fits."""
        tests: list[_Test] = [self._has(self._folded)]
        number = self._folded.lstrip("0")
        if self._folded.isdigit() and number != self._folded and len(number) >= _MIN_NUMBER:
            tests.append(self._has(number))
        if len(self._words) > 1:
            tests.append(self._has(*self._words))
        if len(self._folded) > 1:
            # A word of the text that is the beginning of the terms, or begins as they do.
            one, two, three = (self._folded[at : at + 1] for at in range(_BEGINNING))
            tests.append(re.compile(rf" {one}(?:\b|{two}(?:\b|{three}))").search)
        if self._widen:
            patterns = dict.fromkeys(_reading_patterns(self._chinese.readings))
            tests += [re.compile(pattern).search for pattern in patterns]
            if self._short is not None and self._short.words:
                words = "|".join(dict.fromkeys(self._short.words))
                tests.append(re.compile(rf"\t(?: (?:{words}))+\t").search)
                if self._short.initials or len(self._short.words) > 1:
                    tests.append(self._has(*self._short.words))
        return tuple(tests)

    @staticmethod
    def _has(*parts: str) -> _Test:
        if len(parts) == 1:
            (part,) = parts
            return lambda lines: part in lines
        return lambda lines: all(part in lines for part in parts)


def _reading_patterns(readings: Iterable[Reading]) -> Iterator[str]:
    """Yields patterns of the readings that have all syllables in common with one of these."""
    for reading in readings:
        if reading.cantonese:
            yield _reading_pattern(CANTONESE, reading.syllables)
            continue
        yield _reading_pattern(MANDARIN, reading.syllables)
        if not reading.is_bridge and len(reading.syllables) >= MIN_BRIDGED:
            yield _reading_pattern(
                CANTONESE_SPELLED, [_cantonese_of(each) for each in reading.syllables]
            )


def _reading_pattern(letters: str, places: Iterable[Iterable[str]]) -> str:
    syllables = (f" (?:[a-z]+/)*(?:{'|'.join(sorted(each)) or '!'})(?:/[a-z]+)*" for each in places)
    return rf";[{letters}]{''.join(syllables)}(?:[;\n]|$)"


def _cantonese_of(mandarin: frozenset[str]) -> frozenset[str]:
    """Returns the Cantonese syllables of the characters that have one of the Mandarin ones."""
    shared = characters().shared
    return frozenset(each for each, common in shared.items() if common & mandarin)


def is_name(field: Field) -> bool:
    """Returns whether a field is the name of an entity."""
    _, _, rest = field.path.partition("/")
    schema, _, name = rest.partition("/")
    known = property_of(schema, name)
    return known is not None and known.type is PropertyType.NAME


def _orders(words: Sequence[str]) -> frozenset[str]:
    """Returns the joined words in every order; empty for one word or too many."""
    if not 1 < len(words) <= MAX_WORDS:
        return frozenset()
    return frozenset("".join(order) for order in permutations(words))


def _spelled(text: str, words: Sequence[str]) -> bool:
    """Returns whether ``text`` joins some of the words, each once: 邱文浩 for Wenhao M. Qiu."""
    if len(words) > MAX_WORDS:
        return False
    for number, word in enumerate(words):
        if text == word:
            return True
        rest = [*words[:number], *words[number + 1 :]]
        if text.startswith(word) and _spelled(text[len(word) :], rest):
            return True
    return False


def _is_same_number(one: str, other: str) -> bool:
    """Returns whether two telephone numbers differ only in the international prefix: 0052, +52."""
    if not (one.isdigit() and other.isdigit()):
        return False
    one, other = one.lstrip("0"), other.lstrip("0")
    return one == other and len(one) >= _MIN_NUMBER


@lru_cache(maxsize=_KNOWN_HEADS)
def _heads(word: str) -> str:
    """Returns the first letters of a word's syllables in pinyin, or of the word."""
    return ChineseName(word).heads or word[:1]
