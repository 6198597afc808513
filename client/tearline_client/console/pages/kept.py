"""Drafts of a person: forms that were typed and not sent; each is kept as it is typed."""

import re
from collections.abc import Mapping

from starlette.responses import PlainTextResponse, Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline_client.console.field_names import words_of
from tearline_client.console.forms import KEPT
from tearline_client.console.kept_forms import (
    CARRIED,
    is_form,
    keep_carried,
    kept_pairs,
    lost_of,
)
from tearline_client.console.languages import mark
from tearline_client.console.visit import Visit
from tearline_client.features.forms.service import KeptForm

DISCARD = "discard"
_PAGES: Mapping[str, str] = {
    "/compose": mark("Compose a packet"),
    "/packets/[^/]+/correct": mark("Correct a packet"),
    "/packets/[^/]+/consent": mark("Ask for a consent"),
    "/requests/new": mark("New request"),
    "/requests/[^/]+/answer": mark("Answer items"),
    "/requests/[^/]+": mark("Request"),  # after /requests/new
    "/cases/new": mark("Open a case"),
    "/agreements/new|/agreements/[^/]+/amend|/proposals/[^/]+/counter": mark("Terms"),
}
_OTHER = mark("Another form")
_KEPT = mark("Kept as a draft of yours.")
_CHOICES = frozenset(
    {
        "terms", "by", "kind", "language", "mapped", "supplement", "schema", "template", "to",
        "under", "purpose", "urgency", "case", "evaluation", "agreement", "guarded", "use",
    }
)  # fmt: skip
_PLACES = re.compile(r"e\d+(\.id)?|(more|column|id)\d+")
"""Values that choose or place others, and say nothing by themselves."""
_CAPTION = 80  # characters
_MOST_SHOWN = 200  # values of a draft in the list; its own page shows all


@immutable
class DraftRow:
    """A draft in the list.

    Attributes:
        name: Its name in addresses.
        words: Its page, as a message.
        is_open: Whether the person may open its page; without that role, its values stay sealed.
        link: The address at which the person goes on, or empty.
        time_ms: Time of its latest change.
        ends_ms: Its expiry.
        lost: Number of values that were erased since.
        values: Its values, each with its name in words.
    """

    name: str
    words: str
    is_open: bool
    link: str
    time_ms: int
    ends_ms: int
    lost: int
    values: tuple[tuple[str, str], ...]

    @property
    def caption(self) -> str:
        """Returns the beginning of its first value."""
        return next((text for _, text in self.values), "")[:_CAPTION]


async def page(visit: Visit) -> Response:
    """Shows the drafts of the person, and of no other."""
    rows = [_row(visit, each) for each in visit.node.forms.list(visit.person)]
    return visit.render("drafts.html", {"rows": rows})


def _row(visit: Visit, form: KeptForm) -> DraftRow:
    page = form.page
    is_open = not page or any(
        each.keeps and each.fits(page) and each.roles & visit.roles for each in visit.console.routes
    )
    values = visit.node.forms.values(visit.person, form.name) if is_open else ()
    return DraftRow(
        name=form.name,
        words=next((words for path, words in _PAGES.items() if re.fullmatch(path, page)), _OTHER),
        is_open=is_open,
        link=f"{page}?{KEPT}={form.name}" if page and is_open else "",
        time_ms=form.time_ms,
        ends_ms=form.ends_ms,
        lost=form.lost,
        values=_said(values),
    )


def _said(values: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    said = (
        (words_of(name.rpartition(".")[2]), text)
        for name, text in values
        if text.strip() and name not in _CHOICES and not _PLACES.fullmatch(name)
    )
    return tuple(said)[:_MOST_SHOWN]


async def act(visit: Visit) -> Response:
    """Keeps a form as it is typed, or one of an earlier session; or discards a draft."""
    form = await visit.form(files=True)  # without files; it is larger so than percent-encoded
    name, path = form.text(KEPT), form.text("page")
    if carried := form.text(CARRIED):
        return visit.redirect(keep_carried(visit, visit.person, carried))
    if form.text("does") == DISCARD:
        visit.node.forms.discard(visit.person, name)
        return visit.redirect("/drafts")
    if not is_form(name, path):
        raise MalformedInput("the form has no name, or no page")
    values = (pair for pair in kept_pairs(form) if pair[0] != "page")
    visit.node.forms.keep(visit.person, name, path, values, lost=lost_of(form))
    return PlainTextResponse(visit.language.text(_KEPT).unescape())
