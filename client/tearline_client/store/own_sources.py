"""Officers' records of values that the agency has from its own sources."""

from tearline.dataclass.immutable import immutable
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_OWN = Column("own_source", "sealed", ("id",))


@immutable
class OwnSource:
    """A field of a partner's packet whose value the agency also has from its own source.

    Attributes:
        packet: 32 bytes, the partner's packet.
        path: The field.
        person: The recording officer.
        reason: The agency's source.
        time_ms: Time of the record, Unix milliseconds.
    """

    packet: bytes
    path: str
    person: str
    reason: str
    time_ms: int


class OwnSourceStore(Store):
    """Own sources; the caller's transaction makes writes durable together."""

    def put(self, own: OwnSource) -> None:
        """Stores an officer's record."""
        text = "\0".join((own.path, own.person, own.reason)).encode()
        number = self._db.next_id("own_source")
        self._db.execute(
            "INSERT INTO own_source VALUES (?, ?, ?, ?)",
            (number, own.packet, own.time_ms, self._db.vault.seal(_OWN.at(number), text)),
        )

    def all(self) -> tuple[OwnSource, ...]:
        """Returns all records, in order."""
        rows = self._db.rows("SELECT id, packet, time_ms, sealed FROM own_source ORDER BY id")
        return tuple(self._opened(*row) for row in rows)

    def paths(self, packet: bytes) -> set[str]:
        """Returns the recorded fields of one packet."""
        rows = self._db.rows(
            "SELECT id, packet, time_ms, sealed FROM own_source WHERE packet = ?", (packet,)
        )
        return {self._opened(*row).path for row in rows}

    def _opened(self, number: int, packet: bytes, time_ms: int, sealed: bytes) -> OwnSource:
        text = self._db.vault.open(_OWN.at(number), sealed).decode()
        path, person, reason = text.split("\0", 2)
        return OwnSource(packet=packet, path=path, person=person, reason=reason, time_ms=time_ms)
