"""``tearline packet``: what is sent, what each partner sees of it, what came."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tearline.bodies.evaluation import explain_evaluation
from tearline.errors import EvaluationInvalid, NotFound
from tearline.packet import PacketKind, Urgency, verify_evaluation
from tearline.statement import ActedBy
from tearline.tokens import Role
from tearline.trust import TrustState
from tearline_client.cli.at_work import acting, agency_name, at_work, counted, read_text, time_text
from tearline_client.cli.consent import pass_on
from tearline_client.cli.documents import attach_option, attached, export
from tearline_client.cli.exhibit import exhibit
from tearline_client.cli.frame import Frame, pass_frame
from tearline_client.cli.groups import Group
from tearline_client.cli.kinds import kinds
from tearline_client.cli.print_ import print_command
from tearline_client.cli.recall import erase, keep, recall, recalls
from tearline_client.cli.release import (
    Released,
    approve,
    emit_released,
    pending,
    reject,
    release,
    release_field,
    say_findings,
)
from tearline_client.cli.search import search
from tearline_client.cli.seen import (
    below_the_line,
    caveats_of,
    cell_rows,
    describe,
    find_path,
    text_column,
    view_rows,
    what_to_heed,
)
from tearline_client.drafting import Order, draft_file
from tearline_client.importers.ftm import read_ftm
from tearline_client.node import Node
from tearline_client.planning.drafts import About
from tearline_client.planning.plan import Cell
from tearline_client.store.packets import StoredGrant
from tearline_client.store.recalls import StoredRecall
from tearline_client.views import PacketView, open_view

_FILE = click.Path(path_type=Path)
_MAX_NARRATIVE = 1 << 20
_sync_option = click.option(
    "--sync/--no-sync", default=True, show_default=True, help="Ask the exchange first."
)


@click.group(cls=Group)
def command() -> None:
    """What is sent, what each partner sees of it, what came."""


command.add_command(exhibit)
command.add_command(pending)
command.add_command(approve)
command.add_command(reject)
command.add_command(search)
command.add_command(pass_on)
command.add_command(print_command)
for _verb in (
    exhibit,
    pending,
    approve,
    reject,
    search,
    pass_on,
    recall,
    recalls,
    keep,
    erase,
):
    command.add_command(_verb)
command.add_command(export)
command.add_command(kinds)


def order_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say under what something is sent, and to whom; as one Order."""
    options = (
        click.option("--to", multiple=True, required=True, help="Partner agency, or a node URI."),
        click.option("--agreement", required=True, help="Name of the agreement."),
        click.option("--article", required=True, help="Id of its article."),
        click.option("--purpose", required=True, help="What the partner may use it for."),
        click.option(
            "--kind",
            type=click.Choice([kind.value for kind in PacketKind]),
            default=PacketKind.LEAD.value,
            show_default=True,
        ),
        click.option("--case", "case_id", default="", help="The case it belongs to."),
        click.option(
            "--urgency",
            type=click.Choice([urgency.value for urgency in Urgency]),
            default=Urgency.ROUTINE.value,
            show_default=True,
        ),
        click.option(
            "--evaluation",
            default="X4",
            show_default=True,
            callback=_evaluation,
            help="4x4 of source (A, B, C, X) and information (1 to 4), for example B2.",
        ),
        click.option(
            "--derived-from",
            "sources",
            multiple=True,
            metavar="PACKET",
            help="A packet here that it was made from: the beginning of its id.",
        ),
        click.option(
            "--guard",
            "guarded",
            multiple=True,
            metavar="ENTITY/PROPERTY=CATEGORY",
            help="Mark one field more strictly than the profile does, for example as method.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _evaluation(context: click.Context, parameter: click.Parameter, text: str) -> str:
    try:
        verify_evaluation(text)
    except EvaluationInvalid as error:
        raise click.BadParameter(f"{error.what} {error.next}") from None
    return text


def order_of(options: dict[str, Any]) -> Order:
    """The Order that ``order_options`` collected."""
    to, agreement, sources = (options.pop(name) for name in ("to", "agreement", "sources"))
    about = About(
        **{
            **options,
            "kind": PacketKind(options["kind"]),
            "urgency": Urgency(options["urgency"]),
            "guarded": dict(_guarded(text) for text in options["guarded"]),
        }
    )
    return Order(to=to, agreement=agreement, about=about, sources=sources)


def _guarded(text: str) -> tuple[tuple[str, str], str]:
    place, equals, category = text.partition("=")
    entity, slash, name = place.rpartition("/")
    if not (equals and slash and entity and name):
        raise click.BadParameter("ENTITY/PROPERTY=CATEGORY was expected", param_hint="--guard")
    return (entity, name), category


@command.command()
@click.argument("file", type=_FILE)
@click.option("--narrative", type=_FILE, help="File with the free text that goes with it.")
@attach_option
@order_options
@pass_frame
def preview(
    frame: Frame, file: Path, narrative: Path | None, attach: tuple[str, ...], **options: Any
) -> None:
    """Show what each partner would see of FILE (FollowTheMoney JSON lines). Nothing leaves.

    An arrow stands before another entity: by its name, where the partner will see that, else as
    unnamed, with the digits that its own fields begin with.
    """
    text = read_text(narrative, maximum=_MAX_NARRATIVE) if narrative else ""
    documents = attached(attach)

    async def run(node: Node) -> tuple[list[Cell], TrustState]:
        drafted = draft_file(
            node, file, read_ftm, order_of(options), narrative=text, documents=documents
        )
        say_findings(frame, drafted)
        return [cell for plan in drafted.plans for cell in plan.cells()], node.state.trust

    cells, trust = at_work(frame, run)
    frame.emit(
        cell_rows(cells, trust),
        ["field", "category", "partner", "form", text_column(frame, "seen_as"), "by", "own"],
    )


@command.command()
@click.argument("file", type=_FILE)
@click.option("--narrative", type=_FILE, help="File with the free text that goes with it.")
@attach_option
@click.option("--dry-run", is_flag=True, help="Decide and count, and send nothing.")
@order_options
@pass_frame
def send(
    frame: Frame,
    file: Path,
    narrative: Path | None,
    attach: tuple[str, ...],
    dry_run: bool,
    **options: Any,
) -> None:
    """Send FILE (FollowTheMoney JSON lines), each partner seeing its own view.

    Where the article asks for two persons, nothing is sealed yet: it waits for the second, under
    an id that `tearline packet approve` takes.
    """
    text = read_text(narrative, maximum=_MAX_NARRATIVE) if narrative else ""
    documents = attached(attach)
    order = order_of(options)

    async def run(node: Node) -> Released | None:
        await node.sync()
        drafted = draft_file(node, file, read_ftm, order, narrative=text, documents=documents)
        say_findings(frame, drafted)
        frame.say(
            f"{counted(drafted.entities, 'entity')} in {counted(len(drafted.plans), 'packet')}."
        )
        if dry_run:
            return None
        return await release(frame, node, drafted.plans)

    emit_released(frame, at_work(frame, run))


@command.command(name="list")
@_sync_option
@pass_frame
def list_command(frame: Frame, sync: bool) -> None:
    """List the packets here, newest first."""

    async def run(node: Node) -> list[dict[str, object]]:
        if sync:
            await node.receive()
        trust_list = node.state.trust.trust_list
        rows: list[dict[str, object]] = []
        for packet in node.state.stores.packets.packets():
            manifest = packet.manifest
            own = packet.origin == node.uri
            rows.append(
                {
                    "packet": packet.id.hex()[:12],
                    "id": packet.id.hex(),
                    "from": "us" if own else agency_name(trust_list, packet.origin),
                    "kind": manifest.kind.value,
                    "case": manifest.case_id,
                    "urgency": manifest.urgency.value,
                    "at": time_text(packet.received_ms),
                }
            )
        return rows

    frame.emit(at_work(frame, run), ["packet", "from", "kind", "case", "urgency", "at"])


@command.command()
@click.argument("packet")
@_sync_option
@pass_frame
def show(frame: Frame, packet: str, sync: bool) -> None:
    """Show what is open here of PACKET (the beginning of its id), above the tear line.

    The sender is told that it was opened; where a person is logged in, that it was seen.
    """

    async def run(node: Node) -> tuple[PacketView, TrustState, tuple[StoredRecall, ...]]:
        if sync:
            await node.receive()
        packet_id = _find(node, packet)
        manifest = node.state.stores.packets.packet(packet_id).manifest
        person: ActedBy | None = acting(frame, node, manifest.agreement.id, Role.LIAISON)
        shown = await node.read(packet_id, acted_by=person, person=frame.settings.person)
        return shown, node.state.trust, node.recalls.of(packet_id)

    shown, trust, taken_back = at_work(frame, run)
    if frame.settings.output == "table":
        frame.say(describe(shown, trust))
        for state in sorted({each.state for each in taken_back}):
            frame.say(f"Its originator has recalled it, or a part of it: {state.text}.")
        frame.say(explain_evaluation(shown.manifest.evaluation))
    frame.emit(view_rows(shown), ["field", "category", "form", text_column(frame, "value")])
    if frame.settings.output == "table":
        for line in [*below_the_line(shown), *what_to_heed(shown)]:
            click.echo(line)
        for words in caveats_of(shown):
            frame.say(words)


def _find(node: Node, prefix: str) -> bytes:
    try:
        return node.state.stores.packets.find(prefix)
    except NotFound:
        node.state.stores.waiting.verify_none(prefix)
        raise


@command.command()
@click.argument("packet")
@click.argument("field")
@click.option("--to", required=True, help="Partner agency, or a node URI.")
@pass_frame
def disclose(frame: Frame, packet: str, field: str, to: str) -> None:
    """Release one more FIELD (its path, or the end of it) of our PACKET to a partner, in clear.

    Where the article asks for two persons, it waits for the second: `tearline packet pending`.
    """

    async def run(node: Node) -> Released:
        packet_id = node.state.stores.packets.find(packet)
        shown = open_view(node.state.stores.packets, packet_id, node=node.uri)
        return await release_field(frame, node, shown, find_path(shown, field), to)

    emit_released(frame, at_work(frame, run))


@command.command()
@click.argument("packet")
@_sync_option
@pass_frame
def status(frame: Frame, packet: str, sync: bool) -> None:
    """Show what became of each grant of our PACKET, by signed receipts.

    PLACE is the grant's number among all that went to this partner. RELEASED counts what the
    grant opens: compartments, each the fields of one marking and form, and single fields.
    """

    async def run(node: Node) -> list[dict[str, object]]:
        if sync:
            await node.receive()
        packets = node.state.stores.packets
        trust_list = node.state.trust.trust_list
        return [
            {
                "partner": agency_name(trust_list, g.grant.address.recipient),
                "place": g.grant.address.seq,
                "status": _status_text(g),
                "released": len(g.grant.compartments) + len(g.grant.fields),
                "grant": g.signed.statement.id.hex()[:12],
            }
            for g in packets.grants(packets.find(packet))
        ]

    frame.emit(at_work(frame, run), ["partner", "place", "status", "released", "grant"])


def _status_text(grant: StoredGrant) -> str:
    """What became of a grant of ours."""
    if grant.withdrawn is not None:
        return f"withdrawn ({grant.withdrawn.value})"
    return "sent" if grant.status is None else grant.status.text
