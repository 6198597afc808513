"""The outbox: sealed messages, stored before they are first sent, and unchanged on every retry.

    sealed → unknown (sent, not all of it answered) → accepted | refused

A retry never seals anew: the exchange answers the same statements with the same receipts.
"""

from collections.abc import Sequence
from enum import StrEnum

from tearline.dataclass.immutable import immutable
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_PUBLICATION = Column("outbox", "sealed", ("id",))
_BEFORE_ALL = -(1 << 63)


class OutboxState(StrEnum):
    """State of an item; it only moves forward."""

    SEALED = "sealed"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@immutable
class OutboxItem:
    """One publication.

    Attributes:
        id: Its place in the order of sending.
        state: Its state.
        publication: Its unanswered rest, encoded; empty once all of it is answered.
        code: Code of its first refusal, if any.
        why: The exchange's reason for that.
        fault: Code of the last attempt's error that blocks the rest; empty if none does, or only an
            earlier item.
    """

    id: int
    state: OutboxState
    publication: bytes
    code: str
    why: str
    fault: str

    @property
    def is_waiting(self) -> bool:
        """Returns whether a part is still to be sent."""
        return self.state in (OutboxState.SEALED, OutboxState.UNKNOWN)


class OutboxStore(Store):
    """Publications in the order in which they must be sent."""

    def put(self, publications: Sequence[bytes], *, now_ms: int) -> tuple[int, ...]:
        """Stores encoded publications, to be sent in this order; returns their ids."""
        first = self._db.next_id("outbox")
        self._put(first, publications, now_ms)
        return tuple(range(first, first + len(publications)))

    def put_first(self, publications: Sequence[bytes], *, now_ms: int) -> None:
        """Stores encoded publications, to be sent in this order before all others."""
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
        """Returns the first item, or the first after another one, that is not fully answered."""
        row = self._db.row(
            "SELECT id, state, sealed, code, why, fault FROM outbox WHERE id > ?"
            " AND state IN ('sealed', 'unknown') ORDER BY id LIMIT 1",
            (_BEFORE_ALL if after is None else after,),
        )
        return None if row is None else self._item(row)

    def item(self, item_id: int) -> OutboxItem | None:
        """Returns one item, or None."""
        row = self._db.row(
            "SELECT id, state, sealed, code, why, fault FROM outbox WHERE id = ?", (item_id,)
        )
        return None if row is None else self._item(row)

    def mark_unknown(self, item_id: int) -> None:
        """Records that an item is about to be sent."""
        self._db.execute("UPDATE outbox SET state = 'unknown' WHERE id = ?", (item_id,))

    def update(self, item: OutboxItem) -> None:
        """Stores an item's new state."""
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
        """Returns the number of items in each state."""
        rows = self._db.rows("SELECT state, items FROM outbox_count WHERE items > 0")
        return {OutboxState(state): count for state, count in rows}

    def waiting(self) -> int:
        """Returns the number of waiting items, without opening them."""
        sql = "SELECT count(*) FROM outbox WHERE state IN ('sealed', 'unknown')"
        return int(self._db.value(sql))

    def waiting_since_ms(self) -> int | None:
        """Returns when the oldest waiting item was stored, Unix milliseconds; None without one."""
        sql = "SELECT min(put_ms) FROM outbox WHERE state IN ('sealed', 'unknown') AND put_ms > 0"
        found: int | None = self._db.value(sql)
        return found

    def faults(self) -> dict[str, int]:
        """Returns the number of waiting items by the code that blocks them."""
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
