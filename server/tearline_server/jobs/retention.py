"""Erasure of entries past the agreements' log retention, automatically and page by page.

An entry about unacknowledged mail stays until it is acknowledged, at any age. Requests, channels
and recalls are stored apart from entries, so the exchange still decides by them.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence

from tearline.agreements.agreement import Agreement
from tearline.audit.erasure import Erasure, agencies_concerned
from tearline.audit.retention import is_due
from tearline.limits import MAX_ERASED, MAX_RETENTION_PAGE, MAX_RETENTION_PAGES
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
        self._reached: dict[bytes, int] = {}

    async def erase_due(self) -> int:
        """Erases due entries of each agreement, continuing where it stopped the last time.

        Ten million due entries of one agreement take hours.

        Returns:
            The number of erased entries.
        """
        agreements = [found.agreement for found in self._registry().agreements.values()]
        return sum([await self._erase_pages(each) for each in agreements if each.log_retention_ms])

    async def _erase_pages(self, agreement: Agreement) -> int:
        count = 0
        for _ in range(MAX_RETENTION_PAGES):
            count += await self._erase(agreement)
            if self._reached[agreement.id] == _BEFORE_ALL:
                break
        return count

    async def _erase(self, agreement: Agreement) -> int:
        after = self._reached.get(agreement.id, _BEFORE_ALL)
        page = await self._store.retained(agreement.id, after, limit=MAX_RETENTION_PAGE)
        now_ms = self._clock()
        oldest_kept_ms = now_ms - agreement.log_retention_ms
        old = [row for row in page if row.time_ms <= oldest_kept_ms]
        # After the first younger entry all are younger, except those dated ahead before a time
        # correction. Skipped entries, whose mail is unacknowledged, are read again in the next
        # round.
        past = [row for row in page if row.time_ms <= oldest_kept_ms or row.time_ms > now_ms]
        is_all = len(past) == MAX_RETENTION_PAGE
        self._reached[agreement.id] = page[-1].idx if is_all else _BEFORE_ALL
        count, signer = 0, self._keys.signer(self._registry().trust)
        for order in orders_for(old, agreement, signer, now_ms):
            tree = signer.sign([(StatementType.ERASURE, encode_erasure(order))])
            work = EraseDueCommand(signed(tree), order)
            await self._submit(work)
            count += len(order.indices) if work.erased else 0
        return count


def orders_for(
    page: Sequence[RetainedRow], agreement: Agreement, signer: Signer, now_ms: int
) -> Sequence[Erasure]:
    """Returns orders for all due entries of a page, one per set of agencies that entries name.

    Each agency learns only of its own entries.
    """
    exchange = signer.header.signer
    due: Mapping[tuple[str, ...], dict[int, int]] = defaultdict(dict)
    for row in page:
        event = parse_event(row.event)
        if not row.awaited and is_due(event, agreement, exchange, now_ms):
            due[agencies_concerned(event, exchange)][row.idx] = row.time_ms
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
