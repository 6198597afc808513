"""Counting of refused connections and tokens, so that they cannot fill the log."""

import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tearline.audit.event import Event, EventCode, EventOutcome
from tearline.errors import TokenRefused
from tearline.limits import MAX_REFUSALS_COUNTED, REFUSALS_FLUSH_S
from tearline.statements.statement import HASH_SIZE

_OTHERS = "others"


class RefusalLines:
    """Rate limit of log lines about refused calls: one a minute per kind, with a count.

    A line costs as much time as a refusal, so one line per call would double the cost of a flood.
    """

    def __init__(self) -> None:
        # Kinds are pairs of method and code; there are a few dozen of each.
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def count(self, method: str, code: str, now_ms: int) -> int:
        """Counts a refused call.

        Returns:
            The number of calls to report in a line now; 0 if one was written a moment ago.
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
    """Counts of refusals of unauthenticated peers, per peer and code, until the next flush.

    Args:
        exchange: URI of the exchange.
    """

    def __init__(self, exchange: str) -> None:
        self._exchange = exchange
        self._counted: Counter[tuple[str, str]] = Counter()

    def count(self, peer: str, code: str, times: int = 1) -> None:
        """Counts refusals of a peer; beyond the maximum number of peers, under a common name."""
        full = len(self._counted) >= MAX_REFUSALS_COUNTED
        known = not full or (peer, code) in self._counted
        self._counted[(peer if known else _OTHERS, code)] += times

    def take(self, now_ms: int) -> list[Event]:
        """Returns an event for each peer and code, and resets the counts."""
        counted, self._counted = self._counted, Counter()
        return [self._event(*key, count, now_ms) for key, count in counted.items()]

    def put_back(self, events: Iterable[Event]) -> None:
        """Restores the counts of events that could not be logged."""
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
