"""Values of rows: ids and times, whole for programs and short for people; counts in words."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise, takewhile

from tearline_client.audit.rows import iso_text, time_text
from tearline_client.rendering.output import Value

ID_SHOWN = 12
"""Hexadecimal digits of an id in a message: enough to be unique in a million ids."""
_FEWEST_DIGITS = 8
_LAST_MS = 253_402_300_799_000  # the end of 9999; a partner may state any later time


@dataclass(frozen=True, slots=True)
class Moment(Value):
    """Time of a row: ISO 8601 for programs, a distance from now for people.

    Attributes:
        time_ms: Unix milliseconds.
    """

    time_ms: int

    def whole(self) -> str:
        """Returns the time in UTC, such as ``2026-02-17T12:30:00Z``."""
        return iso_text(self.time_ms)

    def text(self) -> str:
        """Returns the time for people, as ``local_text`` does."""
        return local_text(self.time_ms)


@dataclass(frozen=True, slots=True)
class Day(Value):
    """Time of a row of which people read the day, such as the end of an agreement.

    Attributes:
        time_ms: Unix milliseconds.
    """

    time_ms: int

    def whole(self) -> str:
        """Returns the time in UTC, as ``Moment`` does."""
        return iso_text(self.time_ms)

    def text(self) -> str:
        """Returns the day in UTC, such as ``2026-02-17``."""
        return time_text(self.time_ms)[:10]


@dataclass(frozen=True, slots=True)
class Id(Value):
    """Id of a row: whole for programs, a beginning that commands accept for people.

    Attributes:
        id: The id; empty for none.
    """

    id: bytes

    def text(self) -> str:
        """Returns its first hexadecimal digits."""
        return self.id.hex()[:ID_SHOWN]

    def whole(self) -> str:
        """Returns all of its hexadecimal digits."""
        return self.id.hex()


def shortest(ids: Collection[bytes]) -> int:
    """Returns the number of hexadecimal digits that tell ids apart, and no fewer than eight."""
    ordered = sorted({each.hex() for each in ids})
    alike = (
        sum(1 for _ in takewhile(lambda digits: digits[0] == digits[1], zip(*pair, strict=False)))
        for pair in pairwise(ordered)
    )
    return max([_FEWEST_DIGITS, *(length + 1 for length in alike)])


def local_text(time_ms: int) -> str:
    """Returns a time in this machine's time zone, which it names by its distance from UTC.

    For example ``2026-02-17 12:30:00 UTC`` or ``2026-02-17 13:30:00 +01:00``.
    """
    offset_s = time.localtime(min(time_ms, _LAST_MS) // 1000).tm_gmtoff
    if not offset_s:
        return f"{time_text(time_ms)} UTC"
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    zone = f"{'-' if offset_s < 0 else '+'}{hours:02}:{minutes:02}"
    return f"{time_text(time_ms + offset_s * 1000)} {zone}"


def moment(time_ms: int | None) -> Moment | None:
    """Returns a time of a row; None for an unknown one, or for 0."""
    return Moment(time_ms) if time_ms else None


def counted(count: int, noun: str) -> str:
    """Returns a count with its noun: ``1 packet``, ``2 days``, ``2 entities``."""
    if count == 1:
        return f"1 {noun}"
    is_consonant_y = noun.endswith("y") and noun[-2] not in "aeiou"
    return f"{count} {noun[:-1]}ies" if is_consonant_y else f"{count} {noun}s"


def age_text(age_ms: int) -> str:
    """Returns an age in words: ``3 minutes ago``, ``2 hours ago``, ``5 days ago``."""
    return f"{_duration(max(age_ms, 0))} ago"


def distance_text(time_ms: int, now_ms: int) -> str:
    """Returns the distance of a time from now in words: ``in 3 hours``, ``2 days ago``."""
    return f"in {_duration(time_ms - now_ms)}" if time_ms > now_ms else age_text(now_ms - time_ms)


def _duration(duration_ms: int) -> str:
    minutes = duration_ms // 60_000
    if minutes < 2 * 60:
        return counted(minutes, "minute")
    hours = minutes // 60
    return counted(hours, "hour") if hours < 2 * 24 else counted(hours // 24, "day")
