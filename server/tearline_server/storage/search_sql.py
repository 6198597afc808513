"""SQL of searches: built from constant texts only; all values of a query are bound."""

import re
from itertools import count
from typing import Any

from tearline.audit.query import CREATED, Condition
from tearline_server.storage.reads import Search

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
    "SELECT a.idx FROM event_agency a CROSS JOIN event e ON e.idx = a.idx"
    " WHERE a.agency = ? AND a.idx > ? AND a.idx < ?"
)
_OVERSEEN = (
    "SELECT e.idx FROM event e"
    " WHERE e.agreement <> x'' AND e.agreement = ? AND e.idx > ? AND e.idx < ?"
)
# One statement or packet has a handful of events among millions that an agency may see.
# SQLite preserves the order of a CROSS JOIN; the plus prevents use of the agreement's index.
_NAMED_FEW = (
    "SELECT e.idx FROM event e CROSS JOIN event_agency a ON a.agency = ? AND a.idx = e.idx"
    " WHERE e.idx > ? AND e.idx < ?"
)
_OVERSEEN_FEW = "SELECT e.idx FROM event e WHERE +e.agreement = ? AND e.idx > ? AND e.idx < ?"
# OFFSET 0 stops PostgreSQL from merging a subquery; it runs once per row of the outer side.
_NAMED_APART = (
    "SELECT a.idx FROM event_agency a JOIN LATERAL (SELECT * FROM event WHERE idx = a.idx OFFSET 0)"
    " e ON TRUE WHERE a.agency = ? AND a.idx > ? AND a.idx < ?"
)
_FEW_APART = "SELECT e.idx FROM (SELECT * FROM event e WHERE {0} OFFSET 0) e"
_NAMED_FEW_APART = (
    f"{_FEW_APART}"
    " JOIN LATERAL (SELECT FROM event_agency"
    " WHERE agency = ? AND idx = e.idx OFFSET 0) a ON TRUE WHERE e.idx > ? AND e.idx < ?"
)
_OVERSEEN_FEW_APART = f"{_FEW_APART} WHERE e.agreement = ? AND e.idx > ? AND e.idx < ?"
_PARTIAL = {"statement": "", "packet": " AND e.packet <> x''"}
"""Selective fields, and the condition that makes their partial index usable."""


def search_sql(search: Search) -> tuple[str, tuple[Any, ...]]:
    """Returns the SQLite query of a search, and its bound values.

    Each part reads one index in the order of the log; SQLite merges the parts lazily and stops at
    the limit. A query that names statements or packets uses their indexes.
    """
    few = next((field for field in _PARTIAL if search.query.named(field)), None)
    named, overseen = (_NAMED, _OVERSEEN) if few is None else (_NAMED_FEW, _OVERSEEN_FEW)
    partial = "" if few is None else _PARTIAL[few]
    parts, bound = _parts(search, named + partial, overseen + partial)
    found = " UNION ".join(parts)
    return (
        f"SELECT idx, salt, event FROM event WHERE idx IN ({found} ORDER BY 1 LIMIT ?)"  # noqa: S608
        " ORDER BY idx",
        (*bound, search.limit),
    )


def ordered_search_sql(search: Search) -> tuple[str, tuple[Any, ...]]:
    """Returns the PostgreSQL query of a search, and its bound values.

    PostgreSQL does not merge lazily, so each part has its own order and limit.
    """
    few = next((field for field in _PARTIAL if search.query.named(field)), None)
    named, overseen, first = _NAMED_APART, _OVERSEEN, list[Any]()
    if few is not None:
        first = sorted(search.query.named(few))
        clause = f"{_COLUMNS[few]} IN ({', '.join('?' * len(first))}){_PARTIAL[few]}"
        named, overseen = _NAMED_FEW_APART.format(clause), _OVERSEEN_FEW_APART.format(clause)
    parts, bound = _parts(search, named, overseen)
    each = len(bound) // len(parts)
    values = [
        value
        for start in range(0, len(bound), each)
        for value in (*first, *bound[start : start + each], search.limit)
    ]
    found = " UNION ".join(f"({part} ORDER BY 1 LIMIT ?)" for part in parts)
    sql = (
        f"SELECT f.idx, e.salt, e.event FROM (SELECT idx FROM ({found}) AS found"  # noqa: S608
        " ORDER BY 1 LIMIT ?) f JOIN LATERAL (SELECT * FROM event WHERE idx = f.idx OFFSET 0) e"
        " ON TRUE ORDER BY f.idx"
    )
    number = count(1)
    sql = re.sub(r"\?", lambda _: f"${next(number)}", sql.replace("x''", "''"))
    return sql, (*values, search.limit)


def _parts(search: Search, named: str, overseen: str) -> tuple[list[str], list[Any]]:
    """Returns the query of each source, and the bound values of all of them."""
    clauses, bound = "", [search.after, search.below]
    for condition in search.query.conditions:
        clause, values = _clause(condition)
        clauses += f" AND NOT ({clause})" if condition.negated else f" AND {clause}"
        bound += values
    sources = [(named, search.agency), *((overseen, each) for each in search.agreements)]
    parts = [source + clauses for source, _ in sources]
    return parts, [value for _, whose in sources for value in (whose, *bound)]


def _clause(condition: Condition) -> tuple[str, list[Any]]:
    if condition.field == CREATED:
        return "e.time_ms >= ? AND e.time_ms < ?", [condition.since, condition.until]
    marks = ", ".join("?" * len(condition.values))
    return f"{_COLUMNS[condition.field]} IN ({marks})", list(condition.values)
