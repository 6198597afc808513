"""A console over a real node, and browsers that ask it without a connection."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import httpx
from starlette.types import ASGIApp

from support.node import context_of
from support.simulation import Member
from tearline.audit.event import Event, EventCode
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp
from tearline_client.audit.access_log_verifier import examine_access
from tearline_client.console.app import console_application
from tearline_client.console.guard import Origins
from tearline_client.console.provider import Provider
from tearline_client.persons.issuer import LocalIssuer

ORIGIN = "http://localhost:8470"
PASSPHRASE = "a word of their own"
PERSON_ACTS = frozenset(
    code
    for code in EventCode
    if code.value.startswith(
        ("access-sign-in", "access-person-", "access-passkey-", "access-account-")
    )
)


@dataclass(kw_only=True)
class Wall:
    """A clock that a test sets, in Unix seconds."""

    now_s: int

    def __call__(self) -> int:
        return self.now_s


def add_person(member: Member, name: str, *roles: Role) -> None:
    """Adds a person with the common passphrase to a member's agency."""
    issuer = LocalIssuer(member.node.keystore)
    issuer.add(name, roles=roles, clearance=Tlp.RED, passphrase=PASSPHRASE.encode())


def accesses(member: Member) -> list[Event]:
    """The entries of a node's own access log on contents and on itself, oldest first."""
    acts = {*PERSON_ACTS, EventCode.ACCESS_ACTED}
    return [each for each in entries(member) if each.code not in acts]


def entries(member: Member) -> list[Event]:
    """The entries of a node's own access log, oldest first."""
    node = member.node
    now_ms = context_of(node).now_ms()
    examined = examine_access(
        node.audit._access.store, context_of(node).stores.log, node.uri, now_ms=now_ms
    )
    return [entry.event for entry in examined.entries]


@dataclass(kw_only=True)
class Browser:
    """A browser with cookies of its own, signed in or not.

    Attributes:
        application: The console.
        origin: The origin that its pages have.
        client: Asks, and keeps the cookies.
    """

    application: ASGIApp
    origin: str = ORIGIN
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(self.application, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=self.origin)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.client.get(path, headers=dict(headers or {}))

    async def post(
        self,
        path: str,
        values: Mapping[str, str | list[str]],
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Sends a form as a page of the console would."""
        given = {"origin": self.origin, "sec-fetch-site": "same-origin", **(headers or {})}
        return await self.client.post(path, data=dict(values), headers=given)

    async def act(self, path: str, /, **values: str | list[str]) -> httpx.Response:
        """Does an act as a person does: sends its choices, and then what the page shows of them.

        An act without a page of effects is sent once.
        """
        sent = {"csrf": await self.csrf(), **values}
        page = await self.post(path, sent)
        seen = seen_in(page.text, str(values.get("verdict", "")))
        if page.status_code != 200 or not seen:
            return page
        return await self.post(path, {**sent, "seen": seen})

    async def send(
        self,
        path: str,
        values: Mapping[str, str | list[str]],
        files: Iterable[tuple[str, tuple[str, bytes]]] = (),
    ) -> httpx.Response:
        """Sends a form with files as a page of the console would, with its token."""
        texts = {"csrf": await self.csrf(), **values}
        given = {"origin": self.origin, "sec-fetch-site": "same-origin"}
        parts = list(files) or [("none", ("none.txt", b""))]  # so that it is multipart
        return await self.client.post(path, data=texts, files=parts, headers=given)

    async def sign_in(self, name: str, passphrase: str = PASSPHRASE) -> httpx.Response:
        return await self.post("/sign-in", {"name": name, "passphrase": passphrase})

    async def csrf(self, path: str = "/state") -> str:
        """The token in the forms of a page."""
        return csrf_of((await self.get(path)).text)


def seen_in(text: str, verdict: str = "") -> str:
    """The digest in the form of a page that has a button, or in its only one; empty without one."""
    for form in text.split("<form")[1:]:
        found = re.search(r'name="seen" value="([^"]+)"', form)
        if found is not None and (not verdict or f'value="{verdict}">' in form):
            return found[1]
    return ""


def csrf_of(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None
    return found[1]


@dataclass(kw_only=True)
class ConsoleUnderTest:
    """A console, its clock and its reports."""

    application: ASGIApp
    clock: Wall
    reports: list[str]

    def browser(self, origin: str = ORIGIN) -> Browser:
        return Browser(application=self.application, origin=origin)

    async def signed_in(self, name: str) -> Browser:
        browser = self.browser()
        reply = await browser.sign_in(name)
        assert reply.status_code == 303, reply.text
        return browser


def console_of(
    member: Member, origins: Iterable[str] = (ORIGIN,), *, provider: Provider | None = None
) -> ConsoleUnderTest:
    """A console over a member's node; its clock begins with the node's."""
    clock = Wall(now_s=context_of(member.node).now_ms() // 1000)
    reports: list[str] = []
    application = console_application(
        member.node, Origins.of(origins), report=reports.append, provider=provider, clock=clock
    )
    return ConsoleUnderTest(application=application, clock=clock, reports=reports)
