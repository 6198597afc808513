"""Forms of a text in which it is found, and their encoding in a node's search index.

The forms are computed once, when a text is indexed. Search terms are compared with the forms alone,
so the index gives the matches that the texts themselves would give.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from anyascii import anyascii

from tearline.dataclass.immutable import immutable
from tearline_client.planning.chinese_names import ChineseName, Reading, bridged
from tearline_client.planning.romanisation import System, characters
from tearline_client.planning.short_names import ShortName, short_name

MAX_WORDS = 5
"""Words of a name that is tried in every order: 120 orders."""
MAX_NAME = 128
"""Characters of a name that is compared in other spellings."""
MAX_NAMES = 64
"""Names of one field that are compared in other spellings: an entity has far fewer."""
_PIECE = 128  # characters of one decomposition
_MOST_COMPOSED = 512  # characters: time to sort a run of accents grows with its square
_DIGEST_SIZE = 6  # bytes: two texts that fold alike and differ hardly ever share it
_MANY = "-"  # instead of the words of a text with too many
_SAME = "="  # instead of a short name's words that are the text's
_FIRST, _SHORTENED = "f", "a"
_SYSTEMS: dict[tuple[System | None, bool], str] = {
    (None, False): "m",
    (None, True): "k",
    (System.PINYIN, False): "p",
    (System.WADE_GILES, False): "w",
    (System.POSTAL, False): "o",
    (System.CANTONESE, True): "c",
}
"""Letters of the readings as written; none has two syllables' separators or is one."""
_READ = {letter: key for key, letter in _SYSTEMS.items()}
MANDARIN, CANTONESE, CANTONESE_SPELLED = "mpwo", "kc", "c"
"""Letters of readings: in Mandarin, in Cantonese, and in Latin letters by Cantonese."""


def plain_letters(text: str) -> str:
    """Returns ``text`` in lower-case ASCII letters, digits and signs, without accents.

    The text is decomposed in pieces: time to sort a run of accents grows with its square.
    """
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return anyascii("".join(unicodedata.normalize("NFKD", each) for each in pieces)).casefold()


def folded(text: str) -> str:
    """Returns ``text`` as plain letters and digits; 李 and Li fold to the same text."""
    return "".join(character for character in plain_letters(text) if character.isalnum())


def words_of(text: str) -> tuple[str, ...]:
    """Returns the folded words of a text."""
    spaced = "".join(c if _is_of_word(c) else " " for c in text)
    return tuple(word for part in spaced.split() if (word := folded(part)))


def _is_of_word(character: str) -> bool:
    # Some signs, such as ¢, fold to letters; some letters, such as ь, fold to an empty text.
    return character.isalnum() or bool(unicodedata.combining(character) or folded(character))


def composed(text: str) -> str:
    """Returns a text in composed characters, without spaces around it; a long one as it is."""
    if len(text) > _MOST_COMPOSED:
        return text.strip()
    return unicodedata.normalize("NFC", text).strip()


def digest(text: str) -> str:
    """Returns a digest of a text as written; spaces around it do not count."""
    data = composed(text).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=_DIGEST_SIZE).hexdigest()


@immutable
class NameForms:
    """Forms of a name in which it is found in other spellings.

    Attributes:
        short: Its words, or None if it has too many.
        spelled: Its readings as written; see ``ChineseName``.
    """

    short: ShortName | None
    spelled: tuple[Reading, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Returns the forms of a name; a long one has none."""
        if len(text) > MAX_NAME:
            return cls(short=None, spelled=())
        return cls(
            short=short_name(in_latin(text), folded), spelled=ChineseName(bare(text)).spelled
        )

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Returns the readings, with the Mandarin ones of Cantonese spellings."""
        return tuple(bridged(self.spelled))


def bare(text: str) -> str:
    """Returns a name without accents; its characters and apostrophes remain."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def in_latin(text: str) -> str:
    """Returns a name with its Chinese characters as words in pinyin."""
    table = characters().mandarin
    return "".join(f" {anyascii(c)} " if c in table else c for c in text)


@immutable
class TextForms:
    """Forms of a text in which it is found.

    Attributes:
        folded: Its plain letters and digits.
        digest: Digest of the text as written.
        words: Its folded words; empty if it has more than ``MAX_WORDS``.
    """

    folded: str
    digest: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Returns the forms of a text."""
        words = words_of(text)
        return cls(
            folded=folded(text), digest=digest(text), words=words if len(words) <= MAX_WORDS else ()
        )


@dataclass(frozen=True, slots=True)
class IndexedLine:
    """A text's forms as a line of the index, whose parts are read as they are needed.

    Attributes:
        parts: Folded text, digest, words; and for a name its short name and its readings.
    """

    parts: Sequence[str]

    @property
    def is_name(self) -> bool:
        """Returns whether the text is a name."""
        return len(self.parts) > 3

    def text(self) -> TextForms:
        """Returns the forms of the text."""
        plain, written, words = self.parts[:3]
        return TextForms(folded=plain, digest=written or digest(plain), words=_words(plain, words))

    def name(self) -> NameForms:
        """Returns the forms of the name."""
        _, _, _, marks, words, readings = self.parts
        short = None
        if marks != _MANY:
            same = _words(self.parts[0], self.parts[2])
            short = ShortName(
                words=same if words == _SAME else tuple(words.split()),
                initials=marks[2:],
                surnames_first=marks[0] == _FIRST,
                is_abbreviated=marks[1] == _SHORTENED,
            )
        spelled = (_reading(each) for each in readings.split(";") if each)
        return NameForms(short=short, spelled=tuple(spelled))


def index_line(text: str, *, is_name: bool) -> str:
    """Returns the forms of a text as a line; empty if it has neither letters nor digits."""
    forms = TextForms.of(text)
    if not forms.folded:
        return ""
    parts = [forms.folded, "" if text == forms.folded else forms.digest, _written(forms)]
    if is_name:
        name = NameForms.of(text)
        parts += [*_short(name.short, forms.words), "".join(map(_spelled, name.spelled))]
    return "\t".join(parts)


def read_line(line: str) -> IndexedLine:
    """Returns a line of the index."""
    return IndexedLine(line.split("\t"))


def _written(forms: TextForms) -> str:
    if forms.words == (forms.folded,):
        return ""
    return "".join(f" {word}" for word in forms.words) or _MANY


def _words(plain: str, written: str) -> tuple[str, ...]:
    if written == _MANY:
        return ()
    return tuple(written.split()) or (plain,)


def _short(short: ShortName | None, words: tuple[str, ...]) -> tuple[str, str]:
    if short is None:
        return _MANY, ""
    first = _FIRST if short.surnames_first else _MANY
    abbreviated = _SHORTENED if short.is_abbreviated else _MANY
    same = bool(words) and short.words == words
    written = _SAME if same else "".join(f" {word}" for word in short.words)
    return f"{first}{abbreviated}{short.initials}", written


def _spelled(reading: Reading) -> str:
    if not all(reading.syllables):
        return ""  # a character without a reading: it has none in common with another name
    syllables = (f" {'/'.join(sorted(each))}" for each in reading.syllables)
    return f";{_SYSTEMS[reading.system, reading.cantonese]}{''.join(syllables)}"


def _reading(written: str) -> Reading:
    letter, *syllables = written.split(" ")
    system, cantonese = _READ[letter]
    return Reading(
        system=system,
        syllables=tuple(frozenset(each.split("/")) for each in syllables),
        cantonese=cantonese,
    )
