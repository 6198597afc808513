"""Detection of log entries kept longer than their agreements allow, from own openings.

An agency cannot distinguish an exchange's fault from mail that a node has not received: it asks the
operator.
"""

from collections.abc import Iterator

from tearline.agreements.agreement import Agreement
from tearline.audit.retention import is_due
from tearline.dataclass.immutable import immutable
from tearline.limits import MAX_LOG_TIME_SKEW_MS, RETENTION_ENTRY_MS
from tearline_client.context import NodeContext
from tearline_client.store.log import OpenedEvent
from tearline_runtime.turns import in_turns

GRACE_MS = 7 * 24 * 3_600_000
"""Time allowed for an order to arrive: the exchange checks every minute, and nodes read daily.

Further time is added for each entry of the log, since many may be due at once.
"""


@immutable
class KeptTooLong:
    """Entries of an agreement that this node can still open after their retention.

    Attributes:
        agreement: The newest version.
        first: Index of the first such entry.
        since_ms: End of its retention, Unix milliseconds.
        entries: Number of such entries.
    """

    agreement: Agreement
    first: int
    since_ms: int
    entries: int


class _Search:
    """Search for entries due for erasure more than a week ago, one opening after the other.

    Retention ends no sooner than the version that sets it came into force.
    """

    def __init__(self, context: NodeContext) -> None:
        agreements = context.stores.agreements
        self._newest = {each.id: each for each in agreements.all() if each.log_retention_ms}
        self._began_ms = {id_: agreements.began_ms(id_) for id_ in self._newest}
        self._exchange = context.known.members.exchange.uri
        self._log = context.stores.log
        self._latest_ms = context.now_ms() + MAX_LOG_TIME_SKEW_MS
        self._now_ms = context.now_ms() - GRACE_MS - self._log.size * RETENTION_ENTRY_MS
        self.found: dict[bytes, KeptTooLong] = {}

    def openings(self) -> Iterator[OpenedEvent]:
        """Yields the oldest openings, those that may be due.

        They are read page by page: after the first one that is young enough for every agreement,
        there are no older ones. Entries dated ahead of our clock are skipped: they predate a
        correction of the log's time.
        """
        if not self._newest:
            return
        shortest_ms = min(each.log_retention_ms for each in self._newest.values())
        for opened in self._log.openings_between(-1, self._log.size):
            if opened.event.time_ms > self._latest_ms:
                continue
            if opened.event.time_ms + shortest_ms > self._now_ms:
                break
            yield opened

    def judge(self, opened: OpenedEvent) -> None:
        """Adds an opening to ``found``, if it is due."""
        event = opened.event
        agreement = self._newest.get(event.agreement_id)
        if agreement is None or not is_due(event, agreement, self._exchange, self._now_ms):
            return
        began_ms = self._began_ms[agreement.id]
        if began_ms > self._now_ms:
            return
        before = self.found.get(agreement.id)
        self.found[agreement.id] = KeptTooLong(
            agreement=agreement,
            first=before.first if before else opened.opening.index,
            since_ms=before.since_ms
            if before
            else max(event.time_ms + agreement.log_retention_ms, began_ms),
            entries=(before.entries if before else 0) + 1,
        )


def kept_too_long(context: NodeContext) -> tuple[KeptTooLong, ...]:
    """Returns entries due for erasure more than a week ago; one finding for each agreement."""
    search = _Search(context)
    for opened in search.openings():
        search.judge(opened)
    return tuple(search.found.values())


async def count_kept_too_long(context: NodeContext) -> int:
    """Returns the number of such entries, while other tasks run."""
    search = _Search(context)
    async for opened in in_turns(search.openings()):
        search.judge(opened)
    return sum(each.entries for each in search.found.values())
