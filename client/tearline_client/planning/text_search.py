"""Finding text in any script: what is sought and what is found are folded alike.

A name is found by its letters, whatever case, accents or script they are written in, and by its
words in any order: 邱文浩, Qiú Wénhào and Wenhao Qiu find each other. An identifier is found
whatever spaces or punctuation it is written with.
"""

import unicodedata
from collections.abc import Sequence
from enum import IntEnum
from functools import cached_property
from itertools import permutations

from anyascii import anyascii

from tearline.packets.packet import TEXT, Field

_MAX_WORDS = 5  # of a name whose words are tried in any order: 120 orders
_PIECE = 128  # characters decomposed at once
_MOST_DECOMPOSED = 4  # characters that one composed character may be written with
_MIN_NUMBER = 7  # digits of a telephone number without its prefixes


class Rank(IntEnum):
    """How well a value fits what is sought; the best first."""

    EXACT = 0
    FOLDED = 1
    PARTIAL = 2

    @property
    def text(self) -> str:
        """As people read it."""
        return ("exact", "alike", "in part")[self]


def plain_letters(text: str) -> str:
    """``text`` in small ASCII letters, digits and signs: without case, accents or script.

    It is decomposed piece by piece: sorting a long run of accents takes its square in time.
    """
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return anyascii("".join(unicodedata.normalize("NFKD", each) for each in pieces)).casefold()


def folded(text: str) -> str:
    """``text`` as plain letters and digits alone; 李 and Li fold alike."""
    return "".join(character for character in plain_letters(text) if character.isalnum())


class SearchTerms:
    """What is sought, prepared once for any number of values.

    Args:
        text: As a person typed it.
    """

    def __init__(self, text: str) -> None:
        self._text = _composed(text)
        self._folded = folded(text)
        self._words = _words(text)

    def rank(self, field: Field) -> Rank | None:
        """How well the best value of ``field`` fits; None where none does.

        A text without letters or digits is found nowhere.
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
    # Some signs fold to letters, such as ¢, and some letters to none, such as ь.
    return character.isalnum() or bool(unicodedata.combining(character) or folded(character))


def _orders(words: Sequence[str]) -> frozenset[str]:
    """The words in every order, run together; of too many, and of one, none."""
    if not 1 < len(words) <= _MAX_WORDS:
        return frozenset()
    return frozenset("".join(order) for order in permutations(words))


def _spelled(text: str, words: Sequence[str]) -> bool:
    """Whether ``text`` is some of the words run together, each once: 邱文浩 for Wenhao M. Qiu."""
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
    """Whether two telephone numbers differ only in how the way abroad is dialled: 0052, +52."""
    if not (one.isdigit() and other.isdigit()):
        return False
    one, other = one.lstrip("0"), other.lstrip("0")
    return one == other and len(one) >= _MIN_NUMBER
