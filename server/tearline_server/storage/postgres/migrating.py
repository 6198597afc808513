"""Bringing the tables to this version, and working beside processes of another.

A migration that older processes can live with says so in its first line: ``-- beside: 7``, the
oldest version of which that is true. It is made while they serve; any other only when none of
them is connected. Every connection holds a lock of its process's version for as long as it lives,
so that this can be known, and a process that is too old for the tables connects no more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from tearline.errors import SettingInvalid, StoreVersion
from tearline_server.storage.postgres.connection import Connection, Session

_OLDEST_VERSION = 13
_MIGRATING = 0x7465_6172_6C69_6E65  # "tearline": the advisory lock of migrations
_VERSIONS = 0x7465_6172  # "tear": that of versions, each with its number
_KEPT_SERIALS = 1 << 20  # whoever wrote last so long ago is no process any more
_BESIDE = re.compile(r"-- beside: ([1-9][0-9]*)\n")
_OTHERS = (
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::bigint"
    " AND pid <> pg_backend_pid() AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
# Of a database of before there was such a column, too.
_NEWEST = (
    "SELECT version, coalesce((to_jsonb(m) ->> 'beside')::bigint, version)"
    " FROM migrated m ORDER BY version DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step from a version of the tables to the next.

    Attributes:
        version: What it leads to.
        beside: The oldest version whose processes may work on these tables.
        sql: The step.
    """

    version: int
    beside: int
    sql: str


def migrations() -> Sequence[Migration]:
    """All that this version knows, in order."""
    folder = files(__package__).joinpath("migrations")
    found = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    scripts = [folder.joinpath(name).read_text("utf-8") for name in found]
    return [
        Migration(version=number, beside=int(said[1]) if said else number, sql=sql)
        for number, sql in enumerate(scripts, start=1)
        for said in [_BESIDE.match(sql)]
    ]


async def join(session: Session) -> None:
    """Has a new connection hold the lock of this version, if the tables are for it.

    Raises:
        StoreVersion: If they are not: processes of this version are too old for them.
    """
    version = len(migrations())
    await session.execute("SELECT pg_advisory_lock_shared($1, $2)", _VERSIONS, version)
    if await session.fetchval("SELECT to_regclass('migrated')") is None:
        return
    newest = await session.fetchrow(_NEWEST)
    if newest is not None and newest[1] > version:
        raise StoreVersion(
            f"version {newest[0]}, which is for programs of version {newest[1]} and later;"
            f" this one is of version {version}"
        )


async def migrate(connection: Connection) -> None:
    """Brings the tables to this version, unless they are of a later one.

    Raises:
        SettingInvalid: If the server is too old, or the database of another encoding.
        StoreVersion: If a process is connected that is too old for what they would become.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATING)
    number = int(await connection.fetchval("SHOW server_version_num")) // 10_000
    if number < _OLDEST_VERSION:
        raise SettingInvalid(f"store: PostgreSQL {_OLDEST_VERSION} or later, not {number}")
    if await connection.fetchval("SHOW server_encoding") != "UTF8":
        raise SettingInvalid("store: the encoding of the database must be UTF8")
    await connection.execute("CREATE TABLE IF NOT EXISTS migrated (version BIGINT NOT NULL)")
    version = await connection.fetchval("SELECT coalesce(max(version), 0) FROM migrated")
    known = migrations()
    oldest = max(each.beside for each in known)
    if version < len(known):
        await _verify_nobody_older(connection, oldest)
    for migration in known[version:]:
        await connection.execute(migration.sql)
        await connection.execute("INSERT INTO migrated VALUES ($1)", migration.version)
    if version < len(known):
        sql = "UPDATE migrated SET beside = $1 WHERE version = $2"
        await connection.execute(sql, oldest, len(known))
    await connection.execute(
        "DELETE FROM writer WHERE serial < (SELECT serial FROM head) - $1", _KEPT_SERIALS
    )


async def is_alone(connection: Connection) -> bool:
    """Whether no other process has the database open; none gets past its start meanwhile.

    For as long as the caller's transaction lasts.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATING)
    return not await connection.fetchval(_OTHERS, _VERSIONS)


async def _verify_nobody_older(connection: Connection, oldest: int) -> None:
    sql = "SELECT pg_try_advisory_xact_lock($1, $2)"  # until the tables are as they will be
    for version in range(1, oldest):
        if not await connection.fetchval(sql, _VERSIONS, version):
            raise StoreVersion(
                f"a process of version {version} is connected, which could not go on: stop it first"
            )
