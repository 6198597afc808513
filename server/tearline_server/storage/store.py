"""``Store``: the few questions that the exchange asks of its database.

Its heart is ``commit``: everything a batch changes, with the log entries that describe it,
in one transaction, on the disk when the call returns.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from tearline.merkle import Frontier, NodeId
from tearline_server.storage.commit import Commit
from tearline_server.storage.known import Asked, Known, WholePacket
from tearline_server.storage.reading import Backlog, MailItem, RetainedRow, Search
from tearline_server.storage.rows import (
    EventRow,
    Head,
    OpeningRow,
    RecallRow,
    Restoration,
    StatementRow,
)
from tearline_server.storage.stored import Heard, Stored

Ask = Callable[[Head, Stored | None], Asked]
"""Says what must be known, from the head that is locked, and what others wrote behind the caller's
head, or more; None where nobody did. It may be called again where a connection was lost."""

Append = Callable[[Head, Known], Commit]
"""Makes what a transaction writes, from the head it writes behind and what was asked; pure."""


def ask_nothing(head: Head, news: Stored | None) -> Asked:
    """Returns an ``Asked`` that asks for nothing."""
    return Asked()


Merge = Callable[[bytes | None], bytes]
"""Makes the note to keep of the one that is kept, or of None; pure."""


class Store(Protocol):
    """What the exchange keeps. Every method raises StoreError where the database fails.

    Attributes:
        is_shared: Whether other processes may write there, too.
    """

    is_shared: bool

    @property
    def questions(self) -> int:
        """How many questions and changes wait, or are being answered."""
        ...

    @property
    def standbys(self) -> int | None:
        """Synchronous standbys, as they were seen last; None where none must be there."""
        ...

    async def load(self) -> Stored:
        """What an exchange must hold in memory to go on."""
        ...

    async def commit(self, ask: Ask, append: Append, *, since: Head | None = None) -> float:
        """Locks the head, answers what is asked, writes what ``append`` makes of both.

        Durable on return. Nobody writes between the answers and what is written. Whatever ``ask``
        or ``append`` raises comes out, and nothing is written.

        Args:
            ask: Says what must be known.
            append: Makes what is written.
            since: The head that the caller knows; None where news are not wanted.

        Returns:
            Seconds that it waited for the disk in the end.
        """
        ...

    # What other processes write.

    async def news(self, since: Head) -> Stored | None:
        """What others wrote behind the head that the caller knows; None where nobody did."""
        ...

    async def grown(
        self, size: int, signed: int
    ) -> tuple[Frontier, tuple[int, bytes] | None] | None:
        """The log's tree, and the newest checkpoint of it, as they are at one moment.

        None where others changed neither: the tree has ``size`` entries still, and the
        checkpoint covers ``signed``.
        """
        ...

    def changes(self) -> AsyncIterator[Heard]:
        """Something at each time that others may have written, and at least every second.

        Where there are no others, never anything. Ends with an error where something may be
        missed; what is asked for anew then begins with everything.
        """
        ...

    async def mail(self, node: str, after: int, *, limit: int) -> Sequence[MailItem]:
        """Items of a mailbox behind place ``after``, in order."""
        ...

    async def backlog(self) -> Backlog:
        """What waits in the mailboxes."""
        ...

    async def packet(self, packet_id: bytes) -> WholePacket | None:
        """A packet by its manifest's id, or None."""
        ...

    async def recalls(self, packet_id: bytes) -> Sequence[RecallRow]:
        """What was recalled of a packet, by its manifest's id."""
        ...

    async def attestations(self, hashes: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Encoded attestations by their hash; unknown ones are absent."""
        ...

    async def entries(self, start: int, end: int, *, max_bytes: int) -> Sequence[bytes]:
        """Log entries from ``start`` up to ``end``, at least one, then up to ``max_bytes``."""
        ...

    async def nodes(self, ids: Sequence[NodeId]) -> Mapping[NodeId, bytes]:
        """Hashes of perfect subtrees, leaves included; unknown ones are absent."""
        ...

    async def put_checkpoint(self, size: int, note: bytes) -> tuple[int, bytes]:
        """Keeps a checkpoint, before anybody is shown it; the newest there is now."""
        ...

    async def cosigned(self) -> Sequence[tuple[int, bytes]]:
        """Size and note of the checkpoints that were cosigned, by size."""
        ...

    async def cosigned_at(self, size: int) -> bytes | None:
        """The note of the checkpoint of that size that was cosigned, or None."""
        ...

    async def put_cosigned(self, size: int, merge: Merge, *, above: int) -> bytes:
        """Keeps and returns what ``merge`` makes of a cosigned checkpoint; none up to ``above``."""
        ...

    async def evidence(self) -> Sequence[bytes]:
        """What shows that the log signed two histories."""
        ...

    async def put_evidence(self, evidence_id: bytes, evidence: bytes) -> None:
        """Keeps evidence against the log, by its id of 32 bytes."""
        ...

    async def openings_of(self, statement_id: bytes, agency: str) -> Sequence[OpeningRow]:
        """Events about a statement that an agency may see, in the order of the log."""
        ...

    async def search(self, search: Search) -> Sequence[OpeningRow]:
        """Events that an agency may see and that meet every condition, in order."""
        ...

    async def overdue(self, now_ms: int, *, limit: int) -> Sequence[tuple[bytes, str]]:
        """Requests, as (manifest id, holder), whose time may have passed before ``now_ms``."""
        ...

    async def retained(self, agreement: bytes, after: int, *, limit: int) -> Sequence[RetainedRow]:
        """What entries above ``after`` hide that name an agreement, in the order of the log."""
        ...

    async def ended(self, now_ms: int, kept: Mapping[bytes, int], *, limit: int) -> Sequence[bytes]:
        """Packets that may have ended, by the id of their manifest.

        Args:
            now_ms: Those that are to be looked at by this time.
            kept: Of each agreement, the time since which its packets may still be kept.
            limit: How many at most.
        """
        ...

    # After a restore.

    async def begin_epoch(self, restoration: Restoration) -> None:
        """Begins another life of the database: cursors of earlier ones say nothing any more."""
        ...

    async def restorations(self) -> Sequence[Restoration]:
        """Every restore, oldest first."""
        ...

    async def settle(self) -> None:
        """Keeps that nothing is known to have been signed beyond what was restored."""
        ...

    async def unopened(self, after: int, *, limit: int) -> Sequence[int]:
        """Indices above ``after`` of restored blind entries of which nothing is known."""
        ...

    async def put_events(self, rows: Sequence[EventRow]) -> None:
        """Keeps what restored entries hide; what is known already stays."""
        ...

    # For the operator's own verification: whole rows, from an index on, in order.

    async def entry_rows(self, start: int, *, limit: int) -> Sequence[tuple[int, bytes]]:
        """Entries with their indices."""
        ...

    async def event_rows(self, start: int, *, limit: int) -> Sequence[EventRow]:
        """Events."""
        ...

    async def erased(self, start: int, end: int) -> Mapping[int, int]:
        """Entries from ``start`` up to ``end`` that were erased, and their order's entry."""
        ...

    async def statement_rows(self, start: int, *, limit: int) -> Sequence[StatementRow]:
        """Statements."""
        ...

    async def close(self) -> None:
        """Ends everything under way and lets go of the database."""
        ...
