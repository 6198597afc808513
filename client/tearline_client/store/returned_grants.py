"""Grants of ours that came back and are to be issued anew."""

from tearline_client.store.database import Database


class ReturnedStore:
    """Statement ids of returned grants; the caller's transaction makes writes durable together."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, grant: bytes) -> None:
        """Notes that a grant came back."""
        self._db.execute("INSERT INTO returned VALUES (?) ON CONFLICT DO NOTHING", (grant,))

    def all(self) -> tuple[bytes, ...]:
        """The ids of those that were not yet issued anew."""
        return tuple(i for (i,) in self._db.rows("SELECT statement_id FROM returned"))

    def drop(self, grant: bytes) -> bool:
        """Notes that nothing more is owed for a grant; whether something was."""
        if not self._db.row("SELECT 1 FROM returned WHERE statement_id = ?", (grant,)):
            return False
        self._db.execute("DELETE FROM returned WHERE statement_id = ?", (grant,))
        return True
