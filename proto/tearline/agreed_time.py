"""``AgreedTime``: the time that nothing takes back is done by.

What is erased, destroyed, closed for good or accused rests on two clocks: the log's, which the
exchange sets, and one's own. Either may be wrong by years. Where the log's is ahead of one's own,
one of them is wrong, and there is no agreed time: so whatever takes one cannot be done. Where the
log's is behind, it is the earlier of the two that counts, and the act waits for the log.
"""

from dataclasses import dataclass, replace
from typing import Self

from tearline.errors import ClockSkewed, TrustStale
from tearline.limits import MAX_LOG_TIME_SKEW_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedTime:
    """A time of the log that is not in the future of one's own clock.

    Attributes:
        log_ms: The log's time, Unix milliseconds.
        own_ms: One's own clock at that moment.

    Raises:
        TrustStale: If the log has no time yet.
        ClockSkewed: If the log's time is ahead of one's own clock by more than two clocks differ
            that are both in order.
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
        """The time by which an act that nothing takes back is judged, Unix milliseconds."""
        return self.log_ms

    def no_later_than(self, log_ms: int) -> Self:
        """This time, or that of an entry of the log where that is earlier."""
        return replace(self, log_ms=min(self.log_ms, log_ms))

    def has_reached(self, end_ms: int) -> bool:
        """Whether something that ends at ``end_ms`` has ended."""
        return self.time_ms >= end_ms
