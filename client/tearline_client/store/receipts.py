"""Receipts, stored as proof, and their promised log entries."""

from tearline.dataclass.immutable import immutable
from tearline.statements.receipt import LogOpening, Receipt
from tearline.wire.grants import parse_receipt
from tearline.wire.statements import Signed
from tearline_client.store.attestations import AttestationStore
from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_RECEIPT = Column("receipt", "sealed", ("statement_id",))


@immutable
class Promise:
    """A log entry named by the exchange's receipt, not yet seen in the log.

    Attributes:
        receipt: The receipt's statement id.
        entry: The entry.
        due_s: The log's time, Unix seconds, by which it must be there; None before any checkpoint
            was read.
    """

    receipt: bytes
    entry: LogOpening
    due_s: int | None


class ReceiptStore:
    """Receipts by subject; the caller's transaction makes writes durable together."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._attestations = AttestationStore(database)

    def put(self, signed: Signed, receipt: Receipt) -> None:
        """Stores a receipt as proof."""
        self._db.execute(
            "INSERT INTO receipt VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                signed.statement.id,
                receipt.about,
                receipt.status,
                self._db.vault.seal(
                    _RECEIPT.at(signed.statement.id), self._attestations.encode(signed)
                ),
            ),
        )
        if receipt.entry is not None:
            self._db.execute(
                "INSERT INTO promise VALUES (?, NULL) ON CONFLICT DO NOTHING",
                (signed.statement.id,),
            )

    def forget(self, about: bytes, index: int) -> None:
        """Deletes a statement's receipts that name one log entry."""
        for signed in self.signed(about):
            entry = parse_receipt(signed.statement.body).entry
            if entry is not None and entry.index == index:
                key = (signed.statement.id,)
                self._db.execute("DELETE FROM promise WHERE receipt = ?", key)
                self._db.execute("DELETE FROM receipt WHERE statement_id = ?", key)

    def of(self, about: bytes) -> tuple[Receipt, ...]:
        """Returns a statement's receipts, earliest status first."""
        return tuple(parse_receipt(signed.statement.body) for signed in self.signed(about))

    def signed(self, about: bytes) -> tuple[Signed, ...]:
        """Returns a statement's receipts as signed, earliest status first."""
        sql = "SELECT statement_id, sealed FROM receipt WHERE about = ? ORDER BY status"
        return tuple(self._signed(*row) for row in self._db.rows(sql, (about,)))

    def promises(self) -> tuple[Promise, ...]:
        """Returns the promised log entries that were not seen in the log."""
        # From the few promises to their receipts; SQLite would otherwise read all receipts.
        rows = self._db.rows(
            "SELECT p.receipt, p.due_s, r.sealed FROM promise p"
            " CROSS JOIN receipt r ON r.statement_id = p.receipt"
        )
        found = [
            (i, parse_receipt(self._signed(i, sealed).statement.body).entry, due_s)
            for i, due_s, sealed in rows
        ]
        return tuple(
            Promise(receipt=i, entry=entry, due_s=due_s)
            for i, entry, due_s in found
            if entry is not None
        )

    def set_due(self, promise: Promise, due_s: int) -> None:
        """Records by when the log must contain a promised entry."""
        self._db.execute("UPDATE promise SET due_s = ? WHERE receipt = ?", (due_s, promise.receipt))

    def set_kept(self, promise: Promise) -> None:
        """Deletes a promise that was kept or is no longer awaited."""
        self._db.execute("DELETE FROM promise WHERE receipt = ?", (promise.receipt,))

    def _signed(self, receipt: bytes, sealed: bytes) -> Signed:
        return self._attestations.parse(self._db.vault.open(_RECEIPT.at(receipt), sealed))
