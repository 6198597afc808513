"""The console as an application: routes, sessions, refusals, and files that pages load."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tearline.errors import FormRefused, NotPermitted, TearlineError
from tearline.limits import MAX_CONSOLE_QUERY_BYTES
from tearline_client.console.document_fetches import DocumentFetches
from tearline_client.console.drafts import HeldDrafts
from tearline_client.console.forms import Form
from tearline_client.console.guard import Origins, guarded
from tearline_client.console.kept_forms import carried_in, carried_of, way_back, with_kept_form
from tearline_client.console.languages import NAMES, language, preferred
from tearline_client.console.pages.account import LANGUAGE_COOKIE, sign_in_form
from tearline_client.console.pages.confirmation import confirm_first
from tearline_client.console.provider import Provider
from tearline_client.console.routes import ROUTES
from tearline_client.console.task_streams import TaskFeed, TaskStreams
from tearline_client.console.visit import Console, ConsoleRoute, Handler, Visit, status_of
from tearline_client.node import Node

STATIC = {
    "tokens.css": "text/css; charset=utf-8",
    "console.css": "text/css; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "kept.js": "text/javascript; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "passkey.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""Files that pages load, and their types."""
Report = Callable[[str], None]
_SHOWN_AGAIN = frozenset(each.path for each in ROUTES if each.keeps and each.method == "GET")
"""Paths of pages that show a kept form again."""


def console_application(
    node: Node,
    origins: Origins,
    *,
    report: Report,
    provider: Provider | None = None,
    streams: TaskStreams | None = None,
    fetches: DocumentFetches | None = None,
    clock: Callable[[], int] = lambda: int(time.time()),
) -> ASGIApp:
    """Returns the console of an open node.

    Args:
        node: The node.
        origins: The origins under which browsers reach it.
        report: Called with each fault of a page, without contents.
        provider: The agency's identity provider, or None.
        streams: Open streams of events; the caller ends them. None: new ones.
        fetches: Fetches of large documents; likewise.
        clock: Returns the time, Unix seconds.
    """
    # Cookies ignore ports: consoles of several agencies on one machine have cookies of their own.
    name = f"tearline-{hashlib.sha256(node.uri.encode()).hexdigest()[:12]}"
    console = Console(
        node=node,
        origins=origins,
        cookie=f"__Host-{name}" if origins.is_secure else name,
        clock=clock,
        routes=ROUTES,
        provider=provider,
        feed=TaskFeed(node),
        streams=streams or TaskStreams(),
        fetches=fetches or DocumentFetches(clock),
        drafts=HeldDrafts(node.packets.uploads.discard, node.forms.erasures),
    )

    async def missing(request: Request, error: Exception) -> Response:
        status, headers = 404, None
        if isinstance(error, HTTPException):
            status, headers = error.status_code, error.headers
        response = _visit(console, request).render("missing.html", status=status)
        response.headers.update(headers or {})  # the methods of a path, for one
        return response

    async def fault(request: Request, error: Exception) -> Response:  # which the guard reports
        return _visit(console, request).render("fault.html", status=500)

    pages = [Route(each.path, _endpoint(console, each), methods=[each.method]) for each in ROUTES]
    assets = Route("/static/{name}", _static, methods=["GET"])
    handlers = {HTTPException: missing, Exception: fault}
    application = Starlette(routes=[*pages, assets], exception_handlers=handlers)
    return guarded(application, origins, report)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        raise HTTPException(404)
    content = (files("tearline_client.console") / "static" / name).read_bytes()
    return Response(content, headers={"content-type": STATIC[name]})


def _visit(console: Console, request: Request, *, by_itself: bool = False) -> Visit:
    """Returns a request with its session, if that and its person still count."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    code = chosen if chosen in NAMES else preferred(request.headers.get("accept-language", ""))
    visit = Visit(console=console, request=request, language=language(code))
    token, now_s = request.cookies.get(console.cookie, ""), console.clock()
    session = console.sessions.find(token, now_s, is_request=not by_itself)
    if session is None:
        return visit
    person = console.person_of(session)
    if person is None:
        return visit
    console.node.sign_ins.renew(person.name, now_s=now_s, ends_s=session.ends_s())
    return Visit(
        console=console,
        request=request,
        language=visit.language,
        session=session,
        signed_in=person,
    )


def _endpoint(console: Console, route: ConsoleRoute) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        visit = _visit(console, request, by_itself=route.by_itself)
        if route.keeps:
            request.state.keeps, request.state.is_shown_again = True, route.path in _SHOWN_AGAIN
        if len(request.url.query) > MAX_CONSOLE_QUERY_BYTES:
            return refusal(visit, FormRefused("its address is too long"))
        if route.by_itself and visit.signed_in is None:
            return Response(status_code=204)  # the page stays as it is, and asks no more
        if route.roles and visit.signed_in is None:
            if route.keeps and route.method == "POST":
                carried, after = await carried_of(visit)
                return sign_in_form(visit, after, carried=carried, ended=True)
            return _elsewhere_first(visit, route, "/sign-in")
        if route.roles and not route.roles & visit.roles:
            asked = " or ".join(sorted(route.roles))
            return refusal(visit, NotPermitted(f"this requires the role {asked}"))
        session, now_s = visit.session, console.clock()
        if not route.wide or session is None:
            return await act(visit)
        if route.method == "GET":
            if session.may_open_wide(now_s):
                return await act(visit)
            return _elsewhere_first(visit, route, "/confirm")
        if session.may_act_wide(now_s):
            return await act(visit)
        return await _answered(visit, lambda visit: confirm_first(visit, act))

    async def act(visit: Visit) -> Response:
        if visit.signed_in is None:  # sign-ins have queues of their own
            return await _answered(visit, route.handler)
        return await _answered(visit, in_turn)

    async def in_turn(visit: Visit) -> Response:
        async with console.turns(route).turn(visit.person):
            if not route.keeps:
                return await route.handler(visit)
            return await with_kept_form(visit, route.handler)

    return answer


async def _answered(visit: Visit, handler: Handler) -> Response:
    try:
        return await handler(visit)
    except TearlineError as error:
        return refusal(visit, error)


def refusal(visit: Visit, error: TearlineError) -> Response:
    """Returns the page of a refusal: its code, its words and the next step, as on a terminal."""
    form = getattr(visit.request.state, "form", None)
    is_lost = isinstance(error, FormRefused) and not visit.kept and visit.signed_in is not None
    carried = carried_in(visit, form) if is_lost and isinstance(form, Form) else ""
    values = {"error": error, "way_back": way_back(visit), "carried": carried}
    return visit.render("refused.html", values, status=status_of(error))


def _elsewhere_first(visit: Visit, route: ConsoleRoute, place: str) -> Response:
    """Leads to a page that asks for the person, and from there back."""
    path = visit.request.url.path
    query = visit.request.url.query
    back = (f"{path}?{query}" if query else path) if route.method == "GET" else ""
    way = visit.redirect(place, {"next": "" if back == "/" else back})
    if visit.request.headers.get("hx-request"):  # a part of a page cannot be that page
        return Response(status_code=401, headers={"hx-redirect": way.headers["location"]})
    return way
