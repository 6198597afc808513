"""Auditors' query string, identical on the command line, in calls and in links.

    actor:spiffe://us-justice.example/node/washington action:grant-accepted
    packet:4be1…64 hexadecimal digits -outcome:ok created:2026-03-01..2026-03-31

Spaces and tabs separate terms. Terms of one field are alternatives; terms of different fields
must all match; a term behind ``-`` must not match. Days are UTC, both ends included. Values are
compared as a whole, without wildcards. Specified in docs/spec/audit-v1.md.
"""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence

from tearline.audit.event import Event, EventCode, EventOutcome
from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_hex
from tearline.errors import MalformedInput
from tearline.identity import parse_uri
from tearline.limits import MAX_QUERY_CONDITIONS
from tearline.statements.channel import AGREEMENT_ID_SIZE
from tearline.statements.statement import HASH_SIZE
from tearline.text.choices import one_of

DAY_MS = 24 * 3_600_000
CREATED = "created"

_TERM = re.compile(r"[^ \t]+")
_RANGE = ".."
_BEGINNING, _END = datetime.date(1970, 1, 1), datetime.date(9999, 12, 30)

Value = str | bytes


@immutable
class Condition:
    """Condition of a query: a field with allowed values, or a range of times.

    Attributes:
        field: One of ``FIELDS``, or ``created``.
        values: The allowed values; empty for ``created``.
        since: First moment of ``created``, Unix milliseconds.
        until: First moment after it.
        negated: Whether the condition must not match.
    """

    field: str
    values: tuple[Value, ...] = ()
    since: int = 0
    until: int = 0
    negated: bool = False

    def holds(self, event: Event) -> bool:
        """Returns whether ``event`` meets this condition."""
        if self.field == CREATED:
            found = self.since <= event.time_ms < self.until
        else:
            found = FIELDS[self.field].of(event) in self.values
        return found is not self.negated

    def encode(self) -> str:
        """Returns the condition as terms of a query."""
        sign = "-" if self.negated else ""
        if self.field == CREATED:
            first, last = day_of(self.since), day_of(self.until - DAY_MS)
            return f"{sign}{CREATED}:{first}{_RANGE}{last}"
        return " ".join(
            f"{sign}{self.field}:{value if isinstance(value, str) else value.hex()}"
            for value in self.values
        )


@immutable
class QueryField:
    """Access to a field's value in events and in queries.

    Attributes:
        of: Returns its value in an event.
        parse: Returns a value from its text; raises MalformedInput.
    """

    of: Callable[[Event], Value]
    parse: Callable[[str], Value]


def _uri(text: str) -> str:
    return str(parse_uri(text))


def _one_of(names: Sequence[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in names:
            raise MalformedInput(one_of(text, "such value", names))
        return text

    return parse


def _printable(text: str) -> str:
    if not text.isprintable():
        raise MalformedInput("printable characters were expected")
    return text


def _hex(size: int) -> Callable[[str], bytes]:
    return lambda text: parse_hex(text, size=size)


FIELDS: Mapping[str, QueryField] = {
    "actor": QueryField(of=lambda event: event.actor, parse=_uri),
    "party": QueryField(of=lambda event: event.party, parse=_uri),
    "action": QueryField(of=lambda event: event.code.value, parse=_one_of([*EventCode])),
    "packet": QueryField(of=lambda event: event.packet, parse=_hex(HASH_SIZE)),
    "statement": QueryField(of=lambda event: event.statement_id, parse=_hex(HASH_SIZE)),
    "agreement": QueryField(of=lambda event: event.agreement_id, parse=_hex(AGREEMENT_ID_SIZE)),
    "outcome": QueryField(of=lambda event: event.outcome.value, parse=_one_of([*EventOutcome])),
    "reason": QueryField(of=lambda event: event.reason, parse=_printable),
}
"""The fields with values, by their names in a query."""


@immutable
class Query:
    """Auditor's query: every condition must match."""

    conditions: tuple[Condition, ...] = ()

    def matches(self, event: Event) -> bool:
        """Returns whether ``event`` meets every condition."""
        return all(condition.holds(event) for condition in self.conditions)

    def named(self, field: str) -> frozenset[Value]:
        """Returns the allowed values of ``field``; empty if any value is allowed."""
        return frozenset(
            value
            for condition in self.conditions
            if condition.field == field and not condition.negated
            for value in condition.values
        )

    def encode(self) -> str:
        """Returns the query as text, which parses to the same query."""
        return " ".join(condition.encode() for condition in self.conditions)


def parse_query(text: str) -> Query:
    """Returns the query of ``text``; an empty text matches every event.

    Raises:
        MalformedInput: If a term is not valid, with its place, or if there are too many.
    """
    values: dict[tuple[str, bool], list[Value]] = {}
    times: list[Condition] = []
    for number, term in enumerate(_TERM.finditer(text)):
        try:
            if number == MAX_QUERY_CONDITIONS:
                raise MalformedInput(f"a query has at most {MAX_QUERY_CONDITIONS} terms")
            name, value, negated = _split(term[0])
            if name == CREATED:
                times.append(_parse_created(value, negated))
            else:
                values.setdefault((name, negated), []).append(FIELDS[name].parse(value))
        except MalformedInput as error:
            place = f"at character {term.start() + 1} of the query"
            raise MalformedInput(f"{place}: {error.why}") from None
    named = [
        Condition(field=name, values=tuple(found), negated=negated)
        for (name, negated), found in values.items()
    ]
    return Query(conditions=(*named, *times))


def day_of(time_ms: int) -> datetime.date:
    """Returns the UTC day of a time in Unix milliseconds, at most the last day of year 9999."""
    return _BEGINNING + datetime.timedelta(days=min(time_ms // DAY_MS, (_END - _BEGINNING).days))


def _split(term: str) -> tuple[str, str, bool]:
    """Returns the field of a term, its value, and whether it is negated."""
    name, separator, value = term.removeprefix("-").partition(":")
    if not separator or not value:
        raise MalformedInput("a field, a colon and a value were expected")
    if name not in FIELDS and name != CREATED:
        raise MalformedInput(f"the fields are {', '.join((*FIELDS, CREATED))}")
    return name, value, term.startswith("-")


def _parse_created(text: str, negated: bool) -> Condition:
    first, separator, last = text.partition(_RANGE)
    if not separator:
        last = first
    elif not (first or last):
        raise MalformedInput("created: at least one end was expected")
    return Condition(
        field=CREATED,
        since=_parse_day(first, _BEGINNING),
        until=_parse_day(last, _END) + DAY_MS,
        negated=negated,
    )


def _parse_day(text: str, default: datetime.date) -> int:
    day = default
    if text:
        try:
            day = datetime.date.fromisoformat(text)
        except ValueError:
            raise MalformedInput("created: days like 2026-03-31 were expected") from None
        if day.isoformat() != text or not _BEGINNING <= day <= _END:
            raise MalformedInput("created: days like 2026-03-31 were expected")
    return (day - _BEGINNING).days * DAY_MS
