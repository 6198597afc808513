"""Languages of the console: catalogues of messages, dates and numbers.

A message is written in English in the code and the templates. ``locale`` holds the catalogue of
each further language, in the format of gettext. Names, values and texts from partners are data:
they are never translated.
"""

import datetime
import gettext as catalogues
import io
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from tearline.dataclass.immutable import immutable
from tearline.text.display import visible
from tearline_client.console.time_zones import UTC, TimeZone

NAMES: Mapping[str, str] = {"en": "English", "zh": "中文", "es": "Español"}
"""The name of each language in itself, by its code."""
DEFAULT = "en"
TAGS: Mapping[str, str] = {"en": "en", "zh": "zh-Hans", "es": "es"}
"""Language tags (BCP 47), for pages."""
_LOCALES = {"en": "en_GB", "zh": "zh_Hans", "es": "es"}
_TIME = Markup('<time datetime="%s" title="%s">%s</time>')
_LAST_MS = 253_402_300_799_000  # the end of 9999; a partner may state any later time


def mark(message: str) -> str:
    """Marks a message for translation where it is stored, and returns it unchanged."""
    return message


@immutable
class Language:
    """A language, with its catalogue.

    Attributes:
        code: Its code, a key of ``NAMES``.
        catalogue: Its messages.
        locale: Its rules of dates and numbers.
    """

    code: str
    catalogue: catalogues.NullTranslations
    locale: Locale

    def text(self, message: str, **values: object) -> Markup:
        """Returns a message as HTML, with values in it as text."""
        if not message:  # gettext gives its header for an empty message
            return Markup()
        found = escape(visible(self.catalogue.gettext(message)))  # a code may be a partner's
        return found % _shown(values) if values else found

    def counted(self, one: str, many: str, count: int, **values: object) -> Markup:
        """Returns the form of a message that fits a number, as HTML; the number is ``count``."""
        message = escape(self.catalogue.ngettext(one, many, count))
        return message % {"count": self.number(count), **_shown(values)}

    def number(self, number: int) -> str:
        """Returns a number as the language writes it."""
        return format_decimal(number, locale=self.locale)

    def time(self, time_ms: int, zone: TimeZone = UTC) -> Markup:
        """Returns a time as HTML: as the language writes it in a zone, and in UTC by ISO 8601."""
        iso = _moment(time_ms).isoformat(timespec="seconds").replace("+00:00", "Z")
        return _TIME % (iso, iso, self.date(time_ms, zone))

    def date(self, time_ms: int, zone: TimeZone = UTC) -> str:
        """Returns a time in a zone as the language writes it, to the second."""
        return format_datetime(
            _moment(time_ms), "medium", tzinfo=zone.rules, locale=self.locale
        ).replace("\N{NARROW NO-BREAK SPACE}", " ")

    def day(self, day: datetime.date) -> str:
        """Returns a day as the language writes it."""
        return format_date(day, "medium", locale=self.locale)

    def month(self, day: datetime.date) -> str:
        """Returns the month of a day as the language writes it."""
        return format_skeleton("yMMM", day, locale=self.locale)


def _moment(time_ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(min(time_ms, _LAST_MS) / 1000, datetime.UTC)


def _shown(values: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value if isinstance(value, int | Markup) else visible(str(value))
        for name, value in values.items()
    }


@cache
def language(code: str) -> Language:
    """Returns a language, by its code, with its catalogue read once."""
    return Language(code=code, catalogue=_catalogue(code), locale=Locale.parse(_LOCALES[code]))


def _catalogue(code: str) -> catalogues.NullTranslations:
    if code == DEFAULT:
        return catalogues.NullTranslations()
    source = files("tearline_client.console") / "locale" / f"{code}.po"
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=_LOCALES[code]))
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)


def preferred(header: str) -> str:
    """Returns the code of the language that an Accept-Language header prefers.

    Args:
        header: The header; only its order and the first letters of each tag count.
    """
    for tag in header.split(",")[: len(NAMES) * 4]:
        code = tag.strip()[:2].lower()
        if code in NAMES:
            return code
    return DEFAULT
