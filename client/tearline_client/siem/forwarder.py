"""Forwarding of the node's access log to a SIEM: at least once, in order, and none left out.

The access log itself is the queue, and the database holds the place of the next entry for each
receiver. It moves on after the receiver confirmed a batch. So a receiver that is away, or a node
that was killed, loses none: entries are sent again, each with the same ``metadata.uid``. Memory
holds one batch.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from tearline.errors import StatementMalformed, StoreDamaged
from tearline.verification.log_entries import blind_entry, entry_hash
from tearline.wire.grants import parse_event
from tearline_client.siem import Backlog, Message, Sink
from tearline_client.siem.ocsf import ACCESS, Severity, ocsf_damage, ocsf_event, ocsf_line
from tearline_client.siem.syslog import precise_time
from tearline_client.store.access import AccessStore
from tearline_runtime.peer_calls import call_peer

POLL_S = 2.0  # entries come from other processes of the node, too
BATCH = 256
"""Entries in memory, and in one connection."""
RETRY_S = (5.0, 30.0, 60.0, 300.0)  # delays after failures; the last one stays


async def forward(
    store: AccessStore,
    sink: Sink,
    node: str,
    report: Callable[[str], None],
    now_ms: Callable[[], int],
) -> None:
    """Forwards the entries of the access log; never ends.

    A receiver that is new gets all entries, from the first one on.

    Args:
        store: The access log.
        sink: The receiver.
        node: The node's URI.
        report: Called with each fault, and when the receiver takes messages again.
        now_ms: Returns the time, Unix milliseconds.

    Raises:
        StoreError: If the node's database cannot be used.
    """
    failures = 0
    while True:
        start = store.forwarded(sink.id)
        batch = next_batch(store, start, node, now_ms())
        if not batch:
            await asyncio.sleep(POLL_S)
            continue
        fault = await call_peer(sink.send, batch)
        if fault:
            pause_s = RETRY_S[min(failures, len(RETRY_S) - 1)]
            failures += 1
            report(f"Audit to {sink.host}: {fault}. Retrying in {pause_s:g} s.")
            await asyncio.sleep(pause_s)
            continue
        store.put_forwarded(sink.id, start + len(batch))
        if failures:
            report(f"Audit to {sink.host}: it takes messages again.")
        failures = 0


def backlog_of(store: AccessStore, sinks: Iterable[Sink]) -> Backlog:
    """Returns the backlog of the receiver that is furthest behind; of none, an empty one.

    If the oldest entry is missing or was edited, it counts as old as the log.
    """
    head = store.head()
    size = head.tree.size
    start = min((store.forwarded(each.id) for each in sinks), default=size)
    if start >= size:
        return Backlog()
    sealed, since_ms = store.rows_between(start, start + 1).get(start), head.since_ms
    with suppress(StoreDamaged, StatementMalformed):
        since_ms = parse_event(store.opening(start, sealed).event).time_ms if sealed else since_ms
    return Backlog(entries=size - start, since_ms=since_ms)


def next_batch(store: AccessStore, start: int, node: str, now_ms: int) -> list[Message]:
    """Returns the messages for the entries from a place on, at most ``BATCH``.

    An entry that is missing, or was edited, is a message, too.
    """
    size = store.head().tree.size
    rows = store.rows_between(start, min(start + BATCH, size))
    return [
        _message(store, index, rows.get(index), node, now_ms)
        for index in range(start, min(start + BATCH, size))
    ]


def _message(
    store: AccessStore, index: int, sealed: bytes | None, node: str, now_ms: int
) -> Message:
    try:
        if sealed is None:
            raise StoreDamaged("an entry of the access log is missing")
        opening = store.opening(index, sealed)
        event = parse_event(opening.event)
    except (StoreDamaged, StatementMalformed) as error:
        leaf = store.leaf(index) or b""
        return _as_message(now_ms, ocsf_damage(node, index, leaf, error.code, now_ms))
    leaf = entry_hash(blind_entry(opening.salt, opening.event))
    return _as_message(event.time_ms, ocsf_event(event, index, leaf, ACCESS))


def _as_message(time_ms: int, event: dict[str, object]) -> Message:
    return Message(
        time=precise_time(time_ms),
        code=str(event["activity_name"]),
        is_warning=event["severity_id"] != Severity.INFORMATIONAL,
        text=ocsf_line(event),
    )
