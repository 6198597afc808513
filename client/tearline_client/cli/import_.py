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
from tearline_client.cli.order import order_of, order_options
from tearline_client.cli.release import say_unmarked, takes_two
from tearline_client.config import MAX_CONFIG_BYTES
from tearline_client.desks.importing import Imported, batches, pause
from tearline_client.desks.releasing import Persons
from tearline_client.drafting import Drafted, Order, Reader, draft_source
from tearline_client.importers.ftm import read_ftm
from tearline_client.importers.ofac import read_ofac
from tearline_client.importers.tabular import parse_mapping, read_csv
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
@order_options
@pass_frame
def ftm(frame: Frame, file: Path, dry_run: bool, again: bool, **options: Any) -> None:
    """Import and send FILE, FollowTheMoney entities as JSON lines."""
    import_file(frame, file, read_ftm, order_of(options), dry_run=dry_run, again=again)


@command.command()
@click.argument("file", type=FILE)
@_dry_run
@_again
@order_options
@pass_frame
def ofac(frame: Frame, file: Path, dry_run: bool, again: bool, **options: Any) -> None:
    """Import and send FILE, the US Treasury's SDN list as CSV with a header."""
    import_file(frame, file, read_ofac, order_of(options), dry_run=dry_run, again=again)


@command.command()
@click.argument("file", type=FILE)
@click.option("--mapping", type=FILE, required=True, help="TOML file: column to property.")
@_dry_run
@_again
@order_options
@pass_frame
def csv(
    frame: Frame, file: Path, mapping: Path, dry_run: bool, again: bool, **options: Any
) -> None:
    """Import and send FILE, any CSV, by a mapping of its columns."""
    table = parse_mapping(read_text(mapping, maximum=MAX_CONFIG_BYTES).encode())
    order = order_of(options)
    import_file(
        frame, file, lambda path: read_csv(path, table), order, dry_run=dry_run, again=again
    )


def import_file(
    frame: Frame, file: Path, read: Reader, order: Order, *, dry_run: bool, again: bool
) -> None:
    """Reads, reports every value that could not be validated, and sends it all."""

    async def run(node: Node) -> tuple[Drafted, Imported, list[bytes]]:
        await node.sync()
        drafted = draft_source(node, file, read, order)
        if dry_run:
            return drafted, Imported(packets=0, refused=()), []
        if again:
            node.imports.forget(drafted.id)
        left = node.imports.left(drafted.id, drafted.plans)
        if before := len(drafted.plans) - len(left):
            told = f"{counted(before, 'packet')} of it sent before; --again sends all of it anew."
            frame.say(told)
        return drafted, *await send(frame, node, drafted, left)

    drafted, sent, waiting = at_work(frame, run)
    frame.emit(
        (
            {
                "line": finding.line,
                "column": finding.column,
                "part": finding.part,
                "concern": finding.concern.value,
                "why": finding.why,
            }
            for finding in drafted.findings
        ),
        ["line", "column", "part", "concern", "why"],
    )
    say_unmarked(frame, drafted)
    frame.say(
        f"{counted(drafted.entities, 'entity')} in {counted(len(drafted.plans), 'packet')};"
        f" {counted(len(drafted.findings), 'value')} could not be validated, none was dropped;"
        f" {counted(sent.packets, 'packet')} sent, {counted(len(sent.refused), 'message')}"
        " refused in part."
    )
    if waiting:
        ids = ", ".join(one.hex()[:12] for one in waiting)
        frame.say(f"The article asks for a second person; these wait: {ids}.")


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
