"""State of large documents in PostgreSQL; their parts are objects beside it.

A document's row is locked by each change that decides whether it stays: a claim and a deletion at
two processes follow one another.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from tearline_server.storage.blob_rows import BlobKey, BlobState
from tearline_server.storage.postgres.connections import Database
from tearline_server.storage.postgres.types import Connection

_LEASE = "300 seconds"  # for the next round of a process that sweeps, or another one's first
_STATE = (
    "SELECT size, held, begun_ms, touched_ms, root FROM blob"
    " WHERE owner = $1 AND id = $2 AND NOT dropped"
)
_BEGUN = "SELECT begun_ms FROM blob WHERE owner = $1 AND id = $2"
_LEAVES = "SELECT leaves FROM blob WHERE owner = $1 AND id = $2 AND NOT dropped"
_SOME_LEAVES = (
    "SELECT substr(leaves, $3, $4) FROM blob WHERE owner = $1 AND id = $2 AND NOT dropped"
)
_MAY_BEGIN = (
    "SELECT $3 + coalesce((SELECT used FROM blob_space WHERE owner = $1), 0) <= $4"
    " OR EXISTS (SELECT FROM blob WHERE owner = $1 AND id = $2)"
)
_TAKE_SPACE = (
    "INSERT INTO blob_space AS s VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE"
    " SET used = s.used + excluded.used WHERE s.used + excluded.used <= $3 RETURNING used"
)
_BEGIN = (
    "INSERT INTO blob VALUES ($1, $2, $3, $4, 0, $5, $5, FALSE) ON CONFLICT DO NOTHING"
    " RETURNING TRUE"
)
_RENEW = (
    "UPDATE blob SET touched_ms = $3"
    " WHERE owner = $1 AND id = $2 AND NOT dropped AND $3 - begun_ms < $4"
)
_GROW = (
    "UPDATE blob SET held = greatest(held, $3),"
    " touched_ms = CASE WHEN $4 - begun_ms < $5 THEN $4 ELSE touched_ms END"
    " WHERE owner = $1 AND id = $2 AND NOT dropped AND begun_ms = $6 AND held >= $3 - 1"
    " RETURNING TRUE"
)
_KEEP_ROOT = "UPDATE blob SET root = $3 WHERE owner = $1 AND id = $2 AND NOT dropped"
_TAKEN = "SELECT owner, used, stored FROM blob_space"
_OTHERS = "SELECT DISTINCT packet FROM blob_packet WHERE owner = $1 AND id = $2 AND packet <> $3"
_CLAIM = "INSERT INTO blob_packet VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
_UNCLAIM = (
    "DELETE FROM blob_packet WHERE owner = $1 AND id = $2 AND packet = $3 AND claim = $4"
    " RETURNING time_ms"
)
_KEEP = "INSERT INTO blob_packet VALUES ($1, $2, $3, '', $4) ON CONFLICT DO NOTHING"
_LINKS = (
    "SELECT packet, max(time_ms) AS newest FROM blob_packet WHERE owner = $1 AND id = $2"
    " GROUP BY packet"
)
_UNLINK = "DELETE FROM blob_packet WHERE owner = $1 AND id = $2 AND packet = $3 AND time_ms <= $4"
_DROP = (
    "UPDATE blob SET dropped = TRUE WHERE owner = $1 AND id = $2 AND touched_ms = $3"
    " AND NOT EXISTS (SELECT FROM blob_packet WHERE owner = $1 AND id = $2)"
)
_LEFT = "SELECT held, begun_ms FROM blob WHERE owner = $1 AND id = $2 AND dropped"
_SHORTEN = "UPDATE blob SET held = $3 WHERE owner = $1 AND id = $2 AND dropped"
_FORGET = "DELETE FROM blob WHERE owner = $1 AND id = $2 AND dropped RETURNING size"
_FREE_SPACE = "UPDATE blob_space SET used = used - $2 WHERE owner = $1"
_LOCK = "SELECT FROM blob WHERE owner = $1 AND id = $2 AND NOT dropped FOR UPDATE"
_SWEEP = (
    "INSERT INTO blob_sweep AS s VALUES (1, $1, now() + $2::text::interval) ON CONFLICT (one)"
    " DO UPDATE SET holder = excluded.holder, until = excluded.until"
    " WHERE s.holder = excluded.holder OR s.until < now() RETURNING TRUE"
)
_OWNERS = "SELECT owner FROM blob_space ORDER BY owner"
_PAGE = "SELECT id FROM blob WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3"


class PostgresBlobs:
    """``BlobRows`` of one database, shared by exchange processes.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._sweeper = secrets.token_bytes(16)

    async def state(self, key: BlobKey) -> BlobState | None:
        """Returns a document's state; None if there is none, or its deletion has begun."""
        row = await self._db.ask(lambda c: c.fetchrow(_STATE, *key))
        return None if row is None else BlobState(**dict(row))

    async def leaves(self, key: BlobKey) -> bytes | None:
        """Returns the leaf hashes of a document, joined; None as for ``state``."""
        found: bytes | None = await self._db.ask(lambda c: c.fetchval(_LEAVES, *key))
        return found

    async def some_leaves(self, key: BlobKey, start: int, size: int) -> bytes:
        """Returns ``size`` bytes of the leaf hashes from ``start`` on, as far as there are."""
        found = await self._db.ask(lambda c: c.fetchval(_SOME_LEAVES, *key, start + 1, size))
        return found or b""

    async def begin(
        self, key: BlobKey, size: int, leaves: bytes, now_ms: int, *, charge: int, most: int
    ) -> bool:
        """Adds a document, unless it is there, and charges its owner.

        Returns:
            Whether the owner has space for it: ``charge`` bytes, of ``most``.
        """

        async def begin(connection: Connection) -> bool:
            if not await connection.fetchval(_MAY_BEGIN, *key, charge, most):
                return False  # nothing is written, so that refused offers take no space
            if not await connection.fetchval(_BEGIN, *key, size, leaves, now_ms):
                return True
            if await _take_space(connection, key[0], charge, most):
                return True
            await connection.execute("DELETE FROM blob WHERE owner = $1 AND id = $2", *key)
            return False

        return await self._db.write(begin)

    async def renew(self, key: BlobKey, now_ms: int, *, within_ms: int) -> None:
        """Records a time of use, within a time since the document was begun."""
        await self._write(_RENEW, *key, now_ms, within_ms)

    async def begun(self, key: BlobKey) -> int | None:
        """Returns the time of a document's first offer; None if there is no such document."""
        found: int | None = await self._db.ask(lambda c: c.fetchval(_BEGUN, *key))
        return found

    async def grow(
        self, key: BlobKey, begun_ms: int, held: int, now_ms: int, *, within_ms: int
    ) -> bool:
        """Records that the first ``held`` parts are there.

        Returns:
            Whether the document is, too, and was not dropped and begun again.
        """
        return bool(await self._write(_GROW, *key, held, now_ms, within_ms, begun_ms))

    async def keep_root(self, key: BlobKey, root: bytes) -> None:
        """Stores the root of a document of which all parts are here."""
        await self._write(_KEEP_ROOT, *key, root)

    async def taken(self) -> Mapping[bytes, tuple[int, int]]:
        """Returns the bytes charged to each owner, and the bytes of its parts that are here."""
        rows = await self._db.ask(lambda c: c.fetch(_TAKEN))  # one for each member
        return {owner: (used, stored) for owner, used, stored in rows}

    async def claim(self, key: BlobKey, packet: bytes, now_ms: int) -> tuple[bytes, list[bytes]]:
        """Records a packet that is judged; returns the claim's id and the other packets.

        The id is empty if there is no such document.
        """
        claim = _new_claim()

        async def record(connection: Connection) -> tuple[bytes, list[bytes]]:
            if await connection.fetchrow(_LOCK, *key) is None:
                return b"", []
            others = await _others(connection, key, packet)
            await connection.execute(_CLAIM, *key, packet, claim, now_ms)
            return claim, others

        return await self._db.write(record)

    async def settle(self, key: BlobKey, packet: bytes, claim: bytes, *, is_accepted: bool) -> None:
        """Ends a claim, and keeps the packet's record if it was accepted."""

        async def settle(connection: Connection) -> None:
            time_ms = await connection.fetchval(_UNCLAIM, *key, packet, claim)
            if is_accepted and time_ms is not None:
                await connection.execute(_KEEP, *key, packet, time_ms)

        await self._db.write(settle)

    async def links(self, key: BlobKey) -> dict[bytes, int]:
        """Returns when packets that name a document were recorded last, by manifest id."""
        rows = await self._db.ask(lambda c: c.fetch(_LINKS, *key))
        return {row["packet"]: row["newest"] for row in rows}

    async def unlink(self, key: BlobKey, packet: bytes, until_ms: int) -> None:
        """Removes the records, up to a time, that a packet names a document."""
        await self._write(_UNLINK, *key, packet, until_ms)

    async def drop(self, key: BlobKey, touched_ms: int) -> None:
        """Begins the deletion of a document, unless a packet names it or it was used since."""

        async def drop(connection: Connection) -> None:
            await connection.fetchrow(_LOCK, *key)  # a claim that was first is seen below
            await connection.execute(_DROP, *key, touched_ms)

        await self._db.write(drop)

    async def left(self, key: BlobKey) -> tuple[int, int] | None:
        """Returns how many parts of a document are to be deleted, and when it was begun.

        None is returned if it is not to be deleted.
        """
        row = await self._db.ask(lambda c: c.fetchrow(_LEFT, *key))
        return None if row is None else (row["held"], row["begun_ms"])

    async def shorten(self, key: BlobKey, left: int) -> None:
        """Records that parts from number ``left`` on are deleted."""
        await self._write(_SHORTEN, *key, left)

    async def forget(self, key: BlobKey, *, least: int) -> None:
        """Removes a document whose parts are deleted; its owner was charged ``least`` or more."""

        async def forget(connection: Connection) -> None:
            size = await connection.fetchval(_FORGET, *key)
            if size is not None:
                await connection.execute(_FREE_SPACE, key[0], max(size, least))

        await self._db.write(forget)

    async def may_sweep(self) -> bool:
        """Returns whether this process sweeps now, for five minutes or until it asks again."""
        return bool(await self._write(_SWEEP, self._sweeper, _LEASE))

    async def owners(self) -> Sequence[bytes]:
        """Returns all owners that ever had a document."""
        return [owner for (owner,) in await self._db.ask(lambda c: c.fetch(_OWNERS))]

    async def page(self, owner: bytes, after: bytes, limit: int) -> Sequence[bytes]:
        """Returns ids of an owner's documents above ``after``, in order; deleted ones included."""
        return [id_ for (id_,) in await self._db.ask(lambda c: c.fetch(_PAGE, owner, after, limit))]

    async def _write(self, sql: str, *values: object) -> Any:
        return await self._db.write(lambda c: c.fetchval(sql, *values))


async def _take_space(connection: Connection, owner: bytes, charge: int, most: int) -> bool:
    """Charges an owner, unless its documents would take more than ``most``; returns whether."""
    if charge > most:
        return False
    return await connection.fetchval(_TAKE_SPACE, owner, charge, most) is not None


async def _others(connection: Connection, key: BlobKey, packet: bytes) -> list[bytes]:
    """Returns the packets other than this one that name a document, or claim it."""
    return [other for (other,) in await connection.fetch(_OTHERS, *key, packet)]


def _new_claim() -> bytes:
    """Returns the id of an attempt: one that fails leaves the record of another one."""
    return secrets.token_bytes(16)
