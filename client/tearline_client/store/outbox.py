"""The outbox: sealed bytes on the disk before they are first sent, and the same on every retry.

    sealed → unknown (sent, not all of it answered) → accepted | refused

A retry never seals anew: the exchange answers the same statements with the same receipts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_PUBLICATION = Column("outbox", "sealed", ("id",))
_BEFORE_ALL = -(1 << 63)


class OutboxState(StrEnum):
    """Where an item stands; it only moves forward."""

    SEALED = "sealed"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """One publication.

    Attributes:
        id: Its place in the order of sending.
        state: Where it stands.
        publication: What is left to send of it, encoded; empty once all of it was answered.
        code: Code of the first refusal in it, if any.
        why: What the exchange said of that.
        fault: Code of what keeps the rest from being accepted, as of the last attempt; empty
            where nothing does, or only what goes before it.
    """

    id: int
    state: OutboxState
    publication: bytes
    code: str
    why: str
    fault: str

    @property
    def is_waiting(self) -> bool:
        """Whether something is left to send."""
        return self.state in (OutboxState.SEALED, OutboxState.UNKNOWN)


class OutboxStore:
    """Publications in the order in which they must be sent."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, publications: Sequence[bytes], *, now_ms: int) -> tuple[int, ...]:
        """Stores encoded publications, to be sent in this order; returns their ids."""
        first = self._db.next_id("outbox")
        self._put(first, publications, now_ms)
        return tuple(range(first, first + len(publications)))

    def put_first(self, publications: Sequence[bytes], *, now_ms: int) -> None:
        """Stores encoded publications, to be sent in this order before all that waits."""
        first = int(self._db.value("SELECT min(0, coalesce(min(id), 0)) FROM outbox"))
        self._put(first - len(publications), publications, now_ms)

    def _put(self, first: int, publications: Sequence[bytes], now_ms: int) -> None:
        for item_id, publication in enumerate(publications, start=first):
            sealed = self._db.vault.seal(_PUBLICATION.at(item_id), publication)
            self._db.execute(
                "INSERT INTO outbox (id, state, sealed, put_ms) VALUES (?, ?, ?, ?)",
                (item_id, OutboxState.SEALED, sealed, now_ms),
            )

    def next_waiting(self, *, after: int | None = None) -> OutboxItem | None:
        """The first item, or the first behind another one, that is not answered in full."""
        row = self._db.row(
            "SELECT id, state, sealed, code, why, fault FROM outbox WHERE id > ?"
            " AND state IN ('sealed', 'unknown') ORDER BY id LIMIT 1",
            (_BEFORE_ALL if after is None else after,),
        )
        return None if row is None else self._item(row)

    def item(self, item_id: int) -> OutboxItem | None:
        """One item, or None."""
        row = self._db.row(
            "SELECT id, state, sealed, code, why, fault FROM outbox WHERE id = ?", (item_id,)
        )
        return None if row is None else self._item(row)

    def mark_unknown(self, item_id: int) -> None:
        """Notes that an item is about to leave the house."""
        self._db.execute("UPDATE outbox SET state = 'unknown' WHERE id = ?", (item_id,))

    def update(self, item: OutboxItem) -> None:
        """Notes what became of an item."""
        self._db.execute(
            "UPDATE outbox SET state = ?, sealed = ?, code = ?, why = ?, fault = ? WHERE id = ?",
            (
                item.state,
                self._db.vault.seal(_PUBLICATION.at(item.id), item.publication),
                item.code,
                item.why,
                item.fault,
                item.id,
            ),
        )

    def counts(self) -> dict[OutboxState, int]:
        """How many items stand where."""
        rows = self._db.rows("SELECT state, items FROM outbox_count WHERE items > 0")
        return {OutboxState(state): count for state, count in rows}

    def waiting(self) -> int:
        """How many items wait; none is opened."""
        sql = "SELECT count(*) FROM outbox WHERE state IN ('sealed', 'unknown')"
        return int(self._db.value(sql))

    def waiting_since_ms(self) -> int | None:
        """When the oldest item that waits was put here, Unix milliseconds; None where none does.

        What an earlier version put here does not say.
        """
        sql = "SELECT min(put_ms) FROM outbox WHERE state IN ('sealed', 'unknown') AND put_ms > 0"
        found: int | None = self._db.value(sql)
        return found

    def faults(self) -> dict[str, int]:
        """Codes of what keeps items waiting, and how many."""
        sql = "SELECT fault, count(*) FROM outbox WHERE fault != '' GROUP BY fault ORDER BY fault"
        return dict(self._db.rows(sql))

    def _item(self, row: tuple[int, str, bytes, str, str, str]) -> OutboxItem:
        item_id, state, sealed, code, why, fault = row
        return OutboxItem(
            id=item_id,
            state=OutboxState(state),
            publication=self._db.vault.open(_PUBLICATION.at(item_id), sealed),
            code=code,
            why=why,
            fault=fault,
        )
