"""Records of restores in PostgreSQL."""

from collections.abc import Sequence

from tearline_server.storage.postgres.notifications import EVERYTHING, TELL
from tearline_server.storage.postgres.snapshot import lock_head
from tearline_server.storage.postgres.types import Connection
from tearline_server.storage.postgres.writes import write_events
from tearline_server.storage.rows import EventRow, Restoration

_NOTHING_KNOWN = (
    "length(e.entry) = 33 AND (SELECT TRUE FROM event WHERE idx = e.idx LIMIT 1) IS NULL"
    " AND (SELECT TRUE FROM erasure WHERE idx = e.idx LIMIT 1) IS NULL"
)
_UNOPENED = (
    "SELECT DISTINCT e.idx FROM restoration r JOIN LATERAL (SELECT e.idx FROM entry e"  # noqa: S608 (constant texts)
    f" WHERE e.idx >= greatest(r.start, $1 + 1) AND e.idx < r.stop AND {_NOTHING_KNOWN}"
    " ORDER BY e.idx LIMIT $2) e ON TRUE ORDER BY e.idx LIMIT $2"
)
_IS_UNOPENED = (
    "SELECT EXISTS (SELECT FROM entry e JOIN restoration r ON e.idx >= r.start"  # noqa: S608 (constant texts)
    f" AND e.idx < r.stop WHERE e.idx = $1 AND {_NOTHING_KNOWN})"
)


async def begin_epoch(connection: Connection, restoration: Restoration) -> None:
    """Begins a new epoch of the database, inside the caller's transaction."""
    await connection.execute(TELL, EVERYTHING)
    await connection.execute(
        "UPDATE head SET epoch = uuid_send(gen_random_uuid()), serial = serial + 1"
    )
    await connection.execute(
        "INSERT INTO restoration (start, stop, time_ms, settled)"
        " SELECT $1, $2, time_ms, $3 FROM head",
        restoration.start,
        restoration.stop,
        restoration.settled,
    )


async def restorations(connection: Connection) -> Sequence[Restoration]:
    """Returns every restore, oldest first."""
    sql = "SELECT start, stop, settled FROM restoration ORDER BY one"
    return [Restoration(**dict(row)) for row in await connection.fetch(sql)]


async def settle(connection: Connection) -> None:
    """Records that no entry beyond the restored ones is known to have been signed."""
    await connection.execute("UPDATE restoration SET settled = TRUE")
    await connection.execute(TELL, EVERYTHING)


async def unopened(connection: Connection, after: int, limit: int) -> Sequence[int]:
    """Returns indices above ``after`` of restored blind entries without contents."""
    return [idx for (idx,) in await connection.fetch(_UNOPENED, after, limit)]


async def put_events(connection: Connection, events: Sequence[EventRow]) -> None:
    """Stores contents of restored entries, inside the caller's transaction.

    Contents of other entries, and of entries erased by order, are ignored.
    """
    await lock_head(connection)  # two nodes may return the same opening
    for row in events:
        if await connection.fetchval(_IS_UNOPENED, row.idx):
            await write_events(connection, [row])
