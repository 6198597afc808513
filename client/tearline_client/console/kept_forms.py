"""Forms as persons type them, kept at the node: across refusals and the end of a session.

A page with such a form names it anew. Each act of the form first keeps its values, whatever becomes
of the act. If the session has ended, nothing is kept for a stranger: the values go back to the
browser that sent them, and come again with the next sign-in.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from itertools import chain
from urllib.parse import quote_plus

from starlette.responses import Response

from tearline.errors import DraftsFull, FormRefused, NotFound
from tearline.limits import MAX_CONSOLE_FIELDS, MAX_CONSOLE_FORM_BYTES
from tearline_client.console.drafts import DraftContent, HeldDraft, new_name
from tearline_client.console.forms import KEPT, LOST, Form, read_form
from tearline_client.console.proofs import PASSKEY, PASSPHRASE
from tearline_client.console.visit import Handler, Visit

CARRIED = "carried"
"""Name of the field that brings the values of a form to the next session."""
_OF_THE_ACT = frozenset({"does", "seen", "show", "typed", "as_typed", PASSKEY, PASSPHRASE, CARRIED})
"""Fields that belong to one act, such as its button and its confirmation."""
_NAME = re.compile("[0-9a-f]{32}")
_NAME_SIZE = 32
_LOST = re.compile("[1-9][0-9]{0,6}")
_PATH = re.compile("(/[A-Za-z0-9_.~-]+)+")
_MOST_CARRIED = MAX_CONSOLE_FORM_BYTES - 8192  # beside the fields of the sign-in
_Pairs = Iterable[tuple[str, str]]


def kept_pairs(form: Form) -> list[tuple[str, str]]:
    """Returns the values of a form that a draft of it keeps."""
    return [(name, text) for name, text in form.pairs() if name not in _OF_THE_ACT]


def keep(visit: Visit, name: str, page: str, values: _Pairs) -> None:
    """Keeps the values of a form; the response tells if they cannot be kept.

    Raises:
        FormRefused: If values of it were erased since its page was shown.
    """
    state = visit.request.state
    try:
        visit.node.forms.keep(visit.person, name, page, values, lost=state.lost)
    except DraftsFull as error:
        state.not_kept = error


async def with_kept_form(visit: Visit, handler: Handler) -> Response:
    """Returns the answer of a handler whose form is kept: before the act, and until it is done."""
    state = visit.request.state
    if visit.request.method != "POST":
        state.kept = _name(visit.query(KEPT)) or new_name()
        with suppress(NotFound):
            found = visit.node.forms.get(visit.person, state.kept)
            state.lost = found.lost
            if found.page != visit.request.url.path:  # another page may be open to fewer roles
                state.kept, state.lost = new_name(), 0
        return await handler(visit)
    form = await visit.form(files=True)
    state.kept, state.lost = _named(form), lost_of(form)
    if state.kept:
        keep(visit, state.kept, _page_of(visit), kept_pairs(form))
    response = await handler(visit)
    if state.kept and response.status_code == 303 and not getattr(state, "is_held", False):
        visit.node.forms.discard(visit.person, state.kept)
    return response


def _page_of(visit: Visit) -> str:
    """Returns the path of the page that shows the form of a request again, or an empty text."""
    return visit.request.url.path if visit.request.state.is_shown_again else ""


def is_form(name: str, page: str) -> bool:
    """Returns whether a form may have a name, and belong to the page of a path."""
    return bool(_NAME.fullmatch(name) and _PATH.fullmatch(page))


def _name(text: str) -> str:
    return text if _NAME.fullmatch(text) else ""


def lost_of(form: Form) -> int:
    """Returns the number of erased values that the page of a form told of."""
    text = " ".join(form.texts(LOST))
    return int(text) if _LOST.fullmatch(text) else 0


def _named(form: Form) -> str:
    """Returns the name of a form, or an empty text if it has none, or several."""
    return _name(" ".join(form.texts(KEPT)))


# Previews.


def hold(visit: Visit, content: DraftContent) -> str:
    """Holds the preview of a form, and returns its name in addresses."""
    visit.request.state.is_held = True
    drafts, now_s = visit.console.drafts, visit.console.clock()
    return drafts.hold(visit.person, content, now_s, form_name(visit))


def form_name(visit: Visit) -> str:
    """Returns the name of the form that a request is about, or an empty text."""
    preview = str(visit.request.path_params.get("draft", ""))
    return visit.kept or _name(preview[:_NAME_SIZE])


def held_preview(visit: Visit) -> HeldDraft:
    """Returns the preview that the address names.

    Raises:
        NotFound: If the person has none of that name.
    """
    name = visit.request.path_params["draft"]
    return visit.console.drafts.find(name, visit.person, visit.console.clock())


async def send_once(visit: Visit, draft: HeldDraft, act: Callable[[], Awaitable[str]]) -> str:
    """Sends a preview once, ends its form, and returns the page that this leads to."""
    try:
        return await draft.send(act)
    finally:
        if draft.content is None:  # it is sent, or queued
            visit.node.forms.discard(visit.person, form_name(visit))


def change_kept(visit: Visit, name: str, values: list[tuple[str, str]]) -> None:
    """Puts other values of a name into the form of a preview, if it is kept."""
    form = form_name(visit)
    forms, person = visit.node.forms, visit.person
    with suppress(NotFound):
        found, kept = forms.get(person, form), forms.values(person, form)
        visit.request.state.lost = found.lost
        keep(visit, form, found.page, [*(pair for pair in kept if pair[0] != name), *values])


def way_back(visit: Visit) -> str:
    """Returns the address at which the person goes on with the form of a request, or empty."""
    name = "" if visit.signed_in is None else form_name(visit)
    try:
        page = visit.node.forms.get(visit.person, name).page if name else ""
    except NotFound:
        return ""
    is_here = visit.request.method == "GET" and page == visit.request.url.path
    return f"{page}?{KEPT}={name}" if page and not is_here else "/drafts"


# Ends of sessions.


async def carried_of(visit: Visit) -> tuple[str, str]:
    """Returns the values of a form that came after its session's end, and its address.

    The values are empty if they are too many. Then the address leads to what was kept before.
    """
    page = _page_of(visit)
    try:
        form = await read_form(visit.request, files=True, most_bytes=MAX_CONSOLE_FORM_BYTES)
    except FormRefused:
        return "", page
    name = _named(form)
    return carried_in(visit, form), f"{page}?{KEPT}={name}" if page and name else page


def carried_in(visit: Visit, form: Form) -> str:
    """Returns the values of a form, to be kept by another request; empty if they are too many."""
    if not getattr(visit.request.state, "keeps", False):
        return ""
    name = _named(form) or new_name()
    carried = [name, _page_of(visit), lost_of(form), kept_pairs(form)]
    text = json.dumps(carried, ensure_ascii=False)
    return text if len(quote_plus(text)) <= _MOST_CARRIED else ""


def keep_carried(visit: Visit, person: str, carried: str) -> str:
    """Keeps carried values as a draft of a person; returns the address at which to go on.

    If values of the draft were erased since its page was shown, the draft stays as it is.

    Raises:
        FormRefused: If they are not well formed.
        DraftsFull: If they cannot be kept.
    """
    try:
        name, page, lost, values = json.loads(carried)
        pairs = [(str(key), str(text)) for key, text in values]
        "".join(chain(*pairs)).encode()  # JSON can hold half a character
    except (ValueError, TypeError, RecursionError):
        raise FormRefused("it carries no form") from None
    if not _NAME.fullmatch(str(name)) or len(pairs) > MAX_CONSOLE_FIELDS:
        raise FormRefused("it carries no form")
    page = str(page) if _PATH.fullmatch(str(page)) else ""
    with suppress(FormRefused):
        visit.node.forms.keep(person, name, page, pairs, lost=lost if isinstance(lost, int) else 0)
    return f"{page}?{KEPT}={name}" if page else "/drafts"
