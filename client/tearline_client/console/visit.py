"""One request to the console: its person, its language and its response."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import field
from functools import partial
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tearline.dataclass.immutable import immutable
from tearline.errors import (
    EXIT_INTEGRITY,
    EXIT_LOCAL,
    EXIT_NOT_FOUND,
    EXIT_PENDING,
    EXIT_REFUSED,
    EXIT_UNREACHABLE,
    EXIT_USAGE,
    ConsoleBusy,
    LoginRequired,
    SignInDelayed,
    TearlineError,
)
from tearline.limits import (
    MAX_ACTS_AT_WORK,
    MAX_CONSOLE_UPLOAD_BYTES,
    MAX_CONSOLE_UPLOADS,
    MAX_PAGES_AT_WORK,
    MAX_SIGN_INS_WAITING,
)
from tearline.persons.tokens import Role
from tearline_client.console.challenges import Challenges
from tearline_client.console.document_fetches import DocumentFetches
from tearline_client.console.drafts import HeldDrafts
from tearline_client.console.flows import Flows
from tearline_client.console.forms import CSRF, KEPT, LOST, Form, read_form
from tearline_client.console.guard import Origins
from tearline_client.console.languages import Language
from tearline_client.console.page_turns import PageTurns
from tearline_client.console.provider import Provider
from tearline_client.console.sessions import BrowserSession, BrowserSessions, SignInPace
from tearline_client.console.task_streams import TaskFeed, TaskStreams
from tearline_client.console.templates import environment
from tearline_client.console.time_zones import time_zone
from tearline_client.console.webauthn import RelyingParty, relying_party
from tearline_client.node import Node
from tearline_client.persons.records import PersonRecord

_HIDDEN = Markup('<input type="hidden" name="%s" value="%s">')
Handler = Callable[["Visit"], Awaitable[Response]]
ALL = frozenset(Role)
"""Every role."""
_STATUSES = {
    EXIT_LOCAL: 500,
    EXIT_USAGE: 400,
    EXIT_UNREACHABLE: 503,
    EXIT_REFUSED: 403,
    EXIT_INTEGRITY: 409,
    EXIT_NOT_FOUND: 404,
    EXIT_PENDING: 202,
}


def status_of(refused: TearlineError | None) -> int:
    """Returns the status of a page with a refusal, or without one."""
    if isinstance(refused, ConsoleBusy):
        return 429
    return 200 if refused is None else _STATUSES[refused.exit_status]


def _no_act() -> None:
    pass


@immutable
class ConsoleRoute:
    """A row in the table of routes.

    Attributes:
        path: The path, with its parameters.
        handler: Answers it.
        method: GET or POST.
        roles: The roles that may use it; empty: anyone, without a sign-in.
        title: The name of the page in the navigation, or empty.
        wide: Whether it belongs to an act with wide effect: the console asks for the person again,
            if the last authentication is minutes ago. The page that shows the effect and the act
            itself have one path, and both are wide. A vote's page is that of its case, which is
            not wide: the act alone is.
        remote: Whether it may wait for another machine; None: each POST may.
        takes_long: Whether it reads a large file, as it comes.
        keeps: Whether its form is kept until its act is done; of a page, whether it shows it again.
        by_itself: Whether open pages ask for it without a person: it prolongs no session.
    """

    path: str
    handler: Handler
    method: str = "GET"
    roles: frozenset[Role] = ALL
    title: str = ""
    wide: bool = False
    remote: bool | None = None
    takes_long: bool = False
    keeps: bool = False
    by_itself: bool = False

    def fits(self, path: str) -> bool:
        """Returns whether a path is one of the route's."""
        return re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", self.path), path) is not None

    @property
    def is_local(self) -> bool:
        """Returns whether the page waits for this node's own work alone."""
        return self.method == "GET" if self.remote is None else not self.remote


class Verifications:
    """Queue of proofs to verify: one at a time, as a passphrase takes 64 MiB, and few that wait."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for the turn, and holds it.

        Raises:
            SignInDelayed: If too many wait already.
        """
        if self._waiting >= MAX_SIGN_INS_WAITING:
            raise SignInDelayed("others are signing in; try again in a few seconds")
        self._waiting += 1
        try:
            async with self._lock:
                yield
        finally:
            self._waiting -= 1


@immutable
class Console:
    """State of the console, shared by all requests.

    Attributes:
        node: The open node.
        origins: Origins under which browsers reach the console.
        cookie: Name of the cookie with the session's token.
        clock: Returns the time, Unix seconds.
        routes: The table of routes.
        provider: The agency's identity provider, or None.
        sessions: Sessions of browsers.
        pace: Rate limit of sign-ins.
        noted: Rate limit of entries on refused sign-ins.
        verifications: Queue of passphrases to verify.
        challenges: Challenges for passkeys.
        flows: Ways to the identity provider and back.
        returning: Queue of persons who come back from there.
        pages: Turns of pages that wait for this node alone.
        acts: Turns of acts, and of pages that may wait for other machines.
        uploads: Turns of large files that browsers send.
        streams: Open streams of events.
        feed: The tasks that wait, for these.
        fetches: Fetches of large documents.
        drafts: Drafts that persons look at before they leave.
    """

    node: Node
    origins: Origins
    cookie: str
    clock: Callable[[], int]
    routes: tuple[ConsoleRoute, ...]
    feed: TaskFeed
    fetches: DocumentFetches
    drafts: HeldDrafts
    provider: Provider | None = None
    sessions: BrowserSessions = field(default_factory=BrowserSessions)
    pace: SignInPace = field(default_factory=SignInPace)
    noted: SignInPace = field(default_factory=SignInPace)
    verifications: Verifications = field(default_factory=Verifications)
    challenges: Challenges = field(default_factory=Challenges)
    flows: Flows = field(default_factory=Flows)
    returning: Verifications = field(default_factory=Verifications)
    pages: PageTurns = field(default_factory=lambda: PageTurns(MAX_PAGES_AT_WORK))
    acts: PageTurns = field(default_factory=lambda: PageTurns(MAX_ACTS_AT_WORK))
    uploads: PageTurns = field(default_factory=lambda: PageTurns(MAX_CONSOLE_UPLOADS))
    streams: TaskStreams = field(default_factory=TaskStreams)

    def menu(self) -> list[ConsoleRoute]:
        """Returns the routes with a title, in the order of the navigation."""
        return [each for each in self.routes if each.title]

    def turns(self, route: ConsoleRoute) -> PageTurns:
        """Returns the queue of a route."""
        if route.takes_long:
            return self.uploads
        return self.pages if route.is_local else self.acts

    def person_of(self, session: BrowserSession) -> PersonRecord | None:
        """Returns the person of a valid session; ends an invalid one and returns None."""
        try:
            person = self.node.sign_ins.person(session.person)
        except LoginRequired:
            self.sessions.end_all(session.person)
            self.node.sign_ins.end(session.person)
            return None
        credentials = self.node.sign_ins.credentials(person)
        self.sessions.end_changed(person.name, credentials)
        if session.credentials == credentials:
            return person
        if not self.sessions.count(person.name):
            self.node.sign_ins.end(person.name)
        return None

    def is_present(self, csrf: str) -> bool:
        """Returns whether a session still counts, by the token in its forms."""
        session = self.sessions.living(csrf, self.clock())
        return session is not None and self.person_of(session) is not None


@immutable
class Visit:
    """A request, as the handler of its page sees it.

    Attributes:
        console: The console.
        request: The request.
        language: The language of the response.
        session: The session, or None before the sign-in.
        signed_in: The person, or None before the sign-in.
    """

    console: Console
    request: Request
    language: Language
    session: BrowserSession | None = None
    signed_in: PersonRecord | None = None

    @property
    def node(self) -> Node:
        """Returns the node."""
        return self.console.node

    @property
    def person(self) -> str:
        """Returns the agency's own name of the signed-in person, as the node's methods take it."""
        if self.signed_in is None:  # the empty name would stand for the node's own act
            raise RuntimeError("a page for everyone asked for a person")
        return self.signed_in.name

    @property
    def roles(self) -> frozenset[Role]:
        """Returns the roles of the signed-in person."""
        return frozenset() if self.signed_in is None else self.signed_in.roles

    @property
    def csrf(self) -> str:
        """Returns the token of the session in its forms, or an empty text before the sign-in."""
        return "" if self.session is None else self.session.csrf

    @property
    def relying_party(self) -> RelyingParty | None:
        """Returns the console as authenticators know it, or None: then it has no passkeys here."""
        origin = self.console.origins.named(self.request.headers.get("host", ""))
        return relying_party(origin, self.node.identity().agency) if origin else None

    @property
    def prolong(self) -> Callable[[], None]:
        """Returns a function for each piece of a large file: the connection then lives on."""
        found: Callable[[], None] = self.request.scope.get("state", {}).get("prolong", _no_act)
        return found

    @property
    def kept(self) -> str:
        """Returns the name of the draft that keeps the form of the page, or an empty text."""
        return str(getattr(self.request.state, "kept", ""))

    def kept_form(self) -> Form | None:
        """Returns the kept form that the address names, or None."""
        values = self.node.forms.values(self.person, self.kept)
        return Form.of(values) if values else None

    def query(self, name: str) -> str:
        """Returns the value of a name in the address, or an empty text."""
        return self.request.query_params.get(name, "").strip()

    async def form(
        self, *, files: bool = False, most_bytes: int = MAX_CONSOLE_UPLOAD_BYTES
    ) -> Form:
        """Returns the form of the request, which belongs to its session; may be called again.

        Args:
            files: Whether the form may hold files.
            most_bytes: The bound of a form with files.

        Raises:
            FormRefused: If it does not, or is not well formed.
        """
        form = getattr(self.request.state, "form", None)
        if not isinstance(form, Form):
            form = await read_form(self.request, files=files, most_bytes=most_bytes)
            self.request.state.form = form
        if self.session is not None:
            form.verify_token(self.session.csrf)
        return form

    def render(
        self, template: str, values: Mapping[str, object] | None = None, *, status: int = 200
    ) -> Response:
        """Returns a page from a template, with the values of the page and of the frame."""
        found = environment(self.language.code).get_template(template)
        text = found.render({**self._frame(), **(values or {})})
        return HTMLResponse(text, status_code=status)

    def redirect(self, path: str, query: Mapping[str, str] | None = None) -> Response:
        """Returns the way to another page of the console, after an act."""
        given = {name: value for name, value in (query or {}).items() if value}
        return RedirectResponse(f"{path}?{urlencode(given)}" if given else path, status_code=303)

    def _frame(self) -> dict[str, object]:
        menu = [each for each in self.console.menu() if each.roles & self.roles]
        path, given = self.request.url.path, self.request.query_params.multi_items()
        query = [pair for pair in given if pair[0] != KEPT]
        query += [(KEPT, self.kept)] if self.kept else []
        lost = getattr(self.request.state, "lost", 0)
        hidden = {CSRF: self.csrf, KEPT: self.kept, LOST: lost}
        fields = (_HIDDEN % pair for pair in hidden.items() if pair[1])
        zone = time_zone("" if self.signed_in is None else self.signed_in.zone)
        return {
            "date": partial(self.language.time, zone=zone),
            "date_text": partial(self.language.date, zone=zone),
            "zone": zone.name,
            "menu": menu,
            "path": path,
            "address": f"{path}?{urlencode(query)}" if query else path,
            "csrf": Markup().join(fields),
            "kept": self.kept,
            "not_kept": getattr(self.request.state, "not_kept", None),
            "lost": lost,
            "who": self.signed_in,
            "agency": self.node.identity().agency,
            "stopped": self.signed_in is not None and self.node.log.is_stopped(),
        }
