"""Members' names for completion, and the end of this agency's own membership.

The end is the exchange's word, and the time counted since.
"""

from tearline.encoding import u64
from tearline.federation.versions import Members
from tearline_client.store.database import Store

_TOLD = "membership.told"
_COUNTED = "membership.counted"


class MembershipStore(Store):
    """Names of members, and refusals of a former member, to which the exchange shows no log."""

    _named: Members | None = None

    def put_names(self, members: Members) -> None:
        """Stores the members' names, in clear; cheap while the members are the same."""
        if members is self._named:
            return
        names = {agency.name for agency in members.agencies}
        here = {name for (name,) in self._db.rows("SELECT name FROM member_name")}
        if names != here:
            with self._db.transaction():
                self._db.execute("DELETE FROM member_name")
                self._db.insert_many("INSERT INTO member_name VALUES (?)", ((n,) for n in names))
        self._named = members

    def told_ms(self) -> int:
        """Returns the time of the first such refusal, Unix milliseconds, or 0."""
        return int.from_bytes(self._db.setting(_TOLD) or b"")

    def note_told(self, now_ms: int) -> None:
        """Records such a refusal."""
        if not self.told_ms():
            self._db.put_setting(_TOLD, u64(now_ms))

    def forget_told(self) -> None:
        """Records that the exchange serves this node."""
        if self.told_ms():
            self._db.put_setting(_TOLD, b"")

    def counted(self) -> tuple[int, int] | None:
        """Returns the time counted since, and the own clock then; None at a member's node."""
        found = self._db.setting(_COUNTED)
        return (int.from_bytes(found[:8]), int.from_bytes(found[8:])) if found else None

    def put_counted(self, counted_ms: int, seen_ms: int) -> None:
        """Records the counted time, and the own clock, both Unix milliseconds."""
        self._db.put_setting(_COUNTED, u64(counted_ms) + u64(seen_ms))

    def forget_counted(self) -> None:
        """Records that the log's time counts again."""
        if self.counted() is not None:
            self._db.put_setting(_COUNTED, b"")
