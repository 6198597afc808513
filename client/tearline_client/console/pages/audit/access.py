"""The node's own access log: who of the agency read which contents; it logs its own reading."""

from collections.abc import Mapping

from starlette.responses import Response

from tearline.audit.event import Event
from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput
from tearline.limits import CONSOLE_PAGE_ROWS, MAX_LOG_SIZE, MAX_TEXT_BYTES
from tearline_client.console.pages.audit.filters import LogFilter
from tearline_client.console.pages.audit.tabs import rendered
from tearline_client.console.pages.audit.words import PROOFS, READINGS
from tearline_client.console.visit import Visit
from tearline_client.namespaces.audit import AccessReport
from tearline_client.node import Node
from tearline_client.rendering.packets import short


@immutable
class AccessRow:
    """A logged act of the agency's own persons, or of the node.

    Attributes:
        index: Its position in the access log.
        time_ms: Its time.
        action: The act, as a message.
        person: The person by the agency's own name; empty for the node itself.
        packet: The packet's id in hexadecimal, or empty.
        fields: The fields shown, by name, or by slot.
        about: The person whom the act concerns, or empty.
        detail: The roles given, or the proof of a sign-in; or empty.
        refused: Code of the error of a refused sign-in, or empty.
    """

    index: int
    time_ms: int
    action: str
    person: str
    packet: str
    fields: tuple[str, ...]
    about: str
    detail: str
    refused: str


async def page(visit: Visit) -> Response:
    """Shows the newest entries that match; itself an entry."""
    return await _shown(visit, LogFilter.of(visit.query), by=visit.query("by"))


async def sought(visit: Visit) -> Response:
    """Shows who searched for a value; itself an entry. The value never stands in an address."""
    form = await visit.form()
    value = form.text("value").strip()
    if not value:
        return visit.redirect("/audit/access")
    if len(value.encode()) > MAX_TEXT_BYTES:
        raise MalformedInput(f"a value has at most {MAX_TEXT_BYTES} bytes")
    return await _shown(visit, LogFilter(), sought=value)


async def _shown(
    visit: Visit, wanted: LogFilter, *, by: str = "", sought: str | None = None
) -> Response:
    if wanted.action and wanted.action not in READINGS:
        raise MalformedInput(f"action is one of {', '.join(READINGS)}")
    report = await visit.node.audit.access(
        wanted.query(visit.node),
        person=visit.person,
        reader=by,
        sought=sought,
        fetch=bool(visit.query("verify")),
        newest=CONSOLE_PAGE_ROWS + 1,
        before=parse_decimal(visit.query("before") or str(MAX_LOG_SIZE), maximum=MAX_LOG_SIZE),
    )
    examined = report.examined
    rows = _rows(visit.node, report)
    more = len(rows) > CONSOLE_PAGE_ROWS
    shown = rows[:CONSOLE_PAGE_ROWS]
    values = {
        "filter": wanted,
        "by": by,
        "value": sought or "",
        "rows": shown,
        "next_query": wanted.address(by=by, before=str(shown[-1].index)) if more else "",
        "actions": {code.value: words for code, words in READINGS.items()},
        "size": examined.size,
        "anchored": examined.anchored,
        "findings": [(PROOFS[each.outcome], each.why) for each in examined.findings],
    }
    return rendered(visit, "access.html", values)


def _rows(node: Node, report: AccessReport) -> list[AccessRow]:
    """Returns the entries as rows, newest first."""
    return [
        AccessRow(
            index=entry.index,
            time_ms=entry.event.time_ms,
            action=READINGS.get(entry.event.code, entry.event.code.value),
            person="" if entry.event.actor == node.uri else entry.event.actor,
            packet=entry.event.packet.hex(),
            fields=_fields(entry.event, report.names[entry.event.packet]),
            about=entry.event.counterpart,
            detail=entry.event.purpose,
            refused=entry.event.reason,
        )
        for entry in reversed(report.chosen)
    ]


def _fields(event: Event, names: Mapping[int, str]) -> tuple[str, ...]:
    """Returns the fields shown by an act, each once; unreadable ones by slot."""
    slots = sorted(slot for shown in event.decisions for slot in shown.slots)
    return tuple(dict.fromkeys(short(names[s]) if s in names else f"slot:{s}" for s in slots))
