"""Erasure of entries past the agreements' log retention, automatically and page by page.

A round reads little more than what is due: it goes on behind the last entry that it judged, and
reads nothing of an agreement before the next entry is due. An entry about unacknowledged mail stays
until it is acknowledged, at any age. Requests, channels and recalls are stored apart from entries,
so the exchange still decides by them.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from tearline.agreements.agreement import Agreement
from tearline.audit.erasure import RETAINED, Erasure, agencies_concerned
from tearline.audit.event import Event
from tearline.audit.retention import is_due
from tearline.limits import (
    MAX_ERASED,
    MAX_RETENTION_PAGE,
    MAX_RETENTION_PAGES,
    RETENTION_AGAIN_MS,
    RETENTION_LOOK_MS,
)
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.erasures import encode_erasure
from tearline.wire.grants import parse_event
from tearline.wire.statements import signed
from tearline_server.ingest.commands import EraseDueCommand
from tearline_server.keys import HeldKeys
from tearline_server.processing.registry import Registry
from tearline_server.storage.interface import Store
from tearline_server.storage.reads import RetainedRow
from tearline_server.tlog.log import Clock

_BEFORE_ALL = -1
_FIRST_PAGE = 16
_GROWTH = 4  # of pages, as long as each is due as a whole


@dataclass
class Progress:
    """Progress through the entries of one version of an agreement.

    Attributes:
        version: The version.
        after: Index of the last entry that was judged.
        deferred: Indices of passed entries that are judged again: their mail is unacknowledged, or
            they were dated ahead of the clock and are not due yet.
        is_partial: Whether more were deferred than are remembered; the next pass then begins anew.
        idle_ms: Time before which the next entry is not due.
        whole_ms: Time of the last look at a whole page.
    """

    version: int
    after: int = _BEFORE_ALL
    deferred: set[int] = field(default_factory=set)
    is_partial: bool = False
    idle_ms: int = 0
    whole_ms: int = 0

    def is_idle(self, now_ms: int) -> bool:
        """Returns whether no further entry is due; a clock that was set back proves nothing."""
        return self.whole_ms <= now_ms < self.idle_ms

    def first_limit(self, now_ms: int) -> int:
        """Returns the size of a round's first page.

        It is a whole one once a day: old entries may follow younger ones that were dated ahead.
        """
        if self.whole_ms <= now_ms < self.whole_ms + RETENTION_LOOK_MS:
            return min(_FIRST_PAGE, MAX_RETENTION_PAGE)
        self.whole_ms = now_ms
        return MAX_RETENTION_PAGE

    def defer(self, indices: AbstractSet[int]) -> None:
        """Remembers entries to judge again, the oldest of them if there are too many."""
        self.is_partial = self.is_partial or len(self.deferred | indices) > MAX_RETENTION_PAGE
        self.deferred = {*sorted(self.deferred | indices)[:MAX_RETENTION_PAGE]}

    def end_pass(self, now_ms: int, due_ms: int) -> None:
        """Ends a pass at an entry that is due at ``due_ms``."""
        if self.is_partial:
            self.after, self.deferred, self.is_partial = _BEFORE_ALL, set(), False
            self.idle_ms = now_ms + RETENTION_AGAIN_MS
        else:
            self.idle_ms = min(due_ms, self.whole_ms + RETENTION_LOOK_MS)


class RetentionKeeper:
    """Issuer of the exchange's erasure orders.

    Args:
        store: The store of the log.
        keys: The exchange's keys.
        registry: Returns the current registry.
        submit: Logs an order and erases its entries, in one transaction.
        clock: The time.
    """

    def __init__(
        self,
        store: Store,
        keys: HeldKeys,
        registry: Callable[[], Registry],
        submit: Callable[[EraseDueCommand], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._store = store
        self._keys = keys
        self._registry = registry
        self._submit = submit
        self._clock = clock
        self._progress: dict[bytes, Progress] = {}

    async def erase_due(self) -> int:
        """Erases due entries of each agreement, continuing where it stopped the last time.

        Ten million due entries of one agreement take hours.

        Returns:
            The number of erased entries.
        """
        now_ms = self._clock()
        agreements = [found.agreement for found in self._registry().agreements.values()]
        return sum(
            [
                await self._erase_pages(each, self._progress_of(each))
                for each in agreements
                if each.log_retention_ms and each.valid_from_ms <= now_ms
            ]
        )

    def _progress_of(self, agreement: Agreement) -> Progress:
        found = self._progress.get(agreement.id)
        if found is None or found.version != agreement.version:
            found = self._progress[agreement.id] = Progress(agreement.version)
        return found

    async def _erase_pages(self, agreement: Agreement, progress: Progress) -> int:
        count = 0
        if progress.deferred:
            again = await self._store.retained_at(sorted(progress.deferred))
            count, progress.deferred = await self._erase(agreement, again)
        now_ms = self._clock()
        if progress.is_idle(now_ms):
            return count
        limit = progress.first_limit(now_ms)
        for _ in range(MAX_RETENTION_PAGES):
            page = await self._store.retained(agreement.id, progress.after, limit=limit)
            now_ms = self._clock()  # entries are accepted while orders are written
            oldest_kept_ms = now_ms - agreement.log_retention_ms
            # After the first younger entry all are younger, except those dated ahead before a time
            # correction and their successors.
            young = [row for row in page if oldest_kept_ms < row.time_ms <= now_ms]
            past = [row for row in page if not oldest_kept_ms < row.time_ms <= now_ms]
            erased, left = await self._erase(agreement, past)
            count += erased
            progress.defer(left)
            judged = [row.idx for row in past if not young or row.idx < young[0].idx]
            progress.after = max(judged, default=progress.after)
            if young or len(page) < limit:
                next_ms = young[0].time_ms if young else now_ms
                progress.end_pass(now_ms, next_ms + agreement.log_retention_ms)
                break
            limit = min(_GROWTH * limit, MAX_RETENTION_PAGE)
        return count

    async def _erase(
        self, agreement: Agreement, rows: Sequence[RetainedRow]
    ) -> tuple[int, set[int]]:
        """Erases those of some entries that are due.

        Returns:
            The number of erased entries, and the indices of those that may become due by
            themselves.
        """
        now_ms = self._clock()
        signer = self._keys.signer(self._registry().trust)
        found = {row.idx: parse_event(row.event) for row in rows}
        oldest_kept_ms = now_ms - agreement.log_retention_ms
        left = {row.idx for row in rows if row.awaited or row.time_ms > oldest_kept_ms}
        due = {index: event for index, event in found.items() if index not in left}
        count = 0
        for order in orders_for(due, agreement, signer, now_ms):
            tree = signer.sign([(StatementType.ERASURE, encode_erasure(order))])
            work = EraseDueCommand(signed(tree), order)
            await self._submit(work)
            if work.erased:
                count += len(order.indices)
            else:
                left.update(order.indices)
        return count, {index for index in left if found[index].code in RETAINED}


def orders_for(
    events: Mapping[int, Event], agreement: Agreement, signer: Signer, now_ms: int
) -> Sequence[Erasure]:
    """Returns orders for the due ones of some entries, one per set of agencies that they name.

    Each agency learns only of its own entries.
    """
    exchange = signer.header.signer
    due: Mapping[tuple[str, ...], dict[int, int]] = defaultdict(dict)
    for index, event in events.items():
        if is_due(event, agreement, exchange, now_ms):
            due[agencies_concerned(event, exchange)][index] = event.time_ms
    return [
        Erasure(
            header=signer.header,
            agreement_id=agreement.id,
            indices=tuple(indices[start : start + MAX_ERASED]),
            parties=parties,
            reason="",
            agreement_version=agreement.version,
            latest_ms=times[indices[start : start + MAX_ERASED][-1]],
        )
        for parties, times in due.items()
        for indices in [sorted(times)]
        for start in range(0, len(indices), MAX_ERASED)
    ]
