"""Masks: the derivation of generalised forms, by category.

A mask turns one value into a coarser one, or has no result; the reader then only learns that the
field exists. A field is generalised whole or not at all, and equal results appear once, so the
generalised form hides the number of values. Masks are fixed code over fixed tables, and agreements
pin them by digest. A reader of the clear form derives the generalised one again and compares.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from types import MappingProxyType

from tearline.dataclass.immutable import immutable
from tearline.encoding import labelled_sha256
from tearline.errors import GeneralisedMismatch
from tearline.limits import MAX_MASKED_CHARACTERS
from tearline.policy.codes import COUNTRY_CODES, CRYPTO_ASSETS, CURRENCIES
from tearline.policy.places import region_of
from tearline.policy.profile import parse_path, property_category
from tearline.policy.reference_data import (
    SHORT_CALLING_CODES,
    UN_TABLES,
    is_syllabic,
    table_lines,
)
from tearline.policy.units import UNITS

VERSION = 3
"""Version of the masks; it rises with every change of any result, and the digest includes it."""


@immutable
class Mask:
    """Named derivation of a coarser value.

    Attributes:
        name: The mask's name, which is sent with its results.
        apply: Returns the coarser value of (value, property), or None without one.
        is_safe: Returns whether the results for all values of a field may be released together.
    """

    name: str
    apply: Callable[[str, str], str | None]
    is_safe: Callable[[Collection[str]], bool] = bool


@immutable
class Generalised:
    """Generalised form of a field: its values, sorted, each once, and the mask's name."""

    mask: str
    values: tuple[str, ...]


def generalise(path: str, values: Iterable[str]) -> Generalised | None:
    """Returns the generalised form of the field at ``path``; None if only existence is disclosed.

    Raises:
        PathMalformed: If ``path`` is not a path.
    """
    field = parse_path(path)
    mask = MASKS.get(property_category(field.schema, field.property))
    if mask is None:
        return None
    coarse = [_apply(mask, value, field.property) for value in values]
    told = sorted({value for value in coarse if value is not None})
    if None in coarse or not mask.is_safe(told):
        return None
    return Generalised(mask=mask.name, values=tuple(told))


def _apply(mask: Mask, value: str, prop: str) -> str | None:
    return mask.apply(value, prop) if len(value) <= MAX_MASKED_CHARACTERS else None


def verify_generalised(
    path: str, clear_values: Iterable[str], generalised_values: Iterable[str]
) -> None:
    """Checks, for a reader of both, that a generalised form follows from the clear one.

    Raises:
        PathMalformed: If ``path`` is not a path.
        GeneralisedMismatch: If it does not.
    """
    made = generalise(path, clear_values)
    if made is None or made.values != tuple(generalised_values):
        raise GeneralisedMismatch(path.partition("/")[2])


@cache
def digest() -> bytes:
    """Returns 32 bytes that identify this set of masks, with its tables."""
    lines = [f"version {VERSION}"]
    lines += [f"mask {category} {mask.name}" for category, mask in sorted(MASKS.items())]
    for title, codes in _CODES.items():
        lines.append(f"{title} {' '.join(sorted(codes))}")
    return labelled_sha256("masks", "\n".join(lines + table_lines()).encode("utf-8"))


_AMOUNT = re.compile(r"([0-9]{1,15})(?:\.[0-9]{1,9})?")


_CODES: Mapping[str, Collection[str]] = MappingProxyType(
    {
        "currency": CURRENCIES,
        "crypto-asset": CRYPTO_ASSETS,
        "country-code": COUNTRY_CODES,
        "unit": tuple(UNITS),
    }
)
_CONVERSIONS = frozenset({"amountEur", "amountUsd", "rate", "dollarExchRate"})


def _band(value: str, prop: str) -> str | None:
    """Returns the band of an amount: limits at 1, 5, 10, 50, 100 and so on.

    A known unit or currency stays. An amount converted into another currency has no band: at a
    known rate, the bands of one sum in three currencies would narrow each other. Nor has a rate: it
    is often one amount divided by the other.
    """
    if prop in ("currency", "rateCurrency", "unit"):
        return _known(value, "unit" if prop == "unit" else "currency")
    found = _AMOUNT.fullmatch(value)
    if not found or prop in _CONVERSIONS:
        return None
    whole = int(found.group(1))
    if whole == 0:
        return "0-1"
    low = 10 ** (len(str(whole)) - 1)
    return f"{low}-{5 * low}" if whole < 5 * low else f"{5 * low}-{10 * low}"


def _known(value: str, *titles: str) -> str | None:
    """Returns a code that is in a table; any other text could be a name."""
    return value if any(value in _CODES[title] for title in titles) else None


_DATE = re.compile(r"([0-9]{4})(?:(-(?:0[1-9]|1[0-2]))(?:-[0-3][0-9](?:[T ].*)?)?)?")


def _is_one(told: Collection[str]) -> bool:
    """Returns whether one value is told: two of one field may be one amount or day, said twice."""
    return len(told) == 1


def _month(value: str, prop: str) -> str | None:
    """Returns the month of a date; a year stays a year. A call's duration is not a date."""
    found = _DATE.fullmatch(value) if prop != "duration" else None
    return found and found.group(1) + (found.group(2) or "")


def _year(value: str, _prop: str) -> str | None:
    """Returns the year of a date."""
    found = _DATE.fullmatch(value)
    return found and found.group(1)


_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_CLABE = re.compile(r"[0-9]{18}")
_CLABE_WEIGHTS = (3, 7, 1) * 6


_BIC = re.compile(r"([A-Z]{4}([A-Z]{2}))[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_BIK = re.compile(r"04[0-9]{7}")


def _bank_and_last_two(value: str, prop: str) -> str | None:
    """Returns the bank, if the number identifies it, and the last two characters.

    An IBAN (ISO 13616) gives its country and the first three characters of the bank's code, a
    Mexican CLABE the bank's three digits, a BIC (ISO 9362) bank and country, a Russian BIK itself.
    A bank's name is free text, and so has no coarser form.
    """
    if prop == "country":
        return _known(value, "country-code")
    if prop == "currencySymbol":
        return _known(value, "currency", "crypto-asset")
    if prop in ("bic", "swiftBic"):
        bic = _BIC.fullmatch(value)
        return bic.group(1) if bic and bic.group(2).lower() in COUNTRY_CODES else None
    if prop == "bikCode":
        return value if _BIK.fullmatch(value) else None
    number = re.sub(r"[\s-]", "", value)
    if len(number) < 8 or not number.isascii() or not number.isalnum():
        return None
    if sum(c.isdigit() for c in number) < 4:
        return None
    last = f"…{number[-2:]}"
    if _IBAN.fullmatch(number) and int("".join(str(int(c, 36)) for c in _turned(number))) % 97 == 1:
        return f"{number[:2]} {number[4:7]} {last}"
    if _CLABE.fullmatch(number) and _is_clabe(number):
        return f"MX {number[:3]} {last}"
    return last


def _turned(iban: str) -> str:
    return iban[4:] + iban[:4]


def _is_clabe(number: str) -> bool:
    """Returns whether the check digit of a CLABE is valid.

    The weights are 3, 7, 1 over 17 digits, modulo 10.
    """
    weighed = sum(int(d) * w % 10 for d, w in zip(number[:17], _CLABE_WEIGHTS, strict=False))
    return (10 - weighed % 10) % 10 == int(number[17])


_WORDS = re.compile(r"[\s,.;/·•・\-–_|]+")
_SMALL_WORDS = "de la del los las el y e da do dos das van von der den al bin ibn"
_PARTICLES = frozenset(_SMALL_WORDS.split())
_CERTAIN = "某"  # "a certain"


def _initials(value: str, prop: str) -> str | None:
    """Returns the initials of a name, never a whole word.

    A Chinese or Korean name gives one character. A word of one letter is left out. For a name with
    a word in a syllabic script, only that word's first character is shown, with 某, and only if the
    word has more: most surnames have one character, most names two or three. Only ``name`` has this
    form, so that a given name, a family name or an alias in another property adds no second
    character.
    """
    plain = "".join(
        " " if unicodedata.category(c) == "Cf" else c for c in unicodedata.normalize("NFKC", value)
    )
    words = [w for w in _WORDS.split(plain) if w[:1].isalpha()]
    if any(map(is_syllabic, plain)):
        first = next((w for w in words if any(map(is_syllabic, w))), "")
        told = prop == "name" and len(first) > 1 and is_syllabic(first[0])
        return f"{first[0]}{_CERTAIN}" if told else None
    words = [w for w in words if sum(map(str.isalpha, w)) > 1]
    names = [w for w in words if w.casefold() not in _PARTICLES] or words
    return " ".join(f"{w[0].upper()}." for w in names) or None


def _is_one_person(told: Collection[str]) -> bool:
    """Returns whether a person's names reveal at most one character of a syllabic script."""
    return bool(told) and sum(value.endswith(_CERTAIN) for value in told) <= 1


_PHONE = re.compile(r"(?:\+|00)([1-9][0-9]{6,14})")


def _calling_code(value: str, _prop: str) -> str | None:
    """Returns the country's calling code of an international number (ITU-T E.164)."""
    found = _PHONE.fullmatch(re.sub(r"[\s().\-/]", "", value))
    if not found:
        return None
    digits = found.group(1)
    size = next((n for n in (1, 2) if digits[:n] in SHORT_CALLING_CODES), 3)
    return f"+{digits[:size]}"


_UN_TABLE = re.compile(r"(?:(?:UN 1988 )?Table )?(I{1,2})")


def _un_table(value: str, prop: str) -> str | None:
    """Returns the 1988 Convention's table of a substance."""
    found = _UN_TABLE.fullmatch(value) if prop == "unTable" else None
    table = found.group(1) if found else UN_TABLES.get(value.strip().casefold())
    return table and f"UN 1988 Table {table}"


MASKS: Mapping[str, Mask] = MappingProxyType(
    {
        "finance.amount": Mask(name="band", apply=_band, is_safe=_is_one),
        "chemical.quantity": Mask(name="band", apply=_band, is_safe=_is_one),
        "time": Mask(name="month", apply=_month, is_safe=_is_one),
        "identity.birth": Mask(name="year", apply=_year),
        "location": Mask(name="region", apply=region_of),
        "finance.account": Mask(name="bank-and-last-two", apply=_bank_and_last_two),
        "identity.subject": Mask(name="initials", apply=_initials, is_safe=_is_one_person),
        "contact.phone": Mask(name="calling-code", apply=_calling_code),
        "chemical.substance": Mask(name="un-table", apply=_un_table),
    }
)
"""The mask of each category with one; for any other field, only existence is disclosed."""
