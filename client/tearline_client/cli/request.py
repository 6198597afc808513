"""``tearline request``: requests for records in both directions, and their deadlines."""

from collections.abc import Mapping

import click

from tearline_client.cli.answer import answer, supplement
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Group
from tearline_client.cli.request_new import new
from tearline_client.cli.request_rows import (
    catch_up,
    next_step,
    row_of,
)
from tearline_client.cli.request_steps import STEPS
from tearline_client.cli.session import (
    node_command,
)
from tearline_client.features.requests.states import state_of
from tearline_client.features.requests.views import RequestView
from tearline_client.node import Node
from tearline_client.rendering.output import cell
from tearline_client.rendering.words import Id, moment


@click.group(cls=Group)
def command() -> None:
    """Ask partners for records, answer their requests, and follow deadlines."""


for _verb in (new, answer, supplement, *STEPS):
    command.add_command(_verb)


@command.command(name="list")
@click.option("--open", "only_open", is_flag=True, help="Only requests that have not ended.")
@node_command
async def list_command(cli: CliContext, node: Node, only_open: bool) -> None:
    """List requests in both directions, with state and deadline.

    Example: tearline request list --open
    """
    await catch_up(cli, node)
    members = node.directory.members()
    rows = [
        row_of(state, members)
        for state in node.requests.list()
        if not (only_open and state.phase.has_ended)
    ]
    columns = [
        *("request", "role", "partner", "urgency", "state", "due", "left", "clock", "overdue"),
        "waits",
    ]
    spare = ["waits", "overdue", "clock", "due", "urgency"]
    cli.emit(rows, columns, spare=spare)


@command.command()
@click.argument("request")
@click.option("--steps", is_flag=True, help="Show the steps of both parties instead.")
@node_command
async def show(cli: CliContext, node: Node, request: str, steps: bool) -> None:
    """Show the items of REQUEST (the beginning of its id), with their outcomes.

    Example: tearline request show 5f0c9a1b
    """
    await catch_up(cli, node)
    found = node.requests.find(request)
    view = node.requests.show(found, person=cli.settings.person)
    ids = [each.signed.statement.id for each in view.steps]
    reasons = {step: node.packets.repeats_in(step) for step in ids}
    answers = [item.answer for item in view.items if item.answer]
    superseded = node.corrections.corrected_by(answers)
    state = state_of(view)
    row = row_of(state, node.directory.members())
    left = f", {row['left']} left" if row["left"] and not view.is_overdue else f" {row['left']}"
    cli.say(
        f"{row['role']}, {row['partner']}, {row['urgency']}: {row['state']}{left.rstrip()};"
        f" {row['clock'] or 'due ' + (cell(row['due']) or '-')}"
    )
    if view.purpose:
        cli.say(f"Purpose: {view.purpose}.")
    if steps:
        columns = ["at", "by", "step", "items", "text", "entry", "refused"]
        said = ["repeats"] if any(reasons.values()) else []
        cli.emit(_steps(view, reasons), [*columns, *said])
        return
    cli.emit(
        (
            {
                "item": item.number,
                "record": item.record,
                "outcome": item.outcome.partition(":")[0],
                "ground": item.ground.value if item.ground else "",
                "answer": Id(item.answer),
                "earlier": [packet.hex() for packet in item.earlier],
                "corrected_by": Id(superseded.get(item.answer, b"")),
            }
            for item in view.items
        ),
        ["item", "record", "outcome", "ground", "answer", "corrected_by"],
    )
    cli.advise(next_step(state))


def _steps(view: RequestView, reasons: Mapping[bytes, str]) -> list[dict[str, object]]:
    return [
        {
            "at": moment(each.time_ms),
            "by": each.side.value,
            "step": each.step.kind.value,
            "items": " ".join(str(item.number) for item in each.note.items) if each.note else "",
            "text": each.note.text if each.note else "",
            "useful": each.note.useful if each.note else None,
            "entry": each.index,
            "refused": each.code,
            "repeats": reasons[each.signed.statement.id],
        }
        for each in view.steps
    ]
