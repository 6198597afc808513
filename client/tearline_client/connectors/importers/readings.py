"""Readings of numbers, sums and currencies as people write them.

A reading is one canonical form, several possible ones, or none. Where a comma or a point may
divide thousands or decimals, the habits of the writer decide; without any, both readings are
possible. Canonical is what masks and rules of kinds read: plain digits, a point before decimals.
"""

import re

from tearline.dataclass.immutable import immutable
from tearline.policy.codes import CRYPTO_ASSETS, CURRENCIES

MARKS = {".": "point", ",": "comma"}
"""Signs before decimals, with their names."""


@immutable
class Habits:
    """Habits of a writer, which decide between two readings.

    Attributes:
        decimal: The sign before decimals, of ``MARKS``; empty if it is unknown.
        order: The order of a date's numbers, of ``dates.ORDERS``; empty if it is unknown.
        plain: Whether plain digits with a point are the format of the source, as of programs.
    """

    decimal: str = ""
    order: str = ""
    plain: bool = False


PROGRAM = Habits(plain=True)
"""Habits of files that programs write."""
PERSON = Habits()
"""Habits of a person, of whom nothing else is known."""


@immutable
class Reading:
    """Result of the reading of a value.

    Attributes:
        normal: The canonical form, or None if there is not exactly one.
        why: The reason if there is none, without the value; else empty.
        possible: The canonical forms if there are several.
        how: The manner in which another spelling was read, without the value; else empty.
        currency: Code of the currency beside a sum, or empty.
        is_certain: Whether each spelling has one meaning, as of a country; it is not reported then.
    """

    normal: str | None
    why: str = ""
    possible: tuple[str, ...] = ()
    how: str = ""
    currency: str = ""
    is_certain: bool = False

    @property
    def doubt(self) -> str:
        """Returns the reason and the possible forms, for the person who wrote the value."""
        if not self.possible:
            return self.why
        return f"{self.why}: write {' or '.join(self.possible)}"


_CURRENCY_CODES = CURRENCIES | CRYPTO_ASSETS
# Signs and words that one currency has. Several have $, C$, ¥, £, kr and "peso".
_CURRENCY_WORDS = {
    word: code
    for code, words in {
        "BRL": "r$",
        "CAD": "ca$",
        "CNY": "cn¥ rmb 人民币 人民幣",
        "EUR": "€ euro euros 欧元",
        "GBP": "英镑",
        "HKD": "hk$ 港元 港币",
        "INR": "₹",
        "ILS": "₪",
        "JPY": "jp¥ 日元",
        "KZT": "₸",
        "MXN": "mx$ mex$ 墨西哥比索",
        "NGN": "₦",
        "PYG": "₲",
        "RUB": "₽ 卢布",
        "TRY": "₺",
        "UAH": "₴",
        "USD": "us$ u$s 美元",
        "VND": "₫",
    }.items()
    for word in words.split()
}
_SHARED_SIGNS = frozenset("$¥£元円")
_SHARED = "several currencies have this sign; write the code, such as USD or MXN"
_NOT_CURRENCY = "not a currency code of ISO 4217"
_NOT_NUMBER = "not a decimal number"
_SUM = re.compile(r"([^0-9]*?)([.,]?[0-9](?:[0-9 .,'٬٫]*[0-9])?)([^0-9]*)")
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_DIVIDES = {",": "commas", ".": "points", " ": "blanks", "'": "apostrophes", "٬": "commas"}
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # the full width forms of ASCII
_SPELLED = _WIDE | {ord("’"): "'", ord("‘"): "'", ord("−"): "-", ord("￥"): "¥", ord("￡"): "£"}


def plain_text(text: str) -> str:
    """Returns a text with the digits, blanks and signs of ASCII, and without marks of direction."""
    if text.isascii():
        return text.strip()
    found = text.translate(_SPELLED)
    return "".join(map(_plain_character, found)).strip()


def _plain_character(character: str) -> str:
    if character.isdecimal():
        return str(int(character))
    if character.isspace():
        return " "
    return "" if character in "\u200e\u200f\u061c\ufeff" else character


def read_currency(text: str) -> Reading:
    """Returns the reading of a currency, or of a crypto-asset: its code."""
    code = _currency(plain_text(text))
    if code is None:
        is_shared = _SHARED_SIGNS.intersection(plain_text(text))
        return Reading(normal=None, why=_SHARED if is_shared else _NOT_CURRENCY)
    return Reading(normal=code, how="" if code == text else "a currency in another spelling")


def _currency(text: str) -> str | None:
    code = text.upper()
    return code if code in _CURRENCY_CODES else _CURRENCY_WORDS.get(text.casefold())


def read_number(text: str, habits: Habits, *, is_sum: bool = False) -> Reading:
    """Returns the reading of a decimal number.

    Args:
        text: The number, in any digits and with any usual division of thousands.
        habits: Habits of the writer.
        is_sum: Whether a currency may stand before or after it.
    """
    if habits.plain and _PLAIN.fullmatch(text):
        return Reading(normal=text)
    parts = _SUM.fullmatch(plain_text(text))
    if parts is None:
        return Reading(normal=None, why=_NOT_NUMBER)
    before, number, after = (part.strip() for part in parts.groups())
    sign, before = (before[0], before[1:].strip()) if before[:1] in ("-", "+") else ("", before)
    currency, why = _beside([part for part in (before, after) if part], is_sum=is_sum)
    found = _numbers(number, habits.decimal)
    if why or not found:
        return Reading(normal=None, why=why or _NOT_NUMBER)
    sign = sign.replace("+", "")
    if len(found) > 1:
        why = "two readings are possible: thousands or decimals"
        asked = (f"{sign}{_asked(each)} {currency}".rstrip() for each in found)
        return Reading(normal=None, why=why, possible=tuple(asked))
    ((normal, how),) = found.items()
    normal = f"{sign}{normal}"
    return Reading(normal=normal, how="" if normal == text else how, currency=currency)


def _beside(texts: list[str], *, is_sum: bool) -> tuple[str, str]:
    """Returns the currency that texts beside a number name, or the reason why they name none."""
    if texts and not is_sum:
        return "", _NOT_NUMBER
    codes = {_currency(each) or "" for each in texts}
    if len(codes) < 2 and "" not in codes:
        return "".join(codes), ""
    return "", _SHARED if any(map(_SHARED_SIGNS.intersection, texts)) else _NOT_NUMBER


def _numbers(number: str, decimal: str) -> dict[str, str]:
    """Returns each number that a text may spell, with the manner; the whole one first."""
    found = {}
    whole, mark = _undivided(number, decimal)
    if whole:
        found[whole] = f"thousands by {_DIVIDES[mark]}" if mark else "plain digits"
    for sign in (decimal,) if decimal else (*MARKS, "٫"):
        before, is_there, decimals = number.rpartition(sign)
        whole, _ = _undivided(before, sign) if before else ("0", "")
        if is_there and whole and decimals.isdigit():
            found[f"{whole}.{decimals}"] = f"decimals after a {MARKS.get(sign, 'comma')}"
    return found


def _undivided(text: str, decimal: str) -> tuple[str, str]:
    """Returns a whole number without the mark between its thousands, and the mark.

    Both are empty if its digits are not divided by threes, or as in India. No group that is
    divided begins with a zero.
    """
    marks = "".join({each for each in text if not each.isdigit()})
    if not marks:
        return text, ""
    first, *groups = map(len, text.split(marks[0]))
    is_indian = marks == "," and first < 3 and groups[-1] == 3 and set(groups[:-1]) == {2}
    is_western = first < 4 and set(groups) == {3}
    if marks not in _DIVIDES or marks == decimal or text[0] == "0" or not first:
        return "", ""
    return (text.replace(marks, ""), marks) if is_western or is_indian else ("", "")


def _asked(number: str) -> str:
    """Returns a number in a spelling with one reading: a fourth decimal divides no thousands."""
    return f"{number}0" if _numbers(number, "").keys() > {number} else number
