"""``tearline packet recall`` and its like: what is taken back, erased, or kept with a reason."""

from collections.abc import Iterable, Sequence

import click

from tearline.errors import LoginRequired, MalformedInput
from tearline.federation.members import TrustList
from tearline.limits import MIN_ANSWER_MS
from tearline.packets.recall import KeepGround, Reach, RecallReason, RecallState
from tearline.persons.tokens import Role
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command
from tearline_client.cli.options import sync_option, yes_option
from tearline_client.cli.session import acting, at_work, home_of, look
from tearline_client.features.recalls.service import RecallPlan
from tearline_client.messages.packet_view import PacketView
from tearline_client.node import Node
from tearline_client.rendering.packets import find_path
from tearline_client.rendering.words import agency_name, counted, time_text
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
    """What no erasure undoes, in words; empty where there is nothing."""
    return ", ".join(_WORDS[each] for each in reach)


@click.command(cls=Command)
@click.argument("packet")
@click.option("--from", "partners", multiple=True, metavar="PARTNER", help="Not from everybody.")
@click.option("--field", default="", help="One field (its path, or the end of it), not all.")
@click.option("--reason", type=click.Choice(_REASONS), required=True)
@click.option(
    "--within",
    "hours",
    type=click.IntRange(MIN_ANSWER_MS // _HOUR_MS, 24 * 365),
    default=RESPOND_MS // _HOUR_MS,
    show_default=True,
    help="Hours in which partners must answer.",
)
@click.option(
    "--line/--alone",
    default=None,
    help="Whether the packets that it corrects, or that correct it, are recalled as well.",
)
@click.option("--dry-run", is_flag=True, help="Say from whom, and recall nothing.")
@yes_option
@pass_cli
def recall(
    cli: CliContext,
    packet: str,
    partners: tuple[str, ...],
    field: str,
    reason: str,
    hours: int,
    line: bool | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Take back our PACKET, or one field of it, from its recipients.

    What nobody was handed yet is withdrawn. Of what is recalled from everybody, the exchange
    deletes the ciphertexts at once. Each recipient erases it, or a person there says
    why it is kept; see `tearline packet recalls`. Where other packets of its line of corrections
    would stay, --line or --alone says what becomes of them.
    """

    async def run(node: Node) -> tuple[list[RecallPlan], tuple[StoredRecall, ...]]:
        await look(cli, node)
        packet_id = node.state.stores.packets.find(packet)
        shown = node.state.open_view(packet_id)
        path = find_path(shown, field) if field else ""
        plan = node.recalls.plan(packet_id, to=partners, path=path)
        others = [] if line is False else node.recalls.line(plan, to=partners, path=path)
        if dry_run:
            return [plan, *others], ()
        verify_line_decided(others, line=line)
        person = acting(cli, node, shown.manifest.agreement.id, Role.LIAISON)
        cli.confirm(
            f"{counted(len(plan.recipients), 'partner')} will have to erase it"
            f"{f', and {len(others)} more of its line' if others else ''}.",
            packet_id.hex()[:12],
            yes=yes,
        )
        return [plan, *others], await node.recalls.recall(
            plan,
            RecallReason(reason),
            line=others,
            respond_in_ms=hours * _HOUR_MS,
            acted_by=person,
        )

    plans, made = at_work(cli, run)
    _, trust_list = home_of(cli).trust_list()
    cli.emit(
        (
            {
                "partner": agency_name(trust_list, uri),
                "packet": plan.packet.hex()[:12],
                "what": _what(plan.slots),
            }
            for plan in plans
            for uri in plan.recipients
        ),
        ["partner", "packet", "what"],
    )
    partners_told = {each.partner for each in made}
    cli.say(
        f"Recalled from {counted(len(partners_told), 'partner')}. What they opened or copied before"
        " is not undone by it."
        if made
        else "Nothing was recalled: this was a dry run."
    )


def verify_line_decided(others: Sequence[RecallPlan], *, line: bool | None) -> None:
    """Checks that a person has said what becomes of the rest of a line of corrections.

    Raises:
        MalformedInput: If there is a rest, and nothing was said.
    """
    if others and line is None:
        names = ", ".join(each.packet.hex()[:12] for each in others)
        raise MalformedInput(
            f"{names} of the same line of corrections would stay with partners: say --line to"
            " recall that, too, or --alone"
        )


@click.command(cls=Command)
@click.option("--overdue", is_flag=True, help="Only those whose time is up, without an answer.")
@sync_option
@pass_cli
def recalls(cli: CliContext, overdue: bool, sync: bool) -> None:
    """List recalls, ours and partners', and what was answered.

    NOT_UNDONE is what was done with the packet before, as the recipient's own access log says.
    """

    async def run(node: Node) -> list[dict[str, object]]:
        await look(cli, node, sync=sync)
        trust_list = node.state.trust.trust_list
        held: list[dict[str, object]] = [
            {
                "packet": hold.packet.hex()[:12],
                "id": hold.packet.hex(),
                "by": "nobody yet",
                "partner": agency_name(
                    trust_list, node.state.stores.packets.packet(hold.packet).origin
                ),
                "what": "everything",
                "state": "held",
                "ground": hold.ground.value,
            }
            for hold in (() if overdue else node.recalls.holds())
            if not node.recalls.of(hold.packet)
        ]
        lost: list[dict[str, object]] = [
            {
                "packet": each.packet.hex()[:12],
                "id": each.packet.hex(),
                "by": "us",
                "partner": agency_name(trust_list, each.partner),
                "what": "not known since the restore",
                "state": each.answer.state.text,
                "ground": each.answer.ground.value if each.answer.ground else "",
                "not_undone": not_undone(each.answer.reach),
            }
            for each in (() if overdue else node.recalls.forgotten())
        ]
        return (
            held
            + lost
            + [
                {
                    "packet": each.recall.packet.hex()[:12],
                    "id": each.recall.packet.hex(),
                    "by": "partner" if each.incoming else "us",
                    "partner": agency_name(trust_list, each.partner),
                    "what": _what(each.order.slots),
                    "reason": each.order.reason.value,
                    "state": _state(node, each),
                    "ground": each.answer.ground.value
                    if each.answer and each.answer.ground
                    else "",
                    "due": time_text(each.due_ms),
                    "answered": time_text(each.answered_ms) if each.answered_ms else "",
                    "not_undone": not_undone(each.answer.reach) if each.answer else "",
                }
                for each in (node.recalls.overdue() if overdue else node.recalls.all())
            ]
        )

    columns = ["packet", "by", "partner", "what", "reason", "state", "ground", "due", "not_undone"]
    cli.emit(at_work(cli, run), columns)


def recalls_of(node: Node, shown: PacketView) -> list[str]:
    """What a reader must know of recalls of a packet: a partner's, or our own of ours."""
    found = node.recalls.of(shown.packet.id)
    if not shown.own:
        states = sorted({each.state for each in found if each.incoming})
        return [f"Its originator has recalled it, or a part of it: {s.text}." for s in states]
    trust_list = node.state.trust.trust_list
    return [
        f"We recalled {_what(each.order.slots)} from {agency_name(trust_list, each.partner)}:"
        f" {_state(node, each)} there. What stands here is our own copy."
        for each in found
        if not each.incoming
    ]


def recalls_in_status(node: Node, trust_list: TrustList) -> list[dict[str, object]]:
    """What `tearline node status` says of recalls: what is late, and what a person decides."""
    late: list[dict[str, object]] = [
        {
            "what": "recall overdue",
            "which": each.recall.packet.hex()[:12],
            "state": f"{agency_name(trust_list, each.partner)} owed an answer by"
            f" {time_text(each.due_ms)}",
        }
        for each in node.recalls.overdue()
    ]
    return late + [
        {
            "what": "recall to decide on",
            "which": each.recall.packet.hex()[:12],
            "state": f"erased after {time_text(each.due_ms)}",
        }
        for each in node.recalls.waiting()
    ]


def _what(slots: tuple[int, ...]) -> str:
    return "a field" if slots else "everything"


def _state(node: Node, stored: StoredRecall) -> str:
    return "OVERDUE" if node.recalls.is_overdue(stored) else stored.state.text


@click.command(cls=Command)
@click.argument("packet")
@click.option("--ground", type=click.Choice([each.value for each in KeepGround]), default=None)
@click.option("--end", is_flag=True, help="End the hold: it is erased when its time comes.")
@pass_cli
def keep(cli: CliContext, packet: str, ground: str | None, end: bool) -> None:
    r"""An officer keeps a partner's PACKET, before or after it is recalled.

    Once it is recalled, its originator is told the ground. A hold lasts until it is ended, also
    beyond the packet's own time.

    \b
      tearline packet keep 3f9a1c --ground evidence
      tearline packet keep 3f9a1c --end
    """
    if end == (ground is not None):
        raise MalformedInput("either --ground, or --end")

    async def run(node: Node) -> None:
        await look(cli, node)
        packet_id = node.state.stores.packets.find(packet)
        agreement_id = node.state.stores.packets.manifest(packet_id).agreement.id
        person = acting(cli, node, agreement_id, Role.OFFICER)
        if person is None:
            raise LoginRequired("an officer decides that something is kept")
        if ground is None:
            node.recalls.end_hold(packet_id, acted_by=person)
        else:
            await node.recalls.keep(packet_id, KeepGround(ground), acted_by=person)

    at_work(cli, run)
    cli.say(
        "The hold has ended."
        if ground is None
        else "It is kept. Its originator is told why, once it has recalled it."
    )


@click.command(cls=Command)
@click.argument("packet")
@yes_option
@pass_cli
def erase(cli: CliContext, packet: str, yes: bool) -> None:
    """Erase a partner's PACKET that was recalled and waits, or was kept until now."""

    async def run(node: Node) -> str:
        await look(cli, node)
        packet_id = node.state.stores.packets.find(packet)
        agreement_id = node.state.stores.packets.manifest(packet_id).agreement.id
        person = acting(cli, node, agreement_id, Role.LIAISON)
        waiting = [r for r in node.recalls.of(packet_id) if r.state is not RecallState.ERASED]
        cli.confirm("Nothing brings it back.", packet_id.hex()[:12], yes=yes or not waiting)
        await node.recalls.erase(packet_id, acted_by=person)
        answers = [r.answer for r in node.recalls.of(packet_id) if r.answer]
        return not_undone(answers[-1].reach if answers else ())

    reach = at_work(cli, run)
    cli.say("It is erased, and its originator is told.")
    if reach:
        cli.say(f"What is not undone by it: it was {reach}.")
