"""Grants of ours that a suspension keeps from their recipients."""

from tearline_client.store.database import Store


class StoppedGrantStore(Store):
    """Stopped grants; the caller's transaction makes writes durable together.

    Args:
        database: The node's database.
    """

    def put(self, grant: bytes, place: tuple[str, bytes, int], *, hold: bool, owed: bool) -> None:
        """Records that a grant does not reach its recipient.

        Args:
            grant: 32 bytes, its statement id.
            place: Recipient, agreement and number of its place in a channel.
            hold: Whether it is to be reissued on resumption.
            owed: Whether a void must take its place.
        """
        self._db.execute(
            "INSERT INTO stopped VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (grant, *place, int(hold), int(owed)),
        )

    def owed(self) -> tuple[bytes, ...]:
        """Returns the grants whose place needs a void."""
        return tuple(i for (i,) in self._db.rows("SELECT statement_id FROM stopped WHERE owed"))

    def pay(self, grant: bytes) -> None:
        """Records that a void was queued for a grant's place."""
        self._db.execute("UPDATE stopped SET owed = 0 WHERE statement_id = ?", (grant,))

    def held(self) -> tuple[bytes, ...]:
        """Returns the grants to be reissued on resumption."""
        return tuple(i for (i,) in self._db.rows("SELECT statement_id FROM stopped WHERE hold"))

    def release(self, grant: bytes) -> bool:
        """Takes a grant off those to be reissued; returns whether it was one of them.

        The caller reissues it in the same transaction, or has decided that it is never reissued.
        """
        rows = self._db.rows(
            "UPDATE stopped SET hold = 0 WHERE statement_id = ? AND hold RETURNING 1", (grant,)
        )
        return bool(rows)

    def at(self, place: tuple[str, bytes, int]) -> bytes | None:
        """Returns the grant stopped at a place, or None."""
        found = self._db.value(
            "SELECT statement_id FROM stopped WHERE recipient = ? AND agreement = ? AND seq = ?",
            place,
        )
        return None if found is None else bytes(found)

    def forget(self, grant: bytes) -> None:
        """Deletes the stop of a grant that was delivered."""
        self._db.execute("DELETE FROM stopped WHERE statement_id = ?", (grant,))
