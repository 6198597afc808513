"""What was recalled, as hand-outs and later grants are judged by it."""

from collections.abc import Iterable

from tearline.errors import PacketRecalled
from tearline.grant import Grant
from tearline.recall import recalled_slots
from tearline_server.judging.docket import Docket
from tearline_server.storage.rows import RecallRow


def verify_not_recalled(docket: Docket, grant: Grant, slots: Iterable[int]) -> None:
    """Checks that a grant releases nothing that was recalled from its recipient, or from all.

    Args:
        docket: The batch.
        grant: The grant, which no recall can name yet.
        slots: Every slot that it opens.

    Raises:
        PacketRecalled: If it does.
    """
    gone = gone_slots(rows_of(docket, grant.packet), grant.address.recipient, b"")
    if gone is None or not gone.isdisjoint(slots):
        raise PacketRecalled


def rows_of(docket: Docket, packet: bytes) -> tuple[RecallRow, ...]:
    """Every recall of a packet, this batch's included."""
    return (*docket.known.recalls.get(packet, ()), *docket.recalls.get(packet, ()))


def gone_slots(rows: Iterable[RecallRow], node: str, grant: bytes) -> frozenset[int] | None:
    """The slots of a node's grant that were recalled; None for all of it.

    Args:
        rows: The recalls of its packet.
        node: The grant's recipient.
        grant: 32 bytes, the grant's statement id; none for one that is yet to come.
    """
    return recalled_slots((row for row in rows if row.node in ("", node)), grant)
