"""Present states of requests, kept until what they follow from changes.

Triggers delete a state with each such change: a step, a receipt, a suspension, new terms, or keys.
"""

from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_SEALED = Column("request_state", "sealed", ("packet", "peer"))


class RequestStateStore(Store):
    """States of requests by packet and other party, as their room encodes them."""

    def find(self, packet: bytes, peer: str) -> bytes | None:
        """Returns the state of a request, or None if it is not known now."""
        sql = "SELECT sealed FROM request_state WHERE packet = ? AND peer = ?"
        sealed = self._db.value(sql, (packet, peer))
        return None if sealed is None else self._db.vault.open(_SEALED.at(packet, peer), sealed)

    def put(self, packet: bytes, peer: str, state: bytes) -> None:
        """Stores a state in the transaction in which it was computed."""
        self._db.execute(
            "INSERT INTO request_state VALUES (?, ?, ?)"
            " ON CONFLICT (packet, peer) DO UPDATE SET sealed = excluded.sealed",
            (packet, peer, self._db.vault.seal(_SEALED.at(packet, peer), state)),
        )
