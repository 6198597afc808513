"""The form of an answer: items, typed records, files; then it is previewed as a draft."""

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, TearlineError
from tearline.limits import MAX_REQUEST_ITEMS
from tearline_client.console.forms import Form
from tearline_client.console.kept_forms import hold
from tearline_client.console.pages.request.planned import AnswerDraft
from tearline_client.console.pages.request.records import (
    documents,
    imported_records,
    record_inputs,
)
from tearline_client.console.visit import Visit, status_of
from tearline_client.drafting.record_requests import draft_answer
from tearline_client.rendering.words import agency_name


@immutable
class Choice:
    """An item that an answer may name.

    Attributes:
        number: Its number.
        record: The requested record.
        chosen: Whether it is chosen.
    """

    number: int
    record: str
    chosen: bool


async def page(visit: Visit) -> Response:
    """Shows the form of an answer, or of a supplement."""
    form = visit.kept_form() or Form({})
    supplement = bool(visit.query("supplement") or form.text("supplement"))
    return _form(visit, form, supplement=supplement)


async def preview(visit: Visit) -> Response:
    """Plans the answer of a form, and leads to its preview."""
    form, node = await visit.form(files=True), visit.node
    supplement = bool(form.text("supplement"))
    packet = node.requests.find(visit.request.path_params["request"])
    try:
        chosen = form.numbers("item", MAX_REQUEST_ITEMS)
        if not chosen:
            raise MalformedInput("no item is ticked: tick each item that this answers")
        items = node.requests.answerable(packet, chosen, supplement=supplement)
        records, files = imported_records(form), documents(form)
        if not (records or files):
            raise MalformedInput("an answer has records or documents")
        drafted = draft_answer(node, packet, records, files)
    except TearlineError as error:
        return _form(visit, form, supplement=supplement, refused=error)
    draft = AnswerDraft(
        plan=drafted.plans[0],
        request=packet,
        items=items,
        text=form.text("text").strip(),
        supplement=supplement,
        findings=drafted.findings,
    )
    name = hold(visit, draft)
    return visit.redirect(f"/drafts/{name}")


def _form(
    visit: Visit, form: Form, *, supplement: bool, refused: TearlineError | None = None
) -> Response:
    node = visit.node
    packet = node.requests.find(visit.request.path_params["request"])
    if refused is None:  # whoever may not answer is told before they type
        node.requests.answerable(packet, supplement=supplement)
    view = node.requests.show(packet, person=visit.person)
    chosen = form.texts("item")
    values = {
        "request": packet.hex(),
        "partner": agency_name(node.directory.members(), view.request.peer),
        "supplement": supplement,
        "items": tuple(
            Choice(
                number=each.number,
                record=each.record,
                chosen=str(each.number) in chosen,
            )
            for each in view.items
            if each.is_open or supplement
        ),
        "kinds": record_inputs(form, visit.language.code),
        "text": form.text("text"),
        "refused": refused,
        "had_files": form.has_files,
    }
    return visit.render("request_answer.html", values, status=status_of(refused))
