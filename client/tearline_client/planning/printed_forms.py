"""Printed forms of a value: the spellings by which a person writes an account, a sum or a date.

Each spelling is folded, as a search folds texts: lower-case letters and digits without separators.
So one spelling stands for every grouping, script and punctuation of itself.
"""

import datetime
import re
from collections.abc import Iterator

from tearline_client.planning.search_text import plain_letters

_LEAST_NUMBER = 5  # characters of a part of an account or telephone number
_LONGEST_LETTERS = 4  # of letters within a number, such as the code of a bank
_LONGEST_NUMBER = 40  # characters of a printed number; an IBAN has 34
_CALLING = r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9]\d\d"
_TELEPHONE = re.compile(rf"(?:\+|00)({_CALLING})(\d{{6,12}})")
_IBAN = re.compile(r"[a-z]{2}\d\d([a-z0-9]{11,30})")
_SUM = re.compile(r"[+-]?(\d+)(?:[.,](\d{1,2}))?")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?", re.DOTALL)
_SIGNS = re.compile(r"[\s().\-/]+")
_PIECE = re.compile("[0-9]+|[a-z]+")
_MONTHS = tuple(
    tuple(names.split("/"))
    for names in (
        "january/jan/enero/ene", "february/feb/febrero", "march/mar/marzo", "april/apr/abril/abr",
        "may/mayo", "june/jun/junio", "july/jul/julio", "august/aug/agosto/ago",
        "september/sep/sept/septiembre", "october/oct/octubre", "november/nov/noviembre",
        "december/dec/diciembre/dic",
    )
)  # fmt: skip
"""Names of the months in English and Spanish, and their short forms."""
_ORDINALS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def number_spellings(value: str) -> frozenset[str]:
    """Returns the other spellings of an account, a telephone number or a sum; empty for a text.

    Those of a telephone number are with and without its country's code. Those of an IBAN omit its
    country. Those of a sum omit zero cents, or have two digits of them.
    """
    plain = plain_letters(value).strip()
    bare = _SIGNS.sub("", plain)
    found: set[str] = set()
    if telephone := _TELEPHONE.fullmatch(bare):
        code, number = telephone.groups()
        found |= {code + number, f"00{code}{number}", f"{code}0{number}", f"0{number}", number}
    if iban := _IBAN.fullmatch(bare):
        found.add(iban[1])
        found.add(iban[1].lstrip("0"))
    if (amount := _SUM.fullmatch(plain)) and amount[2]:
        whole, cents = amount[1], amount[2]
        found |= {whole + cents, whole + cents.ljust(2, "0")}
        if not cents.strip("0"):
            found.add(whole)
        else:
            found.add(whole + cents.rstrip("0"))
    return frozenset(each for each in found if len(each) >= _LEAST_NUMBER)


def day_spellings(value: str) -> frozenset[str]:
    """Returns the spellings of a day, in English, Spanish and Chinese; empty for another value."""
    stated = _DAY.fullmatch(value.strip())
    if stated is None:
        return frozenset()
    try:
        day = datetime.date(*map(int, stated.groups()))
    except ValueError:
        return frozenset()
    return frozenset(_day_spellings(day))


def _day_spellings(day: datetime.date) -> Iterator[str]:
    days = (f"{day.day}", f"{day.day:02}")
    months = (f"{day.month}", f"{day.month:02}")
    for year in (f"{day.year}", f"{day.year % 100:02}"):
        for at in days:
            for month in months:
                yield from (at + month + year, month + at + year, year + month + at)
            for name in _MONTHS[day.month - 1]:
                spoken = (at, at + _ORDINALS.get(day.day, "th"))
                for each in spoken:
                    yield from (each + name + year, name + each + year, year + name + each)
                    yield f"{each}of{name}{year}"
                yield from (f"{at}de{name}{link}{year}" for link in ("", "de", "del"))
    for at in days:
        for month in months:
            yield f"{day.year}nian{month}yue{at}ri"


def printed_numbers(words: list[str]) -> Iterator[str]:
    """Yields the numbers in folded words, however they are divided.

    A number is a run of pieces, each of digits or of at most four letters, with at least as many
    digits as letters. Time is linear in the length of the words.
    """
    pieces = [piece for word in words for piece in _PIECE.findall(word)]
    for at in range(len(pieces)):
        spelled, digits = "", 0
        for piece in pieces[at : at + _LONGEST_NUMBER]:
            is_word = piece.isalpha() and len(piece) > _LONGEST_LETTERS
            if is_word or len(spelled) + len(piece) > _LONGEST_NUMBER:
                break
            spelled += piece
            digits += len(piece) if piece.isdigit() else 0
            if digits >= _LEAST_NUMBER and 2 * digits >= len(spelled):
                yield spelled
