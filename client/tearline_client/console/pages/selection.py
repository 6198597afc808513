"""Acts on several packets that a person ticked in the list: marked as read, or recalled."""

from collections.abc import Awaitable, Sequence, Sized

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import ActQueued, MalformedInput, NotFound, TearlineError
from tearline.federation.versions import Members
from tearline.limits import CONSOLE_PAGE_ROWS
from tearline.persons.tokens import Role
from tearline_client.console.pages.acts import QUEUED, STANDS, verify_typed
from tearline_client.console.pages.packet.recall import (
    LEAST_HOURS,
    MOST_HOURS,
    USUAL_HOURS,
    hours_of,
    offered_reasons,
    reason_of,
    rest_of,
)
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import KINDS, RECALL_REASONS
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
    unread, left_out = await _divided(visit, is_unread=True)
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


async def recall_page(visit: Visit) -> Response:
    """Shows the partners that lose packets of ours, before a recall of all of them."""
    members = visit.node.directory.members()
    ours, left_out = await _divided(visit, is_unread=False)
    plans = _plans(visit, ours)
    rest = _rest(visit, plans)
    partners = {to for each in [*plans, *rest] for to in each.recipients}
    return visit.render(
        "selection_recall.html",
        {
            "rows": [_lost(visit, members, plan) for plan in plans],
            "rest": [_lost(visit, members, plan) for plan in rest],
            "left_out": left_out + len(ours) - len(plans),
            "count": len(partners),
            "typed": _typed(plans),
            "reasons": {each: RECALL_REASONS[each] for each in offered_reasons()},
            "hours": USUAL_HOURS,
            "least_hours": LEAST_HOURS,
            "most_hours": MOST_HOURS,
        },
    )


async def recall(visit: Visit) -> Response:
    """Recalls packets of ours from all their partners, after the confirmation was typed.

    The packets of each agreement are one act. One that is queued or refused does not end the
    others.
    """
    form, node = await visit.form(), visit.node
    plans = _plans(visit, _found(visit, form.texts("packet")))
    if not plans:
        raise NotFound("no packet of ours is chosen that partners have")
    verify_typed(form, _typed(plans))
    others = rest_of(form, _rest(visit, plans))
    reason, hours = reason_of(form), hours_of(form)
    by_agreement: dict[bytes, list[RecallPlan]] = {}
    for plan in [*plans, *others]:
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


async def _divided(visit: Visit, *, is_unread: bool) -> tuple[list[bytes], int]:
    """Returns the ticked packets that are unread, or ours, and the number of the others."""
    node, found = visit.node, _found(visit, visit.request.query_params.getlist("packet"))
    chosen = [
        packet
        async for packet in in_turns(found)
        if (
            node.packets.is_unread(packet)
            if is_unread
            else node.packets.get(packet).origin == node.uri
        )
    ]
    return chosen, len(found) - len(chosen)


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
