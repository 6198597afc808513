"""Terms of this agency's own: a new agreement, an amendment, or an answer to a proposal.

The first form takes the file of the terms. The second shows each partner's gains and losses, and
asks for the confirmation.
"""

from collections.abc import Callable

from starlette.responses import Response

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, NotConfirmed, TearlineError
from tearline.persons.tokens import Role
from tearline_client.console.agreement_text import agreement_text
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import carried_out, verify_typed
from tearline_client.console.pages.agreements.agreement import agreement_of
from tearline_client.console.pages.agreements.proposal import difference
from tearline_client.console.pages.bound_act import SEEN, bound_field, is_told
from tearline_client.console.visit import Visit, status_of
from tearline_client.planning.agreement_file import DAY_MS
from tearline_client.rendering.agreements import version_before

_DEFAULT_DAYS, _MAX_DAYS = 30, 3650


@immutable
class Aim:
    """The use of the terms.

    Attributes:
        path: The address of the form.
        subject: Name of the agreement to be amended or of the proposal to be answered, or empty.
        is_answer: Whether they answer a proposal.
        begun: The terms from which a person begins, as a file; or empty.
        draft: Returns the terms of a file.
        answers: Id of the terms that they answer, or empty.
    """

    path: str
    subject: str
    is_answer: bool
    begun: str
    draft: Callable[[str], Agreement]
    answers: bytes


def _new(visit: Visit) -> Aim:
    return Aim(
        path="/agreements/new",
        subject="",
        is_answer=False,
        begun="",
        draft=visit.node.proposals.draft,
        answers=b"",
    )


def _amendment(visit: Visit) -> Aim:
    found, id_text = agreement_of(visit), visit.request.path_params["agreement"]
    return Aim(
        path=f"/agreements/{found.id.hex()}/amend",
        subject=found.name,
        is_answer=False,
        begun=agreement_text(found, visit.node.directory.members()),
        draft=lambda text: visit.node.proposals.draft_amendment(id_text, text),
        answers=b"",
    )


def _answer(visit: Visit) -> Aim:
    offer = visit.node.proposals.find(visit.request.path_params["proposal"])
    return Aim(
        path=f"/proposals/{offer.terms.hex()}/counter",
        subject=offer.agreement.name,
        is_answer=True,
        begun=agreement_text(offer.agreement, visit.node.directory.members()),
        draft=lambda text: visit.node.proposals.draft_counter(offer, text),
        answers=offer.terms,
    )


async def new_page(visit: Visit) -> Response:
    """Asks for the terms of a new agreement."""
    return await _page(visit, _new(visit))


async def new(visit: Visit) -> Response:
    """Shows the terms of a new agreement, and proposes them once confirmed."""
    return await _propose(visit, _new(visit))


async def amend_page(visit: Visit) -> Response:
    """Asks for the terms of the next version of an agreement."""
    return await _page(visit, _amendment(visit))


async def amend(visit: Visit) -> Response:
    """Shows the changes of an amendment, and proposes it once confirmed."""
    return await _propose(visit, _amendment(visit))


async def counter_page(visit: Visit) -> Response:
    """Asks for the terms that answer a proposal."""
    return await _page(visit, _answer(visit))


async def counter(visit: Visit) -> Response:
    """Shows the changes of an answer, and proposes it once confirmed."""
    return await _propose(visit, _answer(visit))


async def _page(visit: Visit, aim: Aim) -> Response:
    begun = Form.of([("terms", aim.begun), ("days", str(_DEFAULT_DAYS))])
    form = visit.kept_form() or begun
    return _form(visit, aim, form.text("terms"), form.text("days"))


def _form(
    visit: Visit, aim: Aim, text: str, days: str, refused: TearlineError | None = None
) -> Response:
    values = {"aim": aim, "text": text, "days": days, "refused": refused, "is_void": False}
    shown = {**values, "after": None, "bound": ""}
    return visit.render("terms.html", shown, status=200 if refused is None else 400)


async def _propose(visit: Visit, aim: Aim) -> Response:
    form = await visit.form()
    visit.node.persons.person(visit.person, Role.OFFICER)
    text, days = form.text("terms"), form.text("days")
    try:
        within_ms = _days(days) * DAY_MS
        drafted = aim.draft(text)
    except TearlineError as error:  # the person's text stays in the form
        return _form(visit, aim, text, days, error)
    before = version_before(visit.node, drafted)
    changes = await difference(visit, before, drafted)
    told = [aim.path, text, days, before.version if before else 0, changes]
    is_void = bool(form.text(SEEN)) and not is_told(visit, form, told)
    refused: TearlineError | None = None
    if form.text(SEEN) and not is_void:
        try:
            verify_typed(form, drafted.name)
        except NotConfirmed as error:
            refused = error
        else:
            act = visit.node.proposals.propose(
                drafted, answers=aim.answers, within_ms=within_ms, person=visit.person
            )
            return await carried_out(visit, act, "/agreements", "proposed")
    values = {"aim": aim, "text": text, "days": days, "refused": refused, "is_void": is_void}
    shown = {**values, **changes, "after": drafted, "bound": bound_field(visit, told)}
    return visit.render("terms.html", shown, status=409 if is_void else status_of(refused))


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _MAX_DAYS):
        raise MalformedInput(f"days to answer: a number from 1 to {_MAX_DAYS}")
    return int(text)
