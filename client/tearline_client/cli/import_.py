"""``tearline import``: whole sources, sent as one packet per connected group."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from tearline.errors import ConnectorUnusable, ExchangeBusy, sentence
from tearline.persons.tokens import Role
from tearline_client.cli.connector_group import (
    ConnectorGroup,
    connector_options,
    decorated,
    emit_report,
    options_of,
    report_option,
    verify_report_free,
)
from tearline_client.cli.context import CliContext
from tearline_client.cli.example_files import example_option, mapping, packet
from tearline_client.cli.options import FILE
from tearline_client.cli.release import say_unmarked
from tearline_client.cli.release_options import order_of, source_options
from tearline_client.cli.session import acting, async_command, look, open_node
from tearline_client.connectors.contract import Importer
from tearline_client.connectors.importers.read import read_source
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.importers.report import Imported as Source
from tearline_client.connectors.importers.source import open_source
from tearline_client.connectors.registry import IMPORTERS, Connector, blamed
from tearline_client.drafting.from_file import Drafted, divide_order, plan_source
from tearline_client.drafting.release import takes_two
from tearline_client.features.packets.bulk import Imported, batches, pause
from tearline_client.features.packets.service import Persons
from tearline_client.node import Node
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.rendering.words import counted

_EXAMPLES = {"csv": mapping, "ftm": packet}
_dry_run = click.option("--dry-run", is_flag=True, help="Report findings and counts; do not send.")
_again = click.option(
    "--again", is_flag=True, help="Send everything, even what an earlier import sent."
)


@async_command
async def _import(
    cli: CliContext,
    importer: Connector[Importer],
    /,
    file: Path,
    dry_run: bool,
    again: bool,
    report_file: Path | None,
    **options: Any,
) -> None:
    """Reads a source once, sends it to all named partners, and reports on it."""
    verify_report_free(report_file)
    own, report = options_of(cli, importer, options), Report()
    agreements: tuple[str, ...] = options.pop("agreements")
    order = order_of({**options, "agreement": agreements[0]})
    if dry_run and importer.value.detect:
        with open_source(file) as stream, blamed(importer.offer):
            cli.say(f"Detected: {importer.value.detect(stream, own)}.")
    size = file.stat().st_size if file.is_file() else None
    with cli.progress("Reading", size) as advance:
        source = read_source(file, importer, own, report, advance)
    async with open_node(cli) as node:
        await (look(cli, node) if dry_run else node.look())
        orders = divide_order(node, order, tuple(dict.fromkeys(agreements)))
        # Plan the whole source before sending any of it.
        with cli.progress("Planning packets", None) as advance:
            drafted = [plan_source(node, source, each, advance) for each in orders]
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
    emit_report(cli, report, report_file)
    say_unmarked(cli, drafted[0])
    sent = "nothing was sent (--dry-run)" if dry_run else _outcome(packets, refused)
    cli.say(f"{_told(source, drafted)}; {sent}.")
    if waiting:
        ids = ", ".join(one.hex()[:12] for one in waiting)
        cli.say(f"The article requires a second person; pending: {ids}.")


def _told(source: Source, drafted: Sequence[Drafted]) -> str:
    doubtful = sum(finding.concern is Concern.UNVALIDATED for finding in source.findings)
    packets = sum(len(each.plans) for each in drafted)
    told = [
        f"{counted(len(source.entities), 'entity')} in {counted(packets, 'packet')}",
        f"{counted(doubtful, 'value')} could not be validated, none was changed",
    ]
    if lessened := sum(each.lessened for each in drafted):
        fields = counted(lessened, "field")
        told.append(f"{fields} not told in a coarser form: a partner learns only that they exist")
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
                    on_store=partial(node.imports.advance, drafted.id, len(batch), behind=behind),
                )
            )
            behind += len(batch)
            advance(len(batch))
        return Imported(packets=0, refused=()), waiting


async def _wait(cli: CliContext, busy: ExchangeBusy, wait_s: float) -> None:
    cli.say(f"{sentence(busy.what, busy.why)} Continuing in {math.ceil(wait_s)} s.")
    await pause(busy, wait_s)


def _example_of(importer: Connector[Importer]) -> Callable[[], str] | None:
    """Returns the function that makes the text of ``--example``, or None."""
    make: Callable[[], object] | None = importer.value.example
    if make is None:
        return None

    def text() -> str:
        with blamed(importer.offer):
            made = make()
        if not isinstance(made, str):
            raise ConnectorUnusable(f"{importer.offer.told}: its example is no text")
        return made

    return text


def _build(importer: Connector[Importer]) -> Callable[..., Any]:
    example = _EXAMPLES.get(importer.offer.name) or _example_of(importer)
    return decorated(
        partial(_import, importer),
        click.argument("file", type=FILE),
        *((example_option(example),) if example else ()),
        *connector_options(importer),
        _dry_run,
        _again,
        report_option,
        source_options,
    )


@click.group(cls=ConnectorGroup, kind=Importer, connectors=IMPORTERS, build=_build)
def command() -> None:
    """Send a whole source, as one packet per connected group of entities.

    An import that was interrupted continues if the command is run again.
    """
