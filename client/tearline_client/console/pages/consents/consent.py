"""One consent: its steps, and the decision to give, refuse or withdraw it."""

from datetime import date

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, TearlineError, ValueRepeated
from tearline.onward.consent import ConsentStatus, ConsentStep
from tearline.onward.use import Use
from tearline.persons.tokens import Role
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import carried_out, note_of, verify_typed
from tearline_client.console.pages.consents.overview import consent_row
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import CONSENT_STEPS, FORMS
from tearline_client.drafting.release import give_consent, takes_two
from tearline_client.features.consents.views import ConsentRecord
from tearline_client.planning.drafts import last_ms
from tearline_client.rendering.packets import short
from tearline_client.rendering.reviews import opened_rows
from tearline_client.rendering.words import agency_name

_FORMS = {form.text: words for form, words in FORMS.items()}
_OPEN = (ConsentStatus.ASKED, ConsentStatus.GIVEN)


@immutable
class StepLine:
    """A step in the history of a consent.

    Attributes:
        words: The step, as a message.
        by: Short name of the party that took it; empty for this agency.
        time_ms: Its time.
        fields: Its fields, shortened.
        note: Its note.
    """

    words: str
    by: str
    time_ms: int
    fields: tuple[str, ...]
    note: str


async def page(visit: Visit) -> Response:
    """Shows the steps of a consent, and the acts that are open."""
    return _shown(visit, _find(visit))


async def give_page(visit: Visit) -> Response:
    """Shows the fields as their reader would get or use them; the access log has this."""
    return _giving(visit, _find(visit))


async def give(visit: Visit) -> Response:
    """Gives a consent to the chosen fields, or has it wait for a second person."""
    form, record = await visit.form(), _find(visit)
    paths = form.texts("path")
    if not paths:
        raise MalformedInput("no field is chosen")
    repeats = form.text("repeats").strip()
    place, waits = f"/consents/{record.id.hex()}", False

    async def act() -> None:
        nonlocal waits
        given = await give_consent(
            visit.node,
            record,
            paths,
            ends_ms=until(form),
            note=form.text("note").strip(),
            repeats=repeats,
            person=visit.person,
        )
        waits = isinstance(given, bytes)

    try:
        done = await carried_out(visit, act(), place, "given")
    except ValueRepeated as repeated:
        return _giving(visit, record, form, refused=repeated)
    return visit.redirect(place, {"done": "given_waits"}) if waits else done


async def refuse(visit: Visit) -> Response:
    """Refuses a requested consent."""
    return await _close(visit, ConsentStep.REFUSE, "consent_refused")


async def withdrawal_page(visit: Visit) -> Response:
    """Shows the effect of a withdrawal before the partner's name is typed."""
    return _withdrawal(visit, _find(visit))


async def withdraw(visit: Visit) -> Response:
    """Withdraws a consent that this agency gave or asked for, permanently."""
    form, record = await visit.form(), _find(visit)
    verify_typed(form, agency_name(visit.node.directory.members(), record.peer))
    return await _close(visit, ConsentStep.WITHDRAW, "withdrawn")


async def _close(visit: Visit, step: ConsentStep, done: str) -> Response:
    form, node, record = await visit.form(), visit.node, _find(visit)
    agreement = node.packets.manifest(record.packet).agreement.id
    acted_by = node.persons.acted_by(visit.person, agreement, Role.LIAISON)
    close = node.consents.refuse if step is ConsentStep.REFUSE else node.consents.withdraw
    note, repeats = form.text("note").strip(), form.text("repeats").strip()
    closing = close(record.id, note=note, repeats=repeats, acted_by=acted_by)
    try:
        return await carried_out(visit, closing, f"/consents/{record.id.hex()}", done)
    except ValueRepeated as repeated:
        if step is ConsentStep.REFUSE:
            return _shown(visit, record, form, refused=repeated)
        return _withdrawal(visit, record, form, refused=repeated)


def until(form: Form) -> int:
    """Returns the last millisecond of the day that a form states; 0 without one.

    Raises:
        MalformedInput: If it is no day.
    """
    text = form.text("until").strip()
    if not text:
        return 0
    try:
        return last_ms(date.fromisoformat(text))
    except ValueError:
        raise MalformedInput("the last day is a date, such as 2027-06-30") from None


def _find(visit: Visit) -> ConsentRecord:
    return visit.node.consents.find(visit.request.path_params["consent"])


def _facts(
    visit: Visit, record: ConsentRecord, form: Form | None, refused: TearlineError | None
) -> dict[str, object]:
    """Returns the values that each page of a consent shows."""
    members = visit.node.directory.members()
    waits = record.id in visit.node.approvals.by_question()
    return {
        "row": consent_row(visit, members, record, waits=waits),
        "passes_on": record.use is Use.PASS_ON,
        "refused": refused,
        "note": form.text("note") if form else "",
        "repeats": form.text("repeats") if form else "",
    }


def _shown(
    visit: Visit,
    record: ConsentRecord,
    form: Form | None = None,
    refused: TearlineError | None = None,
) -> Response:
    members = visit.node.directory.members()
    is_liaison = Role.LIAISON in visit.roles
    values = {
        **_facts(visit, record, form, refused),
        "done": note_of(visit),
        "steps": [
            StepLine(
                words=CONSENT_STEPS[step.consent.step],
                by="" if step.ours else agency_name(members, record.peer),
                time_ms=step.time_ms,
                fields=tuple(short(path) for path in step.terms.fields),
                note=step.terms.note,
            )
            for step in record.steps
        ],
        "may_withdraw": is_liaison and record.status in _OPEN,
        "may_open": is_liaison,
    }
    return visit.render("consents/consent.html", values, status=status_of(refused))


def _giving(
    visit: Visit,
    record: ConsentRecord,
    form: Form | None = None,
    refused: TearlineError | None = None,
) -> Response:
    node, asked = visit.node, record.said.get(ConsentStep.ASK)
    paths = asked.terms.fields if asked else ()
    recipient = asked.terms.scope if asked and record.use is Use.PASS_ON else record.peer
    fields = node.packets.fields(record.packet, paths, person=visit.person)
    ref = node.packets.manifest(record.packet).agreement
    rows = opened_rows([(each, recipient) for each in fields], node.directory.members())
    values = {
        **_facts(visit, record, form, refused),
        "rows": [{**row, "form_words": _FORMS[str(row["form"])]} for row in rows],
        "chosen": form.texts("path") if form else paths,
        "until": form.text("until") if form else "",
        "takes_two": takes_two(node, ref.id, ref.article),
    }
    return visit.render("consents/give.html", values, status=status_of(refused))


def _withdrawal(
    visit: Visit,
    record: ConsentRecord,
    form: Form | None = None,
    refused: TearlineError | None = None,
) -> Response:
    values = _facts(visit, record, form, refused)
    return visit.render("consents/withdraw.html", values, status=status_of(refused))
