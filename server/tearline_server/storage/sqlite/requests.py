"""Requests for records in SQLite: progress, deadlines, and suspensions of their clocks."""

from collections.abc import Iterable, Mapping, Sequence

import apsw

from tearline_server.storage.columns import (
    reach_columns,
    reach_of,
    stoppage_columns,
    stoppage_of,
)
from tearline_server.storage.commit import Commit
from tearline_server.storage.lookups import StoredRequest
from tearline_server.storage.positions import siblings_between
from tearline_server.storage.rows import RequestRow
from tearline_server.storage.sqlite.queries import first

# The asker's agency signed the manifest. Its index ends the lookup of another agency's request as
# it ends that of an unknown one.
_ASKED = "SELECT 1 FROM statement WHERE id = ? AND signer > ? AND signer < ?"
_ROW = (
    "SELECT asker, agreement, version, granted_ms, stored_ms, due_ms, overdue_ms, stopped, article"
    " FROM request WHERE packet = ? AND holder = ? AND ? IN (holder, asker)"
)
_MANIFEST = "SELECT s.envelope FROM packet p JOIN statement s ON s.idx = p.statement WHERE p.id = ?"
_AGREEMENT = (
    "SELECT s.envelope, s.idx FROM agreement a JOIN statement s ON s.idx = a.statement"
    " WHERE a.id = ? AND a.version = ?"
)
_STEPS = (
    "SELECT r.statement, r.time_ms, s.envelope FROM request_step r"
    " JOIN statement s ON s.idx = r.statement WHERE r.packet = ? AND r.holder = ?"
    " ORDER BY r.statement"
)
# Each half reads an index: open suspensions, and those ended since. The index is named, because
# SQLite would choose the primary key while there are few suspensions.
_STOPPAGES = (
    "SELECT agency, article, sender, recipient, began, began_ms, ended, ended_ms"
    " FROM stoppage INDEXED BY stoppage_end"
    " WHERE agreement = ?1 AND article IN ('', ?2) AND ended_ms IS NULL UNION ALL"
    " SELECT agency, article, sender, recipient, began, began_ms, ended, ended_ms"
    " FROM stoppage INDEXED BY stoppage_end"
    " WHERE agreement = ?1 AND article IN ('', ?2) AND ended_ms > ?3"
)
_REACHES = (
    "SELECT entry, time_ms, parties, articles, joint FROM reach WHERE agreement = ?1"
    " AND entry >= coalesce((SELECT max(entry) FROM reach WHERE agreement = ?1"
    " AND time_ms <= ?2), 0) ORDER BY entry"
)


def requests_known(
    connection: apsw.Connection, keys: Iterable[tuple[bytes, str, str]]
) -> Mapping[tuple[bytes, str], StoredRequest]:
    """Returns requests by (manifest id, holder), if the key's third part is one of the sides."""
    found = {}
    for packet, holder, side in keys:
        request = _request(connection, packet, holder, side)
        if request is not None:
            found[packet, holder] = request
    return found


def _request(
    connection: apsw.Connection, packet: bytes, holder: str, side: str
) -> StoredRequest | None:
    if side != holder and not _is_asked_by(connection, packet, side):
        return None
    row = first(connection, _ROW, (packet, holder, side))
    if row is None:
        return None
    asker, agreement, version, granted_ms, stored_ms, due_ms, overdue_ms, stopped, article = row
    ((manifest,),) = connection.execute(_MANIFEST, (packet,))
    ((terms, agreed),) = connection.execute(_AGREEMENT, (agreement, version))
    return StoredRequest(
        row=RequestRow(
            packet=packet,
            holder=holder,
            asker=asker,
            agreement=agreement,
            version=version,
            granted_ms=granted_ms,
            stored_ms=stored_ms,
            due_ms=due_ms,
            overdue_ms=overdue_ms,
            stopped=bool(stopped),
            article=article,
        ),
        manifest=manifest,
        agreement=terms,
        agreed=agreed,
        steps=list(connection.execute(_STEPS, (packet, holder))),
        stoppages=[
            stoppage_of(row)
            for row in connection.execute(_STOPPAGES, (agreement, article, granted_ms))
        ],
        reaches=[reach_of(row) for row in connection.execute(_REACHES, (agreement, granted_ms))],
    )


def _is_asked_by(connection: apsw.Connection, packet: bytes, node: str) -> bool:
    """Returns whether a node of the same agency signed a request's manifest."""
    return first(connection, _ASKED, (packet, *siblings_between(node))) is not None


def overdue(connection: apsw.Connection, now_ms: int, limit: int) -> Sequence[tuple[bytes, str]]:
    """Returns requests that may be overdue by ``now_ms``, the longest overdue first."""
    sql = "SELECT packet, holder FROM request WHERE due_ms < ? ORDER BY due_ms LIMIT ?"
    return list(connection.execute(sql, (now_ms, limit)))


def write_requests(connection: apsw.Connection, commit: Commit) -> None:
    """Writes a commit's changes to requests, inside the caller's transaction."""
    many = connection.executemany
    many(
        "INSERT INTO request VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            (
                row.packet,
                row.holder,
                row.asker,
                row.agreement,
                row.version,
                row.granted_ms,
                row.stored_ms,
                row.due_ms,
                row.overdue_ms,
                row.stopped,
                row.article,
            )
            for row in commit.requests_opened
        ),
    )
    many(
        "UPDATE request SET stored_ms = ?, due_ms = ?, overdue_ms = ?, stopped = ?"
        " WHERE packet = ? AND holder = ?",
        (
            (row.stored_ms, row.due_ms, row.overdue_ms, row.stopped, row.packet, row.holder)
            for row in commit.requests_changed
        ),
    )
    many(
        "INSERT INTO request_step VALUES (?, ?, ?, ?)",
        ((row.statement, row.packet, row.holder, row.time_ms) for row in commit.request_steps),
    )
    many(
        "UPDATE stoppage SET ended = ?, ended_ms = ? WHERE agreement = ? AND agency = ?"
        " AND article = ? AND sender = ? AND recipient = ? AND ended_ms IS NULL",
        (
            (found.end, found.end_ms, row.agreement, found.agency, *found.scope)
            for row in commit.resumed
            for found in [row.stoppage]
        ),
    )
    many(
        "INSERT INTO stoppage (agreement, agency, article, sender, recipient, began, began_ms,"
        " ended, ended_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        ((row.agreement, *stoppage_columns(row.stoppage)) for row in commit.stopped),
    )
    many(
        "INSERT INTO reach VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        ((row.agreement, *reach_columns(row.reach)) for row in commit.reaches),
    )
    # Their clocks are recomputed at the next overdue check, not here.
    many(
        "UPDATE request SET due_ms = ?, stopped = 0 WHERE agreement = ? AND stopped",
        [(commit.time_ms, each) for each in commit.restless],
    )
