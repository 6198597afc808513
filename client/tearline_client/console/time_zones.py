"""Time zones in which persons read times, by the names of the IANA database.

The machine's own database gives the rules (on Debian the package ``tzdata``). Without one there is
UTC alone.
"""

import datetime
import zoneinfo
from functools import cache

from tearline.dataclass.immutable import immutable
from tearline_client.persons.records import UTC_NAME

_NO_PLACES = ("Etc/", "SystemV/")  # offsets, which a person does not live in


@immutable
class TimeZone:
    """A time zone.

    Attributes:
        name: Its name, for example ``America/Mexico_City``.
        rules: Its rules.
    """

    name: str
    rules: datetime.tzinfo


UTC = TimeZone(name=UTC_NAME, rules=datetime.UTC)


def time_zone(name: str) -> TimeZone:
    """Returns the time zone of a name; UTC if this machine does not know it."""
    if name not in names():
        return UTC
    return UTC if name == UTC_NAME else TimeZone(name=name, rules=zoneinfo.ZoneInfo(name))


@cache
def names() -> tuple[str, ...]:
    """Returns the names that a person may choose from: UTC, then places in alphabetical order."""
    known = zoneinfo.available_timezones()  # reads some 600 files
    return UTC_NAME, *sorted(n for n in known if "/" in n and not n.startswith(_NO_PLACES))
