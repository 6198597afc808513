"""The exchange's word that this agency's membership ended."""

from tearline.encoding import u64
from tearline_client.store.database import Store

_TOLD = "membership.told"


class MembershipStore(Store):
    """Refusals by which the exchange said so: after them, it shows this node no log."""

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
