"""Timestamps of STIX and TAXII."""

import datetime
import re

from tearline.errors import MalformedInput

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z\Z", re.ASCII)


def taxii_time(time_us: int) -> str:
    """Returns Unix microseconds as a timestamp of TAXII, which has six digits of a second."""
    seconds, part = divmod(time_us, 1_000_000)
    time = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{part:06d}Z"


def stix_time(time_us: int) -> str:
    """Returns Unix microseconds as a timestamp of STIX: milliseconds, unless there is more."""
    text = taxii_time(time_us)
    return text.removesuffix("000Z") + "Z" if text.endswith("000Z") else text


def parse_time(text: str) -> int:
    """Returns a timestamp as Unix microseconds.

    Raises:
        MalformedInput: If it is none.
    """
    found = _TIME.match(text)
    if found is None:
        raise MalformedInput("expected a time such as 2026-11-29T10:00:00.000000Z")
    try:
        time = datetime.datetime.fromisoformat(f"{found[1]}+00:00")
    except ValueError:
        raise MalformedInput("expected a time that exists") from None
    return round(time.timestamp()) * 1_000_000 + int(f"{found[2] or ''}000000"[:6])
