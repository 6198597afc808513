"""Grants that came, and open once both agencies have cosigned the log that holds them."""

from dataclasses import dataclass

from tearline.errors import CosignatureAwaited
from tearline_client.store.database import Database, ids_from
from tearline_client.store.vault import Column

_DELIVERY = Column("waiting", "sealed", ("statement_id",))


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingGrant:
    """A grant that waits.

    Attributes:
        id: 32 bytes, its statement's.
        packet: 32 bytes, its packet's.
        sender: URI of the node that granted it.
        time_ms: The log's time of its entry.
    """

    id: bytes
    packet: bytes
    sender: str
    time_ms: int


class AwaitingCosignatureStore:
    """Deliveries of grants, as they came; the caller's transaction makes writes durable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, grant: WaitingGrant, delivery: bytes) -> None:
        """Keeps a delivery, still sealed to this node's key, until it may be opened."""
        self._db.execute(
            "INSERT INTO waiting VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                grant.id,
                grant.packet,
                grant.sender,
                grant.time_ms,
                self._db.vault.seal(_DELIVERY.at(grant.id), delivery),
            ),
        )

    def all(self) -> tuple[WaitingGrant, ...]:
        """Every grant that waits, oldest first."""
        rows = self._db.rows(
            "SELECT statement_id, packet, sender, time_ms FROM waiting ORDER BY time_ms, sender"
        )
        return tuple(
            WaitingGrant(id=i, packet=packet, sender=sender, time_ms=time_ms)
            for i, packet, sender, time_ms in rows
        )

    def count(self) -> int:
        """How many grants wait."""
        return int(self._db.value("SELECT count(*) FROM waiting"))

    def delivery(self, grant: bytes) -> bytes | None:
        """The delivery of a grant that waits, or None."""
        sealed = self._db.value("SELECT sealed FROM waiting WHERE statement_id = ?", (grant,))
        return None if sealed is None else self._db.vault.open(_DELIVERY.at(grant), sealed)

    def replace(self, grant: bytes, delivery: bytes) -> None:
        """Keeps less of a delivery than came: what was recalled of it is gone."""
        self._db.erase(
            "UPDATE waiting SET sealed = ? WHERE statement_id = ?",
            (self._db.vault.seal(_DELIVERY.at(grant), delivery), grant),
        )

    def release(self, grant: bytes) -> bool:
        """Forgets a grant that waits no longer; whether it was here."""
        rows = self._db.rows("DELETE FROM waiting WHERE statement_id = ? RETURNING 1", (grant,))
        return bool(rows)

    def verify_none(self, prefix: str) -> None:
        """Checks that no packet waits whose id, in hexadecimal, begins so.

        Raises:
            CosignatureAwaited: If one does.
        """
        row = self._db.row(
            "SELECT packet, sender FROM waiting WHERE packet BETWEEN ? AND ? LIMIT 1",
            ids_from(prefix, 32),
        )
        if row is not None:
            raise CosignatureAwaited(f"packet {row[0].hex()[:12]} from {row[1]}")
