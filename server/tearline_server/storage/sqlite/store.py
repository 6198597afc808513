"""``Store`` on SQLite: every query as SQL, with bound parameters only."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import apsw

from tearline.limits import MAX_LOG_SIZE
from tearline.tlog.merkle import NodeId
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import Append, Ask
from tearline_server.storage.lookups import WholePacket
from tearline_server.storage.reads import BACKLOG, Backlog, MailItem, RetainedRow, Search
from tearline_server.storage.rows import (
    EventRow,
    Head,
    OpeningRow,
    RecallRow,
    Restoration,
    StatementRow,
)
from tearline_server.storage.search_sql import search_sql
from tearline_server.storage.snapshot import Snapshot
from tearline_server.storage.sqlite.connections import Database
from tearline_server.storage.sqlite.log import (
    entries,
    event_rows,
    nodes,
    openings,
    retained,
    retained_at,
    statement_rows,
)
from tearline_server.storage.sqlite.lookups import known_of
from tearline_server.storage.sqlite.mailboxes import DELIVERED_GRANT, items
from tearline_server.storage.sqlite.packets import ended, linking, recalls, whole_packets
from tearline_server.storage.sqlite.queries import first, run, value
from tearline_server.storage.sqlite.recovery import begin_epoch, put_events, restorations, unopened
from tearline_server.storage.sqlite.requests import overdue
from tearline_server.storage.sqlite.single_process import Alone
from tearline_server.storage.sqlite.snapshot import head_of, load, stored_of
from tearline_server.storage.sqlite.writes import write


class SqliteStore(Alone):
    """Store of one exchange process, in one file.

    Args:
        path: The file; created if missing.

    Raises:
        StoreError: If it cannot be used, or another process uses it.
    """

    def __init__(self, path: Path) -> None:
        self._db = Database(path)

    async def close(self) -> None:
        """Ends all running work and closes the file."""
        await self._db.close()

    @property
    def questions(self) -> int:
        """Returns the number of queries and changes that are queued or running."""
        return self._db.questions

    async def load(self) -> Snapshot:
        """Returns the state that an exchange holds in memory."""
        return await self._db.read(load)

    async def commit(self, ask: Ask, append: Append, *, since: Head | None = None) -> float:
        """Locks the head, answers the questions, and writes the result of ``append``."""

        def change(connection: apsw.Connection) -> Commit:
            head = head_of(connection)
            is_behind = since is not None and since.serial != head.serial
            asked = ask(head, stored_of(connection) if is_behind else None)
            commit = append(head, known_of(connection, asked))
            write(connection, commit)
            return commit

        commit, disk_s = await self._db.timed_write(change)
        if commit.dropped or commit.erased:
            await self._db.purge()
        return disk_s

    async def mail(self, node: str, after: int, *, limit: int) -> Sequence[MailItem]:
        """Returns items of a mailbox after place ``after``, in order."""
        return await self._db.read(lambda connection: items(connection, node, after, limit))

    async def delivered_grant(self, node: str, grant: bytes) -> tuple[bytes, bytes] | None:
        """Returns a grant that was delivered to a node, encoded, and its packet's manifest id."""
        return await self._db.read(
            lambda connection: first(connection, DELIVERED_GRANT, (grant, node))
        )

    async def backlog(self) -> Backlog:
        """Returns the totals of unacknowledged mail."""
        (row,) = await self._db.read(lambda connection: list(connection.execute(BACKLOG)))
        return Backlog(
            **{each.name: total for each, total in zip(fields(Backlog), row, strict=True)}
        )

    async def packets(self, ids: Sequence[bytes]) -> Mapping[bytes, WholePacket]:
        """Returns packets by manifest id; unknown ids are omitted."""
        return await self._db.read(lambda connection: whole_packets(connection, ids))

    async def linking(self, ids: Sequence[bytes], blob_id: bytes) -> Mapping[bytes, bool]:
        """Returns whether packets hold a link to a large document, by manifest id."""
        return await self._db.read(lambda connection: linking(connection, ids, blob_id))

    async def recalls(self, packet_id: bytes) -> Sequence[RecallRow]:
        """Returns the recalls of a packet, by its manifest's id."""
        return await self._db.read(lambda connection: recalls(connection, packet_id))

    async def attestations(self, hashes: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Returns encoded attestations by hash; unknown ones are absent."""
        sql = "SELECT attestation FROM attestation WHERE hash = ?"
        return await self._db.read(
            lambda connection: {
                key: found
                for key in hashes
                if (found := value(connection, sql, (key,))) is not None
            }
        )

    async def entries(self, start: int, end: int, *, max_bytes: int) -> Sequence[bytes]:
        """Returns log entries from ``start`` up to ``end``: at least one, at most ``max_bytes``."""
        return await self._db.read(lambda connection: entries(connection, start, end, max_bytes))

    async def nodes(self, ids: Sequence[NodeId]) -> Mapping[NodeId, bytes]:
        """Returns hashes of perfect subtrees, leaves included; unknown ones are absent."""
        return await self._db.read(lambda connection: nodes(connection, ids))

    async def put_checkpoint(self, size: int, note: bytes) -> tuple[int, bytes]:
        """Stores a checkpoint before it is published, and returns the newest one stored."""
        sql = "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)"
        await self._db.write(lambda connection: run(connection, sql, (size, note)))
        return size, note

    async def cosigned(self) -> Sequence[tuple[int, bytes]]:
        """Returns size and note of the cosigned checkpoints, by size and cosigner."""
        sql = "SELECT size, note FROM cosigned ORDER BY size, cosigner"
        return await self._db.read(lambda connection: list(connection.execute(sql)))

    async def cosigned_at(self, size: int) -> Sequence[bytes]:
        """Returns the notes of the cosigned checkpoint of that size, one for each cosigner."""
        sql = "SELECT note FROM cosigned WHERE size = ? ORDER BY cosigner"
        return await self._db.read(lambda each: [note for (note,) in each.execute(sql, (size,))])

    async def put_cosigned(
        self, size: int, cosigner: str, note: bytes, *, since: int, above: int
    ) -> None:
        """Stores the note of a checkpoint with a cosigner's line, in place of an earlier one."""
        older = "DELETE FROM cosigned WHERE cosigner = ? AND size < ?"

        def put(connection: apsw.Connection) -> None:
            row = (cosigner, size, note)
            run(connection, "INSERT OR REPLACE INTO cosigned VALUES (?, ?, ?)", row)
            run(connection, older, (cosigner, since))
            run(connection, "DELETE FROM cosigned WHERE size <= ?", (above,))

        await self._db.write(put)

    async def evidence(self) -> Sequence[bytes]:
        """Returns the evidence that the log signed two histories."""
        sql = "SELECT evidence FROM evidence ORDER BY id"
        return await self._db.read(lambda connection: [row[0] for row in connection.execute(sql)])

    async def put_evidence(self, evidence_id: bytes, evidence: bytes) -> None:
        """Stores evidence against the log, by its id of 32 bytes."""
        sql = "INSERT OR IGNORE INTO evidence VALUES (?, ?)"
        await self._db.write(lambda connection: run(connection, sql, (evidence_id, evidence)))

    async def begin_epoch(self, restoration: Restoration) -> None:
        """Begins a new epoch of the database; cursors of earlier epochs become invalid."""
        await self._db.write(lambda connection: begin_epoch(connection, restoration))

    async def restorations(self) -> Sequence[Restoration]:
        """Returns every restore, oldest first."""
        return await self._db.read(restorations)

    async def settle(self) -> None:
        """Records that no entry beyond the restored ones is known to have been signed."""
        sql = "UPDATE restoration SET settled = 1"
        await self._db.write(lambda connection: run(connection, sql, ()))

    async def unopened(self, after: int, *, limit: int) -> Sequence[int]:
        """Returns indices above ``after`` of restored blind entries without contents."""
        return await self._db.read(lambda connection: unopened(connection, after, limit))

    async def put_events(self, rows: Sequence[EventRow]) -> None:
        """Stores contents of restored entries; contents already stored remain."""
        await self._db.write(lambda connection: put_events(connection, rows))

    async def entry_rows(self, start: int, *, limit: int) -> Sequence[tuple[int, bytes]]:
        """Returns entries with their indices."""
        sql = "SELECT idx, entry FROM entry WHERE idx >= ? ORDER BY idx LIMIT ?"
        return await self._db.read(lambda connection: list(connection.execute(sql, (start, limit))))

    async def event_rows(self, start: int, *, limit: int) -> Sequence[EventRow]:
        """Returns events."""
        return await self._db.read(lambda connection: event_rows(connection, start, limit))

    async def erased(self, start: int, end: int) -> Mapping[int, int]:
        """Returns the erased entries from ``start`` up to ``end``, each with its order's entry."""
        sql = "SELECT idx, statement FROM erasure WHERE idx >= ? AND idx < ?"
        return await self._db.read(lambda connection: dict(connection.execute(sql, (start, end))))

    async def statement_rows(
        self, start: int, *, limit: int, end: int = MAX_LOG_SIZE
    ) -> Sequence[StatementRow]:
        """Returns statements whose receipts name entries from ``start`` up to ``end``."""
        return await self._db.read(lambda connection: statement_rows(connection, start, end, limit))

    async def overdue(self, now_ms: int, *, limit: int) -> Sequence[tuple[bytes, str]]:
        """Returns requests, as (manifest id, holder), that may be overdue by ``now_ms``."""
        return await self._db.read(lambda connection: overdue(connection, now_ms, limit))

    async def retained(self, agreement: bytes, after: int, *, limit: int) -> Sequence[RetainedRow]:
        """Returns contents of entries above ``after`` under an agreement, in log order."""
        return await self._db.read(lambda connection: retained(connection, agreement, after, limit))

    async def retained_at(self, indices: Sequence[int]) -> Sequence[RetainedRow]:
        """Returns contents of entries by index, in order; erased ones are absent."""
        return await self._db.read(lambda connection: retained_at(connection, indices))

    async def ended(self, now_ms: int, kept: Mapping[bytes, int], *, limit: int) -> Sequence[bytes]:
        """Returns packets that may have ended, by manifest id.

        Args:
            now_ms: Time of the check; packets with a later check time are skipped.
            kept: Time since which an agreement's packets may still be stored, by agreement.
            limit: The maximum number of packets.
        """
        return await self._db.read(lambda connection: ended(connection, now_ms, kept, limit))

    async def search(self, search: Search) -> Sequence[OpeningRow]:
        """Returns the events that an agency may see and that meet every condition, in order."""
        sql, values = search_sql(search)
        return await self._db.read(lambda connection: openings(connection.execute(sql, values)))
