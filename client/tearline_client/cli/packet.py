"""``tearline packet``: preview, send, read, release and recall packets."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy
from tearline_client.cli.consent import pass_on
from tearline_client.cli.context import CliContext
from tearline_client.cli.correct import correct
from tearline_client.cli.documents import attach_option, attached, export, strip_metadata
from tearline_client.cli.draft import new
from tearline_client.cli.example_files import example_option
from tearline_client.cli.example_files import packet as contents
from tearline_client.cli.exhibit import exhibit
from tearline_client.cli.groups import Group
from tearline_client.cli.kinds import kinds
from tearline_client.cli.options import FILE, sync_option, yes_option
from tearline_client.cli.print_ import print_command
from tearline_client.cli.recall import erase, keep, recall, recalls, recalls_of
from tearline_client.cli.release import (
    approve,
    emit_released,
    pending,
    reject,
    release,
    release_field,
    say_cautions,
    say_findings,
)
from tearline_client.cli.release_options import (
    as_typed_option,
    narrative_of,
    narrative_option,
    order_of,
    order_options,
    repeats_option,
)
from tearline_client.cli.search import search
from tearline_client.cli.session import acting, async_command, look, node_command, open_node
from tearline_client.node import Node
from tearline_client.rendering.output import print_lines
from tearline_client.rendering.packets import SPARE, cell_rows, corrections_of, text_column
from tearline_client.rendering.words import Id, agency_name, counted, moment
from tearline_client.store.packet_records import StoredGrant

_COLUMNS = ("part", "field", "category", "form", "marking", "value", "count", "text")


@click.group(cls=Group)
def command() -> None:
    """Preview, send, read, release and recall packets."""


for _verb in (
    new,
    exhibit,
    pending,
    approve,
    reject,
    search,
    pass_on,
    correct,
    recall,
    recalls,
    keep,
    erase,
    print_command,
    export,
    strip_metadata,
    kinds,
):
    command.add_command(_verb)


@command.command()
@click.argument("file", type=FILE)
@example_option(contents)
@narrative_option
@attach_option
@as_typed_option
@order_options
@async_command
async def preview(
    cli: CliContext,
    /,
    file: Path,
    narrative: Path | None,
    attach: tuple[str, ...],
    as_typed: bool,
    **options: Any,
) -> None:
    """Show each partner's view of FILE (FollowTheMoney JSON lines) without sending it.

    An arrow marks a reference to another entity: by its name if the partner sees that, or else as
    "unnamed" with the first digits of its fields.

    Example: tearline packet preview lead.jsonl --to mx-prosecutor --agreement narcotics-2026
    --article money-laundering --purpose criminal-investigation
    """
    # Imported here: a command that drafts nothing does not wait for them.
    from tearline_client.connectors.importers.ftm import read_ftm
    from tearline_client.drafting.from_file import draft_file

    text = narrative_of(narrative)
    documents = attached(cli, attach)
    async with open_node(cli) as node:
        read = partial(read_ftm, as_typed=as_typed)
        drafted = draft_file(
            node, file, read, order_of(options), narrative=text, documents=documents
        )
        say_findings(cli, drafted)
        say_cautions(cli, node, drafted.plans)
        members = node.directory.members()
    cells = [cell for plan in drafted.plans for cell in plan.cells()]
    cli.emit(
        cell_rows(cells, members),
        [
            "field",
            "category",
            "partner",
            "form",
            text_column(cli.settings.output, "seen_as"),
            "by",
            "own",
        ],
        spare=SPARE,
    )


@command.command()
@click.argument("file", type=FILE)
@example_option(contents)
@narrative_option
@attach_option
@click.option("--dry-run", is_flag=True, help="Decide and count; do not send.")
@yes_option
@as_typed_option
@order_options
@async_command
async def send(
    cli: CliContext,
    /,
    file: Path,
    narrative: Path | None,
    attach: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_typed: bool,
    **options: Any,
) -> None:
    """Send FILE (FollowTheMoney JSON lines), with a separate view for each partner.

    The command shows each partner's view and asks for confirmation; in a script, pass --yes.

    If the article requires two persons, the packet stays unsealed until `tearline packet approve`.
    If a text mentions a value that its reader may not see in full, sending requires --repeats with
    a reason.

    Example: tearline packet send lead.jsonl --to mx-prosecutor --agreement narcotics-2026 --article
    money-laundering --purpose criminal-investigation
    """
    from tearline_client.connectors.importers.ftm import read_ftm
    from tearline_client.drafting.from_file import draft_file

    text = narrative_of(narrative)
    documents = attached(cli, attach)
    order = order_of(options)
    async with open_node(cli) as node:
        await look(cli, node)
        read = partial(read_ftm, as_typed=as_typed)
        drafted = draft_file(node, file, read, order, narrative=text, documents=documents)
        say_findings(cli, drafted)
        apart = " Entities without a link travel apart." if len(drafted.plans) > 1 else ""
        packets = counted(len(drafted.plans), "packet")
        cli.say(f"{counted(drafted.entities, 'entity')} in {packets}.{apart}")
        if dry_run:
            say_cautions(cli, node, drafted.plans)
            return
        emit_released(cli, await release(cli, node, drafted.plans, yes=yes))


@command.command(name="list")
@sync_option
@node_command
async def list_command(cli: CliContext, node: Node, sync: bool) -> None:
    """List the packets here, newest first.

    Example: tearline packet list
    """
    await look(cli, node, sync=sync)
    members = node.directory.members()
    superseded = node.corrections.superseded()
    titles = {view.id.hex(): view.title for view in node.cases.all()}
    recalled = {each.recall.packet for each in node.recalls.all()}  # as all packets are
    rows: list[dict[str, object]] = []
    for packet in node.packets.list():
        manifest = packet.manifest
        own = packet.origin == node.uri
        rows.append(
            {
                "packet": Id(packet.id),
                "id": packet.id.hex(),
                "from": "us" if own else agency_name(members, packet.origin),
                "kind": manifest.kind.value,
                "case": titles.get(manifest.case_id, manifest.case_id),
                "case_id": manifest.case_id,
                "urgency": manifest.urgency.value,
                "at": moment(packet.received_ms),
                "corrects": Id(manifest.supersedes),
                "corrected_by": Id(superseded.get(packet.id, b"")),
                "recalled": packet.id in recalled,
            }
        )
    columns = ["packet", "from", "kind", "case", "urgency", "at", "corrected_by", "recalled"]
    cli.emit(rows, columns, spare=["urgency", "case", "corrected_by", "recalled"])


@command.command()
@click.argument("packet")
@sync_option
@node_command
async def show(cli: CliContext, node: Node, packet: str, sync: bool) -> None:
    """Show PACKET (the beginning of its id) as a document, with the tear line.

    The document has the sender and the agreement, the readable fields by entity with their
    markings, the tear line with the fields kept back that the sender discloses, and the meaning of
    every marking. With -o wide, a table of the fields. With json, jsonl or csv, each row has its
    PART: field, kept back, or handling.

    The sender is notified that the packet was opened, or that a person saw it if one is logged in.
    For paper, use `tearline packet print`.

    Example: tearline packet show 5f0c9a1b
    """
    await look(cli, node, sync=sync)
    packet_id = node.packets.find(packet)
    manifest = node.packets.manifest(packet_id)
    person: ActedBy | None = acting(cli, node, manifest.agreement.id, Role.LIAISON)
    shown = await node.packets.read(packet_id, acted_by=person, person=cli.settings.person)
    standing = corrections_of(packet_id, manifest, node.corrections.newest(packet_id))
    standing += [
        f"It repeats values that were kept back, or a document was not searched. Reason: {reason}"
        for reason in node.packets.repeats(packet_id)
    ]
    standing += recalls_of(node, shown)
    for words in standing:
        cli.say(words)
    # Imported here: a list of packets shows none.
    from tearline_client.rendering.document import to_text
    from tearline_client.rendering.packet_document import document_of, packet_rows

    if cli.settings.output == "table":
        print_lines(to_text(document_of(node, shown)))
    else:
        cli.emit(packet_rows(shown), _COLUMNS)


@command.command()
@click.argument("packet")
@click.argument("field")
@click.option("--to", required=True, help="Partner agency or node URI.")
@repeats_option
@yes_option
@node_command
async def disclose(
    cli: CliContext, node: Node, packet: str, field: str, to: str, repeats: str, yes: bool
) -> None:
    """Release one more FIELD (its path, or the end of it) of our PACKET to a partner, in clear.

    PACKET is the beginning of an id in `tearline packet list`; `tearline packet show PACKET` lists
    its fields. The command shows the partner's view and asks for confirmation; in a script, pass
    --yes.

    If the field mentions a value that the partner may not see in full, release requires --repeats
    with a reason. If the article requires two persons, it waits for the second: `tearline packet
    pending`.

    Example: tearline packet disclose 5f0c9a1b iban --to mx-prosecutor
    """
    packet_id = node.packets.find(packet)
    path = node.packets.path_of(packet_id, field)
    released = await release_field(cli, node, packet_id, path, to, repeats=repeats, yes=yes)
    emit_released(cli, released)


@command.command()
@click.argument("packet")
@sync_option
@node_command
async def status(cli: CliContext, node: Node, packet: str, sync: bool) -> None:
    """Show the status of each grant of our PACKET, from signed receipts.

    PLACE is the grant's number in the channel to this partner. RELEASED counts the compartments
    (all fields of one marking and form) and the single fields that the grant opens.

    Example: tearline packet status 5f0c9a1b
    """
    await look(cli, node, sync=sync)
    packets = node.packets
    members = node.directory.members()
    rows = [
        {
            "partner": agency_name(members, g.grant.address.recipient),
            "place": g.grant.address.seq,
            "status": _status_text(g),
            "released": len(g.grant.compartments) + len(g.grant.fields),
            "grant": Id(g.signed.statement.id),
        }
        for g in packets.grants(packets.find(packet))
    ]
    cli.emit(rows, ["partner", "place", "status", "released", "grant"])


def _status_text(grant: StoredGrant) -> str:
    """Returns the status of one of our grants."""
    if grant.withdrawn is not None:
        return f"withdrawn ({grant.withdrawn.value})"
    return "sent" if grant.status is None else grant.status.text
