"""Telling that the log keeps what its agreements let it keep no longer, from own openings.

Whether that is the exchange's doing, or a node has not taken in yet what it is told of an entry,
an agency cannot tell: it asks the operator.
"""

from dataclasses import dataclass

from tearline.agreements.agreement import Agreement
from tearline.audit.retention import is_due
from tearline.limits import MAX_LOG_TIME_SKEW_MS, RETENTION_ENTRY_MS
from tearline_client.context import NodeContext

GRACE_MS = 7 * 24 * 3_600_000
"""How long an order may take to come: the exchange looks every minute, and nodes read daily.

Beside that it has time for each entry of the log: many may be over at once.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTooLong:
    """What this node can still open of an agreement's entries, although their time is over.

    Attributes:
        agreement: The newest version.
        first: Index of the first such entry.
        since_ms: When its time was over, Unix milliseconds.
        entries: How many there are.
    """

    agreement: Agreement
    first: int
    since_ms: int
    entries: int


def kept_too_long(context: NodeContext) -> tuple[KeptTooLong, ...]:
    """What should have been erased a week ago; one finding for each agreement.

    The time of an entry is over no sooner than the version came into force that says so. The
    oldest openings alone are read, a page at a time: behind the first that is young enough for
    every agreement are no older ones. What is dated ahead of our own clock is passed over: it is
    from before the log's time was corrected.
    """
    newest = {each.id: each for each in context.stores.agreements.all() if each.log_retention_ms}
    if not newest:
        return ()
    now_ms = context.now_ms() - GRACE_MS - context.stores.log.size * RETENTION_ENTRY_MS
    began_ms = {id_: context.stores.agreements.began_ms(id_) for id_ in newest}
    shortest_ms = min(each.log_retention_ms for each in newest.values())
    exchange = context.trust.trust_list.exchange.uri
    found: dict[bytes, KeptTooLong] = {}
    for opened in context.stores.log.openings_between(-1, context.stores.log.size):
        event = opened.event
        if event.time_ms > context.now_ms() + MAX_LOG_TIME_SKEW_MS:
            continue
        if event.time_ms + shortest_ms > now_ms:
            break
        agreement = newest.get(event.agreement_id)
        if agreement is None or not is_due(event, agreement, exchange, now_ms):
            continue
        if began_ms[agreement.id] > now_ms:
            continue
        before = found.get(agreement.id)
        found[agreement.id] = KeptTooLong(
            agreement=agreement,
            first=before.first if before else opened.opening.index,
            since_ms=before.since_ms
            if before
            else max(event.time_ms + agreement.log_retention_ms, began_ms[agreement.id]),
            entries=(before.entries if before else 0) + 1,
        )
    return tuple(found.values())
