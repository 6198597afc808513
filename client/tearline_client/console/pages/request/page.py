"""A request for records: its items, its clock, its history, and the acts that are possible now."""

from collections.abc import Iterator

from starlette.responses import Response

from tearline.bodies.requests import ITEM
from tearline.dataclass.immutable import immutable
from tearline.errors import TearlineError, ValueRepeated
from tearline.identity import agency_uri_of
from tearline.packets.packet import Urgency
from tearline.persons.four_eyes import APPROVERS
from tearline.persons.tokens import Role
from tearline.requests.step import Ground, Side, StepKind
from tearline_client.console.field_names import words_of
from tearline_client.console.forms import Form
from tearline_client.console.pages.packet.document import document
from tearline_client.console.pages.request.steps import SHOWN_DIGITS, choice_of, offered
from tearline_client.console.pages.requests import request_row
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import GROUNDS, GROUNDS_EXPLAINED, STEPS, URGENCIES
from tearline_client.features.requests.choices import take_step
from tearline_client.features.requests.states import state_of
from tearline_client.features.requests.views import RequestView
from tearline_client.node import Node
from tearline_client.rendering.words import agency_name

_HASTE = (Urgency.ROUTINE, Urgency.URGENT, Urgency.EMERGENCY)
_ITEM = words_of(ITEM)


@immutable
class ItemRow:
    """An item of a request.

    Attributes:
        number: Its number.
        record: The requested record.
        is_open: Whether it is undecided.
        ground: The ground of its refusal as a message, or empty.
        explained: The ground in plain words, as a message.
        answer: The packet that answers it, in hexadecimal; or empty.
        corrected_by: The packet that replaces the answer, or empty.
        earlier: Earlier packets that answered it.
    """

    number: int
    record: str
    is_open: bool
    ground: str
    explained: str
    answer: str
    corrected_by: str
    earlier: tuple[str, ...]


@immutable
class StepRow:
    """A step in the history of a request.

    Attributes:
        time_ms: Its log time, or None before the exchange accepted it.
        is_ours: Whether this agency took it.
        words: Its kind, as a message.
        items: Numbers of the items that it decides.
        text: The text for the other party.
        useful: In feedback, whether the answer was useful.
        entry: Index of its entry in the log, or None.
        code: Code of its refusal, or empty.
        repeats: The reason to repeat kept values, or empty.
    """

    time_ms: int | None
    is_ours: bool
    words: str
    items: tuple[int, ...]
    text: str
    useful: bool | None
    entry: int | None
    code: str
    repeats: str


async def page(visit: Visit) -> Response:
    """Shows a request, and notifies its asker that a liaison officer has seen it."""
    packet = visit.node.requests.find(visit.request.path_params["request"])
    rendered = request_page(visit, packet, typed=visit.kept_form())
    if Role.LIAISON in visit.roles:
        # Last: a receipt that a person saw the packet is signed, and cannot be taken back.
        agreement_id = visit.node.packets.manifest(packet).agreement.id
        acted_by = visit.node.persons.acted_by(visit.person, agreement_id, Role.LIAISON)
        await visit.node.packets.confirm_read(packet, acted_by=acted_by)
    return rendered


async def take(visit: Visit) -> Response:
    """Takes the step of a form, as the signed-in person."""
    form, node = await visit.form(), visit.node
    packet = node.requests.find(visit.request.path_params["request"])
    try:
        choice = choice_of(form, packet)
        agreement_id = node.packets.manifest(packet).agreement.id
        acted_by = node.persons.acted_as(visit.person, agreement_id, APPROVERS)
        await take_step(node.requests, packet, choice, acted_by)
    except TearlineError as error:
        return request_page(visit, packet, refused=error, typed=form)
    return visit.redirect(f"/requests/{packet.hex()}")


def request_page(
    visit: Visit, packet: bytes, *, refused: TearlineError | None = None, typed: Form | None = None
) -> Response:
    """Returns the page of a request; the access log has its reading first.

    Args:
        visit: The visit.
        packet: 32 bytes, the id of the request.
        refused: The refusal of a step, shown on top.
        typed: The form as it was kept or refused, so that no text is lost.
    """
    node = visit.node
    view = node.requests.show(packet, person=visit.person)
    shown = document(node, view.shown) if view.shown else {"parts": (), "sender": "", "kind": ""}
    members = node.directory.members()
    acts = tuple(offered(_kinds(visit, view)))
    values = {
        **shown,
        "request": packet.hex(),
        "row": request_row(state_of(view), members),
        "items": tuple(_items(node, view)),
        "steps": tuple(_steps(node, view)),
        "stopped_by": _stopped_by(node, view),
        "purpose": view.purpose,
        "pending": tuple(each.hex() for each in view.pending),
        "acts": acts,
        "can_answer": _can_answer(visit, view, StepKind.ANSWER),
        "can_supplement": _can_answer(visit, view, StepKind.SUPPLEMENT),
        "can_open_packet": Role.LIAISON in visit.roles,
        "grounds": {each: (GROUNDS[each], GROUNDS_EXPLAINED[each]) for each in Ground},
        "urgencies": {each: URGENCIES[each] for each in _lower(view.progress.urgency)},
        "item_kind": _ITEM,  # the items stand above, with their outcomes
        "confirmed_by": packet.hex()[:SHOWN_DIGITS],
        "refused": refused,
        "typed": typed or Form({}),
        "asks_reason": isinstance(refused, ValueRepeated),
    }
    return visit.render("request.html", values, status=status_of(refused))


def _lower(urgency: Urgency) -> tuple[Urgency, ...]:
    """Returns the urgencies that may replace one."""
    return _HASTE[: _HASTE.index(urgency)] if urgency in _HASTE else ()


def _kinds(visit: Visit, view: RequestView) -> frozenset[StepKind]:
    """Returns the steps that the person may take now."""
    if view.frozen or not visit.roles & {*APPROVERS}:
        return frozenset()
    return view.offered


def _can_answer(visit: Visit, view: RequestView, kind: StepKind) -> bool:
    """Returns whether the person may answer, or draft an answer for a second person."""
    return kind in view.offered and not view.frozen and visit.roles != {Role.AUDITOR}


def _items(node: Node, view: RequestView) -> Iterator[ItemRow]:
    superseded = node.corrections.corrected_by([each.answer for each in view.items if each.answer])
    for each in view.items:
        yield ItemRow(
            number=each.number,
            record=each.record,
            is_open=each.is_open,
            ground=GROUNDS[each.ground] if each.ground else "",
            explained=GROUNDS_EXPLAINED[each.ground] if each.ground else "",
            answer=each.answer.hex(),
            corrected_by=superseded.get(each.answer, b"").hex(),
            earlier=tuple(packet.hex() for packet in each.earlier),
        )


def _steps(node: Node, view: RequestView) -> Iterator[StepRow]:
    for each in view.steps:
        note = each.note
        yield StepRow(
            time_ms=each.time_ms,
            is_ours=each.side is view.request.side,
            words=STEPS[each.step.kind],
            items=tuple(item.number for item in note.items) if note else (),
            text=note.text if note else "",
            useful=note.useful if note else None,
            entry=each.index,
            code=each.code,
            repeats=node.packets.repeats_in(each.signed.statement.id),
        )


def _stopped_by(node: Node, view: RequestView) -> tuple[str, ...]:
    """Returns the short names of the agencies because of which the clock stands still."""
    if view.stopped_ms is None:
        return ()
    members, found = node.directory.members(), set[str]()
    if view.progress.has_question:
        ours = node.identity().agency if view.request.side is Side.HOLDER else ""
        found.add(ours or agency_name(members, view.request.peer))
    if view.suspended:
        agreement = node.agreements.newest(node.packets.manifest(view.request.packet).agreement.id)
        parties = {agency_uri_of(node.uri), agency_uri_of(view.request.peer)}
        found |= {
            agency_name(members, each.agency)
            for each in node.suspensions.positions(agreement)
            if each.agency in parties
        }
    return tuple(sorted(found))
