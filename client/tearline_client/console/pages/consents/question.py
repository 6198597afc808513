"""Asking a packet's originator to allow another use of its fields."""

from starlette.responses import Response

from tearline.errors import MalformedInput, TearlineError, ValueRepeated
from tearline.identity import agency_uri_of
from tearline.onward.use import Use
from tearline.persons.tokens import Role
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import carried_out
from tearline_client.console.pages.consents.consent import until
from tearline_client.console.pages.packet.document import document
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import USES


async def page(visit: Visit) -> Response:
    """Shows the fields of a partner's packet, to choose those that the question names."""
    return _question(visit, visit.kept_form())


async def ask(visit: Visit) -> Response:
    """Asks the originator."""
    form, node = await visit.form(), visit.node
    packet, use = node.packets.find(visit.request.path_params["packet"]), form.member("use", Use)
    if use is None:
        raise MalformedInput("no use is chosen")
    paths = [node.packets.path_of(packet, path) for path in form.texts("path")]
    agreement = node.packets.manifest(packet).agreement.id
    acted_by = node.persons.acted_by(visit.person, agreement, Role.LIAISON)
    ends_ms, note = until(form), form.text("note").strip()
    repeats = form.text("repeats").strip()
    if use is Use.PASS_ON:
        question = node.consents.pass_on(
            packet,
            paths,
            form.text("to"),
            ends_ms=ends_ms,
            note=note,
            repeats=repeats,
            acted_by=acted_by,
        )
    else:
        scope = form.text("scope").strip()
        if not scope:
            question_of = "the proceedings" if use is Use.EVIDENCE else "the purpose"
            raise MalformedInput(f"{question_of} are not stated")
        question = node.consents.ask(
            packet,
            paths,
            use,
            scope,
            ends_ms=ends_ms,
            note=note,
            repeats=repeats,
            acted_by=acted_by,
        )
    try:
        return await carried_out(visit, question, "/consents", "asked")
    except ValueRepeated as repeated:
        return _question(visit, form, refused=repeated)


def _question(
    visit: Visit, form: Form | None = None, refused: TearlineError | None = None
) -> Response:
    node = visit.node
    packet = node.packets.find(visit.request.path_params["packet"])
    shown = node.packets.show(packet, person=visit.person)
    parties = {agency_uri_of(shown.packet.origin), agency_uri_of(node.uri)}
    agencies = node.directory.members().agencies
    given = {name: form.text(name) if form else "" for name in _FIELDS}
    values = {
        **document(node, shown),
        **given,
        "chosen": form.texts("path") if form else (),
        "uses": USES,
        "third_parties": [each.name for each in agencies if each.uri not in parties],
        "refused": refused,
    }
    return visit.render("consents/question.html", values, status=status_of(refused))


_FIELDS = ("use", "to", "scope", "until", "note", "repeats")
