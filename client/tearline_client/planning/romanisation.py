"""Spellings of Chinese syllables in Latin letters, and the syllables of characters.

Mandarin syllables are named by their pinyin and Cantonese ones by their Jyutping, without tones.
The table of characters is from the Unicode Han database (kMandarin, kHanyuPinlu, kCantonese),
with the special readings of surnames. The spellings are derived by rule.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files

from tearline.dataclass.immutable import immutable

Syllables = frozenset[str]
Spellings = Mapping[str, Syllables]


class System(StrEnum):
    """Romanisation of Chinese."""

    PINYIN = "pinyin"
    WADE_GILES = "Wade-Giles"
    POSTAL = "older spelling"
    CANTONESE = "Cantonese"


@immutable
class CharacterTable:
    """Readings of characters.

    Attributes:
        mandarin: Mandarin syllables of each character.
        cantonese: Cantonese syllables of each character.
        shared: Mandarin syllables that share a character with each Cantonese syllable.
    """

    mandarin: Spellings
    cantonese: Spellings
    shared: Spellings


_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw", "")

# An apostrophe is the aspiration; it is usually left out. ü is written u, as is usual.
_WADE_INITIALS = {
    "b": "p", "p": "p'", "d": "t", "t": "t'", "g": "k", "k": "k'", "j": "ch", "q": "ch'",
    "x": "hs", "zh": "ch", "ch": "ch'", "r": "j", "z": "ts", "c": "ts'",
}  # fmt: skip
_WADE_FINALS = {"ie": "ieh", "ian": "ien", "ue": "ueh", "ve": "ueh", "ong": "ung", "iong": "iung"}
_WADE_WHOLE = {
    "zhi": "chih", "chi": "ch'ih", "shi": "shih", "ri": "jih", "zi": "tzu", "ci": "tz'u",
    "si": "ssu szu", "ge": "ko", "ke": "k'o", "he": "ho", "e": "o e", "er": "erh",
    "gui": "kuei", "kui": "k'uei", "you": "yu", "ye": "yeh", "yan": "yen", "yi": "i yi",
    "yue": "yueh", "yong": "yung",
}  # fmt: skip
_KEEPS_UO = ("g", "k", "h", "sh")
_POSTAL_INITIALS = {"j": "k ts", "q": "k k' ts ts'", "x": "h s"}
_POSTAL_WHOLE = {
    "wu": "woo", "hu": "hoo hu", "fu": "foo", "gu": "koo ku", "lu": "loo", "du": "too tu",
    "su": "soo su", "zhou": "chow", "zou": "tsow", "song": "soong sung", "si": "sze",
    "zi": "tze", "li": "lee", "xi": "si hi hsi", "jiao": "kiao chiao", "wei": "wei wai",
}  # fmt: skip

_CANTONESE_INITIALS = {
    "b": "p b", "d": "t d", "g": "k g", "gw": "kw gw k", "j": "y", "kw": "kw k", "ng": "ng -",
    "n": "n", "s": "s sh", "z": "ch ts j tz", "c": "ch ts", "": "-",
}  # fmt: skip
_CANTONESE_FINALS = {
    "aa": "a ah", "aai": "ai", "aau": "au", "aam": "am", "aan": "an", "aang": "ang", "aap": "ap",
    "aat": "at", "aak": "ak", "am": "am um", "au": "au ow", "e": "e eh", "ei": "ei ee i",
    "eng": "eng ing", "i": "i ee", "oe": "oe eu", "oi": "oi oy", "ok": "ok ock", "ou": "o ou",
    "oeng": "eung", "oek": "euk", "eoi": "ui oi", "eon": "un on", "eot": "ut", "u": "u oo",
    "un": "un oon", "yu": "u ue", "yun": "un uen", "yut": "ut uet",
}  # fmt: skip
_CANTONESE_WHOLE = {
    "zi": "tsz tze", "ci": "tsz tsze", "si": "sze see", "zyu": "chu chue", "jyu": "yu yue yee",
    "jyun": "yuen yun", "jyut": "yuet", "ji": "yi yee", "wu": "wu woo", "ng": "ng", "m": "ng m",
}  # fmt: skip


@cache
def characters() -> CharacterTable:
    """Returns the readings of about 9,000 characters."""
    text = files("tearline_client.planning").joinpath("chinese_syllables.txt").read_text("utf-8")
    mandarin, cantonese, shared = defaultdict(set), defaultdict(set), defaultdict(set)
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        one, two, together = line.split()
        shared[two].add(one)
        for character in together:
            mandarin[character].add(one)
            cantonese[character].add(two)
    return CharacterTable(
        mandarin=_frozen(mandarin), cantonese=_frozen(cantonese), shared=_frozen(shared)
    )


@cache
def spellings(system: System) -> Spellings:
    """Returns the syllables of each spelling: Jyutping for Cantonese, pinyin for the others.

    A spelling with an aspiration is also listed without its apostrophe.
    """
    found: dict[str, set[str]] = defaultdict(set)
    table = characters()
    if system is System.CANTONESE:
        for syllable in table.shared:
            for spelling in _cantonese(syllable):
                found[spelling].add(syllable)
    else:
        derive = {
            System.PINYIN: _pinyin,
            System.WADE_GILES: _wade_giles,
            System.POSTAL: _postal,
        }[system]
        for syllable in frozenset().union(*table.shared.values()):
            for spelling in derive(syllable):
                found[spelling].add(syllable)
                found[spelling.replace("'", "")].add(syllable)
    return _frozen(found)


def _frozen(sets: Mapping[str, set[str]]) -> Spellings:
    return {key: frozenset(values) for key, values in sets.items()}


def _pinyin(syllable: str) -> Iterator[str]:
    yield syllable
    if "v" in syllable:
        yield from (syllable.replace("v", letters) for letters in ("u", "yu"))


def _wade_giles(syllable: str) -> Iterator[str]:
    if syllable in _WADE_WHOLE:
        yield from _WADE_WHOLE[syllable].split()
        return
    initial, final = _parts(syllable)
    yield _WADE_INITIALS.get(initial, initial) + _wade_final(initial, final)


def _postal(syllable: str) -> Iterator[str]:
    yield from _wade_giles(syllable)
    yield from _POSTAL_WHOLE.get(syllable, "").split()
    initial, final = _parts(syllable)
    for spelled in _POSTAL_INITIALS.get(initial, "").split():
        yield spelled + _wade_final(initial, final)
    if initial == "h" and final.startswith("ua"):
        yield f"hw{final[1:]}"


def _wade_final(initial: str, final: str) -> str:
    if final == "uo" and initial not in _KEEPS_UO:
        return "o"
    return _WADE_FINALS.get(final, final).replace("v", "u")


def _cantonese(syllable: str) -> Iterator[str]:
    yield from _CANTONESE_WHOLE.get(syllable, "").split()
    initial = next(i for i in ("ng", "gw", "kw", *"bpmfdtnlgkhwzcsj", "") if syllable.startswith(i))
    final = syllable.removeprefix(initial)
    if not final:
        return
    for first in _CANTONESE_INITIALS.get(initial, initial).split():
        for last in _CANTONESE_FINALS.get(final, final).split():
            yield first.removesuffix("-") + last


def _parts(syllable: str) -> tuple[str, str]:
    initial = next(initial for initial in _INITIALS if syllable.startswith(initial))
    return initial, syllable.removeprefix(initial)
