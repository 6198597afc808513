"""Reconciliation with a node after a loss: returned openings, and positions of channels."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from tearline.errors import EntryMismatch
from tearline.limits import MAX_UNOPENED
from tearline.statements.receipt import LogOpening
from tearline.verification.log_entries import BLIND_SIZE, blind_entry
from tearline.wire.grants import parse_event
from tearline.wire.reconcile import ChannelPosition, ReconcileRequest
from tearline_server.ingest.commands import ReconcileCommand
from tearline_server.storage.interface import Store
from tearline_server.storage.rows import ChannelRow
from tearline_server.tlog.log import event_row


class Reconciliation:
    """Data that nodes return to a restored exchange.

    Args:
        store: The store.
        submit: Writes a command.
    """

    def __init__(self, store: Store, submit: Callable[[ReconcileCommand], Awaitable[None]]) -> None:
        self._store = store
        self._submit = submit
        self._reading = asyncio.Lock()  # each reads all restored entries

    async def take(self, node: str, request: ReconcileRequest) -> tuple[int, ...]:
        """Stores the openings that a node returns; returns the restored entries without one.

        An exchange that was not restored takes no data.

        Raises:
            EntryMismatch: If an opening does not match its entry.
        """
        if not await self._store.restorations():
            return ()
        await take_back(self._store, request.openings)
        if request.confirmed:
            await self._submit(ReconcileCommand(node, request.confirmed))
        async with self._reading:
            return tuple(await self._store.unopened(request.after, limit=MAX_UNOPENED))


async def take_back(store: Store, openings: Sequence[LogOpening]) -> None:
    """Stores the contents of restored entries that a node returns.

    Raises:
        EntryMismatch: If an opening does not match its entry.
    """
    rows = []
    for opening in openings:
        (entry,) = await store.entries(opening.index, opening.index + 1, max_bytes=BLIND_SIZE) or (
            b"",
        )
        if entry != blind_entry(opening.salt, opening.event):
            raise EntryMismatch(f"the returned opening does not match entry {opening.index}")
        event = parse_event(opening.event)
        rows.append(event_row(opening.index, opening.salt, opening.event, event))
    await store.put_events(rows)


def places_of(
    node: str, channels: Mapping[tuple[str, str, bytes], ChannelRow]
) -> tuple[ChannelPosition, ...]:
    """Returns the positions of the channels that a node sends on."""
    # Copied first: another thread may add channels while judging a batch.
    return tuple(
        ChannelPosition(
            recipient=row.recipient, agreement_id=row.agreement, seq=row.seq, mark=row.mark
        )
        for row in tuple(channels.values())
        if row.sender == node
    )
