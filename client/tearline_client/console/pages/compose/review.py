"""Each partner's view of a composed packet, and its last page: what leaves, to whom."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import (
    EXCHANGE_AWAY,
    ActQueued,
    MalformedInput,
    NotFound,
    NotPermitted,
    TearlineError,
)
from tearline.limits import MAX_PAGE_PARTS
from tearline.policy.category import CATEGORIES
from tearline.policy.form import Form as FieldForm
from tearline_client.console.drafts import HeldDraft
from tearline_client.console.field_names import words_of
from tearline_client.console.forms import Form
from tearline_client.console.kept_forms import (
    change_kept,
    held_preview,
    hold,
    send_once,
    way_back,
)
from tearline_client.console.pages.compose.prepared import (
    GUARDED,
    Prepared,
    Wish,
    guard_texts,
    prepare,
)
from tearline_client.console.pages.reconciliation import reasons_of
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import FORMS, GAPS, KINDS, LESSENED, TRACES, URGENCIES
from tearline_client.drafting.release import release, takes_two
from tearline_client.planning.mentions import document_names
from tearline_client.planning.release_plan import Cell
from tearline_client.rendering.packets import (
    content_text,
    names_by_recipient,
    seen_text,
    short,
)
from tearline_client.rendering.words import agency_name


@immutable
class Seen:
    """A cell of the matrix: one partner's view of one field.

    Attributes:
        form: The form, as a message.
        tone: Name of the form, for its colour.
        value: The visible values.
        lessened: The reason why it is only told to exist, as a message, or empty.
        policies: Ids of the policies that decided.
        own: Ids of the agency's own policies that decided.
    """

    form: str
    tone: str
    value: str
    lessened: str
    policies: tuple[str, ...]
    own: tuple[str, ...]


@immutable
class MatrixRow:
    """A field, with each partner's view of it.

    Attributes:
        kind: The schema of its entity, in words.
        name: The name of its entity, if it is known.
        label: Its name, in words.
        path: Its path.
        category: Its category.
        seen: The views, in the order of the partners.
    """

    kind: str
    name: str
    label: str
    path: str
    category: str
    seen: tuple[Seen, ...]


async def page(visit: Visit) -> Response:
    """Shows what each partner will see, and by which policy."""
    return review_page(visit, content_of(held_preview(visit)))


def review_page(visit: Visit, prepared: Prepared, refused: TearlineError | None = None) -> Response:
    """Returns the page of a draft, and with it the refusal of a change, which left it as it was."""
    members = visit.node.directory.members()
    recipients = prepared.recipients()
    wish = prepared.wish
    correction = prepared.correction
    files = {path: name for plan in prepared.plans for path, name in document_names(plan).items()}
    names = names_by_recipient(correction.release.cells()) if correction else {}
    return visit.render(
        "compose_review.html",
        {
            "draft": visit.request.path_params["draft"],
            "partners": [agency_name(members, each) for each in recipients],
            "matrices": [tuple(_rows(plan.cells())) for plan in prepared.plans],
            "mentions": [
                (
                    agency_name(members, each.recipient),
                    *(files.get(p, short(p)) if p else "" for p in (each.text, each.value)),
                    GAPS[each.gap] if each.gap else "",
                )
                for each in prepared.mentions
            ],
            "findings": prepared.findings,
            **reasons_of(prepared.findings),
            "program_draft": bool(wish.program_draft),
            "unmarked": prepared.unmarked,
            "documents": wish.documents,
            "traces": {
                each.name: [(TRACES[trace.kind], trace.value) for trace in each.traces]
                for each in wish.documents
            },
            "guarded": dict(wish.order.about.guarded),
            "guardable": _guardable(wish),
            "categories": CATEGORIES,
            "corrects": wish.corrects.hex(),
            "changes": [
                (
                    words_of(each.path.rpartition("/")[2]),
                    agency_name(members, each.recipient),
                    seen_text(each.before, names.get(each.recipient)),
                    seen_text(each.after, names.get(each.recipient)),
                )
                for each in (correction.changes if correction else ())
            ],
            "passed_over": {
                agency_name(members, uri): why
                for uri, why in (correction.passed_over if correction else {}).items()
            },
            "step": _step(prepared),
            "way_back": way_back(visit),
            "refused": refused,
        },
        status=status_of(refused),
    )


def _rows(cells: Iterable[Cell]) -> Iterable[MatrixRow]:
    cells = tuple(cells)
    names = names_by_recipient(cells)
    by_path: dict[str, list[Cell]] = {}
    for cell in cells:
        by_path.setdefault(cell.path, []).append(cell)
    captions: dict[str, str] = {}
    for each in names.values():
        captions |= each
    for path, views in by_path.items():
        token, schema, name = path.split("/", 2)
        yield MatrixRow(
            kind=words_of(schema),
            name=captions.get(token, ""),
            label=words_of(name),
            path=short(path),
            category=views[0].category,
            seen=tuple(_seen(cell, names.get(cell.recipient, {})) for cell in views),
        )


def _seen(cell: Cell, names: dict[str, str]) -> Seen:
    return Seen(
        form=FORMS[cell.form],
        tone=cell.form.text,
        value=content_text(cell.media_type, cell.values, names) if cell.values else "",
        lessened=LESSENED[cell.lessened],
        policies=cell.policy_ids,
        own=cell.own_policy_ids,
    )


def _guardable(wish: Wish) -> list[str]:
    """Returns each field that a person may mark more strictly, as entity and property."""
    return [f"{each.id}/{name}" for each in wish.imported.entities for name in each.properties]


async def change(visit: Visit) -> Response:
    """Removes a document or its metadata, or marks one field more strictly, and plans anew."""
    form = await visit.form()
    prepared = content_of(held_preview(visit))
    try:
        planned = await prepare(visit.node, _changed(prepared.wish, form), person=visit.person)
    except TearlineError as error:
        return review_page(visit, prepared, error)
    guards = guard_texts(planned.wish.order.about.guarded)
    change_kept(visit, GUARDED, [(GUARDED, text) for text in guards])
    return visit.redirect(f"/compose/{hold(visit, planned)}")


def _changed(wish: Wish, form: Form) -> Wish:
    """Returns a wish with the change that a form asks for.

    Raises:
        TearlineError: If it cannot be changed so.
    """
    does = form.text("does")
    if does == "detach":
        return wish.without_document(form.text("name"))
    if does == "strip":
        return wish.without_metadata(form.text("name"))
    if does == "guard":
        entity, _, name = form.text("field").rpartition("/")
        return wish.with_guard(entity, name, form.text("category"))
    raise MalformedInput("the form has no such button")


async def last_page(visit: Visit) -> Response:
    """Shows the contents and recipients of the packets before they are sent."""
    return _last(visit, content_of(held_preview(visit)))


def _last(
    visit: Visit, prepared: Prepared, repeats: str = "", refused: TearlineError | None = None
) -> Response:
    node, members = visit.node, visit.node.directory.members()
    draft = prepared.plans[0].draft
    cases = {each.id.hex(): each.title for each in node.cases.all()}
    totals = []
    for recipient in prepared.recipients():
        forms = [cell.form for cell in prepared.cells() if cell.recipient == recipient]
        counts = {FORMS[form]: forms.count(form) for form in sorted(FieldForm, reverse=True)}
        totals.append((agency_name(members, recipient), counts))
    return visit.render(
        "compose_send.html",
        {
            "draft": visit.request.path_params["draft"],
            "step": _step(prepared),
            "packets": len(prepared.plans),
            "kind": KINDS[draft.kind],
            "agreement": draft.agreement.name,
            "article": draft.article,
            "purpose": draft.purpose,
            "urgency": URGENCIES[draft.urgency],
            "evaluation": draft.evaluation,
            "case": cases.get(draft.case_id, draft.case_id),
            "totals": totals,
            "documents": prepared.wish.documents,
            "corrects": prepared.wish.corrects.hex(),
            "asks_reason": bool(prepared.mentions),
            "repeats": repeats,
            "refused": refused,
            "is_red": prepared.is_red(),
            "takes_two": takes_two(node, draft.agreement.id, draft.article),
        },
        status=status_of(refused),
    )


async def send(visit: Visit) -> Response:
    """Sends the packet, or has it wait for a second person."""
    form = await visit.form()
    held = held_preview(visit)
    reason = form.text("repeats").strip()

    async def act() -> str:
        prepared = content_of(held)
        if not visit.request.url.path.endswith(f"/{_step(prepared)}"):
            raise NotPermitted("a field for named eyes alone is sent by its own page")
        plans = prepared.with_reason(reason)
        with _import(visit, prepared.wish.program_draft):
            try:
                released = await release(
                    visit.node, plans, person=visit.person, most_parts=MAX_PAGE_PARTS
                )
            except EXCHANGE_AWAY:
                # It is signed, and is sent later: a second attempt would be a second packet.
                return "/compose?done=queued"
        if isinstance(released, bytes):
            return "/compose?done=waits"
        if isinstance(released, ActQueued):
            is_large = any(each.large for each in prepared.wish.documents)
            return f"/compose?done={'sending' if is_large else 'queued'}"
        sent = "sent" if len(released.packets) == 1 else "all-sent"
        done = "partly" if released.refused else "corrected" if prepared.correction else sent
        return f"/packets/{released.packets[0].hex()}?done={done}"

    try:
        return visit.redirect(await send_once(visit, held, act))
    except TearlineError as error:
        if held.content is None:  # it is sent, or queued
            raise
        return _last(visit, content_of(held), reason, error)


def _import(visit: Visit, draft_id: bytes) -> AbstractContextManager[None]:
    """Returns the context of a release: the draft of a program goes with it."""
    if not draft_id:
        return nullcontext()
    return visit.node.feeds.drafts.importing(draft_id, person=visit.person)


def _step(prepared: Prepared) -> str:
    return "send-red" if prepared.is_red() else "send"


def content_of(held: HeldDraft) -> Prepared:
    """Returns the contents of a draft.

    Raises:
        NotFound: If it was sent.
    """
    if not isinstance(held.content, Prepared):
        raise NotFound("the draft was sent")
    return held.content
