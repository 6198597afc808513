"""The table of routes: every page and act of the console, with the roles that may use it.

The order of the titled rows is the order of the navigation.
"""

from tearline.persons.tokens import Role
from tearline_client.console.languages import mark
from tearline_client.console.pages import (
    account,
    confirmation,
    packet,
    packets,
    requests,
    state,
    to_do,
)
from tearline_client.console.visit import ConsoleRoute

_NO_ROLE: frozenset[Role] = frozenset()
_LIAISON = frozenset({Role.LIAISON})

ROUTES: tuple[ConsoleRoute, ...] = (
    ConsoleRoute(path="/", handler=account.start),
    ConsoleRoute(path="/to-do", handler=to_do.page, title=mark("To do")),
    ConsoleRoute(path="/packets", handler=packets.page, title=mark("Packets")),
    ConsoleRoute(path="/packets/{packet}", handler=packet.page, roles=_LIAISON),
    ConsoleRoute(path="/requests", handler=requests.page, title=mark("Requests")),
    ConsoleRoute(path="/state", handler=state.page, title=mark("State")),
    ConsoleRoute(path="/sign-in", handler=account.sign_in_page, roles=_NO_ROLE),
    ConsoleRoute(path="/sign-in", handler=account.sign_in, method="POST", roles=_NO_ROLE),
    ConsoleRoute(path="/sign-out", handler=account.sign_out, method="POST"),
    ConsoleRoute(path="/confirm", handler=confirmation.page),
    ConsoleRoute(path="/confirm", handler=confirmation.confirm, method="POST"),
    ConsoleRoute(path="/language", handler=account.choose_language, method="POST", roles=_NO_ROLE),
)
