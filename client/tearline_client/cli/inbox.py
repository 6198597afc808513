"""``tearline inbox``: packets of partners, with their subjects."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import click

from tearline.packets.packet import PacketKind
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import sync_option
from tearline_client.cli.session import look, node_command
from tearline_client.features.packets.records import PacketRecord
from tearline_client.features.search.search import EVERYWHERE, SearchFilter
from tearline_client.node import Node
from tearline_client.rendering.words import Id, agency_name, moment

_DAY = click.DateTime(["%Y-%m-%d"])
_DAY_MS = 24 * 3_600_000


@click.command(cls=Command)
@click.option("--unread", is_flag=True, help="Only packets that no person has seen.")
@click.option(
    "--from", "sender", default="", metavar="AGENCY", help="Only packets from this agency."
)
@click.option("--case", "case_id", default="", help="Only packets of this case: its title or id.")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([kind.value for kind in PacketKind]),
    multiple=True,
    help="Only packets of this kind.",
)
@click.option("--since", type=_DAY, metavar="DATE", help="Only from this day (UTC) on.")
@click.option("--until", type=_DAY, metavar="DATE", help="Only until this day (UTC).")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Show at most this many packets.",
)
@sync_option
@node_command
async def command(
    cli: CliContext,
    node: Node,
    unread: bool,
    sender: str,
    case_id: str,
    kinds: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    limit: int,
    sync: bool,
) -> None:
    """List packets of partners, newest first, with a subject from their readable names.

    UNREAD marks a packet that no person here has seen. The access log records the names shown. To
    open a packet, use `tearline packet show`.

    Example: tearline inbox --unread --from mx-prosecutor
    """
    await look(cli, node, sync=sync)
    within = SearchFilter(
        own=False,
        kinds=frozenset(map(PacketKind, kinds)),
        case_id=node.cases.find(case_id).id.hex() if case_id else "",
        sender=_agency(node, sender),
        since_ms=_day_ms(since) if since else 0,
        until_ms=_day_ms(until) + _DAY_MS if until else EVERYWHERE.until_ms,
    )
    found = tuple(islice(_found(node, within, unread=unread), limit))
    person = cli.settings.person
    headings = await node.packets.headings([each.id for each in found], person=person)
    names = {packet: heading.names for packet, heading in headings.items()}
    members = node.directory.members()
    titles = {view.id.hex(): view.title for view in node.cases.all()}
    rows = [
        {
            "packet": Id(each.id),
            "unread": node.packets.is_unread(each.id),
            "from": agency_name(members, each.origin),
            "from_uri": each.origin,
            "subject": " · ".join(names.get(each.id, ())),
            "names": list(names.get(each.id, ())),
            "kind": each.manifest.kind.value,
            "case": titles.get(each.manifest.case_id, each.manifest.case_id),
            "case_id": each.manifest.case_id,
            "urgency": each.manifest.urgency.value,
            "at": moment(each.received_ms),
        }
        for each in found
    ]
    columns = ["packet", "unread", "from", "subject", "kind", "case", "at"]
    cli.emit(rows, columns, spare=["case", "kind", "at"])
    if len(rows) == limit:
        cli.say(f"Showing the newest {limit}. Next: --limit, or a narrower list.")


def _found(node: Node, within: SearchFilter, *, unread: bool) -> Iterator[PacketRecord]:
    """Yields partners' packets in scope, newest first, each read as it is asked for."""
    for packet_id in node.packets.ids():
        if unread and not node.packets.is_unread(packet_id):
            continue
        record = node.packets.get(packet_id)
        in_time = within.since_ms <= record.received_ms < within.until_ms
        manifest = record.manifest
        is_within = within.has(manifest.kind, manifest.case_id)
        if in_time and is_within and within.covers(record.origin, node.uri):
            yield record


def _agency(node: Node, name: str) -> str:
    agencies = {agency.name: agency.uri for agency in node.directory.members().agencies}
    return agencies.get(name) or (node.directory.node_of(name) if name else "")


def _day_ms(day: datetime) -> int:
    return int(day.replace(tzinfo=UTC).timestamp() * 1000)
