"""``tearline import``: whole sources, sent as one packet per connected group."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from tearline.errors import ExchangeBusy, sentence
from tearline.persons.tokens import Role
from tearline_client.cli.context import CliContext
from tearline_client.cli.example_files import example_option, packet
from tearline_client.cli.example_files import mapping as mapping_file
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE
from tearline_client.cli.release import say_unmarked
from tearline_client.cli.release_options import order_of, source_options
from tearline_client.cli.session import acting, async_command, home_of, open_node, read_text
from tearline_client.config import MAX_CONFIG_BYTES
from tearline_client.connectors.importers.csv import read_csv
from tearline_client.connectors.importers.ftm import read_ftm
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_client.connectors.importers.ofac import read_ofac
from tearline_client.connectors.importers.report import Concern
from tearline_client.connectors.importers.report import Imported as Source
from tearline_client.connectors.importers.saved_mappings import SavedMappings, is_mapping_name
from tearline_client.drafting.from_file import Drafted, Reader, divide_order, plan_source
from tearline_client.drafting.release import takes_two
from tearline_client.features.packets.bulk import Imported, batches, pause
from tearline_client.features.packets.service import Persons
from tearline_client.node import Node
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.rendering.words import counted

_dry_run = click.option("--dry-run", is_flag=True, help="Report findings and counts; do not send.")
_again = click.option(
    "--again", is_flag=True, help="Send everything, even what an earlier import sent."
)


@click.group(cls=Group)
def command() -> None:
    """Send a whole source, as one packet per connected group of entities.

    An import that was interrupted continues if the command is run again.
    """


@command.command()
@click.argument("file", type=FILE)
@example_option(packet)
@_dry_run
@_again
@source_options
@async_command
async def ftm(cli: CliContext, /, file: Path, dry_run: bool, again: bool, **options: Any) -> None:
    """Send all entities of FILE, FollowTheMoney JSON lines.

    Example: tearline import ftm entities.json --to mx-prosecutor --agreement narcotics-2026
    --article money-laundering --purpose criminal-investigation
    """
    await import_file(cli, file, read_ftm, options, dry_run=dry_run, again=again)


@command.command()
@click.argument("file", type=FILE)
@_dry_run
@_again
@source_options
@async_command
async def ofac(cli: CliContext, /, file: Path, dry_run: bool, again: bool, **options: Any) -> None:
    """Send all entities of FILE, the US Treasury's SDN list as CSV with a header.

    The list names Specially Designated Nationals, who are under sanctions.

    Example: tearline import ofac sdn.csv --to mx-prosecutor --agreement narcotics-2026 --article
    money-laundering --purpose criminal-investigation
    """
    await import_file(cli, file, read_ofac, options, dry_run=dry_run, again=again)


@command.command()
@click.argument("file", type=FILE)
@example_option(mapping_file)
@click.option(
    "--mapping",
    type=FILE,
    required=True,
    help="TOML file that maps columns to properties, or the name of a mapping in the home.",
)
@_dry_run
@_again
@source_options
@async_command
async def csv(
    cli: CliContext, /, file: Path, mapping: Path, dry_run: bool, again: bool, **options: Any
) -> None:
    """Send all entities of FILE, a CSV or XLSX whose columns a mapping explains.

    Of an XLSX, the first visible sheet is read. Formulas are not computed: the value that was
    saved stands for them. The mappings in the home are those that the console saves.

    Example: tearline import csv accounts.csv --mapping accounts.toml --to mx-prosecutor --agreement
    narcotics-2026 --article money-laundering --purpose criminal-investigation
    """
    if is_mapping_name(str(mapping)) and not mapping.exists():
        text = SavedMappings(home_of(cli).mappings).read(str(mapping))
    else:
        text = read_text(mapping, maximum=MAX_CONFIG_BYTES)
    table = parse_mapping(text.encode())
    await import_file(
        cli, file, lambda path: read_csv(path, table), options, dry_run=dry_run, again=again
    )


async def import_file(
    cli: CliContext,
    file: Path,
    read: Reader,
    options: dict[str, Any],
    *,
    dry_run: bool,
    again: bool,
) -> None:
    """Reads a source once, reports on it, and sends it to all named partners."""
    agreements: tuple[str, ...] = options.pop("agreements")
    order = order_of({**options, "agreement": agreements[0]})
    async with open_node(cli) as node:
        await node.look()
        source = read(file)
        orders = divide_order(node, order, tuple(dict.fromkeys(agreements)))
        # Plan the whole source before sending any of it.
        drafted = [plan_source(node, source, each) for each in orders]
        packets, refused, waiting = 0, list[tuple[str, str]](), list[bytes]()
        for one in () if dry_run else drafted:
            if again:
                node.imports.forget(one.id)
            left = node.imports.left(one.id, one.plans)
            if before := len(one.plans) - len(left):
                told = f"{counted(before, 'packet')} sent earlier; --again sends all again."
                cli.say(told)
            sent_now, waits = await send(cli, node, one, left)
            packets += sent_now.packets
            refused += sent_now.refused
            waiting += waits
    cli.emit(
        (
            {
                "line": finding.line,
                "column": finding.column,
                "part": finding.part,
                "concern": finding.concern.value,
                "why": finding.why,
            }
            for finding in source.findings
        ),
        ["line", "column", "part", "concern", "why"],
    )
    say_unmarked(cli, drafted[0])
    cli.say(f"{_told(source, drafted)}; {_outcome(packets, refused)}.")
    if waiting:
        ids = ", ".join(one.hex()[:12] for one in waiting)
        cli.say(f"The article requires a second person; pending: {ids}.")


def _told(source: Source, drafted: Sequence[Drafted]) -> str:
    doubtful = sum(finding.concern is Concern.UNVALIDATED for finding in source.findings)
    packets = sum(len(each.plans) for each in drafted)
    told = [
        f"{counted(len(source.entities), 'entity')} in {counted(packets, 'packet')}",
        f"{counted(doubtful, 'value')} could not be validated, none was dropped",
    ]
    if source.repeated:
        rows = counted(source.repeated, "row")
        told.append(f"{rows} repeated earlier ones and merged with them")
    return "; ".join(told)


def _outcome(packets: int, refused: Sequence[tuple[str, str]]) -> str:
    messages = counted(len(refused), "message")
    return f"{counted(packets, 'packet')} sent, {messages} refused in part"


async def send(
    cli: CliContext, node: Node, drafted: Drafted, left: Sequence[ReleasePlan]
) -> tuple[Imported, list[bytes]]:
    """Sends the rest of an import, or queues it for a second person, batch by batch."""
    draft = drafted.plans[0].draft
    with cli.progress("Sending", len(left)) as advance:
        if not takes_two(node, draft.agreement.id, draft.article):
            acted_by = acting(cli, node, draft.agreement.id, Role.LIAISON)
            persons = Persons(acted_by=acted_by)
            sent = await node.imports.send(
                drafted.id, drafted.plans, persons, advance=advance, wait=partial(_wait, cli)
            )
            return sent, []
        waiting, behind = [], len(drafted.plans) - len(left)
        for batch in batches(left):
            waiting.append(
                node.approvals.draft(
                    batch,
                    person=cli.settings.person,
                    also=partial(node.imports.advance, drafted.id, len(batch), behind=behind),
                )
            )
            behind += len(batch)
            advance(len(batch))
        return Imported(packets=0, refused=()), waiting


async def _wait(cli: CliContext, busy: ExchangeBusy, wait_s: float) -> None:
    cli.say(f"{sentence(busy.what, busy.why)} Continuing in {math.ceil(wait_s)} s.")
    await pause(busy, wait_s)
