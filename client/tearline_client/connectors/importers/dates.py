"""Conversion of a source's dates into FollowTheMoney's.

In a format, ``%d`` is the day, ``%m`` the month, ``%b`` the month's first three English letters,
and ``%Y`` the year. Other characters are literal. The locale does not matter.
"""

import datetime
import re
from functools import cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DIRECTIVES = {
    "%d": r"(?P<day>\d{1,2})",
    "%m": r"(?P<month>\d{1,2})",
    "%b": rf"(?P<month>{'|'.join(_MONTHS)})",
    "%Y": r"(?P<year>\d{4})",
}


def is_date_format(text: str) -> bool:
    """Returns whether ``text`` is a format with a year and without repeated parts."""
    directives = re.findall(r"%.?", text)
    parts = [directive.replace("%b", "%m") for directive in directives]
    return (
        all(directive in _DIRECTIVES for directive in directives)
        and len(set(parts)) == len(parts)
        and "%Y" in parts
        and ("%m" in parts or "%d" not in parts)
    )


def iso_date(text: str, date_format: str) -> str | None:
    """Returns the date as YYYY, YYYY-MM or YYYY-MM-DD, or None if the text is no date."""
    match = _pattern(date_format).match(text)
    if match is None:
        return None
    parts = match.groupdict()
    year, month, day = parts["year"], parts.get("month"), parts.get("day")
    if month is None:
        number = 1
    else:
        number = int(month) if month.isdigit() else _MONTHS.index(month.lower()) + 1
    try:
        date = datetime.date(int(year), number, int(day or 1)).isoformat()
    except ValueError:
        return None
    return date[: len("YYYY-MM-DD" if day else "YYYY-MM" if month else "YYYY")]


@cache
def _pattern(date_format: str) -> re.Pattern[str]:
    pieces = re.split(r"(%[dmbY])", date_format)
    pattern = "".join(_DIRECTIVES.get(piece) or re.escape(piece) for piece in pieces)
    return re.compile(pattern + r"\Z", re.ASCII | re.IGNORECASE)
