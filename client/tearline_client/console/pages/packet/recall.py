"""Recall of a packet of ours: first its scope and everyone it affects, then the typed name."""

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_decimal
from tearline.errors import ActQueued, MalformedInput
from tearline.limits import MIN_ANSWER_MS
from tearline.packets.recall import RecallReason
from tearline.persons.tokens import Role
from tearline.text.choices import one_of
from tearline_client.console.field_names import words_of
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import STANDS
from tearline_client.console.pages.bound_act import BoundAct, Preview, of_address
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
USUAL_CHOICES = (("hours", str(USUAL_HOURS)),)
"""Choices with which the form of a recall begins."""
_TYPED_DIGITS = 6
_LINE, _ALONE = "line", "alone"


@immutable
class Scope:
    """Scope of a recall, as in its form.

    Attributes:
        packet: 32 bytes.
        partners: Short names of the partners; at least one.
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


@immutable
class PlannedRecall:
    """A recall as its page shows it.

    Attributes:
        plan: The recall of the packet.
        line: The recalls of the rest of its line of corrections that the person chose.
        reason: The reason.
        hours: The hours until the partners must answer.
    """

    plan: RecallPlan
    line: list[RecallPlan]
    reason: RecallReason
    hours: int


def _start(visit: Visit) -> Form:
    """Returns the choices with which the page begins: every recipient, and the usual hours."""
    given = of_address(visit)
    packet = visit.node.packets.find(visit.request.path_params["packet"])
    partners = given.texts("from") or _recipients(visit, packet)
    return Form.of(
        [*(("from", each) for each in partners), ("path", given.text("path")), *USUAL_CHOICES]
    )


def _recipients(visit: Visit, packet: bytes) -> list[str]:
    members, plan = visit.node.directory.members(), visit.node.recalls.plan(packet)
    return sorted(agency_name(members, each) for each in plan.recipients)


async def _effects(visit: Visit, form: Form) -> Preview[PlannedRecall]:
    """Returns the partners that lose the packet or the field."""
    node = visit.node
    scope = _scope(visit, form)
    members, recipients = node.directory.members(), _recipients(visit, scope.packet)
    plan = scope.plan(node)
    others = scope.line(node, plan)
    chosen = rest_of(form, others)
    plans = [plan, *(others if chosen is None else chosen)]
    affected = tuple(
        (each.packet.hex(), sorted(agency_name(members, to) for to in each.recipients))
        for each in plans
    )
    reason = reason_of(form)
    names = sorted({name for _, lost in affected for name in lost})
    planned = None
    if reason is not None and chosen is not None:
        planned = PlannedRecall(plan=plan, line=chosen, reason=reason, hours=hours_of(form))
    short = scope.packet.hex()[:_TYPED_DIGITS]
    return Preview(
        template="packet_recall.html",
        values={
            "id": scope.packet.hex(),
            "kind": KINDS[node.packets.manifest(scope.packet).kind],
            "path": scope.path,
            "label": words_of(scope.path.rpartition("/")[2]) if scope.path else "",
            "recipients": recipients,
            "chosen": scope.partners,
            "affected": affected,
            "names": names,
            "is_all": set(names) >= set(recipients),
            **recall_choices(form, has_line=bool(others)),
        },
        subject=planned,
        typed=names[0] if len(names) == 1 else f"{short} {len(names)}",
    )


async def _recall(visit: Visit, form: Form, planned: PlannedRecall) -> Response:
    """Recalls a packet of ours, or one field of it, after its scope was typed."""
    node, packet = visit.node, planned.plan.packet
    manifest = node.packets.manifest(packet)
    acted_by = node.persons.acted_by(visit.person, manifest.agreement.id, Role.LIAISON)
    try:
        made = await node.recalls.recall(
            planned.plan,
            planned.reason,
            line=planned.line,
            respond_in_ms=planned.hours * _HOUR_MS,
            acted_by=acted_by,
        )
    except ActQueued:
        done = "queued"
    else:
        done = "recalled" if made else STANDS
    return visit.redirect(f"/packets/{packet.hex()}", {"done": done})


RECALL = BoundAct(effects=_effects, act=_recall, start=_start)


def _scope(visit: Visit, form: Form) -> Scope:
    node, partners = visit.node, form.texts("from")
    packet_id, path = node.packets.find(visit.request.path_params["packet"]), form.text("path")
    node.recalls.plan(packet_id)  # a packet of a partner's is answered as none
    if not partners:
        raise MalformedInput("tick the partners that lose it")
    return Scope(
        packet=packet_id,
        partners=partners,
        path=node.packets.path_of(packet_id, path) if path else "",
    )


def recall_choices(form: Form, *, has_line: bool) -> dict[str, object]:
    """Returns the values of the template for the choices that each recall has."""
    return {
        "reasons": {each.value: RECALL_REASONS[each] for each in offered_reasons()},
        "reason": form.text("reason"),
        "hours": hours_of(form),
        "least_hours": LEAST_HOURS,
        "most_hours": MOST_HOURS,
        "has_line": has_line,
        "rest": form.text("rest"),
    }


def offered_reasons() -> list[RecallReason]:
    """Returns the reasons that a person may give; a suspension gives its own."""
    return [each for each in RecallReason if each is not RecallReason.SUSPENDED]


def rest_of(form: Form, others: list[RecallPlan]) -> list[RecallPlan] | None:
    """Returns the recalls of the rest of a line of corrections that a form chooses.

    Returns:
        The recalls; None if there is a rest, and no choice yet.

    Raises:
        MalformedInput: If the choice is none of the two.
    """
    chosen = form.text("rest")
    if chosen not in ("", _LINE, _ALONE):
        raise MalformedInput(one_of(chosen, "choice for the rest", (_LINE, _ALONE)))
    if others and not chosen:
        return None
    return others if chosen == _LINE else []


def reason_of(form: Form) -> RecallReason | None:
    """Returns the reason that a form states; None before a choice.

    Raises:
        MalformedInput: If a person may not give it.
    """
    reason = form.text("reason")
    if reason and reason not in offered_reasons():
        raise MalformedInput(one_of(reason, "reason of a recall", offered_reasons()))
    return RecallReason(reason) if reason else None


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
