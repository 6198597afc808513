"""``tearline todo``: the tasks that wait for a person."""

import click

from tearline.federation.versions import Members
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import sync_option
from tearline_client.cli.session import look, node_command
from tearline_client.features.worklist.service import Task, TaskKind
from tearline_client.node import Node
from tearline_client.rendering.tasks import next_command
from tearline_client.rendering.words import agency_name, counted, moment


@click.command(cls=Command)
@click.option(
    "--limit", type=click.IntRange(1), help="Show at most this many tasks; by default all."
)
@sync_option
@node_command
async def command(cli: CliContext, node: Node, limit: int | None, sync: bool) -> None:
    """List the tasks that wait for a person, most urgent first, with the command for each.

    Tasks are requests to answer, releases to approve, recalls to decide on, consents, proposals and
    invitations to answer, quarantined messages, and unread packets. Tasks with a deadline come
    first; evidence against the log stands above all.

    Example: tearline todo
    """
    await look(cli, node, sync=sync)
    members = node.directory.members()
    tasks = node.todo()
    cli.emit(
        [task_row(task, members) for task in tasks[:limit]],
        ["due", "task", "partner", "next"],
        spare=["partner"],
    )
    left = len(tasks) - len(tasks[:limit])
    if left:
        cli.say(f"{counted(left, 'task')} not shown.")
    elif not tasks:
        cli.say("No task waits for you.")


def task_row(task: Task, members: Members) -> dict[str, object]:
    """Returns a task as a row."""
    return {
        "kind": task.kind.value,
        "id": task.id.hex(),
        "name": task.name,
        "partner": agency_name(members, task.partner) if task.partner else "",
        "partner_uri": task.partner,
        "count": task.count,
        "due": moment(task.due_ms),
        "due_ms": task.due_ms,
        "since": moment(task.since_ms),
        "since_ms": task.since_ms,
        "late": task.is_late,
        "task": f"{'OVERDUE: ' if task.is_late else ''}{task_text(task)}",
        "next": next_command(task, members),
    }


def task_text(task: Task) -> str:
    """Returns a task in words."""
    match task.kind:
        case TaskKind.EVIDENCE:
            return "decide on evidence against the log: sending stopped"
        case TaskKind.REQUEST:
            return f"answer a request ({task.name}): {counted(task.count, 'open item')}"
        case TaskKind.QUESTION:
            return "answer a question about our request"
        case TaskKind.URGENCY:
            return "confirm or lower the contested urgency of our request"
        case TaskKind.APPROVAL:
            return f"approve or reject a release drafted by {task.name}"
        case TaskKind.RECALL:
            return f"erase or keep a recalled packet ({task.name})"
        case TaskKind.CONSENT:
            return f"give or refuse consent ({task.name}): {counted(task.count, 'field')}"
        case TaskKind.PROPOSAL:
            return f"sign, counter or decline the proposal {task.name}"
        case TaskKind.DEPARTURE:
            return f"sign a version of {task.name} without the departed party"
        case TaskKind.INVITATION:
            return f"join or decline the case {task.name}"
        case TaskKind.VOTE:
            return f"consent or object to a newcomer in the case {task.name}"
        case TaskKind.DRAFT:
            return f"import or discard objects that the program {task.name} added"
        case TaskKind.QUARANTINE:
            return f"inspect {counted(task.count, 'quarantined message')} ({task.name})"
        case TaskKind.UNREAD:
            return f"read a packet ({task.name})"
