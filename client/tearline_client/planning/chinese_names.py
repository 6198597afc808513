"""Chinese names in characters and in Latin transcriptions, compared by their syllables.

A name is read in each romanisation that fits all its words. Two names match if they have equally
many syllables, and a common reading of each, with the family name first or last.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice, product

from tearline.dataclass.immutable import immutable
from tearline_client.planning.romanisation import (
    Syllables,
    System,
    characters,
    spellings,
)

_MAX_WORDS = 5
_MAX_WORD = 24  # letters
_MAX_SYLLABLES = 5
MIN_BRIDGED = 3  # syllables of a Cantonese name that is compared with Mandarin spellings
_MAX_SPLITS = 16  # ways to divide the words of a name into syllables
_MAX_SPELLING = 7  # letters and signs of a syllable: ch'uang
_VOWELS = "aeiou"
_MIN_OTHER = 3  # letters of a word of another language in a name
_PARTICLES = frozenset({"da", "de", "di", "du", "la", "le"})
_BETWEEN = "'-"  # separates syllables in a word
_APOSTROPHES = str.maketrans("’‘ʻʼ`´‐‑–", "''''''---")
_HAN = re.compile(r"[\u3400-\u9fff]{2,5}")


@immutable
class Reading:
    """One reading of a name.

    Attributes:
        system: The romanisation; None for characters.
        syllables: Possible syllables in each place.
        cantonese: Whether the syllables are Cantonese.
    """

    system: System | None
    syllables: tuple[Syllables, ...]
    cantonese: bool = False

    @property
    def is_bridge(self) -> bool:
        """Returns whether it is the Mandarin reading of a Cantonese spelling."""
        return self.system is System.CANTONESE and not self.cantonese

    def common(self, other: "Reading") -> str:
        """Returns the common reading, such as "qiu wen hao"; empty if there is none."""
        if self.cantonese != other.cantonese or len(self.syllables) != len(other.syllables):
            return ""
        if self.is_bridge and other.is_bridge:
            return ""
        both = [one & two for one, two in zip(self.syllables, other.syllables, strict=True)]
        return " ".join("/".join(sorted(each)) for each in both) if all(both) else ""


class ChineseName:
    """A name, with its readings if it may be Chinese.

    Args:
        text: The name, in characters or Latin letters, without accents.
    """

    def __init__(self, text: str) -> None:
        self._text = text.translate(_APOSTROPHES)

    @cached_property
    def spelled(self) -> tuple[Reading, ...]:
        """Returns its readings as written, of at least two syllables; empty for other names."""
        return tuple(self._characters()) or tuple(self._latin())

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """Returns its readings as written, with the Mandarin ones of Cantonese spellings."""
        return tuple(bridged(self.spelled))

    @property
    def heads(self) -> str:
        """Returns the first letters of its syllables in pinyin; empty for other names."""
        for reading in self.readings:
            if reading.system is System.PINYIN:
                return "".join(min(syllables)[0] for syllables in reading.syllables)
        return ""

    def match(self, other: Iterable[Reading]) -> str:
        """Returns the transcription by which it matches another name; empty if they do not.

        Spellings of Cantonese are compared with those of Mandarin by the characters that may be
        meant. Two syllables are too few for that.

        Args:
            other: The readings of the other name.
        """
        for one, two in product(self.readings, other):
            if common := one.common(two):
                systems = {each.system for each in (one, two) if each.system}
                named = sorted(systems - {System.PINYIN}) or [System.PINYIN]
                return f"{' and '.join(named)}: {common}"
        return ""

    def _characters(self) -> Iterator[Reading]:
        found = _HAN.findall("".join(self._text.split()))
        if len(found) != 1:
            return
        table = characters()
        for cantonese in (False, True):
            source = table.cantonese if cantonese else table.mandarin
            syllables = tuple(source.get(character, frozenset()) for character in found[0])
            yield Reading(system=None, syllables=syllables, cantonese=cantonese)

    def _latin(self) -> Iterator[Reading]:
        words = self._text.casefold().replace(",", " ").split()
        if not 1 <= len(words) <= _MAX_WORDS or max(map(len, words)) > _MAX_WORD:
            return
        for system in System:
            is_cantonese = system is System.CANTONESE
            for syllables in _orders(words, system, is_ordered="," in self._text):
                yield Reading(system=system, syllables=syllables, cantonese=is_cantonese)


def bridged(spelled: Iterable[Reading]) -> Iterator[Reading]:
    """Yields readings, each Cantonese spelling with its Mandarin reading after it."""
    for reading in spelled:
        yield reading
        if reading.system is System.CANTONESE and len(reading.syllables) >= MIN_BRIDGED:
            syllables = tuple(map(_mandarin, reading.syllables))
            yield Reading(system=System.CANTONESE, syllables=syllables)


def _orders(
    words: list[str], system: System, *, is_ordered: bool
) -> Iterable[tuple[Syllables, ...]]:
    """Returns the syllables of a name, as written and with the last word first."""
    splits = [_splits(word, system) for word in words]
    read = [each for each in splits if each]
    others = [word for word, each in zip(words, splits, strict=True) if not each]
    least = 2
    if not any(splits):
        return ()
    if others:  # one word, such as a baptismal name, may stand beside three syllables
        least = 3
        if len(others) > 1 or len(others[0]) < _MIN_OTHER or not _PARTICLES.isdisjoint(words):
            return ()
    found: dict[tuple[Syllables, ...], None] = {}
    for parts in islice(product(*read), _MAX_SPLITS):
        for order in (parts,) if is_ordered else (parts, (parts[-1], *parts[:-1])):
            syllables = tuple(syllable for part in order for syllable in part)
            if least <= len(syllables) <= _MAX_SYLLABLES:
                found[syllables] = None
    return found


def _splits(word: str, system: System) -> list[tuple[Syllables, ...]]:
    """Returns the ways to divide a word into syllables.

    A vowel begins a syllable only at the start or after a sign, unless no other way is left.
    """
    known = spellings(system)

    def rest_of(begin: int, count: int, *, loose: bool) -> Iterator[tuple[Syllables, ...]]:
        after_sign = begin == 0
        while begin < len(word) and word[begin] in _BETWEEN:
            begin, after_sign = begin + 1, True
        if begin == len(word):
            yield ()
            return
        if count == _MAX_SYLLABLES or (word[begin] in _VOWELS and not (after_sign or loose)):
            return
        for end in range(min(len(word), begin + _MAX_SPELLING), begin, -1):
            if (syllables := known.get(word[begin:end])) is not None:
                for rest in rest_of(end, count + 1, loose=loose):
                    yield (syllables, *rest)

    strict = list(islice(rest_of(0, 0, loose=False), _MAX_SPLITS))
    return strict or list(islice(rest_of(0, 0, loose=True), _MAX_SPLITS))


def _mandarin(cantonese: Syllables) -> Syllables:
    """Returns the Mandarin syllables of the characters that have one of the Cantonese ones."""
    shared = characters().shared
    return frozenset().union(*(shared[syllable] for syllable in cantonese))
