"""Erasure orders and their erased entries, stored instead of the openings."""

from tearline.audit.erasure import Erasure, verify_covers
from tearline.dataclass.immutable import immutable
from tearline.wire.erasures import parse_erasure
from tearline.wire.statements import Signed, encode_signed, parse_signed
from tearline_client.store.database import Database
from tearline_client.store.log import LogStore, OpenedEvent
from tearline_client.store.vault import Column

_ORDER = Column("erasure_order", "sealed", ("entry",))


@immutable
class StoredOrder:
    """An erasure order.

    Attributes:
        entry: Index of its log entry for this agency.
        signed: Its statement.
        order: Its contents.
    """

    entry: int
    signed: Signed
    order: Erasure


class ErasureStore:
    """Verified orders.

    Args:
        database: The node's database.
        log: The openings that orders erase.
    """

    def __init__(self, database: Database, log: LogStore) -> None:
        self._db = database
        self._log = log

    def erase(self, signed: Signed, entry: int) -> tuple[OpenedEvent, ...]:
        """Stores an order and deletes its openings, in the caller's transaction.

        Args:
            signed: The completely signed order.
            entry: Index of its own entry.

        Returns:
            The deleted openings.

        Raises:
            ErasureRefused: If an entry that this node can open names other agencies than the
                signatories, is under another agreement, or is permanent.
            RetentionBroken: The same for an order by retention; or if the entry is later than it
                states.
        """
        order = parse_erasure(signed.statement.body)
        found = [opened for index in order.indices if (opened := self._log.opened(index))]
        for opened in found:
            verify_covers(order, opened.opening.index, opened.event)
        sealed = self._db.vault.seal(_ORDER.at(entry), encode_signed(signed))
        self._db.execute("INSERT INTO erasure_order VALUES (?, ?)", (entry, sealed))
        for index in order.indices:
            self._db.execute(
                "INSERT INTO erasure VALUES (?, ?) ON CONFLICT DO NOTHING", (index, entry)
            )
            self._log.forget(index)
        return tuple(found)

    def orders(self) -> tuple[StoredOrder, ...]:
        """Returns every order, in the order of the log."""
        rows = self._db.rows("SELECT entry, sealed FROM erasure_order ORDER BY entry")
        return tuple(self._order(entry, sealed) for entry, sealed in rows)

    def _order(self, entry: int, sealed: bytes) -> StoredOrder:
        signed = parse_signed(self._db.vault.open(_ORDER.at(entry), sealed))
        order = parse_erasure(signed.statement.body)
        return StoredOrder(entry=entry, signed=signed, order=order)
