"""A search as SQL: made of constant texts alone; whatever an auditor wrote is bound."""

from typing import Any

from tearline.audit_query import CREATED, Condition
from tearline_server.storage.records import Search

_COLUMNS = {
    "actor": "e.actor",
    "party": "e.party",
    "action": "e.code",
    "packet": "e.packet",
    "statement": "e.statement",
    "agreement": "e.agreement",
    "outcome": "e.outcome",
    "reason": "e.reason",
}
_NAMED = (
    "SELECT a.idx FROM event_agency a JOIN event e ON e.idx = a.idx"
    " WHERE a.agency = ? AND a.idx > ? AND a.idx < ?"
)
_OVERSEEN = (
    "SELECT e.idx FROM event e"
    " WHERE e.agreement <> x'' AND e.agreement = ? AND e.idx > ? AND e.idx < ?"
)
# Of one statement or packet there are a handful of events in millions that an agency may see.
# CROSS JOIN makes SQLite look those up first; the plus keeps it off the agreement's index.
_NAMED_FEW = (
    "SELECT e.idx FROM event e CROSS JOIN event_agency a ON a.agency = ? AND a.idx = e.idx"
    " WHERE e.idx > ? AND e.idx < ?"
)
_OVERSEEN_FEW = "SELECT e.idx FROM event e WHERE +e.agreement = ? AND e.idx > ? AND e.idx < ?"
_PARTIAL = {"statement": "", "packet": " AND e.packet <> x''"}
"""The fields by which few are found, and what shows that their index holds all of them."""


def search_sql(search: Search) -> tuple[str, tuple[Any, ...]]:
    """The statement that answers a search, and what is bound to it.

    Each part reads one index in the order of the log; SQLite merges them as it goes, and
    reads no further than the limit. A query that names statements or packets reads theirs.
    """
    few = next((field for field in _PARTIAL if search.query.named(field)), None)
    named, overseen = (_NAMED, _OVERSEEN) if few is None else (_NAMED_FEW, _OVERSEEN_FEW)
    clauses, bound = "" if few is None else _PARTIAL[few], [search.after, search.below]
    for condition in search.query.conditions:
        clause, values = _clause(condition)
        clauses += f" AND NOT ({clause})" if condition.negated else f" AND {clause}"
        bound += values
    sources = [(named, search.agency), *((overseen, each) for each in search.agreements)]
    found = " UNION ".join(source + clauses for source, _ in sources)
    return (
        f"SELECT idx, salt, event FROM event WHERE idx IN ({found} ORDER BY 1 LIMIT ?)"  # noqa: S608
        " ORDER BY idx",
        (*(value for _, whose in sources for value in (whose, *bound)), search.limit),
    )


def _clause(condition: Condition) -> tuple[str, list[Any]]:
    if condition.field == CREATED:
        return "e.time_ms >= ? AND e.time_ms < ?", [condition.since, condition.until]
    marks = ", ".join("?" * len(condition.values))
    return f"{_COLUMNS[condition.field]} IN ({marks})", list(condition.values)
