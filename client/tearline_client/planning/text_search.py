"""Text search in any script: search terms and values are folded in the same way.

Case, accents, script and the order of words do not matter for a name: 邱文浩, Qiú Wénhào and
Wenhao Qiu match each other. Spaces and punctuation do not matter for an identifier. A search in a
name is widened to other transcriptions of a Chinese name and to short forms; the match says so.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import permutations

from anyascii import anyascii

from tearline.packets.packet import TEXT, Field
from tearline_client.planning.chinese_names import ChineseName
from tearline_client.planning.ftm_schema import PropertyType, property_of
from tearline_client.planning.romanisation import characters
from tearline_client.planning.short_names import ShortName, short_name

_MAX_WORDS = 5  # of a name that is tried in every order: 120 orders
_PIECE = 128  # characters of one decomposition
_MOST_DECOMPOSED = 4  # characters in the decomposition of one character
_MIN_NUMBER = 7  # digits of a telephone number without its prefixes
_MAX_NAME = 128  # characters of a name that is compared in other spellings


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


def plain_letters(text: str) -> str:
    """Returns ``text`` in lower-case ASCII letters, digits and signs, without accents.

    The text is decomposed in pieces: time to sort a run of accents grows with its square.
    """
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return anyascii("".join(unicodedata.normalize("NFKD", each) for each in pieces)).casefold()


def folded(text: str) -> str:
    """Returns ``text`` as plain letters and digits; 李 and Li fold to the same text."""
    return "".join(character for character in plain_letters(text) if character.isalnum())


class SearchTerms:
    """Search terms, prepared once for any number of values.

    Args:
        text: The terms as typed.
        widen: Whether names also match in other transcriptions and short forms.
    """

    def __init__(self, text: str, *, widen: bool = True) -> None:
        self._widen = widen
        self._text = _composed(text)
        self._folded = folded(text)
        self._words = _words(text)

    def match(self, field: Field) -> Match | None:
        """Returns the best match in ``field``, or None if no value fits.

        Terms without letters or digits fit no value.
        """
        if not self._folded or field.media_type != TEXT:
            return None
        is_name = _is_name(field)
        ranks = [self._rank(text, is_name=is_name) for text in field.texts]
        matches = [Match(rank=rank) for rank in ranks if rank is not None]
        if self._widen and is_name and min(matches, default=_IN_PART).rank > Rank.FOLDED:
            matches += [match for text in field.texts if (match := self._widened(text))]
        return min(matches, default=None)

    def _widened(self, text: str) -> Match | None:
        if max(len(text), len(self._text)) > _MAX_NAME:
            return None
        if self._chinese.readings and (by := self._chinese.match(ChineseName(_bare(text)))):
            return Match(rank=Rank.TRANSCRIBED, widened_by=by)
        value = short_name(_in_latin(text), folded)
        if value is None or self._short is None:
            return None
        by = self._short.match(value, _heads)
        return Match(rank=Rank.SHORTENED, widened_by=by) if by else None

    @cached_property
    def _chinese(self) -> ChineseName:
        return ChineseName(_bare(self._text))

    @cached_property
    def _short(self) -> ShortName | None:
        return short_name(_in_latin(self._text), folded)

    def _rank(self, text: str, *, is_name: bool) -> Rank | None:
        bare = text.strip()
        if len(bare) <= _MOST_DECOMPOSED * len(self._text) and _composed(bare) == self._text:
            return Rank.EXACT
        value = folded(text)
        if not value:
            return None
        if value == self._folded or _is_same_number(value, self._folded):
            return Rank.FOLDED
        words = _words(text)
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


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _words(text: str) -> tuple[str, ...]:
    spaced = "".join(c if _is_of_word(c) else " " for c in text)
    return tuple(word for part in spaced.split() if (word := folded(part)))


def _is_of_word(character: str) -> bool:
    # Some signs, such as ¢, fold to letters; some letters, such as ь, fold to an empty text.
    return character.isalnum() or bool(unicodedata.combining(character) or folded(character))


def _orders(words: Sequence[str]) -> frozenset[str]:
    """Returns the joined words in every order; empty for one word or too many."""
    if not 1 < len(words) <= _MAX_WORDS:
        return frozenset()
    return frozenset("".join(order) for order in permutations(words))


def _spelled(text: str, words: Sequence[str]) -> bool:
    """Returns whether ``text`` joins some of the words, each once: 邱文浩 for Wenhao M. Qiu."""
    if len(words) > _MAX_WORDS:
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


def _is_name(field: Field) -> bool:
    _, _, rest = field.path.partition("/")
    schema, _, name = rest.partition("/")
    known = property_of(schema, name)
    return known is not None and known.type is PropertyType.NAME


def _bare(text: str) -> str:
    """Returns a name without accents; its characters and apostrophes remain."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _in_latin(text: str) -> str:
    """Returns a name with its Chinese characters as words in pinyin."""
    table = characters().mandarin
    return "".join(f" {anyascii(c)} " if c in table else c for c in text)


def _heads(word: str) -> str:
    """Returns the first letters of a word's syllables in pinyin, or of the word."""
    return ChineseName(word).heads or word[:1]
