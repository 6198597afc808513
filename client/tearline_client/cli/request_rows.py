"""Helpers of the request commands: options, rows and states."""

from collections.abc import Iterable, Sequence

import click

from tearline.federation.versions import Members
from tearline.requests.progress import Phase
from tearline.requests.step import Side
from tearline.text.choices import listed
from tearline_client.cli.context import CliContext
from tearline_client.cli.options import free_text
from tearline_client.cli.session import look
from tearline_client.features.requests.states import RequestState
from tearline_client.features.requests.views import RequestedItem
from tearline_client.node import Node
from tearline_client.rendering.packets import text_column
from tearline_client.rendering.words import Id, agency_name, moment, time_text

_RECORD_SHOWN = 60  # characters: enough to distinguish items

item_option = click.option(
    "--item",
    "items",
    type=click.IntRange(1),
    multiple=True,
    help="Number of an item; may be given several times. By default all open items.",
)
text_option = free_text("--text", help="A note that only the other party can read.")


def preview_columns(cli: CliContext) -> list[str]:
    """Returns the columns of a preview."""
    return [
        "field",
        "category",
        "partner",
        "form",
        text_column(cli.settings.output, "seen_as"),
        "by",
    ]


def row_of(state: RequestState, members: Members) -> dict[str, object]:
    """Returns a request as a row: its state and its deadline."""
    owed = not (state.phase.has_ended or state.departed)
    return {
        "request": Id(state.request.packet),
        "id": state.request.packet.hex(),
        "role": "asker" if state.request.side is Side.ASKER else "asked",
        "partner": agency_name(members, state.request.peer),
        "urgency": state.urgency.value,
        "state": state.phase.text,
        "question": state.has_question,
        "due": moment(state.due_ms) if owed else None,
        "due_ms": state.due_ms if owed else None,
        "left_ms": state.left_ms if owed else None,
        "left": _left(state) if owed else "",
        "clock": _clock(state) if owed else "",
        "stopped_since": moment(state.stopped_ms) if owed else None,
        "stopped_since_ms": state.stopped_ms if owed else None,
        "suspended": state.suspended and owed,
        "overdue": state.is_overdue,
        "items": state.items,
        "open_items": state.open_items,
        "disputed": list(state.disputed),
        "frozen": state.frozen,
        "waits": _waits(state),
        "pending": [pending.hex() for pending in state.pending],
    }


def _waits(state: RequestState) -> str:
    if state.departed:
        return "for no step: its other party has departed from the federation"
    if state.frozen:
        return "for its asker to resume: it froze the request"
    return "for a second person" if state.pending else ""


def _left(state: RequestState) -> str:
    minutes = abs(state.left_ms) // 60_000
    days, hours = divmod(minutes // 60, 24)
    text = f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min"
    return f"OVERDUE by {text}" if state.is_overdue else text


def _clock(state: RequestState) -> str:
    if state.stopped_ms is None:
        return ""
    why = ["a question"] if state.has_question else []
    why += ["suspended"] if state.suspended else []
    return f"clock stopped since {time_text(state.stopped_ms)}: {', '.join(why)}"


def overturned_text(items: Iterable[RequestedItem]) -> str:
    """Returns a sentence with the decisions that a supplement overturns."""
    told = listed(
        f"item {each.number} ({each.record[:_RECORD_SHOWN]}) is {each.outcome}" for each in items
    )
    return f"This overturns earlier decisions: {told}."


def next_step(state: RequestState) -> str:
    """Returns the command for the next step of a request."""
    name = Id(state.request.packet).text()
    is_open = not (state.phase.has_ended or state.departed)
    if state.request.side is Side.HOLDER and state.open_items and is_open:
        return (
            f"tearline request answer {name} FILE --item N, or"
            f" tearline request refuse {name} --item N --ground GROUND"
        )
    is_answered = state.phase is Phase.ANSWERED and not state.departed
    if state.request.side is Side.ASKER and is_answered:
        return f"tearline request close {name} --useful yes|no"
    return f"tearline request show {name}"


def emit_request(cli: CliContext, node: Node, request: bytes, columns: Sequence[str]) -> None:
    """Prints a request after a step, and advises the next one."""
    state = node.requests.state(request)
    cli.emit([row_of(state, node.directory.members())], columns)
    cli.advise(next_step(state))


async def catch_up(cli: CliContext, node: Node) -> None:
    """Receives new messages, then the log's entries about our own receipts for them."""
    if await look(cli, node):
        await node.log.follow()
