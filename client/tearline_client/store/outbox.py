"""The outbox: sealed bytes on the disk before they are first sent, and the same on every retry.

    sealed → unknown (sent, no answer yet) → accepted | refused

A retry never seals anew: the exchange answers the same bytes with the same receipt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tearline_client.store.database import Database

_PLACE = "outbox"


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
        publication: The encoded publication; empty once it was answered.
        code: Code of the first refusal in it, if any.
        why: What the exchange said of that.
    """

    id: int
    state: OutboxState
    publication: bytes
    code: str
    why: str


class OutboxStore:
    """Publications in the order in which they must be sent."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, publications: Sequence[bytes], *, urgent: bool = False) -> tuple[int, ...]:
        """Stores encoded publications, to be sent in this order; returns their ids.

        Urgent ones go first: a void must fill its place before the next one is used.
        """
        ids = []
        for publication in publications:
            self._db.execute(
                "INSERT INTO outbox (urgent, state, sealed) VALUES (?, ?, ?)",
                (int(urgent), OutboxState.SEALED, self._db.vault.seal(_PLACE, publication)),
            )
            ids.append(self._db.last_id())
        return tuple(ids)

    def next_waiting(self) -> OutboxItem | None:
        """The first item that has no answer yet."""
        row = self._db.row(
            "SELECT id, state, sealed, code, why FROM outbox"
            " WHERE state IN ('sealed', 'unknown') ORDER BY urgent DESC, id LIMIT 1"
        )
        return None if row is None else self._item(row)

    def item(self, item_id: int) -> OutboxItem | None:
        """One item, or None."""
        row = self._db.row(
            "SELECT id, state, sealed, code, why FROM outbox WHERE id = ?", (item_id,)
        )
        return None if row is None else self._item(row)

    def mark_unknown(self, item_id: int) -> None:
        """Notes that an item is about to leave the house."""
        self._db.execute("UPDATE outbox SET state = 'unknown' WHERE id = ?", (item_id,))

    def settle(self, item_id: int, *, code: str, why: str) -> None:
        """Notes the answer: accepted where ``code`` is empty. The bytes are no longer needed."""
        state = OutboxState.REFUSED if code else OutboxState.ACCEPTED
        self._db.execute(
            "UPDATE outbox SET state = ?, code = ?, why = ?, sealed = ? WHERE id = ?",
            (state, code, why, self._db.vault.seal(_PLACE, b""), item_id),
        )

    def counts(self) -> dict[OutboxState, int]:
        """How many items stand where."""
        rows = self._db.rows("SELECT state, count(*) FROM outbox GROUP BY state")
        return {OutboxState(state): count for state, count in rows}

    def _item(self, row: tuple[int, str, bytes, str, str]) -> OutboxItem:
        item_id, state, sealed, code, why = row
        return OutboxItem(
            id=item_id,
            state=OutboxState(state),
            publication=self._db.vault.open(_PLACE, sealed),
            code=code,
            why=why,
        )
