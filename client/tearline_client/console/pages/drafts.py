"""A draft before it leaves: each field as the partner would see it, and the question to send it."""

from starlette.responses import Response

from tearline.errors import NotConfirmed, NotFound, TearlineError
from tearline.persons.four_eyes import APPROVERS
from tearline_client.console.drafts import HeldDraft
from tearline_client.console.kept_forms import held_preview, send_once, way_back
from tearline_client.console.pages.bound_act import bound_field, verify_told
from tearline_client.console.pages.request.planned import AnswerDraft, Draft, RequestDraft
from tearline_client.console.pages.request.steps import SHOWN_DIGITS
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import FORMS, GAPS, LESSENED
from tearline_client.drafting.from_file import confirmed
from tearline_client.drafting.release import takes_two
from tearline_client.features.requests.views import RequestedItem
from tearline_client.messages.packet_view import short_path
from tearline_client.messages.sent import verify_accepted
from tearline_client.node import Node
from tearline_client.rendering.packets import cell_rows
from tearline_client.rendering.words import agency_name

_FORMS = {form.text: words for form, words in FORMS.items()}


async def page(visit: Visit) -> Response:
    """Shows a draft of the person; a sent one leads to the page that its sending led to."""
    held = held_preview(visit)
    return visit.redirect(held.after) if held.content is None else _preview(visit, _draft_of(held))


async def send(visit: Visit) -> Response:
    """Sends a draft once, or has it wait for a second person."""
    form, held = await visit.form(), held_preview(visit)

    async def act() -> str:
        draft = _draft_of(held)
        _verify_typed(draft, form.text("typed").strip())
        if overturned := _overturned(visit, draft):
            verify_told(visit, form, overturned)
        return await _send(visit, draft, form.text("repeats").strip())

    try:
        after = await send_once(visit, held, act)
    except TearlineError as error:
        if held.content is None:  # it is queued: it will be sent
            raise
        return _preview(visit, _draft_of(held), form.text("repeats"), error)
    return visit.redirect(after)


def _draft_of(held: HeldDraft) -> Draft:
    """Returns the request or the answer of a draft, which may be a packet of another page."""
    if not isinstance(held.content, RequestDraft | AnswerDraft):
        raise NotFound("it is no draft of a request or an answer")
    return held.content


def _verify_typed(draft: Draft, typed: str) -> None:
    match draft:
        case AnswerDraft(supplement=True) if typed != draft.request.hex()[:SHOWN_DIGITS]:
            raise NotConfirmed
        case AnswerDraft() | RequestDraft():
            return


def _overturned(visit: Visit, draft: Draft) -> tuple[RequestedItem, ...]:
    """Returns the earlier decisions that a supplement overturns, as they are now."""
    if isinstance(draft, AnswerDraft) and draft.supplement:
        return visit.node.requests.overturned(draft.request, draft.items, person=visit.person)
    return ()


async def _send(visit: Visit, draft: Draft, repeats: str) -> str:
    """Sends a draft, and returns the page to go on with."""
    node, plan = visit.node, confirmed(draft.plan, repeats)
    agreement_id, article = plan.draft.agreement.id, plan.draft.article
    if takes_two(node, agreement_id, article):
        return f"/approvals/{_wait(node, draft, repeats, visit.person).hex()}"
    acted_by = node.persons.acted_as(visit.person, agreement_id, APPROVERS)
    match draft:
        case RequestDraft():
            sent = await node.requests.submit(plan, acted_by)
            request = sent.packets[0] if sent.packets else b""
        case AnswerDraft(request=request):
            sent = await node.answers.send(
                request,
                plan,
                draft.items,
                acted_by=acted_by,
                text=draft.text,
                supplement=draft.supplement,
            )
    verify_accepted(sent)
    return f"/requests/{request.hex()}"


def _wait(node: Node, draft: Draft, repeats: str, person: str) -> bytes:
    """Stores a draft until a second person approves it; returns its pending id."""
    plan = confirmed(draft.plan, repeats)
    match draft:
        case RequestDraft():
            return node.approvals.draft([plan], person=person)
        case AnswerDraft():
            return node.approvals.draft_answer(
                draft.request,
                plan,
                draft.items,
                text=draft.text,
                person=person,
                supplement=draft.supplement,
            )


def _preview(
    visit: Visit, draft: Draft, repeats: str = "", refused: TearlineError | None = None
) -> Response:
    node, plan = visit.node, draft.plan
    members = node.directory.members()
    answer = draft if isinstance(draft, AnswerDraft) else None
    overturned = _overturned(visit, draft)
    values = {
        "draft": visit.request.path_params["draft"],
        "way_back": way_back(visit),
        "partners": sorted({agency_name(members, each) for each in plan.recipients}),
        "rows": [
            {
                **row,
                "form_words": _FORMS[str(row["form"])],
                "lessened_words": LESSENED[str(row["lessened"])],
            }
            for row in cell_rows(plan.cells(), members)
        ],
        "mentions": tuple(
            (
                *(short_path(path) if path else "" for path in (each.text, each.value)),
                GAPS[each.gap] if each.gap else "",
            )
            for each in node.packets.mentions(plan)
        ),
        "findings": draft.findings,
        "takes_two": takes_two(node, plan.draft.agreement.id, plan.draft.article),
        "agreement": plan.draft.agreement.name,
        "article": plan.draft.article,
        "purpose": plan.draft.purpose,
        "request": answer.request.hex() if answer else "",
        "items": answer.items if answer else (),
        "text": answer.text if answer else "",
        "overturned": overturned,
        "bound": bound_field(visit, overturned),
        "confirmed_by": answer.request.hex()[:SHOWN_DIGITS] if answer else "",
        "repeats": repeats,
        "refused": refused,
    }
    return visit.render("draft.html", values, status=status_of(refused))
