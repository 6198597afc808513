"""Shortened names: initials, abbreviations, and Spanish names without the second surname."""

import re
import unicodedata
from collections.abc import Callable

from tearline.dataclass.immutable import immutable

_MAX_WORDS = 7
_SHORT = 2  # letters of a surname that may stand beside initials, at least
_VOWELS = frozenset("aeiouy")
_INITIALS = re.compile(r"(?:[^\W\d_]\.?|[^\W\d_](?:\.-?[^\W\d_])+\.?)")
_PARTICLES = frozenset(
    ("da", "das", "de", "del", "della", "di", "do", "dos", "e", "la", "las", "los", "van", "y")
)
_ABBREVIATIONS = {
    "fco": "francisco", "fdez": "fernandez", "fdz": "fernandez", "glez": "gonzalez",
    "gzlez": "gonzalez", "gpe": "guadalupe", "hdez": "hernandez", "hdz": "hernandez",
    "jse": "jose", "ma": "maria", "mtez": "martinez", "mtz": "martinez", "rdguez": "rodriguez",
    "rdz": "rodriguez",
}  # fmt: skip


@immutable
class ShortName:
    """The words of a name.

    Attributes:
        words: Its full words, without particles, folded.
        initials: Its initials in order.
        surnames_first: Whether its surnames are first: before a comma, or in capitals.
        is_abbreviated: Whether one of its words was an abbreviation.
    """

    words: tuple[str, ...]
    initials: str
    surnames_first: bool
    is_abbreviated: bool

    def match(self, other: "ShortName", syllables: Callable[[str], str]) -> str:
        """Returns how one name is a short form of the other; empty if it is not.

        Args:
            other: The other name.
            syllables: Returns the first letters of a Chinese word's syllables, else its own.
        """
        if not (self.words and other.words):
            return ""
        if self.initials or other.initials:
            return "initials" if _by_initials(self, other, syllables) else ""
        if sorted(self.words) == sorted(other.words):
            return "abbreviated" if self.is_abbreviated or other.is_abbreviated else "particles"
        long, short = sorted((self, other), key=lambda name: len(name.words), reverse=True)
        return "one surname" if _is_without_second(long, short) else ""


def short_name(text: str, fold: Callable[[str], str]) -> ShortName | None:
    """Returns the words of a name; None for a text with too many.

    Args:
        text: The name.
        fold: Returns a word in plain letters.
    """
    text = unicodedata.normalize("NFC", text).replace("ª", "a.").replace("º", "o.")
    raw = text.replace(",", " ").split()
    if len(raw) > _MAX_WORDS:
        return None
    words: list[str] = []
    initials, abbreviated = "", False
    in_capitals = [word.isupper() and len(word) > 1 for word in raw]
    for word in raw:
        plain = fold(word)
        if _is_initials(word, plain, all_capitals=all(in_capitals)):
            initials += plain
        elif plain and plain not in _PARTICLES:
            words.append(_ABBREVIATIONS.get(plain, plain) if word.endswith(".") else plain)
            abbreviated |= words[-1] != plain
    return ShortName(
        words=tuple(words),
        initials=initials,
        surnames_first="," in text or (in_capitals[:1] == [True] and not all(in_capitals)),
        is_abbreviated=abbreviated,
    )


def _is_initials(word: str, plain: str, *, all_capitals: bool) -> bool:
    if plain in _PARTICLES and not word[0].isupper():
        return False
    if _INITIALS.fullmatch(word):
        return True
    # WH, JC: two consonants in capitals beside other words; but Ng is a surname.
    return (
        len(plain) == len(word) == _SHORT
        and word.isupper()
        and not all_capitals
        and not _VOWELS & set(plain)
        and plain != "ng"
    )


def _by_initials(one: ShortName, other: ShortName, syllables: Callable[[str], str]) -> bool:
    if one.initials and other.initials:
        is_prefix = one.initials.startswith(other.initials) or other.initials.startswith(
            one.initials
        )
        return is_prefix and sorted(one.words) == sorted(other.words)
    short, full = (one, other) if one.initials else (other, one)
    if max(map(len, short.words)) < _SHORT:
        return False
    rest = list(full.words)
    for word in short.words:
        if word not in rest:
            return False
        rest.remove(word)
    heads = "".join(word[0] for word in rest)
    return any(
        each.startswith(short.initials) for each in (heads, "".join(map(syllables, rest))) if each
    )


def _is_without_second(long: ShortName, short: ShortName) -> bool:
    """Returns whether ``short`` has a given name and the first surname of ``long`` alone."""
    if len(long.words) < 3 or len(short.words) < 2:
        return False
    if long.surnames_first:
        first, given = long.words[0], long.words[2:]
    else:
        first, given = long.words[-2], long.words[:-2]
    rest = list(short.words)
    if first not in rest:
        return False
    rest.remove(first)
    return set(rest) <= set(given)
