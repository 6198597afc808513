"""Grants that can be opened once both agencies cosigned the log entry."""

from collections.abc import Mapping

from tearline.dataclass.immutable import immutable
from tearline.errors import CosignatureAwaited
from tearline.identity import agency_uri_of
from tearline_client.store.database import Store
from tearline_client.store.id_ranges import ids_from
from tearline_client.store.vault import Column

MOST_COUNTED = 10_000
"""A scrape takes milliseconds however many wait."""

_DELIVERY = Column("waiting", "sealed", ("statement_id",))


@immutable
class WaitingGrant:
    """A grant awaiting a cosignature.

    Attributes:
        id: 32 bytes, its statement's.
        packet: 32 bytes, its packet's.
        sender: URI of the granting node.
        time_ms: The log's time of its entry.
        entry: Index of its entry.
        ends_ms: When it ends, Unix milliseconds.
    """

    id: bytes
    packet: bytes
    sender: str
    time_ms: int
    entry: int
    ends_ms: int


class AwaitingCosignatureStore(Store):
    """Deliveries of grants, as received; the caller's transaction makes writes durable."""

    def put(self, grant: WaitingGrant, delivery: bytes) -> None:
        """Stores a delivery, still sealed to this node's key, until it may be opened."""
        self._db.execute(
            "INSERT INTO waiting"
            " (statement_id, packet, sender, time_ms, sealed, agency, entry, due_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                grant.id,
                grant.packet,
                grant.sender,
                grant.time_ms,
                self._db.vault.seal(_DELIVERY.at(grant.id), delivery),
                agency_uri_of(grant.sender),
                grant.entry,
                grant.ends_ms,
            ),
        )

    def due(self, cosigned: Mapping[str, int], now_ms: int) -> tuple[bytes, ...]:
        """Returns the grants to judge again, by their statements' ids, oldest first.

        These are the cosigned ones, those that ended, and those that a recall reduced.

        Args:
            cosigned: By agency, the entries of the log that it and this node have cosigned.
            now_ms: Unix milliseconds.
        """
        columns = "SELECT time_ms, sender, statement_id FROM waiting"
        found = set(self._db.rows(f"{columns} WHERE due_ms <= ?", (now_ms,)))
        for agency, size in cosigned.items():
            found.update(self._db.rows(f"{columns} WHERE agency = ? AND entry < ?", (agency, size)))
        return tuple(statement_id for _, _, statement_id in sorted(found))

    def of_packet(self, packet: bytes) -> tuple[bytes, ...]:
        """Returns the grants of a packet that wait, by their statements' ids."""
        rows = self._db.rows("SELECT statement_id FROM waiting WHERE packet = ?", (packet,))
        return tuple(statement_id for (statement_id,) in rows)

    def all(self) -> tuple[WaitingGrant, ...]:
        """Returns every waiting grant, oldest first."""
        rows = self._db.rows(
            "SELECT statement_id, packet, sender, time_ms, entry, due_ms FROM waiting"
            " ORDER BY time_ms, sender"
        )
        return tuple(
            WaitingGrant(
                id=i, packet=packet, sender=sender, time_ms=time_ms, entry=entry, ends_ms=due_ms
            )
            for i, packet, sender, time_ms, entry, due_ms in rows
        )

    def waits_for(self, agency: str) -> bool:
        """Returns whether a grant of an agency waits."""
        return self._db.row("SELECT 1 FROM waiting WHERE agency = ? LIMIT 1", (agency,)) is not None

    def count(self) -> int:
        """Returns the number of waiting grants, at most ``MOST_COUNTED``."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM waiting LIMIT ?)"
        return int(self._db.value(sql, (MOST_COUNTED,)))

    def delivery(self, grant: bytes) -> bytes | None:
        """Returns the delivery of a waiting grant, or None."""
        sealed = self._db.value("SELECT sealed FROM waiting WHERE statement_id = ?", (grant,))
        return None if sealed is None else self._db.vault.open(_DELIVERY.at(grant), sealed)

    def replace(self, grant: bytes, delivery: bytes) -> None:
        """Replaces a delivery with a reduced one after a recall."""
        self._db.erase(
            "UPDATE waiting SET sealed = ?, due_ms = 0 WHERE statement_id = ?",
            (self._db.vault.seal(_DELIVERY.at(grant), delivery), grant),
        )

    def release(self, grant: bytes) -> bool:
        """Deletes a grant that no longer waits; returns whether it was here."""
        rows = self._db.rows("DELETE FROM waiting WHERE statement_id = ? RETURNING 1", (grant,))
        return bool(rows)

    def verify_none(self, prefix: str) -> None:
        """Verifies that no packet waits whose hexadecimal id begins so.

        Raises:
            CosignatureAwaited: If one does.
        """
        row = self._db.row(
            "SELECT packet, sender FROM waiting WHERE packet BETWEEN ? AND ? LIMIT 1",
            ids_from(prefix, 32),
        )
        if row is not None:
            raise CosignatureAwaited(f"packet {row[0].hex()[:12]} from {row[1]}")
