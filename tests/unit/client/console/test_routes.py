"""Every route of the console is in its table, and each role gets what its row says."""

import html
import re

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from attacks.simulated_requests import ask
from attacks.test_proposals import new_terms
from support.cases import each_case
from support.node import context_of
from support.simulation import Simulation
from tearline.persons.four_eyes import APPROVERS, DRAFTERS
from tearline.persons.tokens import Role
from tearline_client.console import app
from tearline_client.console.pages import task_events
from tearline_client.console.routes import ROUTES
from tearline_client.console.visit import ALL, ConsoleRoute
from unit.client.console.browsers import PASSPHRASE, ConsoleUnderTest

OFFICER = frozenset({Role.OFFICER})
NO_ROLE: frozenset[Role] = frozenset()
LIAISON = frozenset({Role.LIAISON})
AUDITOR = frozenset({Role.AUDITOR})
SEARCHER = AUDITOR | {Role.OFFICER}

MATRIX = {
    # Method and path, and the roles that may use it. A route that is not here fails the test:
    # whoever adds one decides on it here, too.
    ("GET", "/"): ALL,
    ("GET", "/to-do"): ALL,
    ("GET", "/to-do/list"): ALL,
    ("GET", "/to-do/events"): ALL,
    ("GET", "/packets"): ALL,
    ("GET", "/selection/read"): LIAISON,
    ("POST", "/selection/read"): LIAISON,
    ("GET", "/selection/recall"): LIAISON,
    ("POST", "/selection/recall"): LIAISON,
    ("GET", "/export"): LIAISON,
    ("POST", "/export"): LIAISON,
    ("GET", "/packets/{packet}"): LIAISON,
    ("GET", "/packets/{packet}/field"): LIAISON,
    ("GET", "/packets/{packet}/disclose"): LIAISON,
    ("POST", "/packets/{packet}/disclose"): LIAISON,
    ("GET", "/packets/{packet}/exhibit"): LIAISON,
    ("POST", "/packets/{packet}/exhibit"): LIAISON,
    ("POST", "/packets/{packet}/print"): LIAISON,
    ("POST", "/packets/{packet}/files"): LIAISON,
    ("GET", "/packets/{packet}/documents/{slot}"): LIAISON,
    ("POST", "/packets/{packet}/documents/{slot}"): LIAISON,
    ("GET", "/packets/{packet}/documents/{slot}/state"): LIAISON,
    ("GET", "/packets/{packet}/pictures/{slot}"): LIAISON,
    ("GET", "/packets/{packet}/consent"): LIAISON,
    ("POST", "/packets/{packet}/consent"): LIAISON,
    ("GET", "/recalls"): ALL,
    ("GET", "/recalls/{packet}"): LIAISON | OFFICER,
    ("POST", "/recalls/{packet}"): LIAISON | OFFICER,
    ("GET", "/consents"): ALL,
    ("GET", "/consents/{consent}"): frozenset(DRAFTERS),
    ("GET", "/consents/{consent}/give"): LIAISON,
    ("POST", "/consents/{consent}/give"): LIAISON,
    ("POST", "/consents/{consent}/refuse"): LIAISON,
    ("GET", "/consents/{consent}/withdraw"): LIAISON,
    ("POST", "/consents/{consent}/withdraw"): LIAISON,
    ("GET", "/packets/{packet}/correct"): LIAISON,
    ("POST", "/packets/{packet}/correct"): LIAISON,
    ("GET", "/compose"): LIAISON,
    ("POST", "/compose"): LIAISON,
    ("GET", "/compose/{draft}"): LIAISON,
    ("POST", "/compose/{draft}"): LIAISON,
    ("POST", "/compose/{draft}/document"): LIAISON,
    ("GET", "/compose/{draft}/send"): LIAISON,
    ("POST", "/compose/{draft}/send"): LIAISON,
    ("GET", "/compose/{draft}/send-red"): LIAISON,
    ("POST", "/compose/{draft}/send-red"): LIAISON,
    ("GET", "/packets/{packet}/recall"): LIAISON,
    ("POST", "/packets/{packet}/recall"): LIAISON,
    ("GET", "/program-drafts"): LIAISON,
    ("POST", "/program-drafts"): LIAISON,
    ("GET", "/requests"): ALL,
    ("GET", "/audit"): ALL,
    ("POST", "/audit"): ALL,
    ("GET", "/audit/log"): SEARCHER,
    ("GET", "/audit/log/{entry}"): SEARCHER,
    ("GET", "/audit/log/{entry}/proof"): SEARCHER,
    ("POST", "/audit/export"): SEARCHER,
    ("GET", "/audit/export/verify"): SEARCHER,
    ("POST", "/audit/export/verify"): SEARCHER,
    ("GET", "/audit/statistics"): SEARCHER,
    ("GET", "/audit/exhibit"): ALL,
    ("POST", "/audit/exhibit"): ALL,
    ("GET", "/audit/access"): AUDITOR,
    ("POST", "/audit/access"): AUDITOR,
    ("GET", "/requests/{request}"): frozenset(DRAFTERS),
    ("POST", "/requests/{request}"): frozenset(APPROVERS),
    ("GET", "/cases"): ALL,
    ("GET", "/cases/new"): LIAISON,
    ("POST", "/cases/new"): LIAISON,
    ("GET", "/cases/{case}"): ALL,
    ("GET", "/cases/{case}/timeline"): ALL,
    ("GET", "/cases/{case}/contents"): ALL - AUDITOR,
    ("GET", "/cases/{case}/steps/{verb}"): LIAISON,
    ("POST", "/cases/{case}/steps/{verb}"): LIAISON,
    ("POST", "/cases/{case}/members"): LIAISON,
    ("POST", "/cases/{case}/votes"): LIAISON,
    ("GET", "/agreements"): ALL,
    ("GET", "/agreements/new"): OFFICER,
    ("POST", "/agreements/new"): OFFICER,
    ("GET", "/agreements/{agreement}"): ALL,
    ("GET", "/agreements/{agreement}/silence"): ALL,
    ("GET", "/agreements/{agreement}/amend"): OFFICER,
    ("POST", "/agreements/{agreement}/amend"): OFFICER,
    ("POST", "/agreements/{agreement}/publish"): OFFICER,
    ("GET", "/agreements/{agreement}/suspend"): LIAISON | OFFICER,
    ("POST", "/agreements/{agreement}/suspend"): LIAISON | OFFICER,
    ("POST", "/agreements/{agreement}/resume"): OFFICER,
    ("GET", "/agreements/{agreement}/end"): OFFICER,
    ("POST", "/agreements/{agreement}/end"): OFFICER,
    ("GET", "/proposals/{proposal}"): ALL,
    ("GET", "/proposals/{proposal}/sign"): OFFICER,
    ("POST", "/proposals/{proposal}/sign"): OFFICER,
    ("POST", "/proposals/{proposal}/decline"): OFFICER,
    ("GET", "/proposals/{proposal}/counter"): OFFICER,
    ("POST", "/proposals/{proposal}/counter"): OFFICER,
    ("GET", "/federation"): ALL,
    ("GET", "/agency"): frozenset({Role.OFFICER, Role.AUDITOR}),
    ("GET", "/agency/policies"): frozenset({Role.OFFICER, Role.AUDITOR}),
    ("POST", "/agency/policies"): frozenset({Role.OFFICER, Role.AUDITOR}),
    ("GET", "/agency/add"): OFFICER,
    ("POST", "/agency/add"): OFFICER,
    ("GET", "/agency/service-accounts"): OFFICER,
    ("POST", "/agency/service-accounts"): OFFICER,
    ("GET", "/agency/persons/{person}"): OFFICER,
    ("POST", "/agency/persons/{person}"): OFFICER,
    ("GET", "/requests/new"): frozenset(DRAFTERS),
    ("POST", "/requests/new"): frozenset(DRAFTERS),
    ("GET", "/requests/{request}/answer"): frozenset(DRAFTERS),
    ("POST", "/requests/{request}/answer"): frozenset(DRAFTERS),
    ("GET", "/drafts"): ALL,
    ("POST", "/drafts"): ALL,
    ("GET", "/drafts/{draft}"): frozenset(DRAFTERS),
    ("POST", "/drafts/{draft}"): frozenset(DRAFTERS),
    ("GET", "/approvals/{approval}"): frozenset(DRAFTERS),
    ("POST", "/approvals/{approval}"): frozenset(DRAFTERS),
    ("GET", "/state"): ALL,
    ("GET", "/sign-in"): NO_ROLE,
    ("POST", "/sign-in"): NO_ROLE,
    ("GET", "/sign-in/provider"): NO_ROLE,
    ("GET", "/sign-in/returned"): NO_ROLE,
    ("GET", "/sign-in/finish"): NO_ROLE,
    ("POST", "/sign-in/link"): NO_ROLE,
    ("POST", "/sign-out"): ALL,
    ("GET", "/enrol"): NO_ROLE,
    ("POST", "/enrol"): NO_ROLE,
    ("GET", "/passkeys"): ALL,
    ("POST", "/passkeys"): ALL,
    ("GET", "/settings"): ALL,
    ("POST", "/settings"): ALL,
    ("GET", "/confirm"): ALL,
    ("GET", "/confirm/provider"): ALL,
    ("POST", "/confirm"): ALL,
    ("POST", "/language"): NO_ROLE,
}

FILLED = {"passphrase": PASSPHRASE, "format": "csv", "act": "remove"}
"""Fields without which an act is refused to every role."""
WIDE = frozenset(
    {
        "/packets/{packet}/recall",
        "/selection/recall",
        "/recalls/{packet}",
        "/consents/{consent}/give",
        "/consents/{consent}/withdraw",
        "/passkeys",
        "/agency/add",
        "/agency/persons/{person}",
        "/agency/service-accounts",
        "/compose/{draft}/send-red",
        "/agreements/new",
        "/agreements/{agreement}/amend",
        "/agreements/{agreement}/suspend",
        "/agreements/{agreement}/end",
        "/proposals/{proposal}/sign",
        "/proposals/{proposal}/counter",
    }
)
"""Paths whose page and act ask for the person again, if the last time is minutes ago."""

WIDE_ALONE = {("POST", "/cases/{case}/votes")}
"""Acts that ask for the person again, from a page that does not."""


def test_every_route_was_decided_on() -> None:
    assert {(each.method, each.path): each.roles for each in ROUTES} == MATRIX


def test_every_wide_act_has_a_wide_page_at_its_path() -> None:
    found = {(each.method, each.path) for each in ROUTES if each.wide}
    assert found == {(method, path) for path in WIDE for method in ("GET", "POST")} | WIDE_ALONE
    assert all(each.roles for each in ROUTES if each.wide)


def test_the_application_has_no_other_route(
    monkeypatch: pytest.MonkeyPatch, world: Simulation
) -> None:
    made: list[Starlette] = []

    def keep(**options: object) -> Starlette:
        made.append(Starlette(**options))  # type: ignore[arg-type] (as the console calls it)
        return made[-1]

    monkeypatch.setattr(app, "Starlette", keep)
    app.console_application(world.mx.node, app.Origins.of(()), report=str)
    (application,) = made
    routes = [each for each in application.routes if isinstance(each, Route)]
    assert len(routes) == len(application.routes)
    found = {
        (method, each.path)
        for each in routes
        for method in (each.methods or set()) - {"HEAD"}  # comes with GET
    }
    assert found == {*MATRIX, ("GET", "/static/{name}")}


def test_every_titled_page_has_roles() -> None:
    assert all(each.roles for each in ROUTES if each.title)


@pytest.fixture
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams of events that end once they have told the present state."""
    monkeypatch.setattr(task_events, "CONSOLE_STREAM_S", 0)


@pytest.mark.usefixtures("short_streams")
@pytest.mark.parametrize("role", Role)
async def test_each_role_gets_what_the_table_says(
    world: Simulation, console: ConsoleUnderTest, role: Role
) -> None:
    (packet,) = await world.us.send(world.mx)
    request = await ask(world.us, world.mx)
    us, mx = world.us.node, world.mx.node
    proposal = await us.proposals.propose(us.proposals.draft(new_terms()))
    terms = us.agreements.by_name("narcotics-2026")
    opened = us.cases.open(terms, "Riverbank", ["mx-prosecutor"])
    await us.receive()
    await mx.receive()
    ids = {
        "packet": packet.hex(),
        "request": request.hex(),
        "slot": "0",
        "consent": "none",
        "draft": "none",
        "person": "analyst",
        "approval": "none",
        "case": opened.hex(),
        "verb": "close",
        "agreement": mx.agreements.by_name("narcotics-2026").id.hex(),
        "proposal": proposal.hex(),
        "entry": str(context_of(mx).stores.log.openings()[-1].opening.index),
    }
    for route in ROUTES:
        if not route.roles:
            continue
        browser = await console.signed_in(role.value)
        path = route.path.format_map(ids)
        if route.method == "GET":
            reply = await browser.get(path)
        else:
            reply = await browser.post(path, {"csrf": await browser.csrf(), **FILLED})
        is_refused = reply.status_code == 403 and "TL-TLS-006" in reply.text
        assert is_refused == (role not in route.roles), (route, reply.text)
        if not is_refused:  # an empty form, or an address without its subject, is a bad input
            assert reply.status_code in (200, 303, 400, 404), (route, reply.text)


@each_case("route", ROUTES)
async def test_without_a_sign_in_there_is_only_the_sign_in(
    world: Simulation, console: ConsoleUnderTest, route: ConsoleRoute
) -> None:
    browser = console.browser()
    path = re.sub(r"{\w+}", "00" * 32, route.path)
    reply = await (browser.get(path) if route.method == "GET" else browser.post(path, {"a": "b"}))
    if route.by_itself:
        assert (reply.status_code, reply.text) == (204, "")
    elif route.keeps and route.method == "POST":  # what was typed goes back to its browser alone
        assert reply.status_code == 403
        (carried,) = set(re.findall(r'name="carried" value="([^"]+)"', reply.text))
        assert '["a", "b"]' in html.unescape(carried)
    elif route.roles:
        assert reply.status_code == 303
        assert reply.headers["location"].startswith("/sign-in")
        assert reply.text == ""
    elif route.path.startswith("/sign-in/"):  # of an identity provider, which this console has not
        assert reply.status_code == 404
    else:
        assert reply.status_code in (200, 303, 403)
