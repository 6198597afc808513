"""``Store``: the exchange's interface to its database.

Its core is ``commit``. All changes of a batch and their log entries are written in one transaction,
and are durable when the call returns.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from tearline.limits import MAX_LOG_SIZE
from tearline.tlog.merkle import Frontier, NodeId
from tearline_server.storage.blob_rows import BlobRows
from tearline_server.storage.commit import Commit
from tearline_server.storage.lookups import LookupResults, Lookups, WholePacket
from tearline_server.storage.reads import Backlog, MailItem, RetainedRow, Search
from tearline_server.storage.rows import (
    EventRow,
    Head,
    OpeningRow,
    RecallRow,
    Restoration,
    StatementRow,
)
from tearline_server.storage.snapshot import Changes, Snapshot

Ask = Callable[[Head, Snapshot | None], Lookups]
"""Callback that returns the state to look up.

Its arguments are the locked head, and the news: writes of other processes since the caller's head
or earlier, or None. It may be called again after a lost connection.
"""

Append = Callable[[Head, LookupResults], Commit]
"""Pure function that returns the writes of a transaction, from the locked head and the answers."""


def ask_nothing(head: Head, news: Snapshot | None) -> Lookups:
    """Returns an ``Lookups`` that looks up no state."""
    return Lookups()


"""Pure function that returns the note to store, from the stored note or None."""


class Store(Protocol):
    """Database of the exchange. Every method raises StoreError if the database fails.

    Attributes:
        is_shared: Whether other processes may write to it.
        blobs: The state of large documents; None if it lies beside their parts.
    """

    is_shared: bool
    blobs: BlobRows | None

    @property
    def questions(self) -> int:
        """Returns the number of queries and changes that are queued or running."""
        ...

    @property
    def standbys(self) -> int | None:
        """Returns the synchronous standbys last observed; None if none are required."""
        ...

    async def load(self) -> Snapshot:
        """Returns the state that an exchange holds in memory."""
        ...

    async def commit(self, ask: Ask, append: Append, *, since: Head | None = None) -> float:
        """Locks the head, answers the questions, and writes the result of ``append``.

        The writes are durable on return, and no other writer runs between answers and writes. An
        exception from ``ask`` or ``append`` propagates, and the transaction is rolled back.

        Args:
            ask: Returns the state to look up.
            append: Returns the writes.
            since: The head that the caller knows; None if it needs no news.

        Returns:
            Seconds spent waiting for the disk at the end.
        """
        ...

    # Writes of other processes.

    async def news(self, since: Head) -> Snapshot | None:
        """Returns the writes of others since ``since``; None if there are none."""
        ...

    async def grown(
        self, size: int, signed: int
    ) -> tuple[Frontier, tuple[int, bytes] | None] | None:
        """Returns the log's tree and its newest checkpoint, read at one moment.

        Returns None if neither changed: the tree still has ``size`` entries, and the checkpoint
        still covers ``signed``.
        """
        ...

    def changes(self) -> AsyncIterator[Changes]:
        """Yields whenever other processes may have written, and at least every second.

        A store that is not shared never yields. The iterator raises when a change may have been
        missed; a new one then begins with a full refresh.
        """
        ...

    async def mail(self, node: str, after: int, *, limit: int) -> Sequence[MailItem]:
        """Returns items of a mailbox after place ``after``, in order."""
        ...

    async def delivered_grant(self, node: str, grant: bytes) -> tuple[bytes, bytes] | None:
        """Returns a grant that was delivered to a node, encoded, and its packet's manifest id.

        Returns None for any other statement id.
        """
        ...

    async def backlog(self) -> Backlog:
        """Returns the totals of unacknowledged mail."""
        ...

    async def packets(self, ids: Sequence[bytes]) -> Mapping[bytes, WholePacket]:
        """Returns packets by manifest id; unknown ids are omitted."""
        ...

    async def linking(self, ids: Sequence[bytes], blob_id: bytes) -> Mapping[bytes, bool]:
        """Returns whether packets hold a link to a large document, by manifest id.

        Unknown ids are omitted. A link goes with the ciphertext of its slot. Ciphertexts stay in
        the database: only their end, which holds the links, is searched there.
        """
        ...

    async def recalls(self, packet_id: bytes) -> Sequence[RecallRow]:
        """Returns the recalls of a packet, by its manifest's id."""
        ...

    async def attestations(self, hashes: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Returns encoded attestations by hash; unknown ones are absent."""
        ...

    async def entries(self, start: int, end: int, *, max_bytes: int) -> Sequence[bytes]:
        """Returns log entries from ``start`` up to ``end``: at least one, at most ``max_bytes``."""
        ...

    async def nodes(self, ids: Sequence[NodeId]) -> Mapping[NodeId, bytes]:
        """Returns hashes of perfect subtrees, leaves included; unknown ones are absent."""
        ...

    async def put_checkpoint(self, size: int, note: bytes) -> tuple[int, bytes]:
        """Stores a checkpoint before it is published, and returns the newest one stored."""
        ...

    async def cosigned(self) -> Sequence[tuple[int, bytes]]:
        """Returns size and note of the cosigned checkpoints, by size and cosigner."""
        ...

    async def cosigned_at(self, size: int) -> Sequence[bytes]:
        """Returns the notes of the cosigned checkpoint of that size, one for each cosigner."""
        ...

    async def put_cosigned(
        self, size: int, cosigner: str, note: bytes, *, since: int, above: int
    ) -> None:
        """Stores the note of a checkpoint with a cosigner's line, in place of an earlier one.

        Deletes that cosigner's notes below size ``since``, and all up to size ``above``.
        """
        ...

    async def evidence(self) -> Sequence[bytes]:
        """Returns the evidence that the log signed two histories."""
        ...

    async def put_evidence(self, evidence_id: bytes, evidence: bytes) -> None:
        """Stores evidence against the log, by its id of 32 bytes."""
        ...

    async def search(self, search: Search) -> Sequence[OpeningRow]:
        """Returns the events that an agency may see and that meet every condition, in order."""
        ...

    async def overdue(self, now_ms: int, *, limit: int) -> Sequence[tuple[bytes, str]]:
        """Returns requests, as (manifest id, holder), that may be overdue by ``now_ms``."""
        ...

    async def retained(self, agreement: bytes, after: int, *, limit: int) -> Sequence[RetainedRow]:
        """Returns contents of entries above ``after`` under an agreement, in log order."""
        ...

    async def retained_at(self, indices: Sequence[int]) -> Sequence[RetainedRow]:
        """Returns contents of entries by index, in order; erased ones are absent."""
        ...

    async def ended(self, now_ms: int, kept: Mapping[bytes, int], *, limit: int) -> Sequence[bytes]:
        """Returns packets that may have ended, by manifest id.

        Args:
            now_ms: Time of the check; packets with a later check time are skipped.
            kept: Time since which an agreement's packets may still be stored, by agreement.
            limit: The maximum number of packets.
        """
        ...

    # After a restore.

    async def begin_epoch(self, restoration: Restoration) -> None:
        """Begins a new epoch of the database; cursors of earlier epochs become invalid."""
        ...

    async def restorations(self) -> Sequence[Restoration]:
        """Returns every restore, oldest first."""
        ...

    async def settle(self) -> None:
        """Records that no entry beyond the restored ones is known to have been signed."""
        ...

    async def unopened(self, after: int, *, limit: int) -> Sequence[int]:
        """Returns indices above ``after`` of restored blind entries without contents."""
        ...

    async def put_events(self, rows: Sequence[EventRow]) -> None:
        """Stores contents of restored entries; contents already stored remain."""
        ...

    # For the operator's verification: whole rows from an index on, in order.

    async def entry_rows(self, start: int, *, limit: int) -> Sequence[tuple[int, bytes]]:
        """Returns entries with their indices."""
        ...

    async def event_rows(self, start: int, *, limit: int) -> Sequence[EventRow]:
        """Returns events."""
        ...

    async def erased(self, start: int, end: int) -> Mapping[int, int]:
        """Returns the erased entries from ``start`` up to ``end``, each with its order's entry."""
        ...

    async def statement_rows(
        self, start: int, *, limit: int, end: int = MAX_LOG_SIZE
    ) -> Sequence[StatementRow]:
        """Returns statements whose receipts name entries from ``start`` up to ``end``."""
        ...

    async def close(self) -> None:
        """Ends all running work and closes the database."""
        ...
