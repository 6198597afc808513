"""``tearline node``: operation, status, backup and restore of the node."""

from collections.abc import Iterator
from pathlib import Path

import click

from tearline.errors import EXCHANGE_AWAY, MembershipEnded, TearlineError
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, sync_option, yes_option
from tearline_client.cli.recall import recalls_in_status
from tearline_client.cli.release import decision_text
from tearline_client.cli.session import async_command, home_of, node_command, open_node
from tearline_client.log.membership import MembershipEnd
from tearline_client.node import Node
from tearline_client.rendering.words import Id, agency_name, counted, moment, time_text

_KINDS = {False: "full", True: "light"}
_RELIES = {
    False: "reads and verifies every entry of the log",
    True: "relies on counted cosigners of whom fewer than 2k - n are dishonest; mirrors nothing",
}
_ENTRIES = {False: "entries read and verified", True: "entries below the newest turn"}


@click.group(cls=Group)
def command() -> None:
    """Run, inspect and back up the node."""


@command.command()
@node_command
async def sync(cli: CliContext, node: Node) -> None:
    """Send queued messages, receive new ones, and exit.

    Example: tearline node sync
    """
    with cli.progress("Receiving from the exchange", None):
        count = await node.receive()
    cli.say(f"{count} new in the mailbox.")


@command.command(name="run")
@click.option(
    "--on",
    "hooks",
    type=(str, str),
    multiple=True,
    metavar="EVENT COMMAND",
    help="Run COMMAND when EVENT happens; repeatable.",
)
@click.option("--json", "json_lines", is_flag=True, help="Log JSON lines, including calls.")
@click.option(
    "--log-calls",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="NUMBER",
    help="With --json: log one in NUMBER calls to the exchange; 0 for none.",
)
@async_command
async def run_command(
    cli: CliContext, hooks: tuple[tuple[str, str], ...], json_lines: bool, log_calls: int
) -> None:
    """Run unattended until SIGTERM: send, receive, follow the log, sign marks.

    The node logs to standard error, each line with its time. SIGHUP makes it check its certificate,
    its keys and the exchange at once; it reads settings only at the start.

    COMMAND gets one line of JSON on standard input: the event and ids, never contents. It runs
    without a shell. EVENT is packet-arrived, request-arrived, request-due-soon, overdue, suspended,
    resumed, recall, pending, quarantined, alarm, key-due, or all.

    With the setting `http` (`TEARLINE_HTTP`, or `http` in node.toml), a host:port, the node serves
    its copy of the log there, and cosigns on request: c2sp.org/tlog-tiles, tlog-witness. With the
    setting `metrics` it serves `/metrics`, `/healthz` and `/readyz` there, and with the setting
    `taxii` its collections to service accounts: see `tearline taxii`.

    Example: tearline node run --on packet-arrived /usr/local/bin/notify
    """
    from tearline_client.notifications.hooks import parse_hooks
    from tearline_client.rendering.log_lines import log_run
    from tearline_client.service.process import run_process
    from tearline_client.taxii.server import taxii_ports

    asked = parse_hooks(hooks)
    log = log_run(json_lines=json_lines, quiet=cli.quiet, calls_every=log_calls)
    try:
        async with open_node(cli) as node:
            ports = taxii_ports(node, cli.settings, log.info)
            await run_process(node, cli.settings, report=log.info, hooks=asked, ports=ports)
    except TearlineError as error:
        log.error(str(error))
        raise SystemExit(error.exit_status) from None


@command.command()
@node_command
async def mark(cli: CliContext, node: Node) -> None:
    """Sign and send a mark for every channel that moved since its last mark.

    Example: tearline node mark
    """
    await node.sync()
    cli.say(f"{counted(await node.mark(), 'mark')} sent.")


async def _unread(node: Node) -> int | str:
    try:
        return await node.unread()
    except EXCHANGE_AWAY as error:
        return f"not known: the exchange is away ({error.code})"
    except MembershipEnded:
        return "not told"


def _membership_end(end: MembershipEnd) -> Iterator[dict[str, object]]:
    yield {
        "what": "membership",
        "which": "ended" if end.entry is None else f"ended by entry {end.entry}",
        "state": f"{end.cause.value}, {time_text(end.time_ms)}. {MembershipEnded.next}",
        "at": moment(end.time_ms),
    }


def _followed(count: int) -> Iterator[dict[str, object]]:
    yield {
        "what": "log",
        "which": "agencies whose entries are read, beside its own",
        "state": count,
    }


@command.command()
@sync_option
@node_command
async def status(cli: CliContext, node: Node, sync: bool) -> None:
    """Show the outbox, channels, keys and quarantine.

    The command asks the exchange how much of the mailbox is unread, and receives no message.

    Example: tearline node status
    """
    found = node.status()
    unread = await _unread(node) if sync and found.membership_end is None else "not asked"
    members = node.directory.members()
    rows: list[dict[str, object]] = [
        {"what": "node", "which": found.uri, "state": ""},
        *(_membership_end(found.membership_end) if found.membership_end else ()),
        {"what": "kind", "which": _RELIES[found.is_light], "state": _KINDS[found.is_light]},
        {"what": "log", "which": _ENTRIES[found.is_light], "state": found.log_size},
        {
            "what": "log",
            "which": "entries with {} of {} counted cosignatures".format(*found.quorum),
            "state": found.counted_size,
        },
        *(_followed(found.followed) if found.is_light else ()),
        {"what": "mailbox", "which": "items not read yet", "state": unread},
    ]
    rows += [
        {"what": "outbox", "which": state.value, "state": count}
        for state, count in sorted(found.outbox.items())
    ]
    if found.waiting_since_ms is not None:
        rows.append(
            {
                "what": "outbox",
                "which": "waits longest",
                "state": f"since {time_text(found.waiting_since_ms)}",
                "at": moment(found.waiting_since_ms),
            }
        )
    rows += [
        {"what": "not sent", "which": code, "state": count} for code, count in found.faults.items()
    ]
    rows += [
        {
            "what": "channel",
            "which": agency_name(members, channel.peer),
            "state": f"sent {channel.sent}, received {channel.received}"
            + (f", {channel.waiting} behind a gap" if channel.waiting else ""),
        }
        for channel in found.channels
    ]
    rows += [
        {
            "what": f"key ({record.use.value})",
            "which": Id(record.key_id),
            "state": f"until {time_text(record.not_after_ms)}",
            "at": moment(record.not_after_ms),
        }
        for record in found.keys
    ]
    tls = next((held.until_ms for held in node.keys.held() if held.until_ms is not None), None)
    rows.append(
        {
            "what": "certificate",
            "which": "TLS",
            "state": "not valid: tearline keys rotate --tls"
            if tls is None
            else f"until {time_text(tls)}",
            "at": moment(tls),
        }
    )
    if waiting := len(node.approvals.waiting()):
        rows.append({"what": "pending", "which": "for a second person", "state": waiting})
    if decided := node.decisions.waiting():
        stopped = sum(bool(each.code) for each in decided)
        state = f"{len(decided)}, of which stopped {stopped}: tearline node queue"
        rows.append({"what": "decided", "which": "not signed yet", "state": state})
    rows += recalls_in_status(node, members)
    rows += [
        {
            "what": "kept too long",
            "which": each.agreement.name,
            "state": f"{counted(each.entries, 'entry')} of the log from {each.first} on, over"
            f" since {time_text(each.since_ms)}: ask the exchange's operator",
            "at": moment(each.since_ms),
        }
        for each in node.audit.kept_too_long()
    ]
    rows += [
        {
            "what": "waits for the sender's cosignature",
            "which": Id(waiting.packet),
            "state": f"from {agency_name(members, waiting.sender)}",
        }
        for waiting in node.packets.awaiting()
    ]
    rows += [
        {"what": "put aside", "which": item.code, "state": item.why} for item in found.quarantined
    ]
    rows += [
        {
            "what": "over quota",
            "which": agency_name(members, agency) if agency.startswith("spiffe:") else "",
            "state": f"{count} more that did not verify; their ids alone are kept",
        }
        for agency, count in found.over_quota.items()
    ]
    cli.emit([{**row, "at": row.get("at")} for row in rows], ["what", "which", "state"])


@command.command()
@click.argument("file", type=FILE)
@pass_cli
def backup(cli: CliContext, file: Path) -> None:
    """Back up the whole running node into FILE, a new file.

    The node's passphrase encrypts keys and contents in it. The whole file is authenticated: a
    changed backup is not restored. The backup excludes the agency's root and the log cosigning key.

    Example: tearline node backup node.backup
    """
    from tearline_client.service.backup import back_up
    from tearline_runtime.service_status import note_backup

    home, passphrase = home_of(cli), cli.passphrase()
    with cli.progress("Backing up", None):
        back_up(home, file, passphrase)
    note_backup(home.path)
    cli.say(f"Wrote {file}.")


@command.command()
@click.argument("file", type=FILE)
@pass_cli
def restore(cli: CliContext, file: Path) -> None:
    """Restore a node from the backup in FILE; the home must not exist yet.

    Restore only if the original node is permanently gone: two copies would assign the same numbers.
    The restored node asks the exchange for the state of its channels, and continues to read its
    mail. It cosigns the log, with a new key, once another agency has cosigned the log it reads.
    Persons log in again; persons and service accounts are those of the backup.

    Example: tearline node restore node.backup
    """
    from tearline_client.service.backup import restore as restore_home

    home, passphrase = home_of(cli), cli.passphrase()
    with cli.progress("Restoring", None):
        restored = restore_home(file, home, passphrase)
    cli.say(f"Restored {cli.settings.home}; the backup holds {restored.log_size} log entries.")
    cli.say("Next: tearline node sync.")


@command.command(name="take-over")
@yes_option
@async_command
async def take_over(cli: CliContext, yes: bool) -> None:
    """Make this copy the node, after another copy was running (TL-MBX-007).

    Use it only once every other copy has ended permanently. As after a restore, the copy asks the
    exchange for the state of its channels, and continues to read its mail. It makes a new cosigning
    key once another agency has cosigned. Messages sent and received by another copy are not here.
    Sessions and one-time codes of persons end.

    Example: tearline node take-over
    """
    act = "Every other copy of this node must have ended permanently: two copies stop each other."
    cli.confirm(act, home_of(cli).identity().agency, yes=yes)

    async with open_node(cli) as node:
        node.take_over(person=cli.settings.person)
    cli.say("This copy is the node now. Next: tearline node sync.")


@command.command()
@click.option("--output-file", type=FILE, required=True, help="The mirror, a new file.")
@node_command
async def mirror(cli: CliContext, node: Node, output_file: Path) -> None:
    """Write this node's copy of the log into a file, for an exchange that lost its own.

    The command does not contact the exchange. Readers of the file see the view of every member:
    members, votes, keys, and hashes of all events.

    Example: tearline node mirror --output-file mirror
    """
    from tearline_client.service.backup import write_mirror

    entries = write_mirror(node, output_file)
    cli.say(f"Wrote {counted(entries, 'entry')} to {output_file}.")


@command.command()
@click.option("--forget", type=click.IntRange(1), metavar="NUMBER", help="Discard this decision.")
@yes_option
@node_command
async def queue(cli: CliContext, node: Node, forget: int | None, yes: bool) -> None:
    """Show decisions by persons that are not signed yet, in their order.

    They wait for the exchange: the node does not seal on an outdated log. STOPPED is the code that
    prevents a decision; decide it again, and discard this one. Signed messages are sent before all
    of these; the command shows their number.

    Example: tearline node queue
    """
    if forget is not None:
        cli.confirm(f"Decision {forget} will be discarded.", str(forget), yes=yes)
        node.decisions.forget(forget, person=cli.settings.person)
    rows = [
        {
            "number": each.id,
            "what": decision_text(each.content),
            "decided": moment(each.time_ms),
            "stopped": each.code,
        }
        for each in node.decisions.waiting()
    ]
    signed = node.status().waiting
    cli.say(f"Signed, to be sent by the next sync: {signed}.")
    cli.emit(rows, ["number", "what", "decided", "stopped"])


@command.command()
@click.argument("code")
@yes_option
@async_command
async def forget(cli: CliContext, code: str, yes: bool) -> None:
    """Discard all quarantined messages with CODE permanently.

    Messages that failed verification are evidence: inspect them first, and keep a backup of the
    node if they may be needed. A defect may also pass, and the message then be accepted.

    Example: tearline node forget TL-MBX-002
    """
    cli.confirm(f"Messages quarantined with {code} will be discarded permanently.", code, yes=yes)
    async with open_node(cli) as node:
        count = node.forget_quarantined(code, person=cli.settings.person)
    cli.say(f"{counted(count, 'item')} forgotten.")
