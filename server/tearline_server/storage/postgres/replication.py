"""That what is committed lies on a second server, too, before anybody is told of it.

PostgreSQL waits with a COMMIT for a synchronous standby only while it is told to. Whoever manages
it may turn that off at any time, as most do by themselves when a standby is lost; a COMMIT that
waits then ends as if all were well. So nothing is taken for kept because a COMMIT returned: a
synchronous standby must have flushed it, by its own account to the primary.
"""

import asyncio

from tearline.errors import StoreNotReplicated
from tearline_server.storage.postgres.connection import Connection

_REACHED_S = 5.0  # a standby that waits with its answer for longer is none for this purpose
_PAUSE_S = 0.002
_ON = (
    "SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),"
    " pg_current_wal_flush_lsn()::text,"
    " (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))"
)
_REACHED = (
    "SELECT EXISTS (SELECT FROM pg_stat_replication"
    " WHERE sync_state IN ('sync', 'quorum') AND flush_lsn >= $1::text::pg_lsn)"
)


async def verify_synchronous(connection: Connection) -> tuple[str, int]:
    """Checks that commits wait for a synchronous standby, and that there is one.

    Returns:
        Where the primary's log ends, as it has flushed it itself; and how many synchronous
        standbys there are.

    Raises:
        StoreNotReplicated: If not, saying what is missing.
    """
    ((commit, names, flushed, standbys),) = await connection.fetch(_ON)
    if commit not in ("on", "remote_apply"):
        raise StoreNotReplicated(f"synchronous_commit is {commit}")
    if not names:
        raise StoreNotReplicated("synchronous_standby_names is empty")
    if not standbys:
        raise StoreNotReplicated(
            "pg_stat_replication shows no synchronous standby: there is none, or pg_monitor is"
            " not granted to this user"
        )
    return str(flushed), int(standbys)


async def verify_reached(connection: Connection) -> None:
    """Checks that a synchronous standby has flushed everything that was committed so far.

    Raises:
        StoreNotReplicated: If none has, within some seconds.
    """
    flushed, _ = await verify_synchronous(connection)
    try:
        async with asyncio.timeout(_REACHED_S):
            while not await connection.fetchval(_REACHED, flushed):
                await asyncio.sleep(_PAUSE_S)
    except TimeoutError:
        raise StoreNotReplicated("no synchronous standby has flushed what was committed") from None
