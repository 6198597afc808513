"""``Store`` on PostgreSQL: every query as SQL, with bound parameters only."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

from tearline.limits import MAX_LOG_SIZE
from tearline.tlog.merkle import Frontier, NodeId
from tearline_server.storage.blob_rows import BlobRows
from tearline_server.storage.columns import tree_of
from tearline_server.storage.interface import Append, Ask
from tearline_server.storage.lookups import WholePacket
from tearline_server.storage.postgres.blobs import PostgresBlobs
from tearline_server.storage.postgres.connections import Database
from tearline_server.storage.postgres.log import entries, event_rows, nodes, retained, retained_at
from tearline_server.storage.postgres.lookups import known_of, linking, recalls_of, whole_packets
from tearline_server.storage.postgres.notifications import EVERYTHING, TELL, TELL_GROWN
from tearline_server.storage.postgres.recovery import (
    begin_epoch,
    put_events,
    restorations,
    settle,
    unopened,
)
from tearline_server.storage.postgres.snapshot import lock_head, stored_of
from tearline_server.storage.postgres.types import Connection
from tearline_server.storage.postgres.values import text
from tearline_server.storage.postgres.writes import write
from tearline_server.storage.reads import BACKLOG, Backlog, MailItem, RetainedRow, Search
from tearline_server.storage.rows import (
    EventRow,
    Head,
    OpeningRow,
    RecallRow,
    Restoration,
    StatementRow,
)
from tearline_server.storage.search_sql import ordered_search_sql
from tearline_server.storage.snapshot import Changes, Snapshot

_DELIVERED_GRANT = (
    "SELECT s.envelope, s.packet FROM statement s"
    " JOIN LATERAL (SELECT * FROM mail WHERE statement = s.idx OFFSET 0) m ON TRUE"
    " WHERE s.id = $1 AND m.node = $2 AND s.signer <> m.node AND s.packet IS NOT NULL"
    " AND m.delivered IS NOT NULL"
)
_MAIL = (
    "SELECT m.seq, s.id, s.signer, s.type, s.idx, s.envelope, s.packet, e.idx AS entry, e.salt,"
    " e.event, m.delivered FROM mail m"
    " JOIN LATERAL (SELECT * FROM statement WHERE idx = m.statement OFFSET 0) s ON TRUE"
    " JOIN LATERAL (SELECT * FROM event WHERE idx = m.entry OFFSET 0) e ON TRUE"
    " WHERE m.node = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3"
)
_GROWN = (
    "SELECT h.size, h.frontier, c.size AS covered, c.note FROM head h LEFT JOIN checkpoint c"
    " ON TRUE WHERE h.size <> $1 OR coalesce(c.size, 0) <> $2"
)
_PUT_CHECKPOINT = (
    "INSERT INTO checkpoint VALUES (1, $1, $2) ON CONFLICT (one) DO UPDATE"
    " SET size = excluded.size, note = excluded.note WHERE checkpoint.size <= excluded.size"
)
_STATEMENT_NAMES = tuple(field.name for field in fields(StatementRow))


class PostgresStore:
    """Store shared by exchange processes, in one database. Open it with ``PostgresStore.open``.

    Args:
        database: The database.
    """

    is_shared = True

    def __init__(self, database: Database) -> None:
        self._db = database
        self.blobs: BlobRows | None = PostgresBlobs(database)
        # Judging a batch is slow, and must not block the event loop.
        self._judge = ThreadPoolExecutor(1, thread_name_prefix="store-judge")

    @classmethod
    async def open(cls, url: str, *, ha: bool = False) -> "PostgresStore":
        """Connects, migrates the tables to this version, and returns the store.

        Raises:
            StoreError: If no server answers, the tables cannot be used, or with ``ha`` no second
                server replicates the first.
            SettingInvalid: If the address is invalid, or the server is too old.
        """
        return cls(await Database.open(url, ha=ha))

    async def close(self) -> None:
        """Ends all running work and closes the database."""
        self._judge.shutdown()
        await self._db.close()

    @property
    def questions(self) -> int:
        """Returns the number of queries and changes that are queued or running."""
        return self._db.questions

    @property
    def standbys(self) -> int | None:
        """Returns the synchronous standbys last observed; None if none are required."""
        return self._db.standbys

    async def load(self) -> Snapshot:
        """Returns the state that an exchange holds in memory."""
        return await self._db.ask(lambda c: stored_of(c, None))

    async def commit(self, ask: Ask, append: Append, *, since: Head | None = None) -> float:
        """Locks the head, answers the questions, and writes the result of ``append``."""
        is_judged = False

        async def change(connection: Connection) -> int:
            nonlocal is_judged
            head, loop = await lock_head(connection), asyncio.get_running_loop()
            is_behind = since is not None and since.serial != head.serial
            news = await stored_of(connection, since) if is_behind else None
            asked = await loop.run_in_executor(self._judge, ask, head, news)
            known = await known_of(connection, asked)
            is_judged = True
            made = await loop.run_in_executor(self._judge, append, head, known)
            return await write(connection, made, head)

        return await self._db.commit(change, may_repeat=lambda: not is_judged)

    # Writes of other processes.

    async def news(self, since: Head) -> Snapshot | None:
        """Returns the writes of others since ``since``; None if there are none."""
        sql = "SELECT serial <> $1 OR epoch <> $2 FROM head"
        if not await self._db.ask(lambda c: c.fetchval(sql, since.serial, since.epoch)):
            return None
        return await self._db.ask(lambda c: stored_of(c, since))

    async def grown(
        self, size: int, signed: int
    ) -> tuple[Frontier, tuple[int, bytes] | None] | None:
        """Returns the log's tree and its newest checkpoint, read at one moment."""
        row = await self._db.ask(lambda c: c.fetchrow(_GROWN, size, signed))
        if row is None:
            return None
        checkpoint = (row["covered"], row["note"]) if row["note"] is not None else None
        return tree_of(row["size"], row["frontier"]), checkpoint

    def changes(self) -> AsyncIterator[Changes]:
        """Yields whenever other processes may have written, and at least every second."""
        return self._db.changes()

    async def mail(self, node: str, after: int, *, limit: int) -> Sequence[MailItem]:
        """Returns items of a mailbox after place ``after``, in order."""
        rows = await self._db.ask(lambda c: c.fetch(_MAIL, node, after, limit))
        return [
            MailItem(
                seq=row["seq"],
                id=row["id"],
                sender=row["signer"],
                type=row["type"],
                statement=row["idx"],
                envelope=row["envelope"],
                packet=row["packet"],
                opening=OpeningRow(idx=row["entry"], salt=row["salt"], event=row["event"]),
                delivered=row["delivered"] is not None,
            )
            for row in rows
        ]

    async def delivered_grant(self, node: str, grant: bytes) -> tuple[bytes, bytes] | None:
        """Returns a grant that was delivered to a node, encoded, and its packet's manifest id."""
        rows = await self._db.ask(lambda c: c.fetch(_DELIVERED_GRANT, grant, node))
        return next(((row["envelope"], row["packet"]) for row in rows), None)

    async def backlog(self) -> Backlog:
        """Returns the totals of unacknowledged mail."""
        (row,) = await self._db.ask(lambda c: c.fetch(BACKLOG))
        return Backlog(
            **{each.name: int(total) for each, total in zip(fields(Backlog), row, strict=True)}
        )

    async def packets(self, ids: Sequence[bytes]) -> Mapping[bytes, WholePacket]:
        """Returns packets by manifest id; unknown ids are omitted."""
        return await self._db.ask(lambda c: whole_packets(c, ids))

    async def linking(self, ids: Sequence[bytes], blob_id: bytes) -> Mapping[bytes, bool]:
        """Returns whether packets hold a link to a large document, by manifest id."""
        return await self._db.ask(lambda c: linking(c, ids, blob_id))

    async def recalls(self, packet_id: bytes) -> Sequence[RecallRow]:
        """Returns the recalls of a packet, by its manifest's id."""
        return await self._db.ask(lambda c: recalls_of(c, packet_id))

    async def attestations(self, hashes: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Returns encoded attestations by hash; unknown ones are absent."""
        sql = "SELECT hash, attestation FROM attestation WHERE hash = ANY($1::bytea[])"
        return dict(await self._pairs(sql, list(hashes)))

    async def entries(self, start: int, end: int, *, max_bytes: int) -> Sequence[bytes]:
        """Returns log entries from ``start`` up to ``end``: at least one, at most ``max_bytes``."""
        return await self._db.ask(lambda c: entries(c, start, end, max_bytes))

    async def nodes(self, ids: Sequence[NodeId]) -> Mapping[NodeId, bytes]:
        """Returns hashes of perfect subtrees, leaves included; unknown ones are absent."""
        return await self._db.ask(lambda c: nodes(c, ids))

    async def put_checkpoint(self, size: int, note: bytes) -> tuple[int, bytes]:
        """Stores a checkpoint before it is published, and returns the newest one stored."""

        async def put(connection: Connection) -> tuple[int, bytes]:
            await connection.execute(_PUT_CHECKPOINT, size, note)
            await connection.execute(TELL_GROWN)
            ((newest, kept),) = await connection.fetch("SELECT size, note FROM checkpoint")
            return newest, kept

        return await self._db.write(put)

    async def cosigned(self) -> Sequence[tuple[int, bytes]]:
        """Returns size and note of the cosigned checkpoints, by size and cosigner."""
        return await self._pairs("SELECT size, note FROM cosigned ORDER BY size, cosigner")

    async def cosigned_at(self, size: int) -> Sequence[bytes]:
        """Returns the notes of the cosigned checkpoint of that size, one for each cosigner."""
        sql = "SELECT note FROM cosigned WHERE size = $1 ORDER BY cosigner"
        return [row[0] for row in await self._db.ask(lambda c: c.fetch(sql, size))]

    async def put_cosigned(
        self, size: int, cosigner: str, note: bytes, *, since: int, above: int
    ) -> None:
        """Stores the note of a checkpoint with a cosigner's line, in place of an earlier one."""

        async def put(connection: Connection) -> None:
            await connection.execute(
                "INSERT INTO cosigned VALUES ($1, $2, $3)"
                " ON CONFLICT (cosigner, size) DO UPDATE SET note = excluded.note",
                cosigner,
                size,
                note,
            )
            await connection.execute(
                "DELETE FROM cosigned WHERE cosigner = $1 AND size < $2", cosigner, since
            )
            await connection.execute("DELETE FROM cosigned WHERE size <= $1", above)
            await connection.execute(TELL, str(size))

        await self._db.write(put)

    async def evidence(self) -> Sequence[bytes]:
        """Returns the evidence that the log signed two histories."""
        sql = "SELECT evidence FROM evidence ORDER BY id"
        return [row[0] for row in await self._db.ask(lambda c: c.fetch(sql))]

    async def put_evidence(self, evidence_id: bytes, evidence: bytes) -> None:
        """Stores evidence against the log, by its id of 32 bytes."""
        sql = "INSERT INTO evidence VALUES ($1, $2) ON CONFLICT DO NOTHING"

        async def put(connection: Connection) -> None:
            await connection.execute(sql, evidence_id, evidence)
            await connection.execute(TELL, EVERYTHING)

        await self._db.write(put)

    async def search(self, search: Search) -> Sequence[OpeningRow]:
        """Returns the events that an agency may see and that meet every condition, in order."""
        sql, values = ordered_search_sql(search)
        bound = [text(value) if isinstance(value, str) else value for value in values]
        return await self._openings(sql, *bound)

    async def overdue(self, now_ms: int, *, limit: int) -> Sequence[tuple[bytes, str]]:
        """Returns requests, as (manifest id, holder), that may be overdue by ``now_ms``."""
        sql = "SELECT packet, holder FROM request WHERE due_ms < $1 ORDER BY due_ms LIMIT $2"
        return await self._pairs(sql, now_ms, limit)

    async def retained(self, agreement: bytes, after: int, *, limit: int) -> Sequence[RetainedRow]:
        """Returns contents of entries above ``after`` under an agreement, in log order."""
        return await self._db.ask(lambda c: retained(c, agreement, after, limit))

    async def retained_at(self, indices: Sequence[int]) -> Sequence[RetainedRow]:
        """Returns contents of entries by index, in order; erased ones are absent."""
        return await self._db.ask(lambda c: retained_at(c, indices))

    async def ended(self, now_ms: int, kept: Mapping[bytes, int], *, limit: int) -> Sequence[bytes]:
        """Returns packets that may have ended, by manifest id.

        Args:
            now_ms: Time of the check; packets with a later check time are skipped.
            kept: Time since which an agreement's packets may still be stored, by agreement.
            limit: The maximum number of packets.
        """
        by_end = "SELECT id FROM packet WHERE ends_ms <= $1 ORDER BY ends_ms LIMIT $2"
        by_age = (
            "SELECT p.id FROM unnest($1::bytea[], $2::bigint[]) AS k (agreement, since_ms)"
            " CROSS JOIN LATERAL (SELECT id FROM packet WHERE ends_ms IS NOT NULL"
            " AND agreement = k.agreement AND accepted_ms <= k.since_ms"
            " ORDER BY accepted_ms LIMIT $3) AS p LIMIT $3"
        )

        async def find(connection: Connection) -> Sequence[bytes]:
            rows = await connection.fetch(by_end, now_ms, limit)
            rows += await connection.fetch(by_age, list(kept), list(kept.values()), limit)
            return list(dict.fromkeys(id_ for (id_,) in rows))[:limit]

        return await self._db.ask(find)

    # After a restore.

    async def begin_epoch(self, restoration: Restoration) -> None:
        """Begins a new epoch of the database; cursors of earlier epochs become invalid."""
        await self._db.write(lambda c: begin_epoch(c, restoration))

    async def restorations(self) -> Sequence[Restoration]:
        """Returns every restore, oldest first."""
        return await self._db.ask(restorations)

    async def settle(self) -> None:
        """Records that no entry beyond the restored ones is known to have been signed."""
        await self._db.write(settle)

    async def unopened(self, after: int, *, limit: int) -> Sequence[int]:
        """Returns indices above ``after`` of restored blind entries without contents."""
        return await self._db.ask(lambda c: unopened(c, after, limit))

    async def put_events(self, rows: Sequence[EventRow]) -> None:
        """Stores contents of restored entries; contents already stored remain."""
        await self._db.write(lambda c: put_events(c, rows))

    # For the operator's verification: whole rows from an index on, in order.

    async def entry_rows(self, start: int, *, limit: int) -> Sequence[tuple[int, bytes]]:
        """Returns entries with their indices."""
        sql = "SELECT idx, entry FROM entry WHERE idx >= $1 ORDER BY idx LIMIT $2"
        return await self._pairs(sql, start, limit)

    async def event_rows(self, start: int, *, limit: int) -> Sequence[EventRow]:
        """Returns events."""
        return await self._db.read(lambda c: event_rows(c, start, limit))

    async def erased(self, start: int, end: int) -> Mapping[int, int]:
        """Returns the erased entries from ``start`` up to ``end``, each with its order's entry."""
        sql = "SELECT idx, statement FROM erasure WHERE idx >= $1 AND idx < $2"
        return dict(await self._pairs(sql, start, end))

    async def statement_rows(
        self, start: int, *, limit: int, end: int = MAX_LOG_SIZE
    ) -> Sequence[StatementRow]:
        """Returns statements whose receipts name entries from ``start`` up to ``end``."""
        names = ", ".join(f'"{name}"' for name in _STATEMENT_NAMES)
        sql = f"SELECT {names} FROM statement WHERE idx >= $1 AND idx < $2 ORDER BY idx LIMIT $3"  # noqa: S608
        rows = await self._db.ask(lambda c: c.fetch(sql, start, end, limit))
        return [StatementRow(**dict(row)) for row in rows]

    async def _pairs(self, sql: str, *values: Any) -> list[tuple[Any, Any]]:
        return [(one, other) for one, other in await self._db.ask(lambda c: c.fetch(sql, *values))]

    async def _openings(self, sql: str, *values: Any) -> list[OpeningRow]:
        rows = await self._db.ask(lambda c: c.fetch(sql, *values))
        return [OpeningRow(idx=idx, salt=salt, event=event) for idx, salt, event in rows]
