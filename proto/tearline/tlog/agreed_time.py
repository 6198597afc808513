"""``AgreedTime``: the time for irreversible acts.

Erasure, destruction, final closure and accusation rest on two clocks: the log's, which the exchange
sets, and the local one. Either may be wrong by years. If the log's clock is ahead of the local one,
one of them is wrong, and there is no agreed time: the act cannot be done. If the log's clock is
behind, the earlier one counts, and the act waits for the log.
"""

from dataclasses import replace
from typing import Self

from tearline.dataclass.immutable import immutable
from tearline.errors import ClockSkewed, TrustStale
from tearline.limits import MAX_LOG_TIME_SKEW_MS


@immutable
class AgreedTime:
    """Time of the log that is not in the future of the local clock.

    Attributes:
        log_ms: The log's time, Unix milliseconds; at the node of a former member, the time that
            it counted since.
        own_ms: The local clock at that moment, Unix milliseconds.

    Raises:
        TrustStale: If the log has no time yet.
        ClockSkewed: If the log's time is ahead of the local clock by more than the tolerance
            for two correct clocks.
    """

    log_ms: int
    own_ms: int

    def __post_init__(self) -> None:
        if not self.log_ms:
            raise TrustStale
        if self.log_ms > self.own_ms + MAX_LOG_TIME_SKEW_MS:
            raise ClockSkewed(f"{(self.log_ms - self.own_ms) // 1000} seconds behind")

    @property
    def time_ms(self) -> int:
        """Returns the time for an irreversible act, Unix milliseconds."""
        return self.log_ms

    def no_later_than(self, log_ms: int) -> Self:
        """Returns this time, or that of an entry of the log if it is earlier."""
        return replace(self, log_ms=min(self.log_ms, log_ms))

    def has_reached(self, end_ms: int) -> bool:
        """Returns whether the time ``end_ms`` has passed."""
        return self.time_ms >= end_ms
