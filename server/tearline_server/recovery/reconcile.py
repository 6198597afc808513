"""Reconciliation with a node after a loss: returned openings, and positions of channels."""

from collections.abc import Mapping, Sequence

from tearline.errors import EntryMismatch
from tearline.statements.receipt import LogOpening
from tearline.verification.log_entries import BLIND_SIZE, blind_entry
from tearline.wire.grants import parse_event
from tearline.wire.reconcile import ChannelPosition
from tearline_server.storage.interface import Store
from tearline_server.tlog.log import event_row


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
    node: str, channels: Mapping[tuple[str, str, bytes], tuple[int, int]]
) -> tuple[ChannelPosition, ...]:
    """Returns the positions of the channels that a node sends on."""
    # Copied first: another thread may add channels while judging a batch.
    return tuple(
        ChannelPosition(recipient=recipient, agreement_id=agreement, seq=seq, mark=mark)
        for (sender, recipient, agreement), (seq, mark) in tuple(channels.items())
        if sender == node
    )
