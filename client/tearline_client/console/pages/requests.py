"""The board of requests for records: their state and their clocks."""

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.federation.members import TrustList
from tearline.persons.four_eyes import DRAFTERS
from tearline.requests.step import Side
from tearline_client.console.visit import Visit
from tearline_client.console.words import PHASES, URGENCIES
from tearline_client.features.requests.views import RequestView
from tearline_client.rendering.words import agency_name

_SIDES = ("", *Side)
_MINUTE_MS = 60_000


@immutable
class RequestRow:
    """A request on the board. It holds no contents.

    Attributes:
        id: Its id, in hexadecimal.
        is_ours: Whether this agency asks.
        partner: Short name of the other party.
        phase: Its phase, as a message.
        urgency: Its urgency, as a message.
        due_ms: Deadline of the answer; None while the clock stands still, or no answer is owed.
        is_overdue: Whether an answer is owed and late.
        minutes_left: Remaining minutes, or those since the deadline; None if no answer is owed.
        stopped_ms: Log time since which the clock stands still, or None.
        has_question: Whether a question stops the clock.
        is_suspended: Whether a suspension stops the clock.
        is_frozen: Whether its asker froze it.
        items: Number of items.
        open_items: Number of undecided items.
        waiting: Number of answers that wait for a second person.
    """

    id: str
    is_ours: bool
    partner: str
    phase: str
    urgency: str
    due_ms: int | None
    is_overdue: bool
    minutes_left: int | None
    stopped_ms: int | None
    has_question: bool
    is_suspended: bool
    is_frozen: bool
    items: int
    open_items: int
    waiting: int


async def page(visit: Visit) -> Response:
    """Shows the requests, open ones first, each group newest first."""
    side = visit.query("side")
    if side not in _SIDES:
        raise MalformedInput("side is asker or holder")
    trust_list = visit.node.directory.trust_list()
    views = [each for each in visit.node.requests.list() if side in ("", each.request.side)]
    views.sort(key=lambda view: (view.progress.phase.has_ended, not view.is_overdue))  # stable
    return visit.render(
        "requests.html",
        {
            "side": side,
            "rows": [request_row(each, trust_list) for each in views],
            "can_open": bool(visit.roles & {*DRAFTERS}),
        },
    )


def request_row(view: RequestView, trust_list: TrustList) -> RequestRow:
    """Returns a request as a row: its state and its clock."""
    is_owed = not view.progress.phase.has_ended
    return RequestRow(
        id=view.request.packet.hex(),
        is_ours=view.request.side is Side.ASKER,
        partner=agency_name(trust_list, view.request.peer),
        phase=PHASES[view.progress.phase],
        urgency=URGENCIES[view.progress.urgency],
        due_ms=view.due_ms if is_owed else None,
        is_overdue=view.is_overdue,
        minutes_left=abs(view.left_ms) // _MINUTE_MS if is_owed else None,
        stopped_ms=view.stopped_ms if is_owed else None,
        has_question=view.progress.has_question,
        is_suspended=view.suspended,
        is_frozen=view.frozen,
        items=len(view.items),
        open_items=sum(item.is_open for item in view.items),
        waiting=len(view.pending),
    )
