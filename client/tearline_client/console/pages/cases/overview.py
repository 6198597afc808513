"""The list of cases, and the form that opens one."""

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.federation.versions import Members
from tearline.persons.tokens import Role
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import carried_out, note_of
from tearline_client.console.pages.agreements.overview import names
from tearline_client.console.pages.cases.words import STANDINGS
from tearline_client.console.visit import Visit
from tearline_client.features.cases.views import CaseView
from tearline_client.rendering.words import agency_name


@immutable
class CaseRow:
    """A case in the list.

    Attributes:
        id: Its id, in hexadecimal.
        title: Its title.
        lead: Short name of the leading agency.
        standing: Our own membership, as a message.
        members: Short names of the visible members.
        asked: Short names of the agencies about to join.
    """

    id: str
    title: str
    lead: str
    standing: str
    members: tuple[str, ...]
    asked: tuple[str, ...]


async def page(visit: Visit) -> Response:
    """Shows the cases that this agency leads, has joined, or is invited to."""
    members = visit.node.directory.members()
    rows = tuple(_row(each, members) for each in visit.node.cases.all())
    values = {"rows": rows, "can_open": Role.LIAISON in visit.roles, "note": note_of(visit)}
    return visit.render("cases.html", values)


def _row(view: CaseView, members: Members) -> CaseRow:
    return CaseRow(
        id=view.id.hex(),
        title=view.title,
        lead=agency_name(members, view.lead),
        standing=STANDINGS[view.standing],
        members=names(members, view.members),
        asked=names(members, view.asked),
    )


async def open_page(visit: Visit) -> Response:
    """Asks for the title, the agreement and the partners of a new case."""
    node, members = visit.node, visit.node.directory.members()
    us = node.identity().agency_uri
    agreements = {each.name for each in node.agreements.list() if us in each.terms.parties}
    partners = sorted(each.name for each in members.agencies if each.uri != us)
    form = visit.kept_form() or Form({})
    values = {"agreements": sorted(agreements), "partners": partners, "form": form}
    return visit.render("case_open.html", values)


async def open_case(visit: Visit) -> Response:
    """Opens a case, and invites the chosen partners."""
    form, node = await visit.form(), visit.node
    partners = [
        each.name for each in node.directory.members().agencies if form.text(f"with-{each.name}")
    ]
    if not partners:
        raise MalformedInput("choose at least one partner of the case")
    agreement = node.agreements.by_name(form.text("agreement"))
    act = node.case_decisions.open(
        agreement,
        form.text("title").strip(),
        partners,
        summary=form.text("summary").strip(),
        repeats=form.text("repeats").strip(),
        acted_by=node.persons.acted_by(visit.person, agreement.id, Role.LIAISON),
    )
    return await carried_out(visit, act, "/cases", "opened")
