"""The command for a task, as the command line and the console name it."""

from tearline.federation.versions import Members
from tearline_client.features.worklist.service import Task, TaskKind
from tearline_client.rendering.words import agency_name

_SHOWN = 12  # hexadecimal digits of an id in a command to copy


def next_command(task: Task, members: Members) -> str:
    """Returns the command that shows the subject of a task."""
    short = task.id.hex()[:_SHOWN]
    match task.kind:
        case TaskKind.EVIDENCE:
            return "tearline log evidence"
        case TaskKind.REQUEST | TaskKind.QUESTION | TaskKind.URGENCY:
            return f"tearline request show {short}"
        case TaskKind.APPROVAL:
            return f"tearline packet pending {short}"
        case TaskKind.RECALL | TaskKind.UNREAD:
            return f"tearline packet show {short}"
        case TaskKind.CONSENT:
            return f"tearline consent show {short}"
        case TaskKind.PROPOSAL:
            return f"tearline agreement show {short}"
        case TaskKind.DEPARTURE:
            return f"tearline agreement show {task.name}"
        case TaskKind.INVITATION:
            return f"tearline case show {short}"
        case TaskKind.VOTE:
            return f"tearline case consent {short} {agency_name(members, task.partner)}"
        case TaskKind.DRAFT:
            return f"tearline taxii draft save {short} --output-file {short}.stix.json"
        case TaskKind.QUARANTINE:
            return "tearline node status"
