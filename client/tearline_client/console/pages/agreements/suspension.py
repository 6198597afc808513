"""Suspending, resuming and ending an agreement: the effects are shown before the confirmation."""

from dataclasses import replace
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
from tearline_client.console.pages.acts import STANDS, carried_out
from tearline_client.console.pages.agreements.agreement import agreement_of, lifted, path_of
from tearline_client.console.pages.agreements.words import (
    IN_FLIGHT,
    IN_FLIGHT_AT_END,
    ORIGINATED,
    ORIGINATED_AT_END,
    SUSPENSION_REASONS,
)
from tearline_client.console.pages.bound_act import BoundAct, Preview, of_address, verify_told
from tearline_client.console.visit import Visit
from tearline_client.features.suspensions.effects import Effects
from tearline_client.rendering.agreements import direction_of
from tearline_client.rendering.words import agency_name

Choice = TypeVar("Choice", bound=StrEnum)


@immutable
class Choices:
    """The choices of a person, as a form states them.

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


def _start(visit: Visit) -> Form:
    """Returns the choices with which the page begins: mail in flight waits, the rest stays."""
    given = of_address(visit)
    usual = {"in_flight": InFlight.HOLD.value, "originated": Originated.KEEP.value}
    assumed = ((name, text) for name, text in usual.items() if not given.text(name))
    return Form.of([*given.pairs(), *assumed])


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


async def _suspension_effects(visit: Visit, form: Form) -> Preview[Suspension]:
    """Returns the packets that a suspension of the chosen scope touches."""
    return await _effects(visit, _of_form(form), is_end=False)


async def _end_effects(visit: Visit, form: Form) -> Preview[Suspension]:
    """Returns the packets that the end of the agreement touches."""
    return await _effects(visit, replace(_of_form(form), article="", direction=""), is_end=True)


async def _effects(visit: Visit, chosen: Choices, *, is_end: bool) -> Preview[Suspension]:
    agreement = agreement_of(visit)
    in_flight = IN_FLIGHT_AT_END if is_end else IN_FLIGHT
    lacks_article = bool(chosen.direction and not chosen.article)
    values: dict[str, object] = {
        "id": agreement.id.hex(),
        "name": agreement.name,
        "is_end": is_end,
        "chosen": chosen,
        "articles": [article.id for article in agreement.terms.articles],
        "directions": _directions(visit, agreement),
        "reasons": {each.value: words for each, words in SUSPENSION_REASONS.items()},
        "in_flight": {each.value: words for each, words in in_flight.items()},
        "originated": {
            each.value: words
            for each, words in (ORIGINATED_AT_END if is_end else ORIGINATED).items()
        },
        "effects": None,
        "lacks_article": lacks_article,
    }
    suspension = None
    if chosen.reason and not lacks_article:
        suspension = _suspension(visit, chosen)
        effects = await visit.node.suspensions.effects(agreement, suspension)
        values["effects"] = _effect_rows(visit, effects)
        values["is_counted"] = effects.is_complete
        values["fate"] = in_flight[suspension.in_flight]
        values["erases"] = suspension.originated is Originated.ERASE
    return Preview(
        template="suspend.html",
        values=values,
        subject=suspension,
        typed=" ".join(filter(None, (agreement.name, chosen.article, chosen.direction))),
    )


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


async def _suspend(visit: Visit, _: Form, suspension: Suspension) -> Response:
    """Suspends a scope: here at once, elsewhere once notified."""
    agreement = agreement_of(visit)
    roles = (Role.LIAISON, Role.OFFICER)
    person = visit.node.persons.acted_as(visit.person, agreement.id, roles)
    if await visit.node.suspensions.standing(agreement, suspension, acted_by=person):
        return visit.redirect(path_of(agreement), {"done": STANDS})
    act = visit.node.suspensions.suspend(agreement.id.hex(), suspension, acted_by=person)
    return await carried_out(visit, act, path_of(agreement), "suspended")


async def _end(visit: Visit, _: Form, said: Suspension) -> Response:
    """Ends the agreement permanently for this agency."""
    agreement = agreement_of(visit)
    act = visit.node.suspensions.end(
        agreement.id.hex(),
        reason=said.reason,
        in_flight=said.in_flight,
        originated=said.originated,
        acted_by=visit.node.persons.acted_by(visit.person, agreement.id, Role.OFFICER),
    )
    return await carried_out(visit, act, path_of(agreement), "ended")


async def resume(visit: Visit) -> Response:
    """Lifts one suspension of this agency, as the form names it."""
    form, agreement = await visit.form(), agreement_of(visit)
    ends = direction_of(visit.node.directory.members(), form.text("direction"))
    scope = form.text("article"), *ends
    verify_told(visit, form, lifted(visit, agreement, scope))
    person = visit.node.persons.acted_by(visit.person, agreement.id, Role.OFFICER)
    act = visit.node.suspensions.resume(agreement.id.hex(), scope, acted_by=person)
    return await carried_out(visit, act, path_of(agreement), "resumed")


SUSPEND = BoundAct(effects=_suspension_effects, act=_suspend, start=_start)
END = BoundAct(effects=_end_effects, act=_end, start=_start)
