"""The exchange's log: a search, and its counts by day.

A search asks the exchange, which records it in the log by the person's pseudonym. Therefore the
bare page asks for conditions first.
"""

import datetime
from collections.abc import Mapping

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.federation.versions import Members
from tearline.limits import CONSOLE_PAGE_ROWS
from tearline.wire.audit_search import SearchRequest
from tearline_client.audit.search import FoundEvent
from tearline_client.console.pages.audit.charts import histogram
from tearline_client.console.pages.audit.filters import EXCHANGE, LogFilter
from tearline_client.console.pages.audit.tabs import rendered
from tearline_client.console.pages.audit.words import ACTIONS, OUTCOMES, READINGS
from tearline_client.console.visit import Visit
from tearline_client.rendering.words import names_of

_USUAL_DAYS = 30
_DAY = "day"


@immutable
class EntryRow:
    """An entry in a list.

    Attributes:
        index: Its position.
        time_ms: Its time by the exchange's clock.
        action: The act, as a message.
        actor: Short name of the acting agency, or the name in the entry.
        counterpart: Short name of the other side, or empty.
        packet: The packet's id in hexadecimal, or empty.
        article: The article, or empty.
        outcome: The outcome, as a message.
        reason: Code of the refusal, or empty.
    """

    index: int
    time_ms: int
    action: str
    actor: str
    counterpart: str
    packet: str
    article: str
    outcome: str
    reason: str


async def page(visit: Visit) -> Response:
    """Shows the entries that match, or their counts by day; without conditions, the form."""
    wanted = LogFilter.of(visit.query)
    if not visit.request.url.query:
        today = datetime.datetime.fromtimestamp(visit.console.clock(), datetime.UTC).date()
        since = today - datetime.timedelta(days=_USUAL_DAYS)
        return _shown(visit, LogFilter(since=str(since)))
    by = visit.query("by")
    if by not in ("", _DAY):
        raise MalformedInput(f"by is {_DAY}")
    query, after = wanted.query(visit.node), wanted.position()
    if by:
        request = SearchRequest(query=query, after=after, limit=0)
        counted = await visit.node.audit.by_day(request, person=visit.person)
        counts = {datetime.date.fromisoformat(day): n for (day,), n, _ in counted.counts()}
        return _shown(visit, wanted, {"histogram": histogram(counts) if counts else None})
    request = SearchRequest(query=query, after=after, limit=CONSOLE_PAGE_ROWS)
    members = visit.node.directory.members()
    found = [each async for each in visit.node.audit.search(request, person=visit.person)]
    more = len(found) == CONSOLE_PAGE_ROWS
    values = {
        "rows": [entry_row(each, members) for each in found],
        "next_query": wanted.address(after=str(found[-1].index)) if more else "",
    }
    return _shown(visit, wanted, values)


def _shown(visit: Visit, wanted: LogFilter, found: Mapping[str, object] | None = None) -> Response:
    node, members = visit.node, visit.node.directory.members()
    agreements = {each.id.hex(): each.name for each in node.agreements.list()}
    actions = {code.value: words for code, words in ACTIONS.items()}
    outcomes = {code.value: words for code, words in OUTCOMES.items()}
    values = {
        "filter": wanted,
        "rows": None,
        "histogram": None,
        "is_asked": found is not None,
        "next_query": "",
        "agencies": [agency.name for agency in members.agencies],
        "exchange": EXCHANGE,
        "actions": actions,
        "outcomes": outcomes,
        "agreements": agreements,
        "days_query": wanted.address(by=_DAY),
        "entries_query": wanted.address(),
        **(found or {}),
    }
    return rendered(visit, "log.html", values)


def entry_row(found: FoundEvent, members: Members) -> EntryRow:
    """Returns an entry as a row."""
    event = found.event
    name = names_of(members)
    return EntryRow(
        index=found.index,
        time_ms=event.time_ms,
        action={**ACTIONS, **READINGS}[event.code],
        actor=name(event.actor),
        counterpart=name(event.counterpart) if event.counterpart else "",
        packet=event.packet.hex(),
        article=event.article,
        outcome=OUTCOMES[event.outcome],
        reason=event.reason,
    )
