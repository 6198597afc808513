"""Refusals of those who are not believed: counted, so that none of them can fill the log."""

import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tearline.errors import TokenRefused
from tearline.event import Event, EventCode, EventOutcome
from tearline.limits import MAX_REFUSALS_COUNTED, REFUSALS_FLUSH_S
from tearline.statement import HASH_SIZE

_OTHERS = "others"


class RefusalLines:
    """Lines of the log about refused calls: of each kind one a minute, which counts the rest.

    To write a line takes as long as to refuse a call, so a flood of calls would be twice as dear.
    """

    def __init__(self) -> None:
        # Kinds are methods and codes, of which the exchange has a few dozen.
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def count(self, method: str, code: str, now_ms: int) -> int:
        """Counts a refused call.

        Returns:
            How many calls a line should tell of now; 0 where one was written a moment ago.
        """
        kind = self._kinds.setdefault((method, code), _Kind())
        kind.untold += 1
        if kind.told_ms <= now_ms < kind.told_ms + 1000 * REFUSALS_FLUSH_S:
            return 0
        untold, kind.untold, kind.told_ms = kind.untold, 0, now_ms
        return untold


@dataclass(slots=True)
class _Kind:
    told_ms: int = -1000 * REFUSALS_FLUSH_S
    untold: int = 0


class Refusals:
    """How often whom was refused what, since that was last logged.

    Args:
        exchange: URI of the exchange.
    """

    def __init__(self, exchange: str) -> None:
        self._exchange = exchange
        self._counted: Counter[tuple[str, str]] = Counter()

    def count(self, peer: str, code: str, times: int = 1) -> None:
        """Counts refusals of somebody unknown; where there are too many, they are one."""
        full = len(self._counted) >= MAX_REFUSALS_COUNTED
        known = not full or (peer, code) in self._counted
        self._counted[(peer if known else _OTHERS, code)] += times

    def take(self, now_ms: int) -> list[Event]:
        """An event for each peer and code, and counts from nothing again."""
        counted, self._counted = self._counted, Counter()
        return [self._event(*key, count, now_ms) for key, count in counted.items()]

    def put_back(self, events: Iterable[Event]) -> None:
        """Counts again what was taken and could not be logged."""
        for event in events:
            self.count(event.actor, event.reason, event.count)

    def _event(self, peer: str, reason: str, count: int, now_ms: int) -> Event:
        token = reason == TokenRefused.code
        return Event(
            statement_id=secrets.token_bytes(HASH_SIZE),
            code=EventCode.TOKEN_REFUSED if token else EventCode.REFUSED,
            party=self._exchange,
            time_ms=now_ms,
            actor=peer,
            outcome=EventOutcome.REFUSED,
            reason=reason,
            count=count,
        )
