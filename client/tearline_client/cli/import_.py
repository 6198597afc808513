"""``tearline import``: whole sources become packets by connected group, and are sent."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from tearline.errors import ExchangeBusy, sentence
from tearline.tokens import Role
from tearline_client.cli.at_work import acting, at_work, counted, read_text
from tearline_client.cli.frame import Frame, pass_frame
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE
from tearline_client.cli.order import order_of, source_options
from tearline_client.cli.release import say_unmarked, takes_two
from tearline_client.config import MAX_CONFIG_BYTES
from tearline_client.desks.importing import Imported, batches, pause
from tearline_client.desks.releasing import Persons
from tearline_client.drafting import Drafted, Reader, divide_order, plan_source
from tearline_client.importers.findings import Concern
from tearline_client.importers.findings import Imported as Source
from tearline_client.importers.ftm import read_ftm
from tearline_client.importers.mapping import parse_mapping
from tearline_client.importers.ofac import read_ofac
from tearline_client.importers.tabular import read_csv
from tearline_client.node import Node
from tearline_client.planning.plan import ReleasePlan

_dry_run = click.option("--dry-run", is_flag=True, help="Report and count, and send nothing.")
_again = click.option("--again", is_flag=True, help="Send also what was sent before, anew.")


@click.group(cls=Group)
def command() -> None:
    """Whole sources become packets by connected group, and are sent."""


@command.command()
@click.argument("file", type=FILE)
@_dry_run
@_again
@source_options
@pass_frame
def ftm(frame: Frame, file: Path, dry_run: bool, again: bool, **options: Any) -> None:
    """Import and send FILE, FollowTheMoney entities as JSON lines."""
    import_file(frame, file, read_ftm, options, dry_run=dry_run, again=again)


@command.command()
@click.argument("file", type=FILE)
@_dry_run
@_again
@source_options
@pass_frame
def ofac(frame: Frame, file: Path, dry_run: bool, again: bool, **options: Any) -> None:
    """Import and send FILE, the US Treasury's SDN list as CSV with a header."""
    import_file(frame, file, read_ofac, options, dry_run=dry_run, again=again)


@command.command()
@click.argument("file", type=FILE)
@click.option("--mapping", type=FILE, required=True, help="TOML file: column to property.")
@_dry_run
@_again
@source_options
@pass_frame
def csv(
    frame: Frame, file: Path, mapping: Path, dry_run: bool, again: bool, **options: Any
) -> None:
    """Import and send FILE, any CSV, by a mapping of its columns."""
    table = parse_mapping(read_text(mapping, maximum=MAX_CONFIG_BYTES).encode())
    import_file(
        frame, file, lambda path: read_csv(path, table), options, dry_run=dry_run, again=again
    )


def import_file(
    frame: Frame,
    file: Path,
    read: Reader,
    options: dict[str, Any],
    *,
    dry_run: bool,
    again: bool,
) -> None:
    """Reads a source once, reports on it, and sends it to all partners that are named."""
    agreements: tuple[str, ...] = options.pop("agreements")
    order = order_of({**options, "agreement": agreements[0]})

    async def run(node: Node) -> tuple[Source, list[Drafted], Imported, list[bytes]]:
        await node.sync()
        source = read(file)
        orders = divide_order(node, order, tuple(dict.fromkeys(agreements)))
        # All is planned before any of it is sent.
        drafted = [plan_source(node, source, each) for each in orders]
        packets, refused, waiting = 0, list[tuple[str, str]](), list[bytes]()
        for one in () if dry_run else drafted:
            if again:
                node.imports.forget(one.id)
            left = node.imports.left(one.id, one.plans)
            if before := len(one.plans) - len(left):
                told = (
                    f"{counted(before, 'packet')} of it sent before; --again sends all of it anew."
                )
                frame.say(told)
            sent, waits = await send(frame, node, one, left)
            packets += sent.packets
            refused += sent.refused
            waiting += waits
        return source, drafted, Imported(packets=packets, refused=tuple(refused)), waiting

    source, drafted, sent, waiting = at_work(frame, run)
    frame.emit(
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
    say_unmarked(frame, drafted[0])
    frame.say(f"{_told(source, drafted)}; {_outcome(sent)}.")
    if waiting:
        ids = ", ".join(one.hex()[:12] for one in waiting)
        frame.say(f"The article asks for a second person; these wait: {ids}.")


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


def _outcome(sent: Imported) -> str:
    refused = counted(len(sent.refused), "message")
    return f"{counted(sent.packets, 'packet')} sent, {refused} refused in part"


async def send(
    frame: Frame, node: Node, drafted: Drafted, left: Sequence[ReleasePlan]
) -> tuple[Imported, list[bytes]]:
    """Sends what is left of an import, or has it wait for a second person, batch by batch."""
    draft = drafted.plans[0].draft
    with frame.progress("Sending", len(left)) as advance:
        if not takes_two(node, draft.agreement.id, draft.article):
            acted_by = acting(frame, node, draft.agreement.id, Role.LIAISON)
            persons = Persons(acted_by=acted_by)
            sent = await node.imports.send(
                drafted.id, drafted.plans, persons, advance=advance, wait=partial(_wait, frame)
            )
            return sent, []
        waiting, behind = [], len(drafted.plans) - len(left)
        for batch in batches(left):
            waiting.append(
                node.second.draft(
                    batch,
                    person=frame.settings.person,
                    also=partial(node.imports.advance, drafted.id, len(batch), behind=behind),
                )
            )
            behind += len(batch)
            advance(len(batch))
        return Imported(packets=0, refused=()), waiting


async def _wait(frame: Frame, busy: ExchangeBusy, wait_s: float) -> None:
    frame.say(f"{sentence(busy.what, busy.why)} Going on in {math.ceil(wait_s)} s.")
    await pause(busy, wait_s)
