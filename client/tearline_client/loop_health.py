"""How the rounds of a node at work go, and its reading of its mailbox.

A round reads the log, and sends and stores what waits.
"""

from collections import Counter

LATELY_MS = 180_000
"""How long a round counts: there is one each minute, and two in a row may be slow."""


class LoopHealth:
    """What a node at work knows of its own rounds.

    Attributes:
        reached_ms: When the exchange was reached last and all was stored, Unix milliseconds;
            0 for never in this life.
        in_a_row: How many rounds failed since then.
        failed: How many failed in this life, by the code of their error.
    """

    def __init__(self) -> None:
        self.reached_ms = 0
        self.in_a_row = 0
        self.failed: Counter[str] = Counter()

    def reached(self, now_ms: int) -> bool:
        """A round was done; whether it is the first in this life, or since one that failed."""
        is_news = self.in_a_row > 0 or not self.reached_ms
        self.reached_ms = now_ms
        self.in_a_row = 0
        return is_news

    def missed(self, code: str) -> None:
        """A round failed, with the code of its error."""
        self.failed[code] += 1
        self.in_a_row += 1

    def is_well(self, now_ms: int) -> bool:
        """Whether a round was done lately, and none failed since."""
        return not self.in_a_row and now_ms - self.reached_ms <= LATELY_MS


class Unread:
    """What a node at work knows of how far it has read its mailbox.

    Attributes:
        since_ms: Since when it was not read to its end, Unix milliseconds; None where it is, or
            nobody has begun to.
    """

    def __init__(self) -> None:
        self.since_ms: int | None = None

    def is_behind(self, now_ms: int) -> None:
        """Something waits there, or may."""
        self.since_ms = self.since_ms or now_ms

    def is_read(self) -> None:
        """It was read to its end."""
        self.since_ms = None
