"""Confirmation that the person is still at the browser, before an act with wide effect."""

from markupsafe import Markup
from starlette.responses import Response

from tearline.errors import SignInDelayed, TearlineError
from tearline_client.console.forms import KEPT, Form
from tearline_client.console.pages.account import own_path, set_session
from tearline_client.console.proofs import (
    PASSKEY,
    PASSPHRASE,
    PROOF_REFUSED,
    passkey_options,
    record_refusal,
    verify_person,
)
from tearline_client.console.visit import Handler, Visit

_HIDDEN = Markup('<input type="hidden" name="%s" value="%s">')


async def page(visit: Visit) -> Response:
    """Shows the form that asks for the person again, on the way to a page."""
    return confirm_form(visit, own_path(visit.query("next")))


async def confirm(visit: Visit) -> Response:
    """Verifies the person of the session, and leads back to the page."""
    form = await visit.form()
    after = own_path(form.text("next"))
    try:
        token = await _prove(visit, form)
    except PROOF_REFUSED as error:
        return confirm_form(visit, after, error)
    response = visit.redirect(after or "/")
    set_session(visit, response, token)
    return response


async def confirm_first(visit: Visit, act: Handler) -> Response:
    """Does a late act if its form proves the person; else asks, and keeps each value typed."""
    form = await visit.form()
    refused: TearlineError | None = None
    if form.text(PASSKEY) or form.text(PASSPHRASE):
        try:
            token = await _prove(visit, form)
        except PROOF_REFUSED as error:
            refused = error
        else:
            response = await act(visit)
            set_session(visit, response, token)
            return response
    typed = [pair for pair in form.pairs() if pair[0] not in (PASSKEY, PASSPHRASE)]
    typed += ((KEPT, name) for name in form.texts(KEPT))
    # As typed, and not made visible first: the act gets these values back.
    hidden = Markup().join(_HIDDEN % pair for pair in typed)
    return _form(visit, visit.request.url.path, hidden, refused, status=403)


async def _prove(visit: Visit, form: Form) -> str:
    try:
        await verify_person(visit, form, _purpose(visit), visit.person)
    except PROOF_REFUSED as error:
        record_refusal(visit, visit.person, error)
        raise
    console = visit.console
    visit.node.sign_ins.record(visit.person, PASSKEY if form.text(PASSKEY) else PASSPHRASE)
    token = console.sessions.prove(visit.request.cookies[console.cookie], console.clock())
    visit.request.cookies[console.cookie] = token  # of the session in which an act follows
    return token


def confirm_form(visit: Visit, after: str, refused: TearlineError | None = None) -> Response:
    """Returns the form that asks for the person again, on the way to a page."""
    hidden = _HIDDEN % ("next", after)
    status = 200 if refused is None else 403
    return _form(visit, "/confirm", hidden, refused, status=status, after=after)


def _form(
    visit: Visit,
    action: str,
    hidden: Markup,
    refused: TearlineError | None,
    *,
    status: int,
    after: str = "",
) -> Response:
    owned = visit.node.sign_ins.passkeys.owned(visit.person)
    options = passkey_options(visit, _purpose(visit), owned) if owned else ""
    provider = visit.console.provider
    linked = provider is not None and visit.node.sign_ins.links.has(visit.person)
    values = {
        "action": action,
        "hidden": hidden,
        "refused": refused,
        "options": options,
        "host": provider.host if provider is not None and linked else "",
        # The page of an act stays open, with all that was typed: another window confirms.
        "beside": action != "/confirm",
        "after": after,
    }
    late = isinstance(refused, SignInDelayed)
    return visit.render("confirm.html", values, status=429 if late else status)


def _purpose(visit: Visit) -> str:
    """Returns the purpose of a passkey: to confirm this session, and no other."""
    return f"confirm {visit.csrf}"
