"""``tearline log``: views of the log, evidence of equivocation, and erasure."""

from pathlib import Path

import click

from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.errors import MalformedInput
from tearline.federation.equivocation import Equivocation
from tearline.persons.tokens import Role
from tearline.tlog.proof import PROOF, LogProof, parse_log_proof
from tearline.wire.cosigning import encode_equivocation, parse_equivocation
from tearline_client.cli import erasure
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, free_text, yes_option
from tearline_client.cli.session import async_command, home_of, node_command, open_node
from tearline_client.connectors.exporters.files import create_file
from tearline_client.enrolment import read_text
from tearline_client.node import Node
from tearline_client.rendering.output import print_lines
from tearline_client.rendering.words import Id, agency_name, counted, moment, time_text
from tearline_client.store.cosigning import Partner


@click.group(cls=Group)
def command() -> None:
    """Compare views of the log, show evidence of equivocation, and erase entries."""


command.add_command(erasure.erase)


@command.command()
@node_command
async def cosigners(cli: CliContext, node: Node) -> None:
    """Show each partner's cosigned size of the log, and the entry still to be cosigned.

    The constitution counts the cosignatures of some agencies: `counted`.

    Example: tearline log cosigners
    """
    await node.sync()
    members = node.directory.members()
    rows = [
        {
            "agency": agency_name(members, partner.agency),
            "entries": partner.size,
            "at": moment(partner.time_s * 1000),
            "counted": "yes" if partner.agency in members.cosigners else "",
            "missing": _missing(partner),
        }
        for partner in node.log.cosigners()
    ]
    cli.emit(rows, ["agency", "entries", "at", "counted", "missing"])


@command.command()
@click.option("--output-file", "target", type=FILE, help="A new file; by default standard output.")
@node_command
async def checkpoint(cli: CliContext, node: Node, target: Path | None) -> None:
    """Print this node's newest cosigned checkpoint, for out-of-band verification.

    Give it to a partner by telephone, courier or in a meeting. The partner's `tearline log compare`
    detects a split view.

    Example: tearline log checkpoint --output-file ours.checkpoint
    """
    await node.sync()
    note = node.cosigning.cosign()
    if target is None:
        print_lines(note.decode())
    else:
        _write(target, note)


@command.command()
@click.argument("mirrors", metavar="FILE|URL...", nargs=-1, required=True)
@async_command
async def read(cli: CliContext, mirrors: tuple[str, ...]) -> None:
    """Read the log from partners' mirrors, where the exchange cannot be reached.

    A node that was away while the council replaced the exchange or its CA learns of that here. A
    partner writes FILE by `tearline node mirror`. Nothing in it is trusted but what the log signed.

    Example: tearline log read partner.mirror
    """
    # No command but this one needs HTTP.
    from tearline_runtime.mirror import mirror_at

    async with open_node(cli) as node:
        count = sum([await node.log.read(mirror_at(each)) for each in mirrors])
    cli.say(f"Read {counted(count, 'entry')} of the log.")
    cli.advise("tearline node sync")


@command.command()
@click.argument("file", type=FILE)
@async_command
async def compare(cli: CliContext, file: Path) -> None:
    """Compare FILE, a partner's checkpoint or evidence, with the log that this node follows.

    Two histories under the log's signature prove equivocation. The node then keeps the evidence,
    notifies the reachable nodes, and sends no packet until an officer decides. The proof of a wrong
    directory of agencies stops sending, too.

    Example: tearline log compare theirs.checkpoint
    """
    text = read_text(file)
    is_proof = text.startswith(PROOF)
    is_evidence = is_proof or text.startswith("-----BEGIN")

    async with open_node(cli) as node:
        await node.sync()
        if is_proof:
            node.log.judge_directory(parse_log_proof(text.encode()))
        elif is_evidence:
            await node.cosigning.judge(parse_equivocation(parse_armor(Armor.EVIDENCE, text)))
        else:
            await node.cosigning.compare(text.encode())
    cli.say(
        "The evidence is valid and already recorded. Next: tearline log evidence."
        if is_evidence
        else "The checkpoint is consistent with the log that this node follows."
    )


@command.command()
@click.option("--output-file", "target", type=FILE, help="A new file for the newest evidence.")
@node_command
async def evidence(cli: CliContext, node: Node, target: Path | None) -> None:
    """List evidence that the log equivocated, with decisions; write the newest to a file.

    Third parties verify two histories with the log's keys alone, and a wrong directory of agencies
    with a copy of the log.

    Example: tearline log evidence --output-file evidence
    """
    found = node.log.evidence()
    if target is not None:
        if not found:
            raise MalformedInput("no evidence against the log is recorded here")
        _write(target, _evidence_file(found[-1].evidence))
    rows = [
        {
            "id": Id(each.id),
            "found": moment(each.time_ms),
            "shows": "two histories" if isinstance(each.evidence, Equivocation) else "directory",
            "decision": each.decision or "none: sending stopped",
        }
        for each in found
    ]
    cli.emit(rows, ["id", "found", "shows", "decision"])


@command.command()
@free_text("--reason", required=True, help="The reason to resume; kept with the evidence.")
@yes_option
@async_command
async def resume(cli: CliContext, reason: str, yes: bool) -> None:
    """Resume sending, as an officer, despite evidence that the log equivocated.

    Example: tearline --as olga log resume --reason "operator replaced the log"
    """
    act = "The exchange signed two histories. Packets sent from now on may be hidden from others."

    async with open_node(cli) as node:
        officer = node.persons.person(cli.settings.person, Role.OFFICER)
        cli.confirm(act, home_of(cli).identity().agency, yes=yes)
        count = node.log.resume(f"{officer}: {reason}")
    cli.say(f"Sending is resumed; {counted(count, 'accusation')} decided.")


def _evidence_file(evidence: Equivocation | LogProof) -> bytes:
    if isinstance(evidence, LogProof):
        return evidence.encode()
    return armor(Armor.EVIDENCE, encode_equivocation(evidence)).encode()


def _missing(partner: Partner) -> str:
    if partner.awaited is None:
        return ""
    return f"entry {partner.awaited.first}, of {time_text(partner.awaited.first_ms)}"


def _write(target: Path, data: bytes) -> None:
    with create_file(target.parent, target.name) as stream:
        stream.write(data)
