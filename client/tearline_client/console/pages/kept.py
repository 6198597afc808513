"""Drafts of a person: forms that were typed and not sent; each is kept as it is typed."""

import re
from collections.abc import Mapping

from starlette.responses import PlainTextResponse, Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline_client.console.field_names import words_of
from tearline_client.console.forms import KEPT
from tearline_client.console.kept_forms import CARRIED, is_form, keep_carried, kept_pairs
from tearline_client.console.languages import mark
from tearline_client.console.visit import Visit

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
        link: The address at which the person goes on, or empty.
        time_ms: Time of its latest change.
        ends_ms: Its expiry.
        lost: Number of values that were erased since.
        values: Its values, each with its name in words.
    """

    name: str
    words: str
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
    forms = visit.node.forms
    rows = [
        DraftRow(
            name=each.name,
            words=next((w for path, w in _PAGES.items() if re.fullmatch(path, each.page)), _OTHER),
            link=f"{each.page}?{KEPT}={each.name}" if each.page else "",
            time_ms=each.time_ms,
            ends_ms=each.ends_ms,
            lost=each.lost,
            values=_said(forms.values(visit.person, each.name)),
        )
        for each in forms.list(visit.person)
    ]
    return visit.render("drafts.html", {"rows": rows})


def _said(values: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    said = (
        (words_of(name.rpartition(".")[2]), text)
        for name, text in values
        if text.strip() and name not in _CHOICES and not _PLACES.fullmatch(name)
    )
    return tuple(said)[:_MOST_SHOWN]


async def act(visit: Visit) -> Response:
    """Keeps a form as it is typed, or one of an earlier session; or discards a draft."""
    form = await visit.form()
    name, path = form.text(KEPT), form.text("page")
    if carried := form.text(CARRIED):
        return visit.redirect(keep_carried(visit, visit.person, carried))
    if form.text("does") == DISCARD:
        visit.node.forms.discard(visit.person, name)
        return visit.redirect("/drafts")
    if not is_form(name, path):
        raise MalformedInput("the form has no name, or no page")
    values = (pair for pair in kept_pairs(form) if pair[0] != "page")
    visit.node.forms.keep(visit.person, name, path, values)
    return PlainTextResponse(visit.language.text(_KEPT).unescape())
