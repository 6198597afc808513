"""A new request: a template by offence, a form, and then its preview as a draft."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from starlette.responses import Response

from tearline.errors import TearlineError
from tearline.identity import agency_uri_of
from tearline.limits import MAX_REQUEST_ITEMS
from tearline.packets.packet import PacketKind, Urgency
from tearline_client.connectors.importers.report import Report
from tearline_client.console.forms import Form
from tearline_client.console.kept_forms import hold
from tearline_client.console.languages import NAMES
from tearline_client.console.pages.request.planned import RequestDraft
from tearline_client.console.pages.request.records import record_inputs, typed_records
from tearline_client.console.request_templates import LANGUAGES, request_templates
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import URGENCIES
from tearline_client.drafting.record_requests import draft_request
from tearline_client.planning.request_file import RequestFile, request_of
from tearline_client.rendering.words import agency_name

_EMPTY_ITEMS = 2
"""Empty places for items on the form, beyond those of the template."""
FILL_IN = "fill-in"
"""Button that adds the texts of a template."""
_TEXTS = ("urgency_reason", "case", "reference", "narrative")


async def page(visit: Visit) -> Response:
    """Shows the form of a new request, filled by a template if one is chosen."""
    given = Form.of((name, visit.query(name)) for name in ("template", "language"))
    return _form(visit, visit.kept_form() or _filled(visit, given))


def _filled(visit: Visit, form: Form) -> Form:
    """Returns a form with the texts of its template; what a person typed stays."""
    wanted, language = form.text("template"), form.text("language") or visit.language.code
    language = language if language in LANGUAGES else LANGUAGES[0]
    own = [pair for pair in form.pairs() if pair[0] not in ("language", "offence", "record")]
    offence = form.text("offence")
    records = [text for text in form.texts("record") if text.strip()]
    template = next((each for each in request_templates() if each.id == wanted), None)
    if template is not None:
        begun = _texts_of_templates()  # of another template, and not changed since
        offence = template.offence[language] if {offence.strip()} <= begun else offence
        records = [text for text in records if text not in begun]
        records += (each[language] for each in template.records)
    texts = [("language", language), ("offence", offence), *(("record", each) for each in records)]
    return Form.of([*own, *texts])


@cache
def _texts_of_templates() -> frozenset[str]:
    """Returns the empty text, and each text of a template in each language."""
    texts = (text for each in request_templates() for text in (each.offence, *each.records))
    return frozenset({"", *(text for each in texts for text in each.values())})


async def preview(visit: Visit) -> Response:
    """Plans the request of a form, and leads to its preview; or fills in a template."""
    form, node = await visit.form(), visit.node
    if form.text("does") == FILL_IN:
        return _form(visit, _filled(visit, form))
    try:
        report = Report()
        subjects = tuple(typed_records(form, report))
        plan = draft_request(node, _asked(form, [each.id for each in subjects]), subjects)
    except TearlineError as error:
        return _form(visit, form, refused=error)
    draft = RequestDraft(plan=plan, findings=tuple(report))
    name = hold(visit, draft)
    return visit.redirect(f"/drafts/{name}")


def _asked(form: Form, subjects: list[str]) -> RequestFile:
    """Returns the request of a form: its keys are those of a request file."""
    agreement, _, article = form.text("under").partition("/")
    table: dict[str, Any] = {
        "to": form.text("to"),
        "agreement": agreement,
        "article": article,
        "purpose": form.text("purpose"),
        "offence": form.text("offence"),
        "link": form.text("link"),
        "urgency": form.text("urgency"),
        **{name: form.text(name) for name in _TEXTS if form.text(name).strip()},
    }
    records = [text for text in form.texts("record") if text.strip()][:MAX_REQUEST_ITEMS]
    about = {"about": subjects} if subjects else {}
    table["item"] = [{"record": text, **about} for text in records]
    return request_of(table)


def _form(visit: Visit, form: Form, refused: TearlineError | None = None) -> Response:
    records = (*form.texts("record"), *[""] * _EMPTY_ITEMS)
    chosen = form.text("language")
    values = {
        "templates": {each.id: each.label[visit.language.code] for each in request_templates()},
        "text_languages": {code: NAMES[code] for code in LANGUAGES},
        "chosen_language": chosen,
        "form": form,
        "records_asked": records[:MAX_REQUEST_ITEMS],
        "kinds": record_inputs(form, visit.language.code),
        "urgencies": {each: URGENCIES[each] for each in Urgency},
        "cases": {each.id.hex(): each.title for each in visit.node.cases.all()},
        "refused": refused,
        **_agreements(visit),
    }
    return visit.render("request_new.html", values, status=status_of(refused))


def _agreements(visit: Visit) -> Mapping[str, object]:
    """Returns the articles under which a request may be made, their purposes and the partners."""
    node = visit.node
    members, own = node.directory.members(), agency_uri_of(node.uri)
    newest = {each.id: each for each in node.agreements.list()}  # by version: the last one stays
    articles: dict[str, str] = {}
    purposes: dict[str, None] = {}
    partners: dict[str, None] = {}
    for agreement in newest.values():
        fitting = [
            each
            for each in agreement.terms.articles
            if PacketKind.RECORD_REQUEST.value in each.kinds
        ]
        for article in fitting:
            articles[f"{agreement.name}/{article.id}"] = f"{agreement.name} · {article.id}"
            purposes |= dict.fromkeys(article.purposes)
        if fitting:
            partners |= {
                agency_name(members, each): None for each in agreement.terms.parties if each != own
            }
    return {"articles": articles, "purposes": sorted(purposes), "partners": sorted(partners)}
