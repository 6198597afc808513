"""Recalls: partners' that a person must answer, holds, and ours with their answers."""

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.federation.versions import Members
from tearline.limits import MAX_CONSOLE_LISTED
from tearline.packets.recall import RecallState
from tearline.persons.tokens import Role
from tearline_client.console.pages.acts import note_of
from tearline_client.console.visit import Visit
from tearline_client.console.words import KEEP_GROUNDS, REACHES, RECALL_REASONS, RECALLS
from tearline_client.features.recalls.effects import StoredRecall
from tearline_client.rendering.words import agency_name

DECIDERS = frozenset({Role.LIAISON, Role.OFFICER})
"""The roles that may answer a recall: one erases, the other keeps."""


@immutable
class RecallRow:
    """A recall in a list.

    Attributes:
        packet: Id of the packet, in hexadecimal.
        partner: Short name of the other agency.
        parts: Number of recalled fields; 0 for the whole packet.
        reason: Its reason, as a message.
        state: Its state, as a message.
        ground: The ground of a kept packet as a message, or empty.
        due_ms: The deadline of its answer.
        is_open: Whether it has no answer.
        is_late: Whether the deadline has passed by the log's time.
        is_kept: Whether the packet is kept on a ground.
        uses: Earlier uses that the answer or a receipt states, as messages.
    """

    packet: str
    partner: str
    parts: int
    reason: str
    state: str
    ground: str
    due_ms: int
    is_open: bool
    is_late: bool
    is_kept: bool
    uses: tuple[str, ...]


async def page(visit: Visit) -> Response:
    """Shows the recalls; it holds no contents of packets."""
    node, members = visit.node, visit.node.directory.members()
    newest = node.recalls.newest(MAX_CONSOLE_LISTED)
    answered = [each for each in newest if each.incoming and each.state is not RecallState.OPEN]
    return visit.render(
        "recalls.html",
        {
            "done": note_of(visit),
            "waiting": [recall_row(visit, members, each) for each in node.recalls.waiting()],
            "answered": [recall_row(visit, members, each) for each in answered],
            "ours": [recall_row(visit, members, each) for each in newest if not each.incoming],
            "holds": [
                (
                    hold.packet.hex(),
                    agency_name(members, node.packets.get(hold.packet).origin),
                    KEEP_GROUNDS[hold.ground],
                )
                for hold in node.recalls.holds()  # officers set and end each of them
                if not node.recalls.of(hold.packet)
            ],
            "is_cut": len(newest) == MAX_CONSOLE_LISTED,
            "may_decide": bool(visit.roles & DECIDERS),
        },
    )


def recall_row(visit: Visit, members: Members, stored: StoredRecall) -> RecallRow:
    """Returns a recall as a row of a list."""
    answer = stored.answer
    return RecallRow(
        packet=stored.recall.packet.hex(),
        partner=agency_name(members, stored.partner),
        parts=len(stored.order.slots),
        reason=RECALL_REASONS[stored.order.reason],
        state=RECALLS[stored.state],
        ground=KEEP_GROUNDS[answer.ground] if answer and answer.ground else "",
        due_ms=stored.due_ms,
        is_open=stored.state is RecallState.OPEN,
        is_late=visit.node.recalls.is_overdue(stored),
        is_kept=stored.state is RecallState.KEPT,
        uses=tuple(REACHES[each] for each in visit.node.recalls.uses(stored)),
    )
