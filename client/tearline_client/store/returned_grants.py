"""Returned grants of ours to be reissued."""

from tearline_client.store.database import Store


class ReturnedStore(Store):
    """Statement ids of returned grants; the caller's transaction makes writes durable together."""

    def put(self, grant: bytes) -> None:
        """Records that a grant was returned."""
        self._db.execute("INSERT INTO returned VALUES (?) ON CONFLICT DO NOTHING", (grant,))

    def all(self) -> tuple[bytes, ...]:
        """Returns the ids of the grants to reissue."""
        return tuple(i for (i,) in self._db.rows("SELECT statement_id FROM returned"))

    def drop(self, grant: bytes) -> bool:
        """Deletes a grant that needs no reissue; returns whether it was here."""
        if not self._db.row("SELECT 1 FROM returned WHERE statement_id = ?", (grant,)):
            return False
        self._db.execute("DELETE FROM returned WHERE statement_id = ?", (grant,))
        return True
