"""``tearline import``: whole sources become packets by connected group, and are sent."""

from pathlib import Path
from typing import Any

import click

from tearline_client.cli.at_work import at_work, counted, read_text
from tearline_client.cli.frame import Frame, pass_frame
from tearline_client.cli.groups import Group
from tearline_client.cli.order import order_of, order_options
from tearline_client.cli.release import Released, release
from tearline_client.config import MAX_CONFIG_BYTES
from tearline_client.drafting import Drafted, Order, Reader, draft_file
from tearline_client.importers.ftm import read_ftm
from tearline_client.importers.ofac import read_ofac
from tearline_client.importers.tabular import parse_mapping, read_csv
from tearline_client.node import Node
from tearline_client.planning.plan import ReleasePlan

_FILE = click.Path(path_type=Path)
_dry_run = click.option("--dry-run", is_flag=True, help="Report and count, and send nothing.")
AT_ONCE = 400  # packets under one signature: with grants to several partners they fit a tree


@click.group(cls=Group)
def command() -> None:
    """Whole sources become packets by connected group, and are sent."""


@command.command()
@click.argument("file", type=_FILE)
@_dry_run
@order_options
@pass_frame
def ftm(frame: Frame, file: Path, dry_run: bool, **options: Any) -> None:
    """Import and send FILE, FollowTheMoney entities as JSON lines."""
    import_file(frame, file, read_ftm, order_of(options), dry_run=dry_run)


@command.command()
@click.argument("file", type=_FILE)
@_dry_run
@order_options
@pass_frame
def ofac(frame: Frame, file: Path, dry_run: bool, **options: Any) -> None:
    """Import and send FILE, the US Treasury's SDN list as CSV with a header."""
    import_file(frame, file, read_ofac, order_of(options), dry_run=dry_run)


@command.command()
@click.argument("file", type=_FILE)
@click.option("--mapping", type=_FILE, required=True, help="TOML file: column to property.")
@_dry_run
@order_options
@pass_frame
def csv(frame: Frame, file: Path, mapping: Path, dry_run: bool, **options: Any) -> None:
    """Import and send FILE, any CSV, by a mapping of its columns."""
    table = parse_mapping(read_text(mapping, maximum=MAX_CONFIG_BYTES).encode())
    import_file(frame, file, lambda path: read_csv(path, table), order_of(options), dry_run=dry_run)


def import_file(frame: Frame, file: Path, read: Reader, order: Order, *, dry_run: bool) -> None:
    """Reads, reports every value that could not be validated, and sends it all."""

    async def run(node: Node) -> tuple[Drafted, list[Released]]:
        await node.sync()
        drafted = draft_file(node, file, read, order)
        if dry_run:
            return drafted, []
        sent = []
        with frame.progress("Sending", len(drafted.plans)) as advance:
            for batch in batches(drafted.plans, len(order.to)):
                sent.append(await release(frame, node, batch))
                advance(len(batch))
        return drafted, sent

    drafted, sent = at_work(frame, run)
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
    waiting = [one.hex()[:12] for one in sent if isinstance(one, bytes)]
    packets = sum(len(one.packets) for one in sent if not isinstance(one, bytes))
    refused = sum(len(one.refused) for one in sent if not isinstance(one, bytes))
    frame.say(
        f"{counted(drafted.entities, 'entity')} in {counted(len(drafted.plans), 'packet')};"
        f" {counted(len(drafted.findings), 'value')} could not be validated, none was dropped;"
        f" {counted(packets, 'packet')} sent, {counted(refused, 'message')} refused in part."
    )
    if waiting:
        frame.say(f"The article asks for a second person; these wait: {', '.join(waiting)}.")


def batches(plans: tuple[ReleasePlan, ...], recipients: int) -> list[tuple[ReleasePlan, ...]]:
    """Plans in groups that one signature covers, grants included."""
    size = max(1, min(AT_ONCE, 4096 // (1 + recipients)))
    return [plans[start : start + size] for start in range(0, len(plans), size)]
