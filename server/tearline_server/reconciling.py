"""What an exchange that lost something takes back of a node, and tells it of its channels."""

from collections.abc import Mapping, Sequence

from tearline.errors import EntryMismatch
from tearline.ledger import BLIND_SIZE, blind_entry
from tearline.receipt import LogOpening
from tearline.wire.flow import parse_event
from tearline.wire.reconciling import Standing
from tearline_server.auditlog import event_row
from tearline_server.storage.store import Store


async def take_back(store: Store, openings: Sequence[LogOpening]) -> None:
    """Keeps what restored entries hide, as a node was told of it.

    Raises:
        EntryMismatch: If an opening is not that of its entry.
    """
    rows = []
    for opening in openings:
        (entry,) = await store.entries(opening.index, opening.index + 1, max_bytes=BLIND_SIZE) or (
            b"",
        )
        if entry != blind_entry(opening.salt, opening.event):
            raise EntryMismatch(f"entry {opening.index} is not what was returned")
        event = parse_event(opening.event)
        rows.append(event_row(opening.index, opening.salt, opening.event, event))
    await store.put_events(rows)


def places_of(
    node: str, channels: Mapping[tuple[str, str, bytes], tuple[int, int]]
) -> tuple[Standing, ...]:
    """Where the channels stand that a node sends on."""
    # All at once: another thread may be judging a batch, which opens some.
    return tuple(
        Standing(recipient=recipient, agreement_id=agreement, seq=seq, mark=mark)
        for (sender, recipient, agreement), (seq, mark) in tuple(channels.items())
        if sender == node
    )
