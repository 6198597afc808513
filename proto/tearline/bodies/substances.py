"""Substances: CAS numbers, and the tables of the United Nations Convention of 1988.

Which substance stands in which table is the gazetteer's (``tearline.policy.gazetteer``): the
mask that tells a partner the table alone uses the very same rows.
"""

import re

from tearline.policy.gazetteer import UN_TABLES

_CAS = re.compile(r"([1-9][0-9]{1,6})-([0-9]{2})-([0-9])")
_TABLE_NAME = re.compile(r"(?:(?:UN 1988 )?Table )?(I{1,2})")


def is_cas_number(text: str) -> bool:
    """Whether it is spelled as a CAS number and its check digit holds.

    The last digit is the sum of the others, each by its place from the right, modulo 10.
    """
    found = _CAS.fullmatch(text)
    if found is None:
        return False
    digits = reversed(found[1] + found[2])
    return sum(place * int(digit) for place, digit in enumerate(digits, 1)) % 10 == int(found[3])


def un_table_named(text: str) -> str | None:
    """``I`` or ``II``, however a text names the table; None where it names none."""
    found = _TABLE_NAME.fullmatch(text)
    return found and found[1]


def un_table_of(name_or_cas: str) -> str | None:
    """The table that a substance stands in, by CAS number or name; None where it is in none."""
    return UN_TABLES.get(name_or_cas.strip().casefold())
