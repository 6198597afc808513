"""Health of a running node's rounds, and its progress in reading the mailbox.

A round reads the log, sends queued messages, and stores deliveries.
"""

from collections import Counter

LATELY_MS = 180_000
"""Validity of a round: one runs each minute, and two consecutive rounds may be slow."""


class LoopHealth:
    """Outcomes of a running node's rounds.

    Attributes:
        reached_ms: Time of the last complete round, Unix milliseconds; 0 if the process had
            none yet.
        in_a_row: Number of failed rounds since then.
        failed: Number of failed rounds of this process, by error code.
        kept_too_long: Number of log entries kept after their retention, as counted once a day.
    """

    def __init__(self) -> None:
        self.reached_ms = 0
        self.in_a_row = 0
        self.failed: Counter[str] = Counter()
        self.kept_too_long = 0

    def reached(self, now_ms: int) -> bool:
        """Records a complete round; returns whether it is the first one, or follows a failure."""
        is_news = self.in_a_row > 0 or not self.reached_ms
        self.reached_ms = now_ms
        self.in_a_row = 0
        return is_news

    def missed(self, code: str) -> None:
        """Records a failed round by its error code."""
        self.failed[code] += 1
        self.in_a_row += 1

    def is_well(self, now_ms: int) -> bool:
        """Returns whether a recent round was complete, and none failed since."""
        # A time far ahead is by a wrong clock.
        return not self.in_a_row and abs(now_ms - self.reached_ms) <= LATELY_MS


class Unread:
    """Progress of a running node in reading its mailbox.

    Attributes:
        since_ms: Time since when the mailbox has unread items, Unix milliseconds; None if it
            is read completely, or reading has not begun.
        items: Number of items behind the last stored one, as the exchange said when that was
            acknowledged; None if it is unknown.
    """

    def __init__(self) -> None:
        self.since_ms: int | None = None
        self.items: int | None = None

    def is_behind(self, now_ms: int) -> None:
        """Records that the mailbox has, or may have, unread items."""
        self.since_ms = self.since_ms or now_ms

    def is_read(self) -> None:
        """Records that the mailbox was read to its end."""
        self.since_ms = None

    def is_unknown(self, now_ms: int) -> None:
        """Records that the exchange did not answer."""
        self.is_behind(now_ms)
        self.items = None
