"""Acts of pages: their confirmation, and the notice of their outcome on the next page."""

from collections.abc import Awaitable, Mapping

from starlette.responses import Response

from tearline.errors import ActQueued, NotConfirmed
from tearline.text.display import visible
from tearline_client.console.forms import Form
from tearline_client.console.languages import mark
from tearline_client.console.visit import Visit

QUEUED, STANDS = "queued", "stands"
NOTES: Mapping[str, str] = {
    QUEUED: mark("The exchange is unreachable. The node sends this as soon as it can."),
    STANDS: mark("This stands already. Nothing was sent."),
    "signed": mark("Signed. The agreement comes into force once every party has signed."),
    "declined": mark("Declined. Every party is notified."),
    "proposed": mark("Signed and proposed to every party."),
    "published": mark("The exchange has every version of this agreement."),
    "suspended": mark("Suspended here from this moment. Partners stop when the notice arrives."),
    "resumed": mark("Resumed. Held mail is issued anew within the current policies."),
    "ended": mark("Ended for this agency, permanently."),
    "opened": mark("Opened. The partners are invited."),
    "invited": mark("Invited."),
    "joined": mark("The lead has this agency's answer."),
    "left": mark("This agency has left the case. Filed packets stay filed."),
    "closed": mark("The case is closed for all members."),
    "read": mark("The senders are told that you have seen them."),
    "recalled": mark("Recalled. Earlier reading and copying at the partners cannot be undone."),
    "erased": mark("Erased. The originator is told."),
    "kept": mark("Kept. The originator is told the ground."),
    "asked": mark("Asked. The originator decides, and its answer appears here."),
    "given": mark("The consent is given. The partner is told."),
    "given_waits": mark("A second person approves it before it is given."),
    "consent_refused": mark("Refused. The partner is told."),
    "withdrawn": mark("The consent is withdrawn, permanently."),
    "answered": mark("The lead has this agency's decision."),
}
"""Notices by the word in the address; no other word of an address is shown."""


def note_of(visit: Visit) -> str:
    """Returns the notice that the address of a page names, as a message, or an empty text."""
    return NOTES.get(visit.query("done"), "")


def verify_typed(form: Form, name: str) -> None:
    """Checks the name that a person typed to confirm an act.

    Args:
        form: The form; the field is ``typed``.
        name: The name; typed as the page shows it.

    Raises:
        NotConfirmed: If it differs.
    """
    if _folded(form.text("typed")) != _folded(visible(name)):
        raise NotConfirmed("the typed name differs")


def _folded(text: str) -> str:
    """Returns a text with its spaces as browsers show them."""
    return " ".join(text.split())


async def carried_out(visit: Visit, act: Awaitable[object], path: str, done: str) -> Response:
    """Awaits an act, receives its consequences, and leads to a page with a notice.

    Args:
        visit: The request.
        act: The act.
        path: The page.
        done: The word of the notice.
    """
    try:
        await act
    except ActQueued:  # stored: the node sends it later
        done = QUEUED
    else:
        await visit.node.refresh()
    return visit.redirect(path, {"done": done})
