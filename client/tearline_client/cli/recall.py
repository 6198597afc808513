"""``tearline packet recall``, ``recalls``, ``keep`` and ``erase``: recall of packets."""

from collections.abc import Iterable, Sequence

import click

from tearline.errors import LoginRequired, MalformedInput
from tearline.federation.versions import Members
from tearline.limits import MIN_ANSWER_MS
from tearline.packets.recall import KeepGround, Reach, RecallReason, RecallState
from tearline.persons.tokens import Role
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import sync_option, yes_option
from tearline_client.cli.session import acting_on, async_command, look, node_command, open_node
from tearline_client.features.recalls.service import RecallPlan
from tearline_client.messages.packet_view import PacketView
from tearline_client.node import Node
from tearline_client.rendering.words import Id, agency_name, counted, moment, since_text, time_text
from tearline_client.rules.recalls import RESPOND_MS
from tearline_client.store.recalls import StoredRecall

_HOUR_MS = 3_600_000
_REASONS = [each.value for each in RecallReason if each is not RecallReason.SUSPENDED]
_WORDS = {
    Reach.EXHIBITED: "shown in an exhibit",
    Reach.EXPORTED: "exported to a file",
    Reach.OPENED: "opened",
    Reach.PRINTED: "printed",
    Reach.SEEN: "seen by a person",
}


def not_undone(reach: Iterable[Reach]) -> str:
    """Returns the uses that an erasure cannot undo, in words; empty if none."""
    return ", ".join(_WORDS[each] for each in reach)


@click.command(cls=Command)
@click.argument("packet")
@click.option(
    "--from",
    "partners",
    multiple=True,
    metavar="PARTNER",
    help="Recall it from this partner only; may be given several times.",
)
@click.option("--field", default="", help="One field only: its path, or the end of it.")
@click.option(
    "--reason",
    type=click.Choice(_REASONS),
    required=True,
    help="The reason; recipients and the exchange see it.",
)
@click.option(
    "--within",
    "hours",
    type=click.IntRange(MIN_ANSWER_MS // _HOUR_MS, 24 * 365),
    default=RESPOND_MS // _HOUR_MS,
    show_default=True,
    help="Hours until partners must answer.",
)
@click.option(
    "--line/--alone",
    default=None,
    help="Recall its corrections and corrected packets too, or only itself.",
)
@click.option("--dry-run", is_flag=True, help="List the recipients; do not recall.")
@yes_option
@node_command
async def recall(
    cli: CliContext,
    node: Node,
    packet: str,
    partners: tuple[str, ...],
    field: str,
    reason: str,
    hours: int,
    line: bool | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Recall our PACKET, or one field of it, from its recipients.

    Undelivered grants are withdrawn. If all recipients are affected, the exchange deletes the
    ciphertexts at once. Each recipient erases the packet, or a person there keeps it with a ground;
    see `tearline packet recalls`. If other packets of its line of corrections would remain, --line
    or --alone is required.

    Example: tearline --as li packet recall 5f0c9a1b --reason mistake --alone
    """
    await look(cli, node)
    packet_id = node.packets.find(packet)
    path = node.packets.path_of(packet_id, field) if field else ""
    plan = node.recalls.plan(packet_id, to=partners, path=path)
    others = [] if line is False else node.recalls.line(plan, to=partners, path=path)
    earlier = [
        e for each in (plan, *others) for e in node.recalls.earlier(each, RecallReason(reason))
    ]
    members = node.directory.members()
    for each in earlier:
        partner = agency_name(members, each.recipient)
        cli.say(f"Recalled from {partner} {since_text(each.since_ms)}: {each.state.text} there.")
    if len(earlier) == sum(len(each.recipients) for each in (plan, *others)):
        cli.say("Nothing was sent: the recall stands.")
        return
    made: tuple[StoredRecall, ...] = ()
    if not dry_run:
        verify_line_decided(others, line=line)
        person = acting_on(cli, node, packet_id)
        cli.confirm(
            f"{counted(len(plan.recipients), 'partner')} must erase it"
            f"{f', and {len(others)} more of its line' if others else ''}.",
            packet_id.hex()[:12],
            yes=yes,
        )
        made = await node.recalls.recall(
            plan,
            RecallReason(reason),
            line=others,
            respond_in_ms=hours * _HOUR_MS,
            acted_by=person,
        )
    cli.emit(
        (
            {
                "partner": agency_name(members, uri),
                "packet": Id(plan.packet),
                "what": _what(plan.slots),
            }
            for plan in [plan, *others]
            for uri in plan.recipients
        ),
        ["partner", "packet", "what"],
    )
    partners_told = {each.partner for each in made}
    cli.say(
        f"Recalled from {counted(len(partners_told), 'partner')}. Earlier reading and copying there"
        " cannot be undone."
        if made
        else "Dry run: not recalled."
    )
    if made:
        cli.advise("tearline packet recalls")


def verify_line_decided(others: Sequence[RecallPlan], *, line: bool | None) -> None:
    """Verifies that the person decided about the rest of a line of corrections.

    Raises:
        MalformedInput: If there is a rest, and no decision.
    """
    if others and line is None:
        names = ", ".join(each.packet.hex()[:12] for each in others)
        raise MalformedInput(
            f"{names} of the same line of corrections would remain with partners: use --line to"
            " recall them too, or --alone"
        )


@click.command(cls=Command)
@click.option("--overdue", is_flag=True, help="Only recalls past their deadline without an answer.")
@sync_option
@node_command
async def recalls(cli: CliContext, node: Node, overdue: bool, sync: bool) -> None:
    """List recalls by this agency and its partners, with their answers.

    NOT_UNDONE lists earlier uses of the packet that the recipient stated.

    Example: tearline packet recalls --overdue
    """
    await look(cli, node, sync=sync)
    members = node.directory.members()
    held: list[dict[str, object]] = [
        {
            "packet": Id(hold.packet),
            "id": hold.packet.hex(),
            "by": "nobody yet",
            "partner": agency_name(members, node.packets.get(hold.packet).origin),
            "what": "everything",
            "state": "held",
            "ground": hold.ground.value,
        }
        for hold in (() if overdue else node.recalls.holds())
        if not node.recalls.of(hold.packet)
    ]
    lost: list[dict[str, object]] = [
        {
            "packet": Id(each.packet),
            "id": each.packet.hex(),
            "by": "us",
            "partner": agency_name(members, each.partner),
            "what": "not known since the restore",
            "state": each.answer.state.text,
            "ground": each.answer.ground.value if each.answer.ground else "",
            "not_undone": not_undone(each.answer.reach),
        }
        for each in (() if overdue else node.recalls.forgotten())
    ]
    rows = (
        held
        + lost
        + [
            {
                "packet": Id(each.recall.packet),
                "id": each.recall.packet.hex(),
                "by": "partner" if each.incoming else "us",
                "partner": agency_name(members, each.partner),
                "what": _what(each.order.slots),
                "reason": each.order.reason.value,
                "state": _state(node, each),
                "ground": each.answer.ground.value if each.answer and each.answer.ground else "",
                "due": moment(each.due_ms),
                "answered": moment(each.answered_ms),
                "not_undone": not_undone(node.recalls.uses(each)),
            }
            for each in (node.recalls.overdue() if overdue else node.recalls.all())
        ]
    )
    columns = ["packet", "by", "partner", "what", "reason", "state", "ground", "due", "not_undone"]
    cli.emit(rows, columns, spare=["not_undone", "ground", "what", "reason"])


def recalls_of(node: Node, shown: PacketView) -> list[str]:
    """Returns messages about a packet's recalls, for its reader."""
    found = node.recalls.of(shown.packet.id)
    if not shown.own:
        states = sorted({each.state for each in found if each.incoming})
        return [f"Its originator recalled it or part of it: {s.text}." for s in states]
    members = node.directory.members()
    return [
        f"We recalled {_what(each.order.slots)} from {agency_name(members, each.partner)}:"
        f" {_state(node, each)} there. This is our own copy."
        for each in found
        if not each.incoming
    ]


def recalls_in_status(node: Node, members: Members) -> list[dict[str, object]]:
    """Returns the rows of `tearline node status` about recalls: overdue ones and open decisions."""
    late: list[dict[str, object]] = [
        {
            "what": "recall overdue",
            "which": Id(each.recall.packet),
            "state": f"{agency_name(members, each.partner)} owed an answer by"
            f" {time_text(each.due_ms)}",
            "at": moment(each.due_ms),
        }
        for each in node.recalls.overdue()
    ]
    return late + [
        {
            "what": "recall to decide on",
            "which": Id(each.recall.packet),
            "state": f"erased after {time_text(each.due_ms)}",
            "at": moment(each.due_ms),
        }
        for each in node.recalls.waiting()
    ]


def _what(slots: tuple[int, ...]) -> str:
    return "a field" if slots else "everything"


def _state(node: Node, stored: StoredRecall) -> str:
    return "OVERDUE" if node.recalls.is_overdue(stored) else stored.state.text


@click.command(cls=Command)
@click.argument("packet")
@click.option(
    "--ground",
    type=click.Choice([each.value for each in KeepGround]),
    help="The ground; the originator of a recalled packet sees it.",
)
@click.option("--end", is_flag=True, help="End the hold; the packet is erased at its own end.")
@async_command
async def keep(cli: CliContext, packet: str, ground: str | None, end: bool) -> None:
    """Keep a partner's PACKET, as an officer, before or after its recall.

    The originator of a recalled packet receives the ground. The hold lasts until --end, even beyond
    the packet's own end.

    Example: tearline --as olga packet keep 3f9a1c --ground evidence
    """
    if end == (ground is not None):
        raise MalformedInput("give either --ground or --end")

    async with open_node(cli) as node:
        await look(cli, node)
        packet_id = node.packets.find(packet)
        person = acting_on(cli, node, packet_id, Role.OFFICER)
        if person is None:
            raise LoginRequired("keeping a packet requires an officer")
        if ground is None:
            node.recalls.end_hold(packet_id, acted_by=person)
        else:
            await node.recalls.keep(packet_id, KeepGround(ground), acted_by=person)
    cli.say(
        "Ended the hold."
        if ground is None
        else "Kept. If the originator recalls the packet, it is told the ground."
    )


@click.command(cls=Command)
@click.argument("packet")
@yes_option
@node_command
async def erase(cli: CliContext, node: Node, packet: str, yes: bool) -> None:
    """Erase a partner's recalled PACKET that is pending or was kept.

    Example: tearline --as li packet erase 3f9a1c
    """
    await look(cli, node)
    packet_id = node.packets.find(packet)
    person = acting_on(cli, node, packet_id)
    waiting = [r for r in node.recalls.of(packet_id) if r.state is not RecallState.ERASED]
    cli.confirm("Erasure is permanent.", packet_id.hex()[:12], yes=yes or not waiting)
    await node.recalls.erase(packet_id, acted_by=person)
    answers = [r.answer for r in node.recalls.of(packet_id) if r.answer]
    reach = not_undone(answers[-1].reach if answers else ())
    cli.say("Erased. The originator is notified.")
    if reach:
        cli.say(f"Not undone: it was {reach}.")
