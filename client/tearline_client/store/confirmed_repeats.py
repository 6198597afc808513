"""Reasons for texts of ours that repeat values kept from their readers."""

from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_REASON = Column("repeat", "sealed", ("statement",))


class RepeatStore(Store):
    """Reasons by statement; the caller's transaction makes writes durable together."""

    def put(self, statement: bytes, reason: str, *, time_ms: int) -> None:
        """Stores a person's reason for a packet, one more field of it, or another text.

        Of a statement that is made again in the same bytes, the last reason counts.

        Args:
            statement: 32 bytes, the id of the packet's manifest, of the field's grant, or of the
                statement with the text.
            reason: The person's text.
            time_ms: Unix milliseconds.
        """
        sealed = self._db.vault.seal(_REASON.at(statement), reason.encode())
        self._db.execute(
            "INSERT OR REPLACE INTO repeat VALUES (?, ?, ?)", (statement, time_ms, sealed)
        )

    def move(self, statement: bytes, to: bytes, *, time_ms: int) -> None:
        """Copies a reason to the statement that repeats the same text, if there is one."""
        if reason := self.of_statement(statement):
            self.put(to, reason, time_ms=time_ms)

    def of_statement(self, statement: bytes) -> str:
        """Returns the reason for a statement's text, or an empty string."""
        sealed = self._db.value("SELECT sealed FROM repeat WHERE statement = ?", (statement,))
        return "" if sealed is None else self._db.vault.open(_REASON.at(statement), sealed).decode()

    def of(self, packet: bytes) -> tuple[str, ...]:
        """Returns the reasons for a packet and its fields, each once."""
        rows = self._db.rows(
            "SELECT statement, time_ms, sealed FROM repeat WHERE statement = ?"
            " UNION ALL SELECT r.statement, r.time_ms, r.sealed FROM packet_grant AS g"
            " JOIN repeat AS r ON r.statement = g.statement_id WHERE g.packet = ?"
            " ORDER BY 2, 1",
            (packet, packet),
        )
        reasons = (self._db.vault.open(_REASON.at(row[0]), row[2]).decode() for row in rows)
        return tuple(dict.fromkeys(reasons))
