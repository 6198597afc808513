"""Signing in and out, and the choice of a language."""

from urllib.parse import urlsplit

from starlette.responses import Response

from tearline.errors import DraftsFull, SignInDelayed, TearlineError
from tearline.limits import CONSOLE_SESSION_S
from tearline_client.console.forms import read_form
from tearline_client.console.kept_forms import CARRIED, keep_carried
from tearline_client.console.languages import NAMES
from tearline_client.console.proofs import (
    PASSKEY,
    PASSPHRASE,
    PROOF_REFUSED,
    Proved,
    passkey_options,
    record_refusal,
    verify_passkey,
    verify_passphrase,
)
from tearline_client.console.visit import Visit

LANGUAGE_COOKIE = "tearline-language"
_PURPOSE = "sign in"
_A_YEAR_S = 365 * 24 * 3600


async def start(visit: Visit) -> Response:
    """Leads to the first page of the navigation."""
    return visit.redirect(visit.console.menu()[0].path)


async def sign_in_page(visit: Visit) -> Response:
    """Shows the form to sign in."""
    return sign_in_form(visit, visit.query("next"))


def sign_in_form(
    visit: Visit,
    after: str,
    refused: TearlineError | None = None,
    *,
    carried: str = "",
    ended: bool = False,
) -> Response:
    """Returns the page with the form to sign in.

    Args:
        visit: The request.
        after: The page that follows, or empty.
        refused: The refusal of an attempt.
        carried: The form that a person sent after the end of the session.
        ended: Whether they just did: the page says that nothing was done.
    """
    status = 429 if isinstance(refused, SignInDelayed) else 403 if refused or ended else 200
    options = passkey_options(visit, _PURPOSE)
    provider = visit.console.provider
    values = {
        "after": own_path(after),
        "carried": carried,
        "ended": ended,
        "refused": refused,
        "options": options,
        "host": "" if provider is None else provider.host,
    }
    return visit.render("sign_in.html", values, status=status)


async def sign_in(visit: Visit) -> Response:
    """Verifies a passkey or a passphrase, and begins a session under a token of its own."""
    form = await read_form(visit.request)  # a session that a browser had before counts no longer
    name, carried = form.text("name").strip(), form.text(CARRIED)
    after = own_path(form.text("next"))
    try:
        if answer := form.text(PASSKEY):
            proved = await verify_passkey(visit, answer, _PURPOSE)
        else:
            proved = await verify_passphrase(visit, name, form.text(PASSPHRASE))
    except PROOF_REFUSED as error:
        record_refusal(visit, name, error)
        return sign_in_form(visit, after, error, carried=carried)
    try:
        after = keep_carried(visit, proved.name, carried) if carried else after
    except DraftsFull as error:  # another window may make room
        return sign_in_form(visit, after, error, carried=carried)
    return begin_session(visit, proved, after, PASSKEY if answer else PASSPHRASE)


def begin_session(visit: Visit, proved: Proved, after: str, proof: str) -> Response:
    """Begins the session of a verified person under a token of its own, and leads to a page.

    Args:
        visit: The request.
        proved: The person.
        after: The page, or empty.
        proof: The proof of the person, for the access log.

    Raises:
        StoreError: If the access log cannot be written.
    """
    console = visit.console
    visit.node.sign_ins.record(proved.name, proof)
    console.sessions.end(visit.request.cookies.get(console.cookie, ""))
    response = visit.redirect(after or "/")
    token = console.sessions.begin(proved.name, proved.credentials, console.clock())
    set_session(visit, response, token)
    return response


def end_other_sessions(visit: Visit) -> None:
    """Ends the other sessions of a person who changed their own credentials."""
    if visit.signed_in is not None:
        console = visit.console
        credentials = visit.node.sign_ins.credentials(visit.signed_in)
        console.sessions.end_others(visit.request.cookies[console.cookie], credentials)


def set_session(visit: Visit, response: Response, token: str) -> None:
    """Gives the browser the token of its session."""
    response.set_cookie(
        visit.console.cookie,
        token,
        max_age=CONSOLE_SESSION_S,
        secure=visit.console.origins.is_secure,
        httponly=True,
        samesite="strict",
    )


async def sign_out(visit: Visit) -> Response:
    """Ends the session, here and in the browser."""
    await visit.form()
    console = visit.console
    console.sessions.end(visit.request.cookies.get(console.cookie, ""))
    visit.node.sign_ins.end(visit.person)
    console.drafts.end(visit.person)
    response = visit.redirect("/sign-in")
    response.delete_cookie(
        console.cookie, secure=console.origins.is_secure, httponly=True, samesite="strict"
    )
    return response


async def choose_language(visit: Visit) -> Response:
    """Stores the language in the browser, and returns to the page."""
    form = await visit.form()
    response = visit.redirect(own_path(form.text("next")) or "/")
    code = form.text("language")
    if code in NAMES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            code,
            max_age=_A_YEAR_S,
            secure=visit.console.origins.is_secure,
            httponly=True,
            samesite="strict",
        )
    return response


def own_path(text: str) -> str:
    """Returns ``text`` if it is the path of a page of the console, else an empty text."""
    is_path = text.startswith("/") and not text.startswith("//")
    is_plain = text.isascii() and text.isprintable() and "\\" not in text
    if not (is_path and is_plain):
        return ""
    parts = urlsplit(text)
    return "" if parts.scheme or parts.netloc else text
