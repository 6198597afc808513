"""The pages of the audit, and the roles that may use them."""

from collections.abc import Mapping

from starlette.responses import Response

from tearline.persons.tokens import Role
from tearline_client.console.languages import mark
from tearline_client.console.visit import ALL, Visit
from tearline_client.namespaces.audit import AUDITORS

SEARCHERS = frozenset(AUDITORS)
"""Roles that may search the exchange's log; the exchange verifies them, too."""
READERS = frozenset({Role.AUDITOR})
"""Roles that may read the node's own access log."""
_TABS = (
    ("/audit", mark("Who saw"), ALL),
    ("/audit/log", mark("Search the log"), SEARCHERS),
    ("/audit/statistics", mark("Statistics"), SEARCHERS),
    ("/audit/exhibit", mark("Verify an exhibit"), ALL),
    ("/audit/export/verify", mark("Verify an export"), SEARCHERS),
    ("/audit/access", mark("Own access log"), READERS),
)


def rendered(visit: Visit, template: str, values: Mapping[str, object]) -> Response:
    """Returns a page of the audit, with the pages that the person may use."""
    tabs = [(path, title) for path, title, roles in _TABS if roles & visit.roles]
    return visit.render(f"audit/{template}", {"tabs": tabs, **values})
