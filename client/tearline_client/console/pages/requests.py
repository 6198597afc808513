"""The board of requests for records: their state and their clocks."""

from urllib.parse import urlencode

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.federation.versions import Members
from tearline.limits import CONSOLE_PAGE_ROWS
from tearline.persons.four_eyes import DRAFTERS
from tearline.requests.step import Side
from tearline_client.console.visit import Visit
from tearline_client.console.words import PHASES, URGENCIES
from tearline_client.features.requests.states import RequestState
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
    """Shows a page of the requests, open ones first, each group newest first."""
    side = visit.query("side")
    if side not in _SIDES:
        raise MalformedInput("side is asker or holder")
    members = visit.node.directory.members()
    states = await visit.node.requests.list_in_turns()
    found = [each for each in states if side in ("", each.request.side)]
    found.sort(key=lambda state: (state.phase.has_ended, not state.is_overdue))  # stable
    skip = int(text) if (text := visit.query("skip")).isascii() and text.isdigit() else 0
    shown = found[skip : skip + CONSOLE_PAGE_ROWS]
    following = {"side": side, "skip": str(skip + CONSOLE_PAGE_ROWS)}
    return visit.render(
        "requests.html",
        {
            "side": side,
            "rows": [request_row(each, members) for each in shown],
            "next_query": urlencode(following) if len(found) > skip + len(shown) else "",
            "can_open": bool(visit.roles & {*DRAFTERS}),
        },
    )


def request_row(state: RequestState, members: Members) -> RequestRow:
    """Returns a request as a row: its state and its clock."""
    is_owed = not state.phase.has_ended
    return RequestRow(
        id=state.request.packet.hex(),
        is_ours=state.request.side is Side.ASKER,
        partner=agency_name(members, state.request.peer),
        phase=PHASES[state.phase],
        urgency=URGENCIES[state.urgency],
        due_ms=state.due_ms if is_owed else None,
        is_overdue=state.is_overdue,
        minutes_left=abs(state.left_ms) // _MINUTE_MS if is_owed else None,
        stopped_ms=state.stopped_ms if is_owed else None,
        has_question=state.has_question,
        is_suspended=state.suspended,
        is_frozen=state.frozen,
        items=state.items,
        open_items=state.open_items,
        waiting=len(state.pending),
    )
