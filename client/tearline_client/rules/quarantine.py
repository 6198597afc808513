"""Defects of arrivals, quarantined as evidence."""

from tearline.errors import QuarantineFull, TearlineError
from tearline_client.context import NodeContext
from tearline_client.store.inbox import Evidence

_DAY_MS = 24 * 3_600_000


def quarantine(context: NodeContext, error: TearlineError, evidence: Evidence) -> None:
    """Quarantines a defect as evidence, and notifies hooks.

    For a sender over its quota, hooks are notified once a day, so that other notices stay visible.
    """
    now_ms, stores = context.now_ms(), context.stores
    if stores.inbox.quarantine(error, evidence, now_ms=now_ms):
        once = error.code.encode() + evidence.about
        stores.notifications.tell("quarantined", time_ms=now_ms, once=once, code=error.code)
        return
    once = f"{QuarantineFull.code} {evidence.agency} {now_ms // _DAY_MS}".encode()
    stores.notifications.tell("alarm", time_ms=now_ms, once=once, code=QuarantineFull.code)
