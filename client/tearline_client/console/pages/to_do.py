"""The tasks that wait for a person, most urgent first."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from tearline.persons.tokens import Role
from tearline_client.console.visit import Visit
from tearline_client.console.words import KINDS, TASKS, URGENCIES
from tearline_client.features.worklist.service import Task, TaskKind
from tearline_client.rendering.words import agency_name

_SHOWN_DIGITS = 12
_COMMANDS = {
    TaskKind.EVIDENCE: "",
    TaskKind.QUESTION: "request show",
    TaskKind.URGENCY: "request show",
    TaskKind.REQUEST: "request show",
    TaskKind.RECALL: "packet recalls",
    TaskKind.APPROVAL: "packet pending",
    TaskKind.CONSENT: "consent show",
    TaskKind.PROPOSAL: "agreement show",
    TaskKind.INVITATION: "case show",
    TaskKind.VOTE: "case show",
    TaskKind.QUARANTINE: "",
    TaskKind.UNREAD: "",
}
"""The command that shows the subject of a task, where no page does all that the task needs."""
_WITHOUT_ID = "packet recalls"
_NAMES: Mapping[str, str] = {
    **{kind.value: words for kind, words in KINDS.items()},
    **{urgency.value: words for urgency, words in URGENCIES.items()},
}
"""Names of subjects that are codes of the protocol, as messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
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
    trust_list = visit.node.directory.trust_list()
    rows = [
        _row(visit, task, agency_name(trust_list, task.partner) if task.partner else "")
        for task in visit.node.todo()
    ]
    return visit.render("to_do.html", {"rows": rows})


def _row(visit: Visit, task: Task, partner: str) -> TaskRow:
    name = _NAMES.get(task.name, task.name)
    verb = _COMMANDS[task.kind]
    target = "" if verb == _WITHOUT_ID else f" {task.id.hex()[:_SHOWN_DIGITS]}"
    return TaskRow(
        words=TASKS[task.kind],
        name=name,
        is_word=name != task.name,
        count=task.count,
        partner=partner,
        due_ms=task.due_ms,
        is_late=task.is_late,
        link=_link(visit, task),
        command=f"tearline {verb}{target}" if verb else "",
    )


def _link(visit: Visit, task: Task) -> str:
    match task.kind:
        case TaskKind.UNREAD | TaskKind.RECALL:
            return f"/packets/{task.id.hex()}" if Role.LIAISON in visit.roles else ""
        case TaskKind.REQUEST | TaskKind.QUESTION | TaskKind.URGENCY:
            return "/requests"
        case TaskKind.EVIDENCE | TaskKind.QUARANTINE:
            return "/state"
        case TaskKind.APPROVAL | TaskKind.CONSENT | TaskKind.PROPOSAL:
            return ""
        case TaskKind.INVITATION | TaskKind.VOTE:
            return ""
