"""Log in PostgreSQL: its entries, the nodes of its tree, and the contents of blind entries."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

from tearline.tlog.merkle import NodeId, leaf_hash
from tearline_server.storage.postgres.types import Connection
from tearline_server.storage.reads import RetainedRow
from tearline_server.storage.rows import EventRow

# At least one, then as many as fit; the smallest entry, a blind one, has 33 bytes.
_ENTRIES = (
    "SELECT entry FROM (SELECT idx, entry, sum(length(entry)) OVER (ORDER BY idx) AS size"
    " FROM (SELECT idx, entry FROM entry WHERE idx >= $1 AND idx < $2 ORDER BY idx LIMIT $4) run"
    ") run WHERE size <= $3 OR size = length(entry) ORDER BY idx"
)
_LEAST_ENTRY_BYTES = 33
_NODES = (
    "SELECT n.level, n.idx, n.hash FROM unnest($1::bigint[], $2::bigint[]) AS k (level, idx)"
    " JOIN node n ON n.level = k.level AND n.idx = k.idx"
)
_AGENCIES = (
    "WITH RECURSIVE each (agency) AS (SELECT min(agency) FROM event_agency UNION ALL"
    " SELECT (SELECT min(e.agency) FROM event_agency e WHERE e.agency > each.agency)"
    " FROM each WHERE agency IS NOT NULL)"
    " SELECT a.agency, a.idx FROM each JOIN LATERAL (SELECT * FROM event_agency"
    " WHERE agency = each.agency AND idx BETWEEN $1 AND $2 OFFSET 0) a ON TRUE ORDER BY a.agency"
)
AWAITED = (
    "((SELECT TRUE FROM mail m WHERE m.entry = e.idx AND m.seq >"
    " coalesce((SELECT a.seq FROM acknowledged a WHERE a.node = m.node), 0) LIMIT 1) IS NOT NULL)"
)
"""SQL: whether mail about event ``e`` is unacknowledged; EXISTS would be hashed."""
_RETAINED = (
    f"SELECT e.idx, e.time_ms, e.event, {AWAITED} AS awaited FROM event e"  # noqa: S608 (constant texts)
    " WHERE e.agreement <> '' AND e.agreement = $1 AND e.idx > $2"
    " ORDER BY e.idx LIMIT $3"
)
_RETAINED_AT = (
    f"SELECT e.idx, e.time_ms, e.event, {AWAITED} AS awaited FROM event e"  # noqa: S608 (constant texts)
    " WHERE e.idx = ANY($1::bigint[]) ORDER BY e.idx"
)
_EVENT_NAMES = tuple(field.name for field in fields(EventRow) if field.name != "agencies")


async def entries(connection: Connection, start: int, end: int, max_bytes: int) -> Sequence[bytes]:
    """Returns entries from ``start`` up to ``end``: at least one, at most ``max_bytes``."""
    most = max_bytes // _LEAST_ENTRY_BYTES + 1
    rows = await connection.fetch(_ENTRIES, start, end, max_bytes, most)
    return [entry for (entry,) in rows]


async def nodes(connection: Connection, ids: Sequence[NodeId]) -> Mapping[NodeId, bytes]:
    """Returns hashes of perfect subtrees, leaves included; unknown ones are absent."""
    leaves = [index for level, index in ids if level == 0]
    inner = [node for node in ids if node[0]]
    found: dict[NodeId, bytes] = {}
    if leaves:
        sql = "SELECT idx, entry FROM entry WHERE idx = ANY($1::bigint[])"
        for idx, entry in await connection.fetch(sql, leaves):
            found[0, idx] = leaf_hash(entry)
    if inner:
        columns = [list(column) for column in zip(*inner, strict=True)]
        for level, idx, hash_ in await connection.fetch(_NODES, *columns):
            found[level, idx] = hash_
    return found


async def retained(
    connection: Connection, agreement: bytes, after: int, limit: int
) -> Sequence[RetainedRow]:
    """Returns contents of entries above ``after`` under an agreement, in log order."""
    rows = await connection.fetch(_RETAINED, agreement, after, limit)
    return [RetainedRow(**dict(row)) for row in rows]


async def retained_at(connection: Connection, indices: Sequence[int]) -> Sequence[RetainedRow]:
    """Returns contents of entries by index, in order; erased ones are absent."""
    rows = await connection.fetch(_RETAINED_AT, indices)
    return [RetainedRow(**dict(row)) for row in rows]


async def event_rows(connection: Connection, start: int, limit: int) -> Sequence[EventRow]:
    """Returns contents of blind entries with the agencies that may see them, from an index on."""
    sql = f"SELECT {', '.join(_EVENT_NAMES)} FROM event WHERE idx >= $1 ORDER BY idx LIMIT $2"  # noqa: S608
    rows = await connection.fetch(sql, start, limit)
    agencies: dict[int, list[str]] = {}
    if rows:
        # One range scan per agency: there are few, and the index begins with the agency.
        for agency, idx in await connection.fetch(_AGENCIES, start, rows[-1]["idx"]):
            agencies.setdefault(idx, []).append(agency)
    return [EventRow(**dict(row), agencies=tuple(agencies.get(row["idx"], ()))) for row in rows]
