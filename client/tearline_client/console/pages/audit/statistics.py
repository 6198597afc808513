"""A year under an agreement: counts by kind of packet, act and outcome."""

import datetime
from collections import Counter

from starlette.responses import Response

from tearline.encoding import parse_decimal
from tearline.errors import MalformedInput
from tearline_client.audit.statistics import FIRST_YEAR, LAST_YEAR
from tearline_client.console.pages.audit.charts import bar_chart
from tearline_client.console.pages.audit.tabs import rendered
from tearline_client.console.pages.audit.words import ACTIONS, OUTCOMES
from tearline_client.console.visit import Visit
from tearline_client.console.words import KINDS


async def page(visit: Visit) -> Response:
    """Shows the counts; a person chooses the agreement first, as the exchange logs each count."""
    node, agreement = visit.node, visit.query("agreement")
    now = datetime.datetime.fromtimestamp(visit.console.clock(), datetime.UTC)
    year = parse_decimal(visit.query("year") or str(now.year), maximum=LAST_YEAR)
    if year < FIRST_YEAR:
        raise MalformedInput(f"the years are {FIRST_YEAR} to {LAST_YEAR}")
    rows: list[tuple[str, str, str, int, int]] = []
    acts: Counter[str] = Counter()
    if agreement:
        counted = await node.audit.statistics(agreement, year, person=visit.person)
        kinds = {kind.value: words for kind, words in KINDS.items()}
        actions = {code.value: words for code, words in ACTIONS.items()}
        outcomes = {code.value: words for code, words in OUTCOMES.items()}
        for (kind, action, outcome), entries, count in counted.counts():
            rows.append((kinds.get(kind, ""), actions[action], outcomes[outcome], entries, count))
            acts[actions[action]] += entries
    values = {
        "agreements": {each.id.hex(): each.name for each in node.agreements.list()},
        "agreement": agreement,
        "year": year,
        "rows": rows,
        "chart": bar_chart(acts),
    }
    return rendered(visit, "statistics.html", values)
