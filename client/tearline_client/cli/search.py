"""``tearline packet search``: search in readable fields by name, account or other value."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from tearline.errors import EXIT_INTEGRITY
from tearline.limits import MAX_FOUND, MAX_LISTED_NAMES
from tearline.packets.packet import PacketKind
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FREE_TEXT
from tearline_client.cli.session import look, node_command
from tearline_client.features.search.search import EVERYWHERE, SearchFilter
from tearline_client.node import Node
from tearline_client.planning.text_search import SearchTerms
from tearline_client.rendering.packets import field_text, short
from tearline_client.rendering.words import Id, agency_name, counted, moment

_DAY = click.DateTime(["%Y-%m-%d"])
_MOST_NAMED = 5  # ways in which a search was widened
_DAY_MS = 24 * 3_600_000


@click.command(cls=Command)
@click.argument("text", type=FREE_TEXT)
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([kind.value for kind in PacketKind]),
    multiple=True,
    help="Only packets of this kind.",
)
@click.option("--case", "case_id", default="", help="Only packets of this case: its title or id.")
@click.option(
    "--from", "sender", default="", metavar="AGENCY", help="Only packets of this agency or node."
)
@click.option(
    "--since", type=_DAY, metavar="DATE", help="Only packets received on this day (UTC) or later."
)
@click.option(
    "--until", type=_DAY, metavar="DATE", help="Only packets received on this day (UTC) or earlier."
)
@click.option(
    "--widen/--no-widen",
    default=True,
    show_default=True,
    help="Also find names in other transcriptions and short forms.",
)
@click.option("--mine/--theirs", "own", default=None, help="Only our own packets, or only others.")
@node_command
async def search(
    cli: CliContext,
    node: Node,
    text: str,
    kinds: tuple[str, ...],
    case_id: str,
    sender: str,
    since: datetime | None,
    until: datetime | None,
    widen: bool,
    own: bool | None,
) -> None:
    """Find packets with TEXT in a readable field, best matches first.

    Names match in any script, without accents, with words in any order. Accounts and telephone
    numbers match with any spacing. The access log records each search.

    A Chinese name is also found in other transcriptions, any name by initials and without the
    second surname. The column "fits" then says transcribed or shortened, and a message says which.

    Damaged packets cannot be searched: a message names them, and the exit status is 5.

    Example: tearline packet search "Qiu Wenhao"
    """
    await look(cli, node, sync=False)
    within = SearchFilter(
        own=own,
        widen=widen,
        kinds=frozenset(map(PacketKind, kinds)),
        case_id=node.cases.find(case_id).id.hex() if case_id else "",
        sender=_sender(node, sender),
        since_ms=_day_ms(since) if since else 0,
        until_ms=_day_ms(until) + _DAY_MS if until else EVERYWHERE.until_ms,
    )
    with cli.progress("Searching", None):
        found = await node.packets.search(text, person=cli.settings.person, within=within)
    if len(found) == MAX_FOUND:
        cli.say(f"Showing the best {MAX_FOUND}. Next: narrow the search by kind, case or time.")
    sought = SearchTerms(text, widen=widen)
    widened: Counter[str] = Counter()
    superseded = node.corrections.corrected_by(found)
    rows: list[dict[str, object]] = []
    for packet_id, fields in found.items():
        packet = node.packets.get(packet_id)
        ours = packet.origin == node.uri
        members = node.directory.members()
        for opened in fields:
            match = sought.match(opened.field)
            if match is not None and match.widened_by:
                widened[match.widened_by] += 1
            rows.append(
                {
                    "packet": Id(packet_id),
                    "id": packet_id.hex(),
                    "from": "us" if ours else agency_name(members, packet.origin),
                    "kind": packet.manifest.kind.value,
                    "case": packet.manifest.case_id,
                    "at": moment(packet.received_ms),
                    "field": short(opened.field.path),
                    "form": opened.field.form.text,
                    "fits": "" if match is None else match.rank.text,
                    "widened_by": "" if match is None else match.widened_by,
                    "corrected_by": Id(superseded.get(packet_id, b"")),
                    "value": field_text(opened.field),
                }
            )
    columns = ["packet", "from", "field", "form", "fits", "corrected_by", "value"]
    cli.emit(rows, columns, spare=["corrected_by", "form", "fits"])
    if widened:
        cli.say(_widened_text(widened))
    if damaged := node.packets.unreadable():
        cli.say(_damaged_text(damaged))
        click.get_current_context().exit(EXIT_INTEGRITY)


def _widened_text(widened: Counter[str]) -> str:
    named = [f"{by} ({counted(rows, 'row')})" for by, rows in widened.most_common(_MOST_NAMED)]
    more = len(widened) - len(named)
    also = f" and {counted(more, 'other way')}" if more else ""
    return (
        f"Widened the search by {', '.join(named)}{also}."
        " Next: compare them with other details of the person; --no-widen leaves them out."
    )


def _damaged_text(packets: Sequence[bytes]) -> str:
    named = ", ".join(packet.hex()[:12] for packet in packets[:MAX_LISTED_NAMES])
    more = len(packets) - MAX_LISTED_NAMES
    also = f" and {more} more" if more > 0 else ""
    return (
        f"{counted(len(packets), 'damaged packet')} cannot be searched: {named}{also}."
        " Next: restore the last backup, or ask the sender to send it again."
    )


def _sender(node: Node, name: str) -> str:
    agencies = {agency.name: agency.uri for agency in node.directory.members().agencies}
    return agencies.get(name) or (node.directory.node_of(name) if name else "")


def _day_ms(day: datetime) -> int:
    return int(day.replace(tzinfo=UTC).timestamp() * 1000)
