"""Findings of a report by their reasons, as a page shows them."""

from collections import Counter
from collections.abc import Iterable, Mapping

from tearline.dataclass.immutable import immutable
from tearline.limits import MAX_CONSOLE_EXPORT_REASONS
from tearline_client.connectors.importers.report import Concern, Finding
from tearline_client.console.languages import mark

CONCERNS: Mapping[Concern, str] = {
    Concern.STAYS_HOME: mark("Not carried"),
    Concern.NOT_UNDERSTOOD: mark("Carried as text"),
    Concern.UNVALIDATED: mark("Carried, but not valid"),
    Concern.UNDERSTOOD: mark("Understood, and sent in the usual spelling"),
    Concern.REPEATED: mark("Carried once, and repeated"),
    Concern.UNRECONCILED: mark("Contradicts other values"),
}
"""Consequences of findings, as messages."""


@immutable
class Reason:
    """Findings of a report with the same reason.

    Attributes:
        consequence: The consequence, as a message.
        place: Property or path.
        why: The reason.
        count: The number of values.
    """

    consequence: str
    place: str
    why: str
    count: int


def reasons_of(findings: Iterable[Finding]) -> dict[str, object]:
    """Returns the template's values of findings: the most frequent reasons, and others' number."""
    found = Counter((each.concern, each.column, each.why) for each in findings)
    shown = [
        Reason(consequence=CONCERNS[concern], place=place, why=why, count=count)
        for (concern, place, why), count in found.most_common(MAX_CONSOLE_EXPORT_REASONS)
    ]
    return {"reasons": shown, "further_reasons": len(found) - len(shown)}
