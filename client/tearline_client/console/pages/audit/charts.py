"""Charts of counts: the geometry of bars, which a template draws as SVG beside its table."""

import datetime
from collections.abc import Mapping, Sequence
from itertools import count, takewhile

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput

_HEIGHT = 96  # of the highest column, in units of the picture
_STEP, _COLUMN = 10, 8  # from column to column, and the width of one
_LINE, _BAR = 22, 14  # from bar to bar, and the height of one
_LENGTH = 300  # of the longest bar
_NAMES, _NUMBERS = 220, 60  # room for the names and the numbers
_MOST_DAYS = 92  # a quarter; over more, a column is a month
_MOST_YEARS = 20  # 240 columns; an entry may state any time
_LEAST = 1  # a count that is not zero can be seen


@immutable
class Column:
    """A column of a histogram.

    Attributes:
        first: The day, or the first day of the month.
        entries: The count.
        x: Its left edge.
        y: Its upper edge.
        height: Its height.
    """

    first: datetime.date
    entries: int
    x: int
    y: int
    height: int


@immutable
class Histogram:
    """Counts over time.

    Attributes:
        columns: A column for each day or month, empty ones included.
        by_month: Whether a column is a month.
        width: Width of the picture.
        height: Height of the picture.
        column: Width of a column.
    """

    columns: tuple[Column, ...]
    by_month: bool
    width: int
    height: int = _HEIGHT
    column: int = _COLUMN


@immutable
class Bar:
    """A bar of a chart.

    Attributes:
        name: Its name, a key of the counts.
        entries: The count.
        y: Its upper edge.
        length: Its length.
    """

    name: str
    entries: int
    y: int
    length: int


@immutable
class BarChart:
    """Counts by name.

    Attributes:
        bars: The bars, longest first.
        height: Height of the picture.
        start: Left end of the bars, behind their names.
        width: Width of the picture, with names and numbers.
        thickness: Height of a bar.
    """

    bars: tuple[Bar, ...]
    height: int
    start: int = _NAMES
    width: int = _NAMES + _LENGTH + _NUMBERS
    thickness: int = _BAR


def histogram(days: Mapping[datetime.date, int]) -> Histogram:
    """Returns the columns of counts by day; by month, if the days span more than a quarter.

    Raises:
        MalformedInput: If they span more than ``_MOST_YEARS`` years.
    """
    first, last = min(days), max(days)
    if last.year - first.year >= _MOST_YEARS:
        raise MalformedInput(f"the entries span more than {_MOST_YEARS} years; choose a period")
    by_month = (last - first).days >= _MOST_DAYS
    totals: dict[datetime.date, int] = dict.fromkeys(_between(first, last, by_month=by_month), 0)
    for day, entries in days.items():
        totals[day.replace(day=1) if by_month else day] += entries
    most = max(totals.values())
    heights = [_scaled(entries, most, _HEIGHT) for entries in totals.values()]
    columns = tuple(
        Column(first=day, entries=entries, x=number * _STEP, y=_HEIGHT - height, height=height)
        for number, ((day, entries), height) in enumerate(zip(totals.items(), heights, strict=True))
    )
    return Histogram(columns=columns, by_month=by_month, width=len(columns) * _STEP)


def bar_chart(counts: Mapping[str, int]) -> BarChart:
    """Returns the bars of counts by name, the greatest first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    most = max(counts.values(), default=0)
    bars = tuple(
        Bar(name=name, entries=entries, y=at * _LINE, length=_scaled(entries, most, _LENGTH))
        for at, (name, entries) in enumerate(ordered)
    )
    return BarChart(bars=bars, height=len(bars) * _LINE)


def _scaled(entries: int, most: int, size: int) -> int:
    return max(entries * size // most, _LEAST) if entries else 0


def _between(
    first: datetime.date, last: datetime.date, *, by_month: bool
) -> Sequence[datetime.date]:
    if not by_month:
        return [first + datetime.timedelta(days=at) for at in range((last - first).days + 1)]
    months = (
        datetime.date(year, month + 1, 1)
        for year, month in (divmod(at, 12) for at in count(first.year * 12 + first.month - 1))
    )
    return [*takewhile(lambda day: day <= last, months)]
