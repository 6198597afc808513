"""What waits for a second person, as this person looks at it."""

import hashlib
from dataclasses import dataclass

from tearline.encoding import prefixed
from tearline.errors import ReleaseChanged
from tearline.packets.packet import OpenedField
from tearline_client.planning.mentions import Mention
from tearline_client.planning.release_plan import Cell, ReleasePlan
from tearline_client.store.approvals import (
    Pending,
    PendingAnswer,
    PendingConsent,
    PendingField,
    PendingPacket,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a partner would see otherwise than was drafted.

    Attributes:
        cell: As it would be now.
        before: The form when it was drafted.
    """

    cell: Cell
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A release that waits, decided as it would be now.

    Attributes:
        pending: What waits.
        plans: What would be sealed.
        fields: Fields of packets that were sent, each with the node URI of the partner who
            would get it, or may do more with it.
        changed: What would be seen otherwise than was drafted.
        mentions: Texts that repeat what their readers may not have in clear.
    """

    pending: Pending
    plans: tuple[ReleasePlan, ...] = ()
    fields: tuple[tuple[OpenedField, str], ...] = ()
    changed: tuple[Changed, ...] = ()
    mentions: tuple[Mention, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why texts may repeat what is kept back, as who drafted it says; each once."""
        match self.pending.content:
            case PendingField() | PendingConsent() as content:
                given = [content.repeats]
            case PendingAnswer() | tuple():
                given = [plan.draft.repeats for plan in self.plans]
        return tuple(dict.fromkeys(filter(None, given)))

    @property
    def mark(self) -> bytes:
        """32 bytes that stand for exactly this: who has seen it says so by them."""
        cells = [
            (cell.recipient, cell.path, cell.seen()) for plan in self.plans for cell in plan.cells()
        ]
        told = b"".join(prefixed(text.encode()) for cell in cells for text in cell)
        return hashlib.sha256(self.pending.digest + told).digest()

    def verify_agreed(self, agreed: bytes) -> None:
        """Checks that whoever approves has seen this, or that it is what was drafted.

        Args:
            agreed: The ``mark`` of the review that this person has seen, or empty.

        Raises:
            ReleaseChanged: If not.
        """
        if self.changed and not agreed:
            raise ReleaseChanged(f"{len(self.changed)} fields")
        if agreed not in (b"", self.mark):
            raise ReleaseChanged("it is not what was looked at")


def changed_of(packet: PendingPacket, plan: ReleasePlan) -> list[Changed]:
    """Returns what a plan shows otherwise than the packet that waits did when it was drafted."""
    before = [(cell, packet.seen[cell.recipient, cell.path]) for cell in plan.cells()]
    return [
        Changed(cell=cell, before=seen.partition(" ")[0])
        for cell, seen in before
        if seen != cell.seen()
    ]
