"""Verification that commits are replicated to a second server before they are reported.

PostgreSQL waits for a synchronous standby only while its settings require it. Administrators and
failover tools may turn that off, often automatically when a standby is lost; a waiting COMMIT then
reports success. So a returned COMMIT is not proof: a synchronous standby must report to the primary
that it flushed the commit.
"""

import asyncio

from tearline.errors import StoreNotReplicated
from tearline_server.storage.postgres.types import Connection

_REACHED_S = 5.0  # a standby that answers later does not count
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
        The primary's flushed end of its log, and the number of synchronous standbys.

    Raises:
        StoreNotReplicated: If not; names the missing part.
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
    """Checks that a synchronous standby has flushed all commits so far.

    Raises:
        StoreNotReplicated: If none has within some seconds.
    """
    flushed, _ = await verify_synchronous(connection)
    try:
        async with asyncio.timeout(_REACHED_S):
            while not await connection.fetchval(_REACHED, flushed):
                await asyncio.sleep(_PAUSE_S)
    except TimeoutError:
        raise StoreNotReplicated("no synchronous standby has flushed the last commit") from None
