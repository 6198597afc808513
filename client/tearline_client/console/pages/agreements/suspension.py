"""Suspending, resuming and ending an agreement: the effects are shown before the confirmation."""

from enum import StrEnum
from typing import TypeVar

from starlette.responses import Response

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.persons.tokens import Role
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.text.choices import one_of
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import STANDS, carried_out, verify_typed
from tearline_client.console.pages.agreements.agreement import agreement_of, path_of
from tearline_client.console.pages.agreements.words import (
    IN_FLIGHT,
    IN_FLIGHT_AT_END,
    ORIGINATED,
    ORIGINATED_AT_END,
    SUSPENSION_REASONS,
)
from tearline_client.console.visit import Visit
from tearline_client.features.suspensions.effects import Effects
from tearline_client.rendering.agreements import direction_of
from tearline_client.rendering.words import agency_name

Choice = TypeVar("Choice", bound=StrEnum)


@immutable
class Choices:
    """The choices of a person, as a form or an address states them.

    Attributes:
        article: The article; empty for the whole agreement.
        direction: FROM:TO, two short names; empty for all directions.
        reason: A reason, or empty before a choice.
        in_flight: Handling of mail in flight.
        originated: Handling of earlier packets.
    """

    article: str
    direction: str
    reason: str
    in_flight: str
    originated: str


def _of_address(visit: Visit) -> Choices:
    return Choices(
        article=visit.query("article"),
        direction=visit.query("direction"),
        reason=visit.query("reason"),
        in_flight=visit.query("in_flight") or InFlight.HOLD.value,
        originated=visit.query("originated") or Originated.KEEP.value,
    )


def _of_form(form: Form) -> Choices:
    return Choices(
        article=form.text("article"),
        direction=form.text("direction"),
        reason=form.text("reason"),
        in_flight=form.text("in_flight"),
        originated=form.text("originated"),
    )


def _suspension(visit: Visit, chosen: Choices) -> Suspension:
    sender, recipient = direction_of(visit.node.directory.members(), chosen.direction)
    return Suspension(
        article=chosen.article,
        sender=sender,
        recipient=recipient,
        reason=_choice(Reason, chosen.reason, "reason"),
        in_flight=_choice(InFlight, chosen.in_flight, "handling of mail in flight"),
        originated=_choice(Originated, chosen.originated, "handling of earlier packets"),
    )


def _choice(kind: type[Choice], text: str, what: str) -> Choice:
    try:
        return kind(text)
    except ValueError:
        raise MalformedInput(one_of(text, what, [each.value for each in kind])) from None


async def suspend_page(visit: Visit) -> Response:
    """Asks for the scope, and then shows the effects and asks for the confirmation."""
    return await _page(visit, is_end=False)


async def end_page(visit: Visit) -> Response:
    """Asks for the handling of mail, and then shows the effects and asks for the confirmation."""
    return await _page(visit, is_end=True)


async def _page(visit: Visit, *, is_end: bool) -> Response:
    agreement, chosen = agreement_of(visit), _of_address(visit)
    in_flight = IN_FLIGHT_AT_END if is_end else IN_FLIGHT
    values: dict[str, object] = {
        "id": agreement.id.hex(),
        "name": agreement.name,
        "is_end": is_end,
        "chosen": chosen,
        "articles": [article.id for article in agreement.terms.articles],
        "directions": _directions(visit, agreement),
        "reasons": SUSPENSION_REASONS,
        "in_flight": in_flight,
        "originated": ORIGINATED_AT_END if is_end else ORIGINATED,
        "effects": None,
        "lacks_article": bool(chosen.direction and not chosen.article),
    }
    if chosen.reason and not values["lacks_article"]:
        suspension = _suspension(visit, chosen)
        effects = await visit.node.suspensions.effects(agreement, suspension)
        values["effects"] = _effect_rows(visit, effects)
        values["is_complete"] = effects.is_complete
        values["fate"] = in_flight[suspension.in_flight]
        values["erases"] = suspension.originated is Originated.ERASE
    return visit.render("suspend.html", values, status=400 if values["lacks_article"] else 200)


def _directions(visit: Visit, agreement: Agreement) -> tuple[tuple[str, str], ...]:
    """Returns the directions from and to this agency, by short names."""
    members, us = visit.node.directory.members(), visit.node.identity().agency_uri
    ways = {
        (way.sender, way.recipient)
        for article in agreement.terms.articles
        for way in article.directions
        if us in (way.sender, way.recipient)
    }
    return tuple(sorted((agency_name(members, a), agency_name(members, b)) for a, b in ways))


def _effect_rows(visit: Visit, effects: Effects) -> tuple[tuple[str, int, int], ...]:
    """Returns each partner with its undelivered and its delivered packets."""
    members = visit.node.directory.members()
    partners = effects.undelivered.keys() | effects.delivered.keys()
    return tuple(
        sorted(
            (
                agency_name(members, uri),
                effects.undelivered.get(uri, 0),
                effects.delivered.get(uri, 0),
            )
            for uri in partners
        )
    )


async def suspend(visit: Visit) -> Response:
    """Suspends a scope: here at once, elsewhere once notified."""
    form, agreement = await visit.form(), agreement_of(visit)
    verify_typed(form, agreement.name)
    suspension = _suspension(visit, _of_form(form))
    roles = (Role.LIAISON, Role.OFFICER)
    person = visit.node.persons.acted_as(visit.person, agreement.id, roles)
    if await visit.node.suspensions.standing(agreement, suspension, acted_by=person):
        return visit.redirect(path_of(agreement), {"done": STANDS})
    act = visit.node.suspensions.suspend(agreement.id.hex(), suspension, acted_by=person)
    return await carried_out(visit, act, path_of(agreement), "suspended")


async def resume(visit: Visit) -> Response:
    """Lifts the suspensions of this agency, or one of them."""
    form, agreement = await visit.form(), agreement_of(visit)
    article = form.text("article")
    ends = direction_of(visit.node.directory.members(), form.text("direction"))
    person = visit.node.persons.acted_by(visit.person, agreement.id, Role.OFFICER)
    act = visit.node.suspensions.resume(
        agreement.id.hex(), (article, *ends) if form.text("one") else None, acted_by=person
    )
    return await carried_out(visit, act, path_of(agreement), "resumed")


async def end(visit: Visit) -> Response:
    """Ends the agreement permanently for this agency."""
    form, agreement = await visit.form(), agreement_of(visit)
    verify_typed(form, agreement.name)
    said = _suspension(visit, _of_form(form))
    act = visit.node.suspensions.end(
        agreement.id.hex(),
        reason=said.reason,
        in_flight=said.in_flight,
        originated=said.originated,
        acted_by=visit.node.persons.acted_by(visit.person, agreement.id, Role.OFFICER),
    )
    return await carried_out(visit, act, path_of(agreement), "ended")
