"""Why packets and fields of ours were sent though texts repeat values that were kept back."""

from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_REASON = Column("repeat", "sealed", ("statement",))


class RepeatStore:
    """Reasons by manifest or grant; the caller's transaction makes writes durable together."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, statement: bytes, reason: str, *, time_ms: int) -> None:
        """Keeps the reason that a person gave for a packet, or for one more field of it.

        Args:
            statement: 32 bytes, the id of the packet's manifest or of the field's grant.
            reason: In the person's words.
            time_ms: When, Unix milliseconds.
        """
        sealed = self._db.vault.seal(_REASON.at(statement), reason.encode())
        self._db.execute("INSERT INTO repeat VALUES (?, ?, ?)", (statement, time_ms, sealed))

    def of(self, packet: bytes) -> tuple[str, ...]:
        """Returns the reasons that persons gave for a packet and its fields, each once."""
        rows = self._db.rows(
            "SELECT statement, time_ms, sealed FROM repeat WHERE statement = ?"
            " UNION ALL SELECT r.statement, r.time_ms, r.sealed FROM packet_grant AS g"
            " JOIN repeat AS r ON r.statement = g.statement_id WHERE g.packet = ?"
            " ORDER BY 2, 1",
            (packet, packet),
        )
        reasons = (self._db.vault.open(_REASON.at(row[0]), row[2]).decode() for row in rows)
        return tuple(dict.fromkeys(reasons))
