"""Packets that the indexes of texts and values are to read, and how far each was read."""

from enum import IntEnum

from tearline_client.store.database import Store


class _State(IntEnum):
    """State of a packet; the queries below name it by its number, for an index of few rows."""

    DUE = 0
    FROZEN = 1
    DAMAGED = 2  # not indexed
    UNREADABLE = 3  # indexed, but not readable since


class IndexQueue(Store):
    """Packets by what is to be done; triggers begin a packet anew with each change of its keys."""

    def due(self) -> list[bytes]:
        """Returns the packets whose readable fields grew since they were indexed.

        Packets that are frozen, or could not be opened, are left out.
        """
        return self._packets("SELECT packet FROM value_due WHERE state = 0")

    def damaged(self) -> list[bytes]:
        """Returns the packets that could not be opened to be indexed."""
        return self._packets("SELECT packet FROM value_due WHERE state >= 2 AND state = 2")

    def unreadable(self) -> list[bytes]:
        """Returns the packets that could not be opened, when they were indexed or since."""
        return self._packets("SELECT packet FROM value_due WHERE state >= 2")

    def _packets(self, of_state: str) -> list[bytes]:
        return [packet for (packet,) in self._db.rows(of_state)]

    def done(self, packet: bytes) -> int | None:
        """Returns the number of a packet's texts that are indexed; None if it is not due."""
        found: int | None = self._db.value(
            "SELECT done FROM value_due WHERE packet = ? AND state < ?", (packet, _State.UNREADABLE)
        )
        return found

    def begin(self, packet: bytes) -> None:
        """Makes a packet due from its first text on."""
        self._put(packet, _State.DUE)

    def proceed(self, packet: bytes, done: int) -> None:
        """Records how many texts of a packet are indexed."""
        self._db.execute("UPDATE value_due SET done = ? WHERE packet = ?", (done, packet))

    def finish(self, packet: bytes) -> None:
        """Records that a packet is indexed."""
        self._db.execute("DELETE FROM value_due WHERE packet = ?", (packet,))

    def freeze(self, packet: bytes) -> None:
        """Leaves a frozen packet out; a trigger makes it due when its originator resumes."""
        self._db.execute("UPDATE value_due SET state = ? WHERE packet = ?", (_State.FROZEN, packet))

    def set_unreadable(self, packet: bytes) -> None:
        """Records that a packet could not be opened; one that is due is then left out."""
        is_due = self.done(packet) is not None
        self._put(packet, _State.DAMAGED if is_due else _State.UNREADABLE)

    def _put(self, packet: bytes, state: _State) -> None:
        self._db.execute(
            "INSERT INTO value_due (packet, state) VALUES (?, ?)"
            " ON CONFLICT (packet) DO UPDATE SET done = 0, state = excluded.state",
            (packet, state),
        )
