"""``tearline audit access``: the node's own access log and its verification."""

import sys
from collections.abc import Mapping

import click

from tearline.audit.event import Event
from tearline.limits import MAX_TEXT_BYTES
from tearline_client.audit.access_log_verifier import (
    AccessEntry,
    AccessFinding,
)
from tearline_client.audit.rows import Row
from tearline_client.audit.verifier import worst
from tearline_client.cli.audit_verify import STATUS, end
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.session import async_command, open_node
from tearline_client.rendering.packets import short
from tearline_client.rendering.words import Id, counted, moment


@click.command(cls=Command, name="access")
@click.argument("query", default="")
@click.option("--by", "name", default="", help="Only entries of this person, by name.")
@click.option(
    "--sought",
    metavar="VALUE",
    help='Only searches for VALUE, in any case or script; "-" reads standard input.',
)
@click.option("--verify", is_flag=True, help="Print the defects of the log instead.")
@click.option(
    "--sync/--no-sync",
    default=True,
    show_default=True,
    help="With --verify, fetch anchors from the log.",
)
@async_command
async def access_command(
    cli: CliContext, query: str, name: str, sought: str | None, verify: bool, sync: bool
) -> None:
    """Show the node's own access log; requires a person with the role auditor.

    The actions are access-open, access-search, access-export, access-print, access-exhibit,
    access-read (this command), access-listed, access-drafted and access-discarded; access-acted
    (an act of a person on the node's state or statements, named by DETAIL with the id of its
    subject); access-sign-in; and access-person-…, access-passkey-… and access-account-… for changes
    of persons. QUERY uses the conditions of `tearline audit search`. Use --by for a person; actor:
    is the node if no person was logged in. Entries name packets and fields, never values. For a
    search, the log keeps a keyed hash.

    The command rebuilds the Merkle tree over the entries and compares it with the anchors in the
    exchange's log. It lists entries edited, dropped or added by hand, and then exits with 5. With
    --verify, it also fetches anchors that this node may have lost.

    Example: tearline --as ada audit access "packet:5f0c9a1b"
    """
    if sought == "-":
        sought = sys.stdin.readline(MAX_TEXT_BYTES).strip()

    async with open_node(cli) as node:
        found = await node.audit.access(
            query,
            person=cli.settings.person,
            reader=name,
            sought=sought,
            fetch=verify and sync,
        )
    examined = found.examined
    if verify:
        cli.emit((_finding_row(f) for f in examined.findings), ["outcome", "finding", "code"])
        cli.say(f"{counted(examined.size, 'entry')}, {examined.anchored} of them anchored.")
    else:
        cli.emit(
            (_row(entry, found.names[entry.event.packet]) for entry in found.chosen),
            ["entry", "time", "action", "actor", "packet", "fields", "detail"],
        )
        for finding in examined.findings:
            cli.say(f"{finding.outcome}: {finding.why}")
    end(STATUS[worst(finding.outcome for finding in examined.findings)])


def _row(entry: AccessEntry, names: Mapping[int, str]) -> Row:
    event: Event = entry.event
    slots = sorted(slot for shown in event.decisions for slot in shown.slots)
    return {
        "entry": entry.index,
        "time": moment(event.time_ms),
        "action": event.code.value,
        "actor": event.actor,
        "packet": Id(event.packet),
        "packet_id": event.packet.hex(),
        "fields": ", ".join(
            dict.fromkeys(short(names[s]) if s in names else f"slot:{s}" for s in slots)
        ),
        "paths": sorted({names[slot] for slot in slots if slot in names}),
        "slots": slots,
        "shown": [
            {"category": each.category, "form": each.form, "slots": list(each.slots)}
            for each in event.decisions
        ],
        "act": event.statement_id.hex(),
        "person": event.counterpart,
        "detail": event.purpose,
        "reason": event.reason,
    }


def _finding_row(finding: AccessFinding) -> Row:
    return {"outcome": finding.outcome.value, "finding": finding.why, "code": finding.code}
