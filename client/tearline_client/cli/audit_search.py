"""``tearline audit search``, ``export`` and ``statistics``: queries by an auditor."""

import datetime
from pathlib import Path

import click

from tearline.audit.export import ExportFormat
from tearline.errors import ExportRefused, MalformedInput
from tearline.limits import MAX_LOG_SIZE
from tearline.verification.log_entries import blind_entry, entry_hash
from tearline.wire.audit_search import SearchRequest
from tearline_client.audit.export_verifier import SUFFIX
from tearline_client.audit.rows import Row, RowWriter
from tearline_client.audit.search import BEGINNING
from tearline_client.audit.statistics import FIRST_YEAR, LAST_YEAR, Tally
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.cli.session import async_command, node_command, open_node
from tearline_client.connectors.exporters.files import create_file
from tearline_client.node import Node
from tearline_client.rendering.output import print_line
from tearline_client.rendering.words import counted, moment, names_of
from tearline_client.siem.ocsf import ACCESS, EXCHANGE, ocsf_event, ocsf_line

_COLUMNS = ["entry", "time", "action", "actor", "counterpart", "packet", "article", "outcome"]
_LIMIT = 1000  # entries of a search that is held in memory to be printed


@click.command(cls=Command, name="search")
@click.argument("query", default="")
@click.option(
    "--after",
    type=click.IntRange(BEGINNING, MAX_LOG_SIZE),
    default=BEGINNING,
    help="The log position to continue after.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    help=f"Maximum entries; {_LIMIT} unless followed or counted.",
)
@click.option("--histogram", "by_day", is_flag=True, help="Count by day instead.")
@click.option("--follow", is_flag=True, help="Continue with new entries; requires -o jsonl.")
@async_command
async def search_command(
    cli: CliContext, query: str, after: int, limit: int | None, by_day: bool, follow: bool
) -> None:
    """Search the log for QUERY; requires a person with the role auditor or officer.

    Conditions are actor: party: action: packet: statement: agreement: outcome: reason: and
    created:a..b in days. packet: and agreement: accept the beginning of an id, or the agreement's
    name. Several conditions on one field are alternatives; a leading minus negates. The search is
    itself logged. You see entries that name your agency, or that it oversees.

    Every entry is verified with the log's keys and this node's mirror of the log. With -o jsonl
    each line includes its proof, and `tearline audit verify` accepts the file.

    Example: tearline --as ada audit search "action:grant-accepted -outcome:ok"
    """
    if follow and (by_day or cli.settings.output != "jsonl"):
        raise MalformedInput("--follow needs -o jsonl, and no --histogram")
    most = limit or (0 if by_day or follow else _LIMIT)
    request = SearchRequest(query=query, after=after, limit=most, follow=follow)
    if by_day:
        async with open_node(cli) as node:
            _print_counts(cli, await node.audit.by_day(request, person=cli.settings.person))
        return
    rows: list[Row] = []
    async with open_node(cli) as node:
        writer = RowWriter(names_of(node.directory.members()))
        number, last = 0, after
        async for found in node.audit.search(request, person=cli.settings.person):
            number, last = number + 1, found.index
            row = writer.row(found) | {"time": moment(found.event.time_ms), "proven": True}
            if cli.settings.output == "jsonl":
                cli.emit([row], _COLUMNS)
            else:
                rows.append(row)
    if cli.settings.output != "jsonl":
        cli.emit(rows, _COLUMNS)
    if number == most:
        cli.say(f"There may be more. Next: continue with --after {last}")


@click.command(cls=Command, name="export")
@click.argument("query")
@click.option(
    "--output-file",
    "target",
    type=FILE,
    required=True,
    help="A new file; its name ends in .jsonl or .csv.",
)
@async_command
async def export_command(cli: CliContext, query: str, target: Path) -> None:
    """Export all entries that match QUERY, with a manifest signed by this node.

    The manifest, FILE.manifest, names the file's digest, the query, the checkpoint and the
    exporter. Third parties verify both files offline with `tearline audit verify FILE.manifest` and
    the federation id. An export holds ids and hashes, never contents. The command requires a person
    with the role auditor or officer, and is itself logged.

    Example: tearline --as ada audit export "agreement:narcotics-2026" --output-file all.jsonl
    """
    form = _format_of(target)

    async with open_node(cli) as node:
        with (
            create_file(target.parent, target.name) as file,
            create_file(target.parent, target.name + SUFFIX) as manifest,
            cli.progress("Exporting", None),
        ):
            made = await node.audit.export(query, file, form, person=cli.settings.person)
            manifest.write(made.manifest.encode("ascii"))
    cli.say(f"{counted(made.entries, 'entry')} in {target}, signed in {target}{SUFFIX}.")


@click.command(cls=Command, name="ocsf")
@click.argument("query", default="")
@click.option("--access", is_flag=True, help="Print the node's own access log instead.")
@async_command
async def ocsf_command(cli: CliContext, query: str, access: bool) -> None:
    """Print all entries that match QUERY for a SIEM: OCSF events, one line of JSON each.

    QUERY uses the conditions of `tearline audit search`. An event holds ids, codes and counts,
    never contents; its metadata.uid is the hash of the log's entry. The command requires a person
    with the role auditor or officer, with --access the role auditor, and is itself logged. A
    running node sends its own access log by syslog: see the setting `syslog`.

    Example: tearline --as ada audit ocsf "created:2026-03-01..2026-03-31"
    """
    person = cli.settings.person
    async with open_node(cli) as node:
        if access:
            for entry in (await node.audit.access(query, person=person)).chosen:
                print_line(ocsf_line(ocsf_event(entry.event, entry.index, entry.leaf, ACCESS)))
            return
        request = SearchRequest(query=query, after=BEGINNING, limit=0)
        async for found in node.audit.search(request, person=person):
            opening = found.proven.entry
            leaf = entry_hash(blind_entry(opening.salt, opening.event))
            print_line(ocsf_line(ocsf_event(found.event, found.index, leaf, EXCHANGE)))


@click.command(cls=Command, name="statistics")
@click.argument("agreement")
@click.option(
    "--year",
    type=click.IntRange(FIRST_YEAR, LAST_YEAR),
    help="The year in UTC; by default the current one.",
)
@node_command
async def statistics_command(cli: CliContext, node: Node, agreement: str, year: int | None) -> None:
    """Count the entries under AGREEMENT in a year, by kind, action and outcome.

    AGREEMENT is its name, or its id in hexadecimal. The log does not hold a packet's kind: it is
    shown only for packets stored here. The command requires a person with the role auditor or
    officer, and is itself logged.

    Example: tearline --as ada audit statistics narcotics-2026 --year 2026
    """
    year = year or datetime.datetime.now(datetime.UTC).year
    with cli.progress("Counting", None):
        counts = await node.audit.statistics(agreement, year, person=cli.settings.person)
    _print_counts(cli, counts)


def _print_counts(cli: CliContext, counts: Tally) -> None:
    cli.emit(counts.rows(), [*counts.columns, "entries", "acts"])


def _format_of(target: Path) -> ExportFormat:
    try:
        return ExportFormat(target.suffix.removeprefix("."))
    except ValueError:
        raise ExportRefused("the name must end in .jsonl or .csv") from None
