"""One consent: its steps, and the decision to give, refuse or withdraw it."""

from datetime import date

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, TearlineError, ValueRepeated
from tearline.onward.consent import ConsentStatus, ConsentStep
from tearline.onward.use import Use
from tearline.persons.tokens import Role
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import carried_out, note_of
from tearline_client.console.pages.bound_act import BoundAct, Preview
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


def _asked(visit: Visit) -> Form:
    """Returns the choices with which the page begins: every field that was asked about."""
    asked = _find(visit).said.get(ConsentStep.ASK)
    return Form.of(("path", path) for path in (asked.terms.fields if asked else ()))


async def _gift(visit: Visit, form: Form) -> Preview[ConsentRecord]:
    """Returns the fields as their reader would get or use them; the access log has this."""
    node, record = visit.node, _find(visit)
    paths = form.texts("path")
    asked = record.said.get(ConsentStep.ASK)
    recipient = asked.terms.scope if asked and record.use is Use.PASS_ON else record.peer
    fields = node.packets.fields(
        record.packet, asked.terms.fields if asked else (), person=visit.person
    )
    ref = node.packets.manifest(record.packet).agreement
    rows = opened_rows([(each, recipient) for each in fields], node.directory.members())
    return Preview(
        template="consents/give.html",
        values={
            **_facts(visit, record),
            "rows": [{**row, "form_words": _FORMS[str(row["form"])]} for row in rows],
            "chosen": paths,
            "until": form.text("until"),
            "takes_two": takes_two(node, ref.id, ref.article),
        },
        subject=record if paths else None,
    )


async def _give(visit: Visit, form: Form, record: ConsentRecord) -> Response:
    """Gives a consent to the chosen fields, or has it wait for a second person."""
    place, waits = f"/consents/{record.id.hex()}", False

    async def act() -> None:
        nonlocal waits
        given = await give_consent(
            visit.node,
            record,
            form.texts("path"),
            ends_ms=until(form),
            note=form.text("note").strip(),
            repeats=form.text("repeats").strip(),
            person=visit.person,
        )
        waits = isinstance(given, bytes)

    done = await carried_out(visit, act(), place, "given")
    return visit.redirect(place, {"done": "given_waits"}) if waits else done


GIVE = BoundAct(effects=_gift, act=_give, start=_asked)


async def refuse(visit: Visit) -> Response:
    """Refuses a requested consent."""
    form, record = await visit.form(), _find(visit)
    try:
        return await _close(visit, form, record, ConsentStep.REFUSE, "consent_refused")
    except ValueRepeated as repeated:
        return _shown(visit, record, form, refused=repeated)


async def _withdrawal(visit: Visit, _: Form) -> Preview[ConsentRecord]:
    """Returns the facts of a consent before the partner's name is typed."""
    record = _find(visit)
    return Preview(
        template="consents/withdraw.html",
        values=_facts(visit, record),
        subject=record,
        typed=agency_name(visit.node.directory.members(), record.peer),
    )


async def _withdraw(visit: Visit, form: Form, record: ConsentRecord) -> Response:
    """Withdraws a consent that this agency gave or asked for, permanently."""
    return await _close(visit, form, record, ConsentStep.WITHDRAW, "withdrawn")


WITHDRAW = BoundAct(effects=_withdrawal, act=_withdraw)


async def _close(
    visit: Visit, form: Form, record: ConsentRecord, step: ConsentStep, done: str
) -> Response:
    node = visit.node
    agreement = node.packets.manifest(record.packet).agreement.id
    acted_by = node.persons.acted_by(visit.person, agreement, Role.LIAISON)
    close = node.consents.refuse if step is ConsentStep.REFUSE else node.consents.withdraw
    note, repeats = form.text("note").strip(), form.text("repeats").strip()
    closing = close(record.id, note=note, repeats=repeats, acted_by=acted_by)
    return await carried_out(visit, closing, f"/consents/{record.id.hex()}", done)


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


def _facts(visit: Visit, record: ConsentRecord) -> dict[str, object]:
    """Returns the values that each page of a consent shows."""
    members = visit.node.directory.members()
    waits = record.id in visit.node.approvals.by_question()
    return {
        "row": consent_row(visit, members, record, waits=waits),
        "passes_on": record.use is Use.PASS_ON,
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
        **_facts(visit, record),
        "said": form or Form({}),
        "refused": refused,
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
