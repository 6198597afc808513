"""Filters of requests: ``added_after``, ``next``, ``limit`` and ``match``."""

from dataclasses import replace

from starlette.requests import Request

from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput
from tearline.limits import MAX_TAXII_MATCHES, MAX_TAXII_OBJECTS, MAX_TAXII_QUERY_BYTES
from tearline_client.features.feeds.service import Filter
from tearline_client.features.feeds.times import parse_time

_NAMES = frozenset(
    {"added_after", "next", "limit"}
    | {f"match[{name}]" for name in ("id", "type", "version", "spec_version")}
)
_WORDS = frozenset({"all", "last", "first"})
_MAX_PLACE = (1 << 63) - 1
SPEC_VERSIONS = ("2.1",)
"""Versions of STIX that objects have."""


def parse_filter(request: Request, *, ids: tuple[str, ...] = ()) -> Filter | None:
    """Returns the filter of a request; None if it matches no object.

    Args:
        request: The request.
        ids: The only object, for a request that names one in its path.

    Raises:
        MalformedInput: If a parameter is unknown, repeated or malformed.
    """
    if len(request.scope["query_string"]) > MAX_TAXII_QUERY_BYTES:
        raise MalformedInput("the query is too long")
    given = dict[str, str]()
    for name, value in request.query_params.multi_items():
        if name not in _NAMES or name in given or not value:
            raise MalformedInput("a parameter is unknown, repeated or empty")
        given[name] = value
    specs = _values(given, "spec_version")
    named = _values(given, "id")
    if (specs and not set(specs) & set(SPEC_VERSIONS)) or (ids and named and ids[0] not in named):
        return None
    versions = _values(given, "version") or ("last",)
    after_us = parse_time(given["added_after"]) if "added_after" in given else 0
    if "next" in given:
        after_us = max(after_us, parse_decimal(given["next"], maximum=_MAX_PLACE))
    return Filter(
        added_after_us=after_us,
        limit=_limit(given),
        ids=ids or named,
        types=_values(given, "type"),
        versions=_WORDS.intersection(versions),
        exact=tuple(parse_time(each) for each in versions if each not in _WORDS),
    )


def all_of(request: Request, object_id: str) -> Filter | None:
    """Returns the filter of all versions of one object; other parameters as ``parse_filter``.

    Raises:
        MalformedInput: If a parameter is malformed.
    """
    asked = parse_filter(request, ids=(object_id,))
    return None if asked is None else replace(asked, versions=frozenset({"all"}), exact=())


def _limit(given: dict[str, str]) -> int:
    if "limit" not in given:
        return MAX_TAXII_OBJECTS
    limit = parse_decimal(given["limit"], maximum=_MAX_PLACE)
    if not limit:
        raise MalformedInput("the limit is at least 1")
    return min(limit, MAX_TAXII_OBJECTS)


def _values(given: dict[str, str], name: str) -> tuple[str, ...]:
    """Returns the values of a filter, each once."""
    text = given.get(f"match[{name}]")
    values = tuple(dict.fromkeys(text.split(","))) if text else ()
    if len(values) > MAX_TAXII_MATCHES:
        raise MalformedInput(f"a filter has at most {MAX_TAXII_MATCHES} values")
    return values
