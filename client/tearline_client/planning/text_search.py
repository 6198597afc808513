"""Text search in any script: search terms and values are folded in the same way.

Case, accents, script and the order of words do not matter for a name: 邱文浩, Qiú Wénhào and
Wenhao Qiu match each other. Spaces and punctuation do not matter for an identifier.
"""

import unicodedata
from collections.abc import Sequence
from enum import IntEnum
from functools import cached_property
from itertools import permutations

from anyascii import anyascii

from tearline.packets.packet import TEXT, Field

_MAX_WORDS = 5  # of a name that is tried in every order: 120 orders
_PIECE = 128  # characters of one decomposition
_MOST_DECOMPOSED = 4  # characters in the decomposition of one character
_MIN_NUMBER = 7  # digits of a telephone number without its prefixes


class Rank(IntEnum):
    """Quality of a match; the best first."""

    EXACT = 0
    FOLDED = 1
    PARTIAL = 2

    @property
    def text(self) -> str:
        """Returns its display text."""
        return ("exact", "alike", "in part")[self]


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
    """

    def __init__(self, text: str) -> None:
        self._text = _composed(text)
        self._folded = folded(text)
        self._words = _words(text)

    def rank(self, field: Field) -> Rank | None:
        """Returns the rank of the best value of ``field``, or None if no value matches.

        Terms without letters or digits match no value.
        """
        if not self._folded or field.media_type != TEXT:
            return None
        ranks = [rank for text in field.texts if (rank := self._rank(text)) is not None]
        return min(ranks, default=None)

    def _rank(self, text: str) -> Rank | None:
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
        if len(self._words) > 1 and all(word in value for word in self._words):
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
