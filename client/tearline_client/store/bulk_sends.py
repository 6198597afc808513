"""Progress of each import."""

from tearline_client.store.database import Store


class BulkSendStore(Store):
    """Counts of sealed packets; the caller's transaction makes writes durable together."""

    def sealed(self, import_id: bytes) -> int:
        """Returns the number of sealed and stored packets of an import, from its beginning."""
        sql = "SELECT sealed FROM import WHERE id = ?"
        return int(self._db.value(sql, (import_id,)) or 0)

    def advance(self, import_id: bytes, packets: int) -> None:
        """Adds to an import's progress."""
        self._db.execute(
            "INSERT INTO import VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET sealed = sealed + excluded.sealed",
            (import_id, packets),
        )

    def forget(self, import_id: bytes) -> None:
        """Resets an import's progress."""
        self._db.execute("DELETE FROM import WHERE id = ?", (import_id,))
