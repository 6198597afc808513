"""Recall of a packet of ours: first its scope and everyone it affects, then the typed name."""

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_decimal
from tearline.errors import ActQueued, MalformedInput, NotConfirmed
from tearline.limits import MIN_ANSWER_MS
from tearline.packets.recall import RecallReason
from tearline.persons.tokens import Role
from tearline.text.choices import one_of
from tearline_client.console.field_names import words_of
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import STANDS
from tearline_client.console.visit import Visit
from tearline_client.console.words import KINDS, RECALL_REASONS
from tearline_client.features.recalls.service import RecallPlan
from tearline_client.node import Node
from tearline_client.rendering.words import agency_name

_HOUR_MS = 3_600_000
LEAST_HOURS, MOST_HOURS = MIN_ANSWER_MS // _HOUR_MS, 24 * 365
"""Hours that an officer may give partners to answer."""
USUAL_HOURS = 72
"""Hours until partners must answer, unless an officer chooses others."""
_TYPED_DIGITS = 12  # as the command line asks for
_LINE, _ALONE = "line", "alone"


@immutable
class Scope:
    """Scope of a recall, as in the address of its page.

    Attributes:
        packet: 32 bytes.
        partners: Short names of the partners; empty for all.
        path: The recalled field; empty for all fields.
    """

    packet: bytes
    partners: tuple[str, ...]
    path: str

    def plan(self, node: Node) -> RecallPlan:
        """Returns the recall of the packet itself."""
        return node.recalls.plan(self.packet, to=self.partners, path=self.path)

    def line(self, node: Node, plan: RecallPlan) -> list[RecallPlan]:
        """Returns the recalls of the rest of its line of corrections."""
        return node.recalls.line(plan, to=self.partners, path=self.path)


async def page(visit: Visit) -> Response:
    """Shows the scope of a recall, and the partners that it affects."""
    node = visit.node
    partners = tuple(filter(None, visit.request.query_params.getlist("from")))
    scope = _scope(visit, partners, visit.query("path"))
    members, plan = node.directory.members(), scope.plan(node)
    others = scope.line(node, plan)
    recipients = {each.grant.address.recipient for each in node.packets.grants(scope.packet)}
    return visit.render(
        "packet_recall.html",
        {
            "id": scope.packet.hex(),
            "typed": scope.packet.hex()[:_TYPED_DIGITS],
            "kind": KINDS[node.packets.manifest(scope.packet).kind],
            "path": scope.path,
            "label": words_of(scope.path.rpartition("/")[2]) if scope.path else "",
            "recipients": sorted(agency_name(members, each) for each in recipients),
            "chosen": scope.partners,
            "affected": tuple(
                (each.packet.hex(), sorted(agency_name(members, to) for to in each.recipients))
                for each in [plan, *others]
            ),
            "count": len({to for each in [plan, *others] for to in each.recipients}),
            "has_line": bool(others),
            "reasons": {each: RECALL_REASONS[each] for each in offered_reasons()},
            "hours": USUAL_HOURS,
            "least_hours": LEAST_HOURS,
            "most_hours": MOST_HOURS,
        },
    )


async def recall(visit: Visit) -> Response:
    """Recalls a packet of ours, or one field of it, after its name was typed."""
    form = await visit.form()
    node = visit.node
    scope = _scope(visit, form.texts("from"), form.text("path"))
    if form.text("typed").strip() != scope.packet.hex()[:_TYPED_DIGITS]:
        raise NotConfirmed
    plan = scope.plan(node)
    others = scope.line(node, plan)
    others = rest_of(form, others)
    manifest = node.packets.manifest(scope.packet)
    acted_by = node.persons.acted_by(visit.person, manifest.agreement.id, Role.LIAISON)
    try:
        made = await node.recalls.recall(
            plan,
            reason_of(form),
            line=others,
            respond_in_ms=hours_of(form) * _HOUR_MS,
            acted_by=acted_by,
        )
    except ActQueued:
        done = "queued"
    else:
        done = "recalled" if made else STANDS
    return visit.redirect(f"/packets/{scope.packet.hex()}", {"done": done})


def _scope(visit: Visit, partners: tuple[str, ...], path: str) -> Scope:
    node = visit.node
    packet_id = node.packets.find(visit.request.path_params["packet"])
    return Scope(
        packet=packet_id,
        partners=partners,
        path=node.packets.path_of(packet_id, path) if path else "",
    )


def offered_reasons() -> list[RecallReason]:
    """Returns the reasons that a person may give; a suspension gives its own."""
    return [each for each in RecallReason if each is not RecallReason.SUSPENDED]


def rest_of(form: Form, others: list[RecallPlan]) -> list[RecallPlan]:
    """Returns the recalls of the rest of a line of corrections that a form chooses.

    Raises:
        MalformedInput: If there is a rest, and no choice.
    """
    if others and form.text("rest") not in (_LINE, _ALONE):
        raise MalformedInput(one_of(form.text("rest"), "choice for the rest", (_LINE, _ALONE)))
    return others if form.text("rest") == _LINE else []


def reason_of(form: Form) -> RecallReason:
    """Returns the reason that a form states.

    Raises:
        MalformedInput: If a person may not give it.
    """
    reason = form.text("reason")
    if reason not in offered_reasons():
        raise MalformedInput(one_of(reason, "reason of a recall", offered_reasons()))
    return RecallReason(reason)


def hours_of(form: Form) -> int:
    """Returns the hours for an answer that a form states.

    Raises:
        MalformedInput: If they are too few or too many.
    """
    try:
        hours = parse_decimal(form.text("hours").strip(), maximum=MOST_HOURS)
    except MalformedInput:
        hours = 0
    if hours < LEAST_HOURS:
        raise MalformedInput(f"the hours are from {LEAST_HOURS} to {MOST_HOURS}")
    return hours
