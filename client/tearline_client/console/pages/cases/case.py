"""One case: its members, its packets and its events; and the acts of a member or the lead."""

from starlette.responses import Response

from tearline.cases.case import Membership
from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.limits import MAX_CASE_PACKETS
from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy
from tearline_client.console.pages.acts import carried_out, note_of, verify_typed
from tearline_client.console.pages.bound_act import bound_field, verify_told
from tearline_client.console.pages.cases.words import (
    EVENTS,
    LEADS,
    STANDINGS,
    TO_JOIN,
    VERBS,
    WARNINGS,
)
from tearline_client.console.visit import Visit
from tearline_client.console.words import KINDS
from tearline_client.features.cases.views import CaseView
from tearline_client.rendering.words import agency_name

_INSIDE = (Membership.IN, Membership.WAITING)


@immutable
class FiledPacket:
    """A packet of the case.

    Attributes:
        id: Its id, in hexadecimal.
        kind: Its kind, as a message.
        by: Short name of its originator.
        received_ms: The time of its arrival or creation.
        is_corrected: Whether a newer packet replaces it.
    """

    id: str
    kind: str
    by: str
    received_ms: int
    is_corrected: bool


async def page(visit: Visit) -> Response:
    """Shows a case without contents of packets."""
    node, members = visit.node, visit.node.directory.members()
    view, us = case_of(visit), node.identity().agency_uri
    standings = dict.fromkeys(view.members, STANDINGS[Membership.IN])
    standings |= dict.fromkeys(view.asked, TO_JOIN)
    standings |= {uri: STANDINGS[standing] for uri, standing in view.seats.items()}
    standings[view.lead] = LEADS
    packets = node.cases.packets(view)
    records = sorted(map(node.packets.get, packets), key=lambda r: -r.received_ms)
    corrected = node.corrections.corrected_by(packets)
    leads, is_in = view.lead == us, view.standing in _INSIDE
    acts = _acts(view, leads=leads) if Role.LIAISON in visit.roles else ()
    return visit.render(
        "case.html",
        {
            "id": view.id.hex(),
            "title": view.title,
            "summary": view.summary,
            "standing": STANDINGS[view.standing],
            "reasons": node.cases.reasons(view),
            "members": sorted(
                (agency_name(members, uri), words) for uri, words in standings.items()
            ),
            "packets": [
                FiledPacket(
                    id=each.id.hex(),
                    kind=KINDS[each.manifest.kind],
                    by=agency_name(members, each.origin),
                    received_ms=each.received_ms,
                    is_corrected=each.id in corrected,
                )
                for each in records[:MAX_CASE_PACKETS]
            ],
            "is_full": len(records) > MAX_CASE_PACKETS,
            "can_open": Role.LIAISON in visit.roles,
            "can_read": visit.roles != {Role.AUDITOR},
            "acts": acts,
            "bound": bound_field(visit, _joined(view)),
            "votes": sorted(
                agency_name(members, uri)
                for uri in view.asked
                if acts and is_in and not leads and uri != us
            ),
            "invitable": sorted(
                each.name
                for each in members.agencies
                if "close" in acts and each.uri not in standings
            ),
            "note": note_of(visit),
        },
    )


def _acts(view: CaseView, *, leads: bool) -> tuple[str, ...]:
    if leads:
        return ("close",) if view.standing is Membership.IN else ()
    if view.standing is Membership.INVITED:
        return ("join", "decline")
    return ("leave",) if view.standing in _INSIDE else ()


async def timeline(visit: Visit) -> Response:
    """Shows the events of a case, in the order of the log."""
    members, view = visit.node.directory.members(), case_of(visit)
    values = {
        "id": view.id.hex(),
        "title": view.title,
        "events": await visit.node.cases.timeline_in_steps(view),
        "words": EVENTS,
        "kinds": KINDS,
        "name": lambda uri: agency_name(members, uri) if uri else "",
        "can_open": Role.LIAISON in visit.roles,
    }
    return visit.render("case_timeline.html", values)


async def step_page(visit: Visit) -> Response:
    """Shows the effects of leaving or closing a case, and asks for the typed title."""
    view, verb = case_of(visit), visit.request.path_params["verb"]
    if verb not in WARNINGS:
        raise MalformedInput("the page of an act on a case is leave or close")
    return visit.render(
        "case_step.html",
        {"id": view.id.hex(), "title": view.title, "verb": verb, "warning": WARNINGS[verb]},
    )


async def step(visit: Visit) -> Response:
    """Joins, declines, leaves or closes a case."""
    form, view = await visit.form(), case_of(visit)
    verb = visit.request.path_params["verb"]
    if verb not in VERBS:
        raise MalformedInput("an act on a case is join, decline, leave or close")
    if verb in WARNINGS:
        verify_typed(form, view.title)
    if verb == "join":
        verify_told(visit, form, _joined(view))
    act = visit.node.case_decisions.take(view, verb, acted_by=_person(visit, view))
    return await carried_out(visit, act, path_of(view), VERBS[verb])


def _joined(view: CaseView) -> list[object]:
    """Returns the agencies among which this one would be: joining consents to each."""
    return [view.id, view.members, view.asked]


async def invite(visit: Visit) -> Response:
    """Invites one more partner to a case of ours."""
    form, view = await visit.form(), case_of(visit)
    if not (partner := form.text("partner")):
        raise MalformedInput("choose the partner to invite")
    act = visit.node.case_decisions.invite(
        view,
        partner,
        repeats=form.text("repeats").strip(),
        acted_by=_person(visit, view),
    )
    return await carried_out(visit, act, path_of(view), "invited")


async def vote(visit: Visit) -> Response:
    """Consents or objects to an agency's joining."""
    form, view = await visit.form(), case_of(visit)
    answer = form.text("answer")
    if answer not in ("consent", "object"):
        raise MalformedInput("the answer is consent or object")
    act = visit.node.case_decisions.answer(
        view,
        form.text("agency"),
        consent=answer == "consent",
        acted_by=_person(visit, view),
    )
    return await carried_out(visit, act, path_of(view), "answered")


def case_of(visit: Visit) -> CaseView:
    """Returns the case of the address.

    Raises:
        NotFound: If this agency has no such case.
        NameAmbiguous: If there are several.
    """
    return visit.node.cases.find(visit.request.path_params["case"])


def path_of(view: CaseView) -> str:
    """Returns the address of a case's page."""
    return f"/cases/{view.id.hex()}"


def _person(visit: Visit, view: CaseView) -> ActedBy | None:
    return visit.node.persons.acted_by(visit.person, view.agreement_id, Role.LIAISON)
