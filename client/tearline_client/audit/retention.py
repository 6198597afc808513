"""Detection of log entries kept longer than their agreements allow, from own openings.

An agency cannot distinguish an exchange's fault from mail that a node has not received: it asks the
operator.
"""

from tearline.agreements.agreement import Agreement
from tearline.audit.retention import is_due
from tearline.dataclass.immutable import immutable
from tearline.limits import MAX_LOG_TIME_SKEW_MS, RETENTION_ENTRY_MS
from tearline_client.context import NodeContext

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


def kept_too_long(context: NodeContext) -> tuple[KeptTooLong, ...]:
    """Returns entries due for erasure more than a week ago; one finding for each agreement.

    Retention ends no sooner than the version that sets it came into force. Only the oldest openings
    are read, page by page: after the first one that is young enough for every agreement, there are
    no older ones. Entries dated ahead of our clock are skipped: they predate a correction of the
    log's time.
    """
    newest = {each.id: each for each in context.stores.agreements.all() if each.log_retention_ms}
    if not newest:
        return ()
    now_ms = context.now_ms() - GRACE_MS - context.stores.log.size * RETENTION_ENTRY_MS
    began_ms = {id_: context.stores.agreements.began_ms(id_) for id_ in newest}
    shortest_ms = min(each.log_retention_ms for each in newest.values())
    exchange = context.trust.members.exchange.uri
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
