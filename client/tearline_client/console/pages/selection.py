"""Acts on several packets that a person ticked in the list: marked as read, or recalled."""

from collections.abc import Awaitable, Sequence, Sized

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import ActQueued, MalformedInput, NotFound, TearlineError
from tearline.federation.versions import Members
from tearline.limits import CONSOLE_PAGE_ROWS
from tearline.packets.recall import RecallReason
from tearline.persons.tokens import Role
from tearline_client.console.forms import Form
from tearline_client.console.pages.acts import QUEUED, STANDS
from tearline_client.console.pages.bound_act import BoundAct, Preview, of_address
from tearline_client.console.pages.packet.recall import (
    USUAL_CHOICES,
    hours_of,
    reason_of,
    recall_choices,
    rest_of,
)
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import KINDS
from tearline_client.features.recalls.service import RecallPlan
from tearline_client.rendering.words import agency_name
from tearline_runtime.turns import in_turns


@immutable
class Ticked:
    """A ticked packet.

    Attributes:
        id: Its id, in hexadecimal.
        kind: Its kind, as a message.
        names: Short names of its sender, or of the partners that lose it.
        subject: Its first readable names; empty for a recall.
    """

    id: str
    kind: str
    names: tuple[str, ...]
    subject: tuple[str, ...] = ()


async def read_page(visit: Visit) -> Response:
    """Shows the names in unread packets, before a person states to have seen them."""
    node, members = visit.node, visit.node.directory.members()
    unread, left_out = await _unread(visit)
    found = await node.packets.headings(unread, person=visit.person) if unread else {}
    rows = [
        Ticked(
            id=packet.hex(),
            kind=KINDS[node.packets.manifest(packet).kind],
            names=(agency_name(members, node.packets.get(packet).origin),),
            subject=found[packet].names if packet in found else (),
        )
        for packet in unread
    ]
    return visit.render("selection_read.html", {"rows": rows, "left_out": left_out})


async def mark_read(visit: Visit) -> Response:
    """States to the senders of packets that the person has seen them."""
    form, node = await visit.form(), visit.node
    packets = _found(visit, form.texts("packet"))
    async for packet in in_turns(packets):
        agreement = node.packets.manifest(packet).agreement.id
        acted_by = node.persons.acted_by(visit.person, agreement, Role.LIAISON)
        await node.packets.confirm_read(packet, acted_by=acted_by)
    return visit.redirect("/packets", {"done": "read"})


@immutable
class PlannedRecalls:
    """Recalls of ticked packets as their page shows them.

    Attributes:
        plans: The recalls, those of the chosen rest of their lines last.
        reason: The reason.
        hours: The hours until the partners must answer.
    """

    plans: list[RecallPlan]
    reason: RecallReason
    hours: int


def _start(visit: Visit) -> Form:
    ticked = of_address(visit).texts("packet")
    return Form.of([*(("packet", each) for each in ticked), *USUAL_CHOICES])


async def _recall_effects(visit: Visit, form: Form) -> Preview[PlannedRecalls]:
    """Returns the partners that lose packets of ours, before a recall of all of them."""
    members = visit.node.directory.members()
    found = _found(visit, form.texts("packet"))
    plans = _plans(visit, [each async for each in in_turns(found) if _is_ours(visit, each)])
    rest = _rest(visit, plans)
    chosen, reason = rest_of(form, rest), reason_of(form)
    lost = [*plans, *(rest if chosen is None else chosen)]
    planned = None
    if plans and chosen is not None and reason is not None:
        planned = PlannedRecalls(plans=lost, reason=reason, hours=hours_of(form))
    return Preview(
        template="selection_recall.html",
        values={
            "rows": [_lost(visit, members, plan) for plan in plans],
            "others": [_lost(visit, members, plan) for plan in lost[len(plans) :]],
            "left_out": len(found) - len(plans),
            "names": sorted({agency_name(members, to) for each in lost for to in each.recipients}),
            **recall_choices(form, has_line=bool(rest)),
        },
        subject=planned,
        typed=_typed(plans),
    )


async def _recall(visit: Visit, form: Form, planned: PlannedRecalls) -> Response:
    """Recalls packets of ours from all their partners, after the confirmation was typed.

    The packets of each agreement are one act. One that is queued or refused does not end the
    others.
    """
    node, reason, hours = visit.node, planned.reason, planned.hours
    by_agreement: dict[bytes, list[RecallPlan]] = {}
    for plan in planned.plans:
        agreement = node.packets.manifest(plan.packet).agreement.id
        by_agreement.setdefault(agreement, []).append(plan)
    persons = {
        agreement: node.persons.acted_by(visit.person, agreement, Role.LIAISON)
        for agreement in by_agreement
    }
    outcome = Outcome()
    for agreement, (first, *further) in by_agreement.items():
        order = node.recalls.recall(
            first,
            reason,
            line=further,
            respond_in_ms=hours * 3_600_000,
            acted_by=persons[agreement],
        )
        await outcome.add(order, [each.packet.hex() for each in (first, *further)])
    return await outcome.shown(visit)


RECALL = BoundAct(effects=_recall_effects, act=_recall, start=_start)


class Outcome:
    """Outcome of the recalls of several agreements."""

    def __init__(self) -> None:
        self._recalled: list[str] = []
        self._queued: list[str] = []
        self._refused: list[tuple[TearlineError, list[str]]] = []

    async def add(self, order: Awaitable[Sized], packets: list[str]) -> None:
        """Awaits the recall of packets, and takes in its outcome."""
        try:
            made = await order
        except ActQueued:  # stored: the node sends it later
            self._queued += packets
        except TearlineError as error:
            self._refused.append((error, packets))
        else:
            self._recalled += packets if made else []  # those that stand need no word

    async def shown(self, visit: Visit) -> Response:
        """Leads to the recalls, or shows which packets were refused while others were not.

        Raises:
            TearlineError: If all were refused, the first refusal.
        """
        if self._recalled:
            await visit.node.refresh()
        if not self._refused:
            done = "recalled" if self._recalled else STANDS
            return visit.redirect("/recalls", {"done": QUEUED if self._queued else done})
        if not self._recalled and not self._queued:
            raise self._refused[0][0]
        values = {"recalled": self._recalled, "queued": self._queued, "refused": self._refused}
        status = status_of(self._refused[0][0])
        return visit.render("selection_recalled.html", values, status=status)


def _found(visit: Visit, ids: Sequence[str]) -> list[bytes]:
    """Returns the packets of a form or an address, each once.

    Raises:
        MalformedInput: If there is none, or more than a page of the list has.
        NotFound: If one is not here.
    """
    if not ids or len(ids) > CONSOLE_PAGE_ROWS:
        raise MalformedInput(f"tick 1 to {CONSOLE_PAGE_ROWS} packets")
    return list(dict.fromkeys(visit.node.packets.find(each) for each in ids))


async def _unread(visit: Visit) -> tuple[list[bytes], int]:
    """Returns the ticked packets that are unread, and the number of the others."""
    found = _found(visit, visit.request.query_params.getlist("packet"))
    chosen = [each async for each in in_turns(found) if visit.node.packets.is_unread(each)]
    return chosen, len(found) - len(chosen)


def _is_ours(visit: Visit, packet: bytes) -> bool:
    return visit.node.packets.get(packet).origin == visit.node.uri


def _plans(visit: Visit, packets: Sequence[bytes]) -> list[RecallPlan]:
    """Returns the recall of each packet that partners have."""
    found = []
    for packet in packets:  # at most a page of the list
        try:
            found.append(visit.node.recalls.plan(packet))
        except NotFound:  # granted to none, or a partner's
            continue
    return found


def _rest(visit: Visit, plans: Sequence[RecallPlan]) -> list[RecallPlan]:
    """Returns the recalls of the rest of the packets' lines of corrections, each once."""
    ticked = {plan.packet for plan in plans}
    rest = {each.packet: each for plan in plans for each in visit.node.recalls.line(plan)}
    return [each for packet, each in rest.items() if packet not in ticked]


def _lost(visit: Visit, members: Members, plan: RecallPlan) -> Ticked:
    return Ticked(
        id=plan.packet.hex(),
        kind=KINDS[visit.node.packets.manifest(plan.packet).kind],
        names=tuple(sorted(agency_name(members, each) for each in plan.recipients)),
    )


def _typed(plans: Sequence[RecallPlan]) -> str:
    """Returns the text to type: the beginning of the first id, and the number of packets."""
    return f"{plans[0].packet.hex()[:6]} {len(plans)}" if plans else ""
