"""``tearline request``: requests for records in both directions, and their deadlines."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import click

from tearline.errors import RecordRequestMalformed
from tearline.federation.members import TrustList
from tearline.packets.packet import Urgency
from tearline.requests.step import Ground, Side
from tearline.statements.statement import ActedBy
from tearline_client.cli.answer import answer, supplement
from tearline_client.cli.confirmation import confirm_packets
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, free_text, yes_option
from tearline_client.cli.release import emit_released, say_mentions, takes_two
from tearline_client.cli.release_options import repeats_option
from tearline_client.cli.request_rows import (
    catch_up,
    item_option,
    preview_columns,
    row_of,
    text_option,
)
from tearline_client.cli.session import at_work, look, node_command, person_of, read_text
from tearline_client.connectors.importers.ftm import read_ftm
from tearline_client.drafting.from_file import narrative_field
from tearline_client.features.packets.service import verify_accepted
from tearline_client.features.requests.views import RequestView
from tearline_client.node import Node
from tearline_client.planning.entities import connected_groups
from tearline_client.planning.request_file import parse_request_file
from tearline_client.rendering.packets import SPARE, cell_rows
from tearline_client.rendering.words import time_text

_MAX_FILE = 1 << 20
_DAY_MS = 24 * 3_600_000
_needed_text = free_text("--text", required=True, help="A note for the other party only.")
_URGENCIES = click.Choice([each.value for each in Urgency if each is not Urgency.PRESERVE])


@click.group(cls=Group)
def command() -> None:
    """Ask partners for records, answer their requests, and follow deadlines."""


command.add_command(answer)
command.add_command(supplement)


@command.command()
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Show what the partner would see; send nothing.")
@yes_option
@pass_cli
def new(cli: CliContext, file: Path, dry_run: bool, yes: bool) -> None:
    """Ask a partner for records with the request in FILE (TOML).

    The command shows the partner's view and asks for confirmation; in a script, pass --yes.

    Example: tearline --as li request new request.toml
    """
    asked = parse_request_file(read_text(file, maximum=_MAX_FILE))

    async def run(node: Node) -> list[dict[str, object]] | bytes:
        await look(cli, node)
        subjects = read_ftm(file.parent / asked.subjects).entities if asked.subjects else ()
        groups = connected_groups([*asked.entities, *subjects])
        if len(groups) != 1:
            raise RecordRequestMalformed("every subject must be named by an item")
        extra = (narrative_field(asked.narrative),) if asked.narrative else ()
        draft = node.draft(groups[0], asked.about, agreement=asked.agreement, extra=extra)
        plan = node.plan(draft, [asked.to])
        say_mentions(cli, node, [plan])
        if dry_run:
            return list(cell_rows(plan.cells(), node.directory.trust_list()))
        if takes_two(node, draft.agreement.id, draft.article):
            return node.approvals.draft([plan], person=cli.settings.person)
        person = person_of(cli, node, draft.agreement.id)
        confirm_packets(cli, node, [plan], yes=yes)
        sent = await node.requests.submit(plan, person)
        verify_accepted(sent)
        return [{"request": packet.hex()} for packet in sent.packets]

    done = at_work(cli, run)
    if isinstance(done, bytes):
        emit_released(cli, done)
        return
    cli.emit(done, preview_columns(cli) if dry_run else ["request"], spare=SPARE)


@command.command(name="list")
@click.option("--open", "only_open", is_flag=True, help="Only requests that have not ended.")
@node_command
async def list_command(cli: CliContext, node: Node, only_open: bool) -> None:
    """List requests in both directions, with state and deadline.

    Example: tearline request list --open
    """
    await catch_up(cli, node)
    trust_list = node.directory.trust_list()
    rows = [
        row_of(view, trust_list)
        for view in node.requests.list()
        if not (only_open and view.progress.phase.has_ended)
    ]
    columns = [
        *("request", "role", "partner", "urgency", "state", "due", "left", "clock", "overdue"),
        "waits",
    ]
    cli.emit(rows, columns)


@command.command()
@click.argument("request")
@click.option("--steps", is_flag=True, help="Show the steps of both parties instead.")
@pass_cli
def show(cli: CliContext, request: str, steps: bool) -> None:
    """Show the items of REQUEST (the beginning of its id), with their outcomes.

    Example: tearline request show 5f0c9a1b
    """

    async def run(
        node: Node,
    ) -> tuple[RequestView, TrustList, Mapping[bytes, bytes], Mapping[bytes, str]]:
        await catch_up(cli, node)
        view = node.requests.show(node.requests.find(request))
        ids = [each.signed.statement.id for each in view.steps]
        reasons = {step: node.state.stores.repeats.of_statement(step) for step in ids}
        answers = [item.answer for item in view.items if item.answer]
        return view, node.directory.trust_list(), node.corrections.corrected_by(answers), reasons

    view, trust_list, superseded, reasons = at_work(cli, run)
    row = row_of(view, trust_list)
    left = f", {row['left']} left" if row["left"] and not view.is_overdue else f" {row['left']}"
    cli.say(
        f"{row['role']}, {row['partner']}, {row['urgency']}: {row['state']}{left.rstrip()};"
        f" {row['clock'] or 'due ' + (str(row['due']) or '-')}"
    )
    if steps:
        columns = ["at", "by", "step", "items", "text", "entry", "refused"]
        said = ["repeats"] if any(reasons.values()) else []
        cli.emit(_steps(view, reasons), [*columns, *said])
        return
    cli.emit(
        (
            {
                "item": item.number,
                "record": item.record,
                "outcome": item.outcome.partition(":")[0],
                "ground": item.ground.value if item.ground else "",
                "answer": item.answer.hex(),
                "earlier": [packet.hex() for packet in item.earlier],
                "corrected_by": superseded.get(item.answer, b"").hex()[:12],
            }
            for item in view.items
        ),
        ["item", "record", "outcome", "ground", "answer", "corrected_by"],
    )


def _steps(view: RequestView, reasons: Mapping[bytes, str]) -> list[dict[str, object]]:
    return [
        {
            "at": time_text(each.time_ms) if each.time_ms is not None else "",
            "by": each.side.value,
            "step": each.step.kind.value,
            "items": " ".join(str(item.number) for item in each.note.items) if each.note else "",
            "text": each.note.text if each.note else "",
            "useful": each.note.useful if each.note else None,
            "entry": each.index,
            "refused": each.code,
            "repeats": reasons[each.signed.statement.id],
        }
        for each in view.steps
    ]


# Steps of the holder.


@command.command()
@click.argument("request")
@text_option
@repeats_option
@pass_cli
def admit(cli: CliContext, request: str, text: str, repeats: str) -> None:
    """Confirm that REQUEST is in order and will be processed.

    Example: tearline --as li request admit 5f0c9a1b
    """
    _act(
        cli,
        request,
        lambda node, packet, who: node.requests.admit(packet, who, text, repeats=repeats),
    )


@command.command()
@click.argument("request")
@_needed_text
@repeats_option
@pass_cli
def reject(cli: CliContext, request: str, text: str, repeats: str) -> None:
    """Reject REQUEST as not in order, with a reason, which ends it.

    Example: tearline --as li request reject 5f0c9a1b --text "item 2 names no account"
    """
    _act(
        cli,
        request,
        lambda node, packet, who: node.requests.reject(packet, text, who, repeats=repeats),
    )


@command.command()
@click.argument("request")
@text_option
@repeats_option
@click.option("--permit", is_flag=True, help="Allow another question (asker only).")
@pass_cli
def clarify(cli: CliContext, request: str, text: str, repeats: str, permit: bool) -> None:
    """Ask a question about REQUEST, which stops its clock; or, as the asker, answer it.

    Example: tearline --as li request clarify 5f0c9a1b --text "which branch?"
    """

    def act(node: Node, packet: bytes, who: ActedBy | None) -> Awaitable[None]:
        view = node.requests.show(packet)
        if view.request.side is Side.HOLDER:
            return node.requests.clarify(packet, text, who, repeats=repeats)
        if permit and not view.progress.has_question:
            return node.requests.permit(packet, who)
        return node.requests.clarified(packet, text, who, permit=permit, repeats=repeats)

    _act(cli, request, act)


@command.command()
@click.argument("request")
@click.option("--days", type=click.IntRange(1), required=True, help="The expected number of days.")
@_needed_text
@repeats_option
@pass_cli
def authorise(cli: CliContext, request: str, days: int, text: str, repeats: str) -> None:
    """Announce that a judge must authorise the answer to REQUEST, which extends its deadline.

    Example: tearline --as li request authorise 5f0c9a1b --days 10 --text "bank records"
    """
    _act(
        cli,
        request,
        lambda node, packet, who: node.requests.authorise(
            packet, days * _DAY_MS, text, who, repeats=repeats
        ),
    )


@command.command()
@click.argument("request")
@click.option("--urgency", type=_URGENCIES, help="The proposed urgency; as the asker, the new one.")
@click.option("--confirm", is_flag=True, help="Confirm the urgency (asker only).")
@text_option
@repeats_option
@pass_cli
def contest(
    cli: CliContext, request: str, urgency: str | None, confirm: bool, text: str, repeats: str
) -> None:
    """Contest the urgency of REQUEST; or, as the asker, --confirm it or lower it.

    Example: tearline --as li request contest 5f0c9a1b --urgency routine
    """
    if confirm == (urgency is not None):
        raise click.UsageError("give either --urgency or --confirm")

    def act(node: Node, packet: bytes, who: ActedBy | None) -> Awaitable[None]:
        if urgency is None:
            return node.requests.confirm(packet, who, text, repeats=repeats)
        if node.requests.show(packet).request.side is Side.ASKER:
            return node.requests.lower(packet, Urgency(urgency), who)
        return node.requests.contest(packet, Urgency(urgency), text, who, repeats=repeats)

    _act(cli, request, act)


@command.command()
@click.argument("request")
@click.option(
    "--ground",
    type=click.Choice([each.value for each in Ground]),
    required=True,
    help="The ground.",
)
@item_option
@text_option
@repeats_option
@pass_cli
def refuse(
    cli: CliContext, request: str, ground: str, items: tuple[int, ...], text: str, repeats: str
) -> None:
    """Refuse items of REQUEST, by default all open ones.

    Example: tearline --as li request refuse 5f0c9a1b --ground not-held --item 2
    """
    _act(
        cli,
        request,
        lambda node, packet, who: node.requests.refuse(
            packet, Ground(ground), items, who, text, repeats=repeats
        ),
    )


# Steps of the asker.


@command.command(name="preserve-extend")
@click.argument("request")
@text_option
@repeats_option
@pass_cli
def preserve_extend(cli: CliContext, request: str, text: str, repeats: str) -> None:
    """Extend the preservation under REQUEST by thirty days, once.

    Example: tearline --as li request preserve-extend 5f0c9a1b
    """
    _act(
        cli,
        request,
        lambda node, packet, who: node.requests.extend(packet, who, text, repeats=repeats),
    )


@command.command()
@click.argument("request")
@text_option
@repeats_option
@yes_option
@pass_cli
def withdraw(cli: CliContext, request: str, text: str, repeats: str, yes: bool) -> None:
    """Withdraw REQUEST.

    Example: tearline --as li request withdraw 5f0c9a1b
    """
    cli.confirm(f"The request {request} will be withdrawn.", request, yes=yes)
    _act(
        cli,
        request,
        lambda node, packet, who: node.requests.withdraw(packet, who, text, repeats=repeats),
    )


@command.command()
@click.argument("request")
@click.option(
    "--useful", type=click.Choice(["yes", "no"]), required=True, help="Was the answer useful?"
)
@text_option
@repeats_option
@pass_cli
def close(cli: CliContext, request: str, useful: str, text: str, repeats: str) -> None:
    """Close REQUEST, which has ended, with feedback for the partner.

    Example: tearline --as li request close 5f0c9a1b --useful yes
    """
    _act(
        cli,
        request,
        lambda node, packet, who: node.requests.close(
            packet, useful == "yes", who, text, repeats=repeats
        ),
    )


Act = Callable[[Node, bytes, ActedBy | None], Awaitable[None]]


def _act(cli: CliContext, request: str, act: Act) -> None:
    """Records a person's step, and prints the resulting state of the request."""

    async def run(node: Node) -> list[dict[str, object]]:
        await catch_up(cli, node)
        packets = node.packets
        packet = node.requests.find(request)
        person = person_of(cli, node, packets.manifest(packet).agreement.id)
        await act(node, packet, person)
        return [row_of(node.requests.show(packet), node.directory.trust_list())]

    cli.emit(at_work(cli, run), ["request", "partner", "urgency", "state", "due", "left"])
