"""The query string of auditors, the same on the command line, the API and in links.

    actor:spiffe://us-justice.example/node/washington action:grant-accepted
    packet:4be1…64 hexadecimal digits -outcome:ok created:2026-03-01..2026-03-31

Terms stand apart by spaces. Of several terms of one field any may hold; terms of different
fields must all hold; a term behind ``-`` must not. Days are UTC, and both ends count.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tearline.channel import AGREEMENT_ID_SIZE
from tearline.encoding import parse_hex
from tearline.errors import MalformedInput
from tearline.event import EventCode, EventOutcome
from tearline.identity import parse_uri
from tearline.limits import MAX_QUERY_CONDITIONS
from tearline.statement import HASH_SIZE
from tearline_server.storage.records import Condition

_DAY_MS = 24 * 3_600_000
_CREATED = "created"
_RANGE = ".."
_BEGINNING, _END = datetime.date(1970, 1, 1), datetime.date(9999, 12, 30)


def _uri(text: str) -> str:
    return str(parse_uri(text))


def _code(text: str) -> str:
    if text not in set(EventCode):
        raise MalformedInput(f"action: one of {', '.join(EventCode)} was expected")
    return text


def _outcome(text: str) -> str:
    if text not in set(EventOutcome):
        raise MalformedInput(f"outcome: one of {', '.join(EventOutcome)} was expected")
    return text


def _statement(text: str) -> bytes:
    return parse_hex(text, size=HASH_SIZE)


def _agreement(text: str) -> bytes:
    return parse_hex(text, size=AGREEMENT_ID_SIZE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    stored: str
    parse: Callable[[str], str | bytes]


_FIELDS: Mapping[str, _Field] = {
    "actor": _Field(stored="actor", parse=_uri),
    "party": _Field(stored="party", parse=_uri),
    "action": _Field(stored="code", parse=_code),
    "packet": _Field(stored="packet", parse=_statement),
    "statement": _Field(stored="statement", parse=_statement),
    "agreement": _Field(stored="agreement", parse=_agreement),
    "outcome": _Field(stored="outcome", parse=_outcome),
    "reason": _Field(stored="reason", parse=str),
}


def parse_query(text: str) -> tuple[Condition, ...]:
    """The conditions that a query asks for; none for an empty one.

    Raises:
        MalformedInput: If a term is not one, or there are too many.
    """
    terms = text.split()
    if len(terms) > MAX_QUERY_CONDITIONS:
        raise MalformedInput(f"a query has at most {MAX_QUERY_CONDITIONS} terms")
    values: dict[tuple[str, bool], list[str | bytes]] = {}
    times = []
    for term in terms:
        negated = term.startswith("-")
        name, separator, value = term.removeprefix("-").partition(":")
        if not separator or not value:
            raise MalformedInput("a term is a field, a colon and a value")
        if name == _CREATED:
            times.append(_created(value, negated))
        elif name in _FIELDS:
            field = _FIELDS[name]
            values.setdefault((field.stored, negated), []).append(field.parse(value))
        else:
            raise MalformedInput(f"the fields are {', '.join((*_FIELDS, _CREATED))}")
    named = [
        Condition(field=stored, values=tuple(found), negated=negated)
        for (stored, negated), found in values.items()
    ]
    return (*named, *times)


def _created(text: str, negated: bool) -> Condition:
    first, separator, last = text.partition(_RANGE)
    if not separator:
        last = first
    elif not (first or last):
        raise MalformedInput("created: at least one end was expected")
    return Condition(
        field="time_ms",
        since=_day_ms(first, _BEGINNING),
        until=_day_ms(last, _END) + _DAY_MS,
        negated=negated,
    )


def _day_ms(text: str, default: datetime.date) -> int:
    if not text:
        day = default
    else:
        try:
            day = datetime.date.fromisoformat(text)
        except ValueError:
            raise MalformedInput("created: days like 2026-03-31 were expected") from None
        if day.isoformat() != text or not _BEGINNING <= day <= _END:
            raise MalformedInput("created: days like 2026-03-31 were expected")
    return (day - _BEGINNING).days * _DAY_MS
