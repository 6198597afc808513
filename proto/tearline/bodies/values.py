"""Allowed texts of a body: amounts, currencies, days, substances, and fixed words.

Every reason is given without the text itself.
"""

import datetime
import re
from decimal import Decimal

from tearline.bodies.rules import Value
from tearline.bodies.substances import is_cas_number, un_table_named
from tearline.limits import MAX_YEAR, MIN_YEAR
from tearline.policy.codes import CURRENCIES
from tearline.policy.units import UNITS

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")
_HS = re.compile(r"[0-9]{4}\.?(?:[0-9]{2}(?:\.?[0-9]{2}(?:\.?[0-9]{2})?)?)?")
_COUNTRY = re.compile(r"[a-z]{2}")
_PACKET = re.compile(r"[0-9a-f]{64}")


def parse_decimal(text: str) -> Decimal | None:
    """Returns the exact number above zero that a text spells in plain digits, or None."""
    if not _DECIMAL.fullmatch(text):
        return None
    return Decimal(text) or None


def parse_day(text: str) -> datetime.datetime | None:
    """Returns the time, in UTC, of a date or a date with a time.

    Returns None for any other text, and for a year outside ``MIN_YEAR`` to ``MAX_YEAR``.
    """
    if not _DAY.fullmatch(text):
        return None
    try:
        moment = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)
    except ValueError:
        return None
    return moment if MIN_YEAR <= moment.year <= MAX_YEAR else None


def one_of(meaning: str, *words: str) -> Value:
    """Returns a value that allows a few fixed words."""
    reason = f"none of: {', '.join(words)}"
    return Value(
        meaning=f"{meaning}: {', '.join(words)}",
        example=words[0],
        reason=lambda text: "" if text in words else reason,
    )


def text_of(meaning: str, example: str) -> Value:
    """Returns a value that allows any text that is not blank."""
    return Value(
        meaning=meaning, example=example, reason=lambda text: "" if text.strip() else "blank"
    )


AMOUNT = Value(
    meaning="a decimal number above zero, in plain digits",
    example="250000.00",
    reason=lambda text: (
        "" if parse_decimal(text) is not None else "not a decimal number above zero, plain digits"
    ),
)
CURRENCY = Value(
    meaning="a currency of ISO 4217",
    example="USD",
    reason=lambda text: "" if text in CURRENCIES else "not a currency code of ISO 4217",
)
DAY = Value(
    meaning="a day, or a day and a time in UTC after T",
    example="2026-02-17",
    reason=lambda text: (
        ""
        if parse_day(text) is not None
        else f"not a day as YYYY-MM-DD of {MIN_YEAR} to {MAX_YEAR}, or with a time after T"
    ),
)
COUNTRY = Value(
    meaning="a country's code of two small letters",
    example="mx",
    reason=lambda text: "" if _COUNTRY.fullmatch(text) else "not a country code of two letters",
)
CAS_NUMBER = Value(
    meaning="a CAS number whose check digit holds",
    example="23056-29-3",
    reason=lambda text: "" if is_cas_number(text) else "not a CAS number whose check digit holds",
)
HS_CODE = Value(
    meaning="a heading of the Harmonized System",
    example="2933.39",
    reason=lambda text: "" if _HS.fullmatch(text) else "not a heading of the Harmonized System",
)
UN_TABLE = Value(
    meaning="the table of the 1988 Convention, I or II",
    example="I",
    reason=lambda text: "" if un_table_named(text) else "neither table I nor II",
)
UNIT = Value(
    meaning=f"a unit: {', '.join(UNITS)}",
    example="kg",
    reason=lambda text: "" if text in UNITS else f"none of: {', '.join(UNITS)}",
)
PACKET_ID = Value(
    meaning="the id of a packet, 64 hexadecimal digits",
    example="ab" * 32,
    reason=lambda text: "" if _PACKET.fullmatch(text) else "not the 64 small digits of a packet id",
)
