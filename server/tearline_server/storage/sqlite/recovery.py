"""Records of restores in SQLite."""

from collections.abc import Sequence

import apsw

from tearline_server.storage.lookups import Lookups
from tearline_server.storage.rows import EventRow, OpeningRow, Restoration
from tearline_server.storage.sqlite.queries import value
from tearline_server.storage.sqlite.writes import write_events

_NOTHING_KNOWN = (
    "length(e.entry) = 33 AND NOT EXISTS (SELECT 1 FROM event WHERE idx = e.idx)"
    " AND NOT EXISTS (SELECT 1 FROM erasure WHERE idx = e.idx)"
)
_UNOPENED = (
    "SELECT e.idx FROM restoration r JOIN entry e ON e.idx >= max(r.start, ? + 1)"  # noqa: S608 (constant texts)
    f" AND e.idx < r.stop WHERE {_NOTHING_KNOWN} ORDER BY e.idx LIMIT ?"
)
_IS_UNOPENED = (
    "SELECT EXISTS (SELECT 1 FROM entry e JOIN restoration r ON e.idx >= r.start"  # noqa: S608 (constant texts)
    f" AND e.idx < r.stop WHERE e.idx = ? AND {_NOTHING_KNOWN})"
)


def begin_epoch(connection: apsw.Connection, restoration: Restoration) -> None:
    """Begins a new epoch of the database, inside the caller's transaction."""
    connection.execute("UPDATE head SET epoch = randomblob(16)")
    connection.execute(
        "INSERT INTO restoration (start, stop, time_ms, settled) SELECT ?, ?, time_ms, ? FROM head",
        (restoration.start, restoration.stop, restoration.settled),
    )


def restorations(connection: apsw.Connection) -> list[Restoration]:
    """Returns every restore, oldest first."""
    rows = connection.execute("SELECT start, stop, settled FROM restoration ORDER BY one")
    return [
        Restoration(start=start, stop=stop, settled=bool(settled)) for start, stop, settled in rows
    ]


def unopened(connection: apsw.Connection, after: int, limit: int) -> list[int]:
    """Returns indices of restored blind entries without contents."""
    return [index for (index,) in connection.execute(_UNOPENED, (after, limit))]


def events_known(
    connection: apsw.Connection, asked: Lookups
) -> dict[tuple[bytes, str, str], OpeningRow]:
    """Returns the logged events about the requested statements, after a restore."""
    sql = "SELECT code, party, idx, salt, event FROM event WHERE statement = ?"
    ids = {id_ for id_, _ in asked.statements} | {id_ for _, id_, _ in asked.mail}
    return {
        (id_, code, party): OpeningRow(idx=idx, salt=salt, event=event)
        for id_ in ids
        for code, party, idx, salt, event in connection.execute(sql, (id_,))
    }


def put_events(connection: apsw.Connection, events: Sequence[EventRow]) -> None:
    """Stores contents of restored entries, inside the caller's transaction.

    Contents of other entries, and of entries erased by order, are ignored.
    """
    for row in events:
        if value(connection, _IS_UNOPENED, (row.idx,)):
            write_events(connection, [row])
