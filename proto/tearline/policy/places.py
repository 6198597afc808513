"""Places: the region or country that a text names for certain.

Many names are shared: Georgia is a state and a country, Washington a state and a city of another
region. So a text tells a region only if it names the country too, and if that country has no other
place of that name. A text that names no country tells none.
"""

import re
from collections.abc import Mapping

from tearline.policy.codes import COUNTRY_CODES
from tearline.policy.reference_data import (
    COUNTRIES,
    REGIONS,
    SHARED_NAMES,
    is_syllabic,
    plain_name,
)

_COORDINATE = re.compile(r"(-?[0-9]{1,3})\.[0-9]+")
_SEPARATORS = re.compile(r"[,，;；\n]")
_TITLED = re.compile(r"(?:state of|estado de) (.+)|(.+) (?:state|province)")
_WHOLE_PLACES = frozenset({"address", "full", "location", "startLocation", "endLocation"})
_REGION_CODES = frozenset(REGIONS.values())
_LONGEST_COUNTRY = max(map(len, COUNTRIES))
_LONGEST_REGION = max(map(len, REGIONS))
_CHINESE_TITLE = re.compile("(?:省|市|(?:壮族|回族|维吾尔)?自治区)(?!场|驻)")
_END = re.compile(r"[,，\s]|\Z")
# After the country comes the title of a place, not the rest of a street's or a building's name.
_PLACE_FOLLOWS = re.compile(
    r"\Z|[,，\s]|[^0-9路街道巷弄城村馆厦场店行院校司驻]*(?:[省州县]|(?<!超)市(?!场)|(?<![小社园])区)"
)
_NAMED_WITH_PARTS = frozenset({"hk", "mo", "tw"})  # 香港岛 and 中国台湾 begin no street's name


def region_of(value: str, prop: str) -> str | None:
    """Returns the region or country that a text names for certain; of a coordinate, the degree.

    Args:
        value: The text.
        prop: Its property. A country alone, without a place in it, counts in a country's property
            and in a whole address; elsewhere, such as in ``city``, it is another place.
    """
    if prop in ("latitude", "longitude"):
        degrees = _COORDINATE.fullmatch(value)
        return degrees.group(1) if degrees and abs(int(degrees.group(1))) <= 180 else None
    is_country = prop.lower().endswith("country") or prop == "jurisdiction"
    if is_country and value in COUNTRY_CODES:
        return value
    told, is_alone = _chinese(value) if is_syllabic(value[:1]) else _latin(value)
    if is_country:
        return told or COUNTRIES.get(plain_name(value))
    return told if prop in _WHOLE_PLACES or not is_alone else None


def _latin(value: str) -> tuple[str | None, bool]:
    """Returns the place at the end of an address, and whether its country stands alone."""
    parts = [part for part in map(plain_name, _SEPARATORS.split(value)) if part]
    if not parts:
        return None, True
    country = COUNTRIES.get(" ".join(parts[-2:]))  # "Hong Kong, China" is one name
    if country or len(parts) == 1:
        return country, len(parts) == 1
    country = COUNTRIES.get(parts[-1])
    return (country and (_region_within(parts[-2], country) or country)), False


def _region_within(part: str, country: str) -> str | None:
    """Returns the region of a country that a part names; perhaps by initials."""
    title = _TITLED.fullmatch(part)
    if title is None and part in SHARED_NAMES:
        return None
    name = (title[1] or title[2]) if title else part
    region = REGIONS.get(part) or REGIONS.get(name, f"{country}-{part}")
    return region if region in _REGION_CODES and region.startswith(f"{country}-") else None


def _chinese(value: str) -> tuple[str | None, bool]:
    """Returns the place at the beginning of an address, and whether its country stands alone.

    A region's title, such as 省, names its country as well.
    """
    name = _beginning(value, COUNTRIES, _LONGEST_COUNTRY)
    country = None if name in SHARED_NAMES else COUNTRIES.get(name)
    follows = value.removeprefix(name)
    rest = follows.lstrip(",， ")
    region = _beginning(rest, REGIONS, _LONGEST_REGION)
    after = rest.removeprefix(region)
    is_certain = _CHINESE_TITLE.match(after) or (country and _END.match(after))
    if region and is_certain and (not name or country == "cn"):
        return REGIONS[region], False
    is_part = country in _NAMED_WITH_PARTS and len(name) > len("香港")
    is_place = is_part or _PLACE_FOLLOWS.match(follows)
    return (country if is_place else None), not rest


def _beginning(value: str, table: Mapping[str, str], longest: int) -> str:
    """Returns the longest name of a table at the start of a text, or an empty string."""
    sizes = range(min(longest, len(value)), 0, -1)
    return next((value[:size] for size in sizes if value[:size] in table), "")
