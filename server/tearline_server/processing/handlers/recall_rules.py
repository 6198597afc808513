"""Recalled slots, as checked by deliveries and later grants."""

from collections.abc import Iterable

from tearline.errors import PacketRecalled
from tearline.packets.grant import Grant
from tearline.packets.recall import recalled_slots
from tearline_server.processing.batch import Batch
from tearline_server.storage.rows import RecallRow


def verify_not_recalled(batch: Batch, grant: Grant, slots: Iterable[int]) -> None:
    """Checks that a grant releases no slot recalled from its recipient or from all recipients.

    Args:
        batch: The batch.
        grant: The grant, which no recall can name yet.
        slots: Every slot that it opens.

    Raises:
        PacketRecalled: If it does.
    """
    gone = gone_slots(rows_of(batch, grant.packet), grant.address.recipient, b"")
    if gone is None or not gone.isdisjoint(slots):
        raise PacketRecalled


def rows_of(batch: Batch, packet: bytes) -> tuple[RecallRow, ...]:
    """Returns every recall of a packet, including those of this batch."""
    return (*batch.known.recalls.get(packet, ()), *batch.recalls.get(packet, ()))


def gone_slots(rows: Iterable[RecallRow], node: str, grant: bytes) -> frozenset[int] | None:
    """Returns the recalled slots of a node's grant; None if all of it was recalled.

    Args:
        rows: The recalls of its packet.
        node: The grant's recipient.
        grant: 32 bytes, the grant's statement id; empty for a future grant.
    """
    return recalled_slots((row for row in rows if row.node in ("", node)), grant)
