"""Texts of the cells of a workbook, by their types and by the formats that show dates."""

import datetime
import re
from collections.abc import Iterable, Sequence
from enum import Enum

from tearline.dataclass.immutable import immutable
from tearline.errors import ImportRefused
from tearline_client.connectors.importers.source import Stated
from tearline_client.connectors.importers.xml_records import Element

_ROUNDED = 10**15  # spreadsheets keep 15 digits of a number
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f]|005[Ff])_")  # control characters and the bar itself
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*(?:\]|$)', re.IGNORECASE)
_DATES = frozenset({*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)})
"""Formats of days and times that no file explains; 27 to 36 and 50 to 58 are East Asian."""
_DURATION = "46"
_NO_DAY = 60  # Lotus took 1900 for a leap year, and so does each workbook that counts from it
_LAST_DAY = 2958466  # the first one of the year 10000
_DAY_MS = 86_400_000
_LONGEST = 64  # characters of a value that is no text; time to match a number grows with its square


class Shown(Enum):
    """Form in which a style shows numbers."""

    NUMBER = "number"
    DATE = "date"
    DURATION = "duration"


@immutable
class CellTexts:
    """Rules that turn the cells of a workbook into text.

    Attributes:
        shared: The texts that cells name by number.
        styles: The form in which each style shows numbers.
        is_1904: Whether days are counted from 1904, not 1900.
    """

    shared: Sequence[str]
    styles: Sequence[Shown]
    is_1904: bool

    def text(self, cell: Element, place: str) -> str:
        """Returns the text of a cell, or empty.

        Args:
            cell: The cell.
            place: Its place, for a refusal.

        Raises:
            ImportRefused: If it shows an error, or has no definite text.
        """
        kind = cell.attribute("t") or "n"
        if kind == "inlineStr":
            return _plain("".join(map(rich_text, cell.all("is"))), place)
        value = "".join([each.whole_text for each in cell.children if each.name == "v"])
        if kind == "str":
            return _plain(_unescaped(value), place)
        if len(value) > _LONGEST:
            raise ImportRefused(f"{place}: a number of over {_LONGEST} characters")
        match kind if value else "":
            case "":
                return ""
            case "s":
                return _plain(self.shared[_index(value)], place)
            case "b" if value in ("0", "1"):
                return "true" if value == "1" else "false"
            case "d":
                return Stated(_moment_text(datetime.datetime.fromisoformat(value)))
            case "n" if _NUMBER.fullmatch(value):
                return Stated(self._number(float(value), cell.attribute("s"), place))
            case _:
                raise ImportRefused(f"{place}: {value!r} is no text")

    def _number(self, number: float, style: str, place: str) -> str:
        shown = self.styles[_index(style)] if style else Shown.NUMBER
        if shown is not Shown.NUMBER:
            return self._day(number, place, is_duration=shown is Shown.DURATION)
        if not abs(number) < _ROUNDED:
            raise ImportRefused(
                f"{place}: a number of more than 15 digits, which spreadsheets round; format the"
                " column as text and enter it again"
            )
        return str(int(number)) if number == int(number) else f"{number:.15g}"

    def _day(self, number: float, place: str, *, is_duration: bool) -> str:
        first = datetime.datetime(1904, 1, 1) if self.is_1904 else datetime.datetime(1899, 12, 30)
        is_early = not self.is_1904 and number < _NO_DAY + 1
        if not 0 <= number < _LAST_DAY or (is_early and number >= _NO_DAY and not is_duration):
            raise ImportRefused(f"{place}: {number:.15g} is formatted as a date, and is no day")
        seconds = round(number * _DAY_MS) // 1000
        if is_duration or number < 1:
            minutes, second = divmod(seconds, 60)
            return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"
        return _moment_text(first + datetime.timedelta(days=is_early, seconds=seconds))


def rich_text(item: Element) -> str:
    """Returns the text of a shared or inline text, without what tells how to pronounce it."""
    texts = (each.whole_text for path in ("t", "r/t") for each in item.all(path))
    return _unescaped("".join(texts))


def style_forms(records: Iterable[Element]) -> list[Shown]:
    """Returns the form in which each style shows numbers.

    Args:
        records: The records ``numFmt`` and ``xf`` of the styles, with those around them.
    """
    formats = {str(each): Shown.DATE for each in _DATES} | {_DURATION: Shown.DURATION}
    styles = []
    for each in records:
        if each.name == "numFmt" and each.within("numFmts"):
            formats[each.attribute("numFmtId")] = _shown(each.attribute("formatCode"))
        elif each.name == "xf" and each.within("cellXfs"):
            styles.append(formats.get(each.attribute("numFmtId"), Shown.NUMBER))
    return styles


def _shown(code: str) -> Shown:
    """Returns the form in which a format shows numbers, by its code for positive ones."""
    letters = _LITERAL.sub("", code).partition(";")[0].lower()
    if "[" in letters:
        return Shown.DURATION
    return Shown.DATE if re.search("[dmyhs]", letters) else Shown.NUMBER


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _plain(text: str, place: str) -> str:
    if "\0" in text:
        raise ImportRefused(f"{place}: {text!r} is no text")
    return text


def _index(text: str) -> int:
    number = int(text)
    if number < 0:  # which counts from the end
        raise ValueError(text)
    return number


def _moment_text(moment: datetime.datetime) -> str:
    is_day = moment.time() == datetime.time()
    return moment.date().isoformat() if is_day else moment.isoformat(timespec="seconds")
