"""Substances: CAS numbers, and the tables of the United Nations Convention of 1988.

The gazetteer (``tearline.policy.reference_data``) assigns each substance to its table: the mask
that
discloses only the table to a partner uses the same rows.
"""

import re

from tearline.policy.reference_data import UN_TABLES

_CAS = re.compile(r"([1-9][0-9]{1,6})-([0-9]{2})-([0-9])")
_TABLE_NAME = re.compile(r"(?:(?:UN 1988 )?Table )?(I{1,2})")


def is_cas_number(text: str) -> bool:
    """Returns whether a text is a CAS number with a valid check digit.

    The last digit is the sum of the others, each multiplied by its position from the right, modulo
    10.
    """
    found = _CAS.fullmatch(text)
    if found is None:
        return False
    digits = reversed(found[1] + found[2])
    return sum(place * int(digit) for place, digit in enumerate(digits, 1)) % 10 == int(found[3])


def un_table_named(text: str) -> str | None:
    """Returns ``I`` or ``II`` for any spelling of the table; None for other texts."""
    found = _TABLE_NAME.fullmatch(text)
    return found and found[1]


def un_table_of(name_or_cas: str) -> str | None:
    """Returns the table of a substance, by CAS number or name; None if it is in none."""
    return UN_TABLES.get(name_or_cas.strip().casefold())
