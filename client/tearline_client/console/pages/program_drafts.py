"""Drafts that programs added over TAXII: an officer imports each, or discards it."""

from starlette.responses import Response

from tearline.errors import NotConfirmed
from tearline_client.console.visit import Visit

PATH = "/program-drafts"
_TYPED_DIGITS = 8


async def page(visit: Visit) -> Response:
    """Shows the drafts that wait, without their contents."""
    return visit.render("program_drafts.html", {"drafts": visit.node.feeds.drafts.list()})


async def discard(visit: Visit) -> Response:
    """Discards a draft, once the beginning of its id was typed."""
    form, drafts = await visit.form(), visit.node.feeds.drafts
    draft_id = drafts.find(form.text("draft"))
    wanted = draft_id.hex()[:_TYPED_DIGITS]
    if form.text("typed").strip() != wanted:
        raise NotConfirmed(f"{wanted} was to be typed")
    drafts.discard(draft_id, person=visit.person)
    return visit.redirect(PATH)
