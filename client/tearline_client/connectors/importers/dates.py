"""Conversion of dates into FollowTheMoney's.

In a format, ``%d`` is the day, ``%m`` the month, ``%b`` the month's first three English letters,
and ``%Y`` the year. Other characters are literal. The locale does not matter. Without a format, a
date is read as people write it, where it has one reading.
"""

import datetime
import re
from collections.abc import Iterator
from functools import cache

from tearline_client.connectors.importers.readings import Habits, Reading, plain_text

ORDERS = {"dmy": "the day before the month", "mdy": "the month before the day"}
"""Orders of a date in numbers, with their meanings."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = {
    name: number
    for number, names in enumerate(
        (
            "january enero ene",
            "february febrero",
            "march marzo",
            "april abril abr",
            "may mayo",
            "june junio",
            "july julio",
            "august agosto ago",
            "september septiembre setiembre sept",
            "october octubre",
            "november noviembre",
            "december diciembre dic",
        ),
        1,
    )
    for name in (_MONTHS[number - 1], *names.split())
}
_DIRECTIVES = {
    "%d": r"(?P<day>\d{1,2})",
    "%m": r"(?P<month>\d{1,2})",
    "%b": rf"(?P<month>{'|'.join(_MONTHS)})",
    "%Y": r"(?P<year>\d{4})",
}
_CANONICAL = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d)?)?)?)?)?\Z", re.A)
_EARLIEST = "0001-01-01T00:00:00"  # its end completes a partial date
_TIMED = re.compile(r"(.*[\d日])[t ] *(\d\d:\d\d(?::\d\d)?)(?:z|\+00:00)?")
_NAME = rf"(?P<month>{'|'.join(sorted(_NAMES, key=len, reverse=True))})\.?,?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|º|°|\.)?,?"
_OF = r"(?: de | del |[ /-])"
_YEAR = r"(?P<year>\d{4})"
_SPELLED = tuple(
    (re.compile(pattern), how)
    for pattern, how in (
        (rf"{_YEAR}[-/.](?P<month>\d{{1,2}})(?:[-/.](?P<day>\d{{1,2}}))?", "year, month and day"),
        (rf"{_YEAR}年(?P<month>\d{{1,2}})月(?:(?P<day>\d{{1,2}})[日号])?", "year, month and day"),
        (rf"(?:{_DAY}{_OF})?{_NAME}{_OF}{_YEAR}", "the name of the month"),
        (rf"{_NAME} {_DAY} {_YEAR}", "the name of the month"),
    )
)
_NUMBERS = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})")


def read_date(text: str, habits: Habits) -> Reading:
    """Returns the reading of a date, with or without a time in UTC.

    Args:
        text: The date.
        habits: Habits of the writer.
    """
    if _CANONICAL.match(text):
        return _in_calendar(text)
    day, time = plain_text(text).casefold(), ""
    if timed := _TIMED.fullmatch(day):
        day, time = timed[1].strip(), f"T{timed[2]}"
    if _CANONICAL.match(day):
        return _in_calendar(f"{day}{time}", "a date in another spelling")
    found = {f"{each}{time}": how for each, how in _dates(day, habits.order)}
    valid = {each: how for each, how in found.items() if _in_calendar(each).normal}
    if len(valid) > 1:
        why = "two readings are possible: the day or the month first"
        return Reading(normal=None, why=why, possible=tuple(valid))
    for each, how in (valid or found).items():
        return _in_calendar(each, how)
    why = "not a date as YYYY, YYYY-MM, YYYY-MM-DD or with a time after T"
    return Reading(normal=None, why=why)


def _dates(text: str, order: str) -> Iterator[tuple[str, str]]:
    """Yields each date that a text may spell, with the manner."""
    for pattern, how in _SPELLED:
        if parts := pattern.fullmatch(text):
            number = _NAMES.get(parts["month"]) or int(parts["month"])
            named = f"-{int(parts['day']):02}" if parts["day"] else ""
            yield f"{parts['year']}-{number:02}{named}", how
    if numbers := _NUMBERS.fullmatch(text):
        first, second, year = int(numbers[1]), int(numbers[3]), numbers[4]
        for each in (order,) if order else ORDERS:
            day, month = (first, second) if each == "dmy" else (second, first)
            yield f"{year}-{month:02}-{day:02}", ORDERS[each]


def _in_calendar(text: str, how: str = "") -> Reading:
    try:
        datetime.datetime.fromisoformat(text + _EARLIEST[len(text) :])
    except ValueError:
        return Reading(normal=None, why="no such day or time in the calendar")
    return Reading(normal=text, how=how)


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
