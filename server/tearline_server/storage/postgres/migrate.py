"""Migration of the tables to this version, beside processes of other versions.

The first line of a compatible migration names the oldest version that can work on its result, for
example ``-- beside: 7``. It runs while such processes serve; any other migration requires that none
is connected. Every connection holds a lock of its process's version, so these processes can be
detected. A process too old for the tables cannot connect.
"""

import re
from collections.abc import Sequence
from importlib.resources import files

from tearline.dataclass.immutable import immutable
from tearline.errors import SettingInvalid, StoreVersion
from tearline_server.storage.postgres.types import Connection, Session

_OLDEST_VERSION = 13
_MIGRATING = 0x7465_6172_6C69_6E65  # "tearline": the advisory lock of migrations
_VERSIONS = 0x7465_6172  # "tear": the advisory locks of versions, by number
_KEPT_SERIALS = 1 << 20  # a writer inactive for that long no longer exists
_BESIDE = re.compile(r"-- beside: ([1-9][0-9]*)\n")
_OTHERS = (
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::bigint"
    " AND pid <> pg_backend_pid() AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
_NEWEST = "SELECT version, coalesce(beside, version) FROM migrated ORDER BY version DESC LIMIT 1"


@immutable
class Migration:
    """Migration from one version of the tables to the next.

    Attributes:
        version: The resulting version.
        beside: The oldest version whose processes can work on the result.
        sql: The SQL script.
    """

    version: int
    beside: int
    sql: str


def migrations() -> Sequence[Migration]:
    """Returns all migrations of this version, in order."""
    folder = files(__package__).joinpath("migrations")
    found = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    scripts = [folder.joinpath(name).read_text("utf-8") for name in found]
    return [
        Migration(version=number, beside=int(said[1]) if said else number, sql=sql)
        for number, sql in enumerate(scripts, start=1)
        for said in [_BESIDE.match(sql)]
    ]


async def join(session: Session) -> None:
    """Acquires the lock of this version on a new connection, if the tables are compatible.

    Raises:
        StoreVersion: If this version is too old for the tables.
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
    """Migrates the tables to this version, unless they are of a later one.

    Raises:
        SettingInvalid: If the server is too old, or the database has another encoding.
        StoreVersion: If a connected process is too old for the result.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATING)
    number = int(await connection.fetchval("SHOW server_version_num")) // 10_000
    if number < _OLDEST_VERSION:
        raise SettingInvalid(f"store: PostgreSQL {_OLDEST_VERSION} or later, not {number}")
    if await connection.fetchval("SHOW server_encoding") != "UTF8":
        raise SettingInvalid("store: the encoding of the database must be UTF8")
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migrated (version BIGINT NOT NULL, beside BIGINT)"
    )
    version = await connection.fetchval("SELECT coalesce(max(version), 0) FROM migrated")
    known = migrations()
    oldest = max(each.beside for each in known)
    if version < len(known):
        await _verify_nobody_older(connection, oldest)
    for migration in known[version:]:
        await connection.execute(migration.sql)
        await connection.execute("INSERT INTO migrated (version) VALUES ($1)", migration.version)
    if version < len(known):
        sql = "UPDATE migrated SET beside = $1 WHERE version = $2"
        await connection.execute(sql, oldest, len(known))
    await connection.execute(
        "DELETE FROM writer WHERE serial < (SELECT serial FROM head) - $1", _KEPT_SERIALS
    )


async def is_alone(connection: Connection) -> bool:
    """Returns whether no other process is connected; none can start meanwhile.

    This holds until the caller's transaction ends.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATING)
    return not await connection.fetchval(_OTHERS, _VERSIONS)


async def _verify_nobody_older(connection: Connection, oldest: int) -> None:
    sql = "SELECT pg_try_advisory_xact_lock($1, $2)"  # held until the migration ends
    for version in range(1, oldest):
        if not await connection.fetchval(sql, _VERSIONS, version):
            raise StoreVersion(
                f"a process of version {version} is connected, which is too old: stop it first"
            )
