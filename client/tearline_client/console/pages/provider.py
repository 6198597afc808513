"""Signing in, and confirming, with an account at the agency's identity provider.

A browser comes back from the provider by a navigation of another site's making. It then bears no
cookie of the console, whose cookies are all ``SameSite=Strict``. So the page of the return only
leads on to another one, within the console, which verifies the answer.
"""

import json
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tearline.errors import (
    EnrolmentRefused,
    LoginRefused,
    LoginRequired,
    PasskeyRefused,
    PersonConflict,
    ProviderRefused,
    SignInDelayed,
    TearlineError,
)
from tearline.limits import PROVIDER_FLOW_S
from tearline.persons.tokens import Role
from tearline_client.console.flows import CONFIRM, SIGN_IN, Flow
from tearline_client.console.forms import read_form
from tearline_client.console.id_tokens import Account
from tearline_client.console.pages.account import (
    begin_session,
    own_path,
    set_session,
    sign_in_form,
)
from tearline_client.console.pages.confirmation import confirm_form
from tearline_client.console.proofs import Proved, record_refusal, verify_pace
from tearline_client.console.provider import Provider
from tearline_client.console.visit import Visit

_PROOF = "account"
_ANSWER = ("code", "state", "iss", "error")
_REFUSED = (LoginRefused, LoginRequired, ProviderRefused, SignInDelayed)


async def leave(visit: Visit) -> Response:
    """Leads to the provider, to sign in."""
    return await _leave(visit, SIGN_IN)


async def leave_to_confirm(visit: Visit) -> Response:
    """Leads to the provider, to confirm that the person is still at the browser."""
    return await _leave(visit, CONFIRM)


async def _leave(visit: Visit, kind: str) -> Response:
    provider, console = _provider(visit), visit.console
    after, now_s = own_path(visit.query("next")), console.clock()
    flow = console.flows.begin(kind, visit.csrf, after, now_s)
    try:
        async with console.returning.turn():
            place = await provider.request(flow, _back(visit), now_s)
    except _REFUSED as error:
        return _refused(visit, flow, error)
    response = visit.redirect(place)
    _set_cookie(visit, response, flow.cookie, PROVIDER_FLOW_S)
    return response


async def returned(visit: Visit) -> Response:
    """Leads from the provider on into the console, where the browser sends its cookies."""
    _provider(visit)
    given = {name: visit.query(name) for name in _ANSWER}
    place = urlencode({name: value for name, value in given.items() if value})
    return visit.render("provider_returned.html", {"place": f"/sign-in/finish?{place}"})


async def finish(visit: Visit) -> Response:
    """Verifies the provider's answer, and begins a session or confirms the present one."""
    provider, console = _provider(visit), visit.console
    answer = {name: visit.query(name) for name in _ANSWER if visit.query(name)}
    cookie, flow = visit.request.cookies.get(_cookie(visit), ""), None
    name = ""
    try:
        state = answer.get("state", "")
        # Strangers take no turn. Another answer of this way may have come before its turn.
        flow = console.flows.finish(cookie, state, visit.csrf, console.clock())
        async with console.returning.turn():
            flow = console.flows.finish(cookie, state, visit.csrf, console.clock())
            token = await provider.token(flow, answer, _back(visit), console.clock())
            console.flows.spend(flow, console.clock())
            account = await provider.account(flow, token, console.clock)
        name = visit.node.sign_ins.links.holder(provider.issuer, account.subject)
        response = _admitted(visit, flow, account, name)
    except _REFUSED as error:
        confirms = flow is not None and flow.kind == CONFIRM
        record_refusal(visit, visit.person if confirms else name, error)
        response = _refused(visit, flow, error)
        if isinstance(error, SignInDelayed):  # the way is not spent: it may be tried again
            return response
    _set_cookie(visit, response, "", 0)
    return response


def _refused(visit: Visit, flow: Flow | None, error: TearlineError) -> Response:
    """Returns the page that offers the other ways to sign in, or to confirm."""
    if flow is not None and flow.kind == CONFIRM:
        return confirm_form(visit, flow.after, error)
    return sign_in_form(visit, "" if flow is None else flow.after, error)


def _admitted(visit: Visit, flow: Flow, account: Account, name: str) -> Response:
    """Returns the page that follows a proved account.

    Raises:
        LoginRefused: If its person was disabled, or it has no role here.
        ProviderRefused: If it is not the account of the person who confirms.
    """
    if not account.roles:
        raise LoginRefused("the identity provider gives this account no role here")
    if flow.kind == CONFIRM:
        verify_holder(name, visit.person)
        return _confirmed(visit, flow)
    if not name:
        identity = _identity(account)
        challenge = visit.console.challenges.issue(_purpose(identity), visit.console.clock())
        return _asked(visit, identity, challenge)
    return begin_session(visit, _admit(visit, name, account), flow.after, _PROOF)


def _admit(visit: Visit, name: str, account: Account) -> Proved:
    """Gives a person the account's roles; returns them with these as their credentials."""
    sign_ins = visit.node.sign_ins
    sign_ins.admit(name, account.roles)
    return Proved(name=name, credentials=sign_ins.credentials(sign_ins.person(name)))


def verify_holder(name: str, person: str) -> None:
    """Checks that the holder of an account is the person of the session that it confirms.

    Raises:
        ProviderRefused: If it is another person's account, or no person's.
    """
    if name != person:
        raise ProviderRefused("this is not the account of the person who is signed in")


def _confirmed(visit: Visit, flow: Flow) -> Response:
    console = visit.console
    visit.node.sign_ins.record(visit.person, _PROOF)
    token = console.sessions.prove(visit.request.cookies[console.cookie], console.clock())
    response = visit.redirect(flow.after or "/")
    set_session(visit, response, token)
    return response


async def link(visit: Visit) -> Response:
    """Links an account, which was just proved, with a person by their one-time code."""
    form, console, provider = await read_form(visit.request), visit.console, _provider(visit)
    name, identity = form.text("name").strip(), form.text("identity")
    challenge, now_s = _challenge(form.text("proof")), console.clock()
    try:
        _verify_proof(visit, challenge, identity)
        account = _account(identity)
        attempts = f"enrol {name}"  # no person has a name with a space
        verify_pace(visit, attempts)
        sign_ins = visit.node.sign_ins
        sign_ins.link(name, form.text("code"), provider.issuer, account.subject, now_s=now_s)
        console.pace.forgive(attempts)
        console.challenges.spend(challenge, _purpose(identity), now_s)
        proved = _admit(visit, name, account)
    except (EnrolmentRefused, PersonConflict) as error:
        record_refusal(visit, name, error)
        return _asked(visit, identity, challenge, error)
    except _REFUSED as error:
        record_refusal(visit, name, error)
        return sign_in_form(visit, "", error)
    return begin_session(visit, proved, "", _PROOF)


def _asked(
    visit: Visit, identity: str, challenge: bytes, refused: TearlineError | None = None
) -> Response:
    """Returns the page that asks for a name and a code, to link an account.

    After a refusal, the challenge is the first one still: the account was proved that long ago.
    """
    values = {"identity": identity, "proof": challenge.hex(), "refused": refused}
    return visit.render("provider_link.html", values, status=200 if refused is None else 403)


def _verify_proof(visit: Visit, challenge: bytes, identity: str) -> None:
    """Checks that this console proved an account minutes ago.

    Raises:
        ProviderRefused: If it did not, or the account was linked since.
    """
    try:
        visit.console.challenges.verify(challenge, _purpose(identity), visit.console.clock())
    except PasskeyRefused:
        raise ProviderRefused("this form is too old") from None


def _identity(account: Account) -> str:
    return json.dumps([account.subject, sorted(account.roles)])


def _account(identity: str) -> Account:
    """Returns the account of a form, whose proof was verified."""
    subject, roles = json.loads(identity)
    return Account(subject=subject, roles=frozenset(Role(role) for role in roles))


def _purpose(identity: str) -> str:
    return f"link {identity}"


def _challenge(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _provider(visit: Visit) -> Provider:
    if visit.console.provider is None:
        raise HTTPException(404)
    return visit.console.provider


def _back(visit: Visit) -> str:
    """Returns the address that leads back, as the provider has it in its list."""
    origin = visit.console.origins.named(visit.request.headers.get("host", ""))
    return f"{origin}/sign-in/returned"


def _cookie(visit: Visit) -> str:
    return f"{visit.console.cookie}-provider"


def _set_cookie(visit: Visit, response: Response, value: str, lifetime_s: int) -> None:
    response.set_cookie(
        _cookie(visit),
        value,
        max_age=lifetime_s,
        secure=visit.console.origins.is_secure,
        httponly=True,
        samesite="strict",
    )
