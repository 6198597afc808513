"""Refusals of those who are not believed: counted, so that none of them can fill the log."""

import secrets
from collections import Counter
from collections.abc import Iterable

from tearline.errors import TokenRefused
from tearline.event import Event, EventCode, EventOutcome
from tearline.limits import MAX_REFUSALS_COUNTED
from tearline.statement import HASH_SIZE

_OTHERS = "others"


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
