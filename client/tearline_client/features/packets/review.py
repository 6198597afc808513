"""A pending release, as shown to the second person."""

import hashlib

from tearline.dataclass.immutable import immutable
from tearline.encoding import prefixed
from tearline.errors import ReleaseChanged
from tearline.packets.packet import OpenedField
from tearline_client.planning.mentions import Mention
from tearline_client.planning.release_plan import Cell, ReleasePlan
from tearline_client.store.approvals import Pending
from tearline_client.store.draft_content import (
    PendingAnswer,
    PendingConsent,
    PendingField,
    PendingPacket,
)


@immutable
class Changed:
    """A field whose view differs from the draft.

    Attributes:
        cell: The current view.
        before: The form in the draft.
    """

    cell: Cell
    before: str


@immutable
class Review:
    """A pending release, decided by the current state.

    Attributes:
        pending: The pending release.
        plans: The packets to seal.
        fields: Fields of sent packets, each with the node URI of the partner that gets it or gets
            another use of it.
        changed: Fields whose view differs from the draft.
        mentions: Texts that repeat values that their readers may not have in clear.
    """

    pending: Pending
    plans: tuple[ReleasePlan, ...] = ()
    fields: tuple[tuple[OpenedField, str], ...] = ()
    changed: tuple[Changed, ...] = ()
    mentions: tuple[Mention, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Returns the drafter's reasons for repeated values, each once."""
        match self.pending.content:
            case PendingField() | PendingConsent() as content:
                given = [content.repeats]
            case PendingAnswer() | tuple():
                given = [plan.draft.repeats for plan in self.plans]
        return tuple(dict.fromkeys(filter(None, given)))

    @property
    def answer(self) -> PendingAnswer | None:
        """Returns the answer to a request that waits, or None for another release."""
        content = self.pending.content
        return content if isinstance(content, PendingAnswer) else None

    @property
    def consent(self) -> PendingConsent | None:
        """Returns the consent that waits, or None for another release."""
        content = self.pending.content
        return content if isinstance(content, PendingConsent) else None

    @property
    def mark(self) -> bytes:
        """Returns 32 bytes that identify exactly this review, to confirm that a person saw it."""
        cells = [
            (cell.recipient, cell.path, cell.seen()) for plan in self.plans for cell in plan.cells()
        ]
        told = b"".join(prefixed(text.encode()) for cell in cells for text in cell)
        return hashlib.sha256(self.pending.digest + told).digest()

    def verify_agreed(self, agreed: bytes) -> None:
        """Verifies that the approver saw this review, or that it equals the draft.

        Args:
            agreed: The ``mark`` of the review that this person saw, or empty.

        Raises:
            ReleaseChanged: If not.
        """
        if self.changed and not agreed:
            raise ReleaseChanged(f"{len(self.changed)} fields")
        if agreed not in (b"", self.mark):
            raise ReleaseChanged("it differs from the review shown")


def changed_of(packet: PendingPacket, plan: ReleasePlan) -> list[Changed]:
    """Returns the differences between a plan and the view in its draft."""
    before = [(cell, packet.seen[cell.recipient, cell.path]) for cell in plan.cells()]
    return [
        Changed(cell=cell, before=seen.partition(" ")[0])
        for cell, seen in before
        if seen != cell.seen()
    ]
