"""The tasks that wait for a person, most urgent first."""

from collections.abc import Mapping

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.federation.versions import Members
from tearline.limits import MAX_CONSOLE_TASKS
from tearline.persons.four_eyes import DRAFTERS
from tearline.persons.tokens import Role
from tearline_client.console.pages.consents.overview import READERS
from tearline_client.console.pages.recalls.overview import DECIDERS
from tearline_client.console.visit import Visit
from tearline_client.console.words import KINDS, RECALL_REASONS, TASKS, URGENCIES, USES
from tearline_client.features.worklist.service import Task, TaskKind
from tearline_client.rendering.tasks import next_command
from tearline_client.rendering.words import agency_name

_NAMES: Mapping[str, str] = {
    **{kind.value: words for kind, words in KINDS.items()},
    **{urgency.value: words for urgency, words in URGENCIES.items()},
    **{reason.value: words for reason, words in RECALL_REASONS.items()},
    **{use.value: words for use, words in USES.items()},
}
"""Names of subjects that are codes of the protocol, as messages."""


@immutable
class TaskRow:
    """A task in the list.

    Attributes:
        words: The task, as a message.
        name: A name of its subject.
        is_word: Whether the name is a message.
        count: Number of items.
        partner: Short name of the partner, or empty.
        due_ms: Its deadline, or None.
        is_late: Whether the deadline has passed.
        link: The page of its subject, or empty.
        command: The command that shows it, or empty.
    """

    words: str
    name: str
    is_word: bool
    count: int
    partner: str
    due_ms: int | None
    is_late: bool
    link: str
    command: str


async def page(visit: Visit) -> Response:
    """Shows the tasks; they hold no contents of packets."""
    drafts = len(visit.node.forms.list(visit.person))
    return visit.render("to_do.html", {**await list_values(visit), "drafts": drafts})


async def list_values(visit: Visit) -> Mapping[str, object]:
    """Returns the values of the list of the most urgent tasks, with its edition."""
    feed, members = visit.console.feed, visit.node.directory.members()
    await feed.read()
    tasks = tasks_of(visit)
    rows = [_row(visit, task, members) for task in tasks[:MAX_CONSOLE_TASKS]]
    return {"rows": rows, "further": len(tasks) - len(rows), "edition": feed.edition}


def tasks_of(visit: Visit) -> tuple[Task, ...]:
    """Returns the tasks that a person may act on: only liaison officers read packets."""
    tasks = visit.console.feed.tasks
    if Role.LIAISON in visit.roles:
        return tasks
    return tuple(task for task in tasks if task.kind is not TaskKind.UNREAD)


def _row(visit: Visit, task: Task, members: Members) -> TaskRow:
    name, link = _NAMES.get(task.name, task.name), _link(visit, task)
    return TaskRow(
        words=TASKS[task.kind],
        name=name,
        is_word=name != task.name,
        count=task.count,
        partner=agency_name(members, task.partner) if task.partner else "",
        due_ms=task.due_ms,
        is_late=task.is_late,
        link=link,
        command="" if link else next_command(task, members),
    )


def _link(visit: Visit, task: Task) -> str:
    match task.kind:
        case TaskKind.UNREAD:
            return f"/packets/{task.id.hex()}"
        case TaskKind.RECALL:
            return f"/recalls/{task.id.hex()}" if visit.roles & DECIDERS else "/recalls"
        case TaskKind.REQUEST | TaskKind.QUESTION | TaskKind.URGENCY:
            return f"/requests/{task.id.hex()}" if visit.roles & {*DRAFTERS} else "/requests"
        case TaskKind.EVIDENCE | TaskKind.QUARANTINE:
            return "/state"
        case TaskKind.PROPOSAL:
            return f"/proposals/{task.id.hex()}"
        case TaskKind.DEPARTURE:
            return f"/agreements/{task.id.hex()}"
        case TaskKind.APPROVAL:
            return f"/approvals/{task.id.hex()}" if visit.roles & {*DRAFTERS} else ""
        case TaskKind.CONSENT:
            return f"/consents/{task.id.hex()}" if visit.roles & READERS else "/consents"
        case TaskKind.DRAFT:
            return f"/compose?draft={task.id.hex()}" if Role.LIAISON in visit.roles else ""
        case TaskKind.INVITATION | TaskKind.VOTE:
            return f"/cases/{task.id.hex()}"
