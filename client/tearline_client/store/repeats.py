"""Why packets of ours were sent though their texts repeat values that were kept back."""

from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_REASON = Column("repeat", "sealed", ("packet",))


class RepeatStore:
    """Reasons by packet; the caller's transaction makes writes durable together."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, packet: bytes, reason: str, *, time_ms: int) -> None:
        """Keeps the reason that a person gave for a packet."""
        sealed = self._db.vault.seal(_REASON.at(packet), reason.encode())
        self._db.execute("INSERT INTO repeat VALUES (?, ?, ?)", (packet, time_ms, sealed))

    def of(self, packet: bytes) -> str:
        """Returns the reason that a person gave for a packet; empty where none was asked for."""
        sealed = self._db.value("SELECT sealed FROM repeat WHERE packet = ?", (packet,))
        return "" if sealed is None else self._db.vault.open(_REASON.at(packet), sealed).decode()
