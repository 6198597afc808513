"""Log in SQLite: its entries, the nodes of its tree, and the contents of blind entries."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import apsw

from tearline.tlog.merkle import NodeId, leaf_hash
from tearline_server.storage.lookups import Hidden
from tearline_server.storage.reads import RetainedRow
from tearline_server.storage.rows import EventRow, OpeningRow, StatementRow
from tearline_server.storage.sqlite.queries import first

_NODES_AT_ONCE = 256  # SQLite binds 32,766 values
_AWAITED = (
    "EXISTS (SELECT 1 FROM mail m LEFT JOIN acknowledged a ON a.node = m.node"
    " WHERE m.entry = e.idx AND m.seq > coalesce(a.seq, 0))"
)
_HIDDEN = (
    f"SELECT e.event, {_AWAITED} FROM event_agency g JOIN event e ON e.idx = g.idx"  # noqa: S608 (constant texts)
    " WHERE g.idx = ? AND g.agency = ?"
)
RETAINED = (
    f"SELECT e.idx, e.time_ms, e.event, {_AWAITED} FROM event e"  # noqa: S608 (constant texts)
    " WHERE e.agreement <> x'' AND e.agreement = ? AND e.idx > ? ORDER BY e.idx LIMIT ?"
)
"""SQL that reads the index by agreement in order, so the cost of a page is constant."""
_RETAINED_AT = (
    f"SELECT e.idx, e.time_ms, e.event, {_AWAITED} FROM event e"  # noqa: S608 (constant texts)
    " WHERE e.idx = ?"
)
_EVENTS = (
    "SELECT idx, salt, event, time_ms, code, outcome, reason, actor, party, statement, packet,"
    " agreement FROM event WHERE idx >= ? ORDER BY idx LIMIT ?"
)
_STATEMENTS = (
    "SELECT idx, id, signer, type, natural, packet, code, why, envelope FROM statement"
    " WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?"
)
_AGENCIES = (
    "WITH RECURSIVE each(agency) AS (SELECT min(agency) FROM event_agency UNION ALL"
    " SELECT (SELECT min(e.agency) FROM event_agency e WHERE e.agency > each.agency)"
    " FROM each WHERE agency IS NOT NULL) SELECT agency FROM each WHERE agency IS NOT NULL"
)


def entries(connection: apsw.Connection, start: int, end: int, max_bytes: int) -> list[bytes]:
    """Returns entries from ``start`` up to ``end``: at least one, at most ``max_bytes``."""
    found: list[bytes] = []
    size = 0
    sql = "SELECT entry FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
    for (entry,) in connection.execute(sql, (start, end)):
        size += len(entry)
        if found and size > max_bytes:
            break
        found.append(entry)
    return found


def nodes(connection: apsw.Connection, ids: Sequence[NodeId]) -> dict[NodeId, bytes]:
    """Returns hashes of perfect subtrees, leaves included; unknown ones are absent."""
    found: dict[NodeId, bytes] = {}
    # One query for many nodes: single queries take twice as long. Few texts are cached as prepared.
    for start in range(0, len(ids), _NODES_AT_ONCE):
        asked = ids[start : start + _NODES_AT_ONCE]
        leaves = [index for level, index in asked if level == 0]
        inner = [node for node in asked if node[0]]
        if leaves:
            marks = ", ".join("?" * len(leaves))
            sql = f"SELECT idx, entry FROM entry WHERE idx IN ({marks})"  # noqa: S608 (marks only)
            for index, entry in connection.execute(sql, leaves):
                found[0, index] = leaf_hash(entry)
        if inner:
            marks = ", ".join(["(?, ?)"] * len(inner))
            sql = f"SELECT level, idx, hash FROM node WHERE (level, idx) IN (VALUES {marks})"  # noqa: S608
            for level, index, node in connection.execute(sql, [*chain.from_iterable(inner)]):
                found[level, index] = node
    return found


def openings(rows: Iterable[tuple[Any, ...]]) -> list[OpeningRow]:
    """Returns opening rows from rows of index, salt and event."""
    return [OpeningRow(idx=idx, salt=salt, event=event) for idx, salt, event in rows]


def event_rows(connection: apsw.Connection, start: int, limit: int) -> list[EventRow]:
    """Returns contents of blind entries with the agencies that may see them, from an index on."""
    rows = list(connection.execute(_EVENTS, (start, limit)))
    agencies: dict[int, list[str]] = {}
    if rows:
        # One range scan per agency: there are few, and the index begins with the agency.
        for (agency,) in list(connection.execute(_AGENCIES)):
            for (idx,) in connection.execute(
                "SELECT idx FROM event_agency WHERE agency = ? AND idx BETWEEN ? AND ?",
                (agency, start, rows[-1][0]),
            ):
                agencies.setdefault(idx, []).append(agency)
    # Written out for speed: verification reads millions of rows.
    return [
        EventRow(
            idx=idx,
            salt=salt,
            event=event,
            time_ms=time_ms,
            code=code,
            outcome=outcome,
            reason=reason,
            actor=actor,
            party=party,
            statement=statement,
            packet=packet,
            agreement=agreement,
            agencies=tuple(agencies.get(idx, ())),
        )
        for (
            idx,
            salt,
            event,
            time_ms,
            code,
            outcome,
            reason,
            actor,
            party,
            statement,
            packet,
            agreement,
        ) in rows
    ]


def statement_rows(
    connection: apsw.Connection, start: int, end: int, limit: int
) -> list[StatementRow]:
    """Returns statements whose receipts name entries from ``start`` up to ``end``, in order."""
    return [
        StatementRow(
            idx=idx,
            id=id_,
            signer=signer,
            type=type_,
            natural=natural,
            packet=packet,
            code=code,
            why=why,
            envelope=envelope,
        )
        for idx, id_, signer, type_, natural, packet, code, why, envelope in connection.execute(
            _STATEMENTS, (start, end, limit)
        )
    ]


def hidden(connection: apsw.Connection, asked: Iterable[tuple[int, str]]) -> Mapping[int, Hidden]:
    """Returns contents of blind entries by index, if the entry names the given agency."""
    found = {}
    for index, agency in asked:
        row = first(connection, _HIDDEN, (index, agency))
        if row is not None:
            found[index] = Hidden(event=row[0], awaited=bool(row[1]))
    return found


def retained(
    connection: apsw.Connection, agreement: bytes, after: int, limit: int
) -> list[RetainedRow]:
    """Returns contents of entries above ``after`` under an agreement, in log order."""
    return [
        RetainedRow(idx=idx, time_ms=time_ms, event=event, awaited=bool(awaited))
        for idx, time_ms, event, awaited in connection.execute(RETAINED, (agreement, after, limit))
    ]


def retained_at(connection: apsw.Connection, indices: Sequence[int]) -> list[RetainedRow]:
    """Returns contents of entries by index, in order; erased ones are absent."""
    rows = (first(connection, _RETAINED_AT, (index,)) for index in sorted(indices))
    return [
        RetainedRow(idx=row[0], time_ms=row[1], event=row[2], awaited=bool(row[3]))
        for row in rows
        if row is not None
    ]
