"""``tearline audit``: search, prove and verify disclosures in the log."""

import sys
from contextlib import suppress
from pathlib import Path

import click

from tearline.errors import EXIT_NOT_FOUND, NotFound
from tearline.federation.versions import Members
from tearline.limits import MAX_TEXT_BYTES
from tearline_client.audit.verifier import Outcome, worst
from tearline_client.audit.who_saw import OTHERS, Sighting
from tearline_client.cli.audit_access import access_command
from tearline_client.cli.audit_policy import policy
from tearline_client.cli.audit_search import (
    export_command,
    ocsf_command,
    search_command,
    statistics_command,
)
from tearline_client.cli.audit_verify import STATUS, end, verify
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, sync_option
from tearline_client.cli.session import async_command, look, node_command, open_node
from tearline_client.connectors.exporters.files import create_file
from tearline_client.node import Node
from tearline_client.rendering.output import print_lines
from tearline_client.rendering.packets import short
from tearline_client.rendering.words import Id, agency_name, moment


@click.group(cls=Group)
def command() -> None:
    """Search, prove and verify disclosures in the log.

    To prove fields of a packet to an outsider, use `tearline packet exhibit`; the reader verifies
    the file by `tearline audit verify`.
    """


_SIGHTING = [
    *("partner", "granted", "form", "delivered", "opened", "seen", "seen_by", "article", "by"),
    *("persons", "entry", "proven"),
]


@command.command(name="who-saw")
@click.argument("packet", metavar="PACKET|VALUE")
@click.argument("field", required=False)
@sync_option
@async_command
async def who_saw_command(cli: CliContext, packet: str, field: str | None, sync: bool) -> None:
    """Show which partners saw FIELD of PACKET, or VALUE: form, article and proof.

    PACKET is the beginning of its id. FIELD is a path, the end of a path, or slot:N. A single
    argument is a whole value, matched in any case or script in every packet readable here; "-"
    reads it from standard input. A search for a value is recorded in the node's access log.
    Values are compared by hash: another transcription, word order or short form of a name is
    another value. Repeat the command for each.

    SEEN_BY shows the role and pseudonym of a reader, if the partner's receipt names them.
    "Indeterminate" means that no signed receipt states it. Exit status 6: this node cannot tell
    which slots FIELD is.

    Example: tearline audit who-saw 1847250
    """
    if field is None:
        await _who_saw_value(cli, packet, sync=sync)
        return
    async with open_node(cli) as node:
        await look(cli, node, sync=sync)
        answer = node.audit.who_saw(node.packets.find(packet), field)
        members = node.directory.members()
    cli.emit((_sighting_row(sighting, members) for sighting in answer.sightings), _SIGHTING)
    for entry in sorted({entry for s in answer.sightings for entry in s.erased_by}):
        cli.say(f"The log's entry may be erased by retention: see the order in entry {entry}.")
    if not answer.resolved:
        cli.say("This node cannot resolve that field of the packet.")
        end(EXIT_NOT_FOUND)
    end(STATUS[worst(s.proven for s in answer.sightings if s.proven is Outcome.FAILED)])


async def _who_saw_value(cli: CliContext, value: str, *, sync: bool) -> None:
    if value == "-":
        value = sys.stdin.readline(MAX_TEXT_BYTES).strip()
    async with open_node(cli) as node:
        await look(cli, node, sync=sync)
        found = await node.audit.who_saw_value(value, person=cli.settings.person)
        members = node.directory.members()
    cli.emit(
        (
            {
                "packet": Id(held.packet),
                "packet_id": held.packet.hex(),
                "field": short(held.path),
                "path": held.path,
                **_sighting_row(sighting, members),
            }
            for held in found
            for sighting in held.seen.sightings
        ),
        ["packet", "field", *_SIGHTING],
    )
    if not found:
        cli.say("No field readable here has that value.")
        end(EXIT_NOT_FOUND)
    sightings = [sighting for held in found for sighting in held.seen.sightings]
    end(STATUS[worst(s.proven for s in sightings if s.proven is Outcome.FAILED)])


@command.command(name="hash")
@click.argument("value")
@async_command
async def hash_command(cli: CliContext, value: str) -> None:
    """List the packets here that hold VALUE, by this node's keyed index.

    VALUE is a whole value, matched in any case or script, but in one transcription and word order.
    "-" reads it from standard input, so that it does not appear in a list of processes. VALUE is
    never sent; this node's access log keeps a keyed hash of it. For the fields, use
    `tearline audit who-saw` or search for packet:ID.

    Example: tearline audit hash 1847250
    """
    if value == "-":
        value = sys.stdin.readline(MAX_TEXT_BYTES).strip()
    async with open_node(cli) as node:
        packets = node.audit.packets_with(value, person=cli.settings.person)
        members = node.directory.members()
    cli.emit(
        (
            {
                "packet": Id(packet.id),
                "packet_id": packet.id.hex(),
                "from": agency_name(members, packet.origin),
                "received": moment(packet.received_ms),
            }
            for packet in packets
        ),
        ["packet", "from", "received"],
    )
    if not packets:
        end(EXIT_NOT_FOUND)


@command.command(name="prove")
@click.argument("statement")
@click.option(
    "--output-dir", "target", type=FILE, required=True, help="A folder for the proofs, new or not."
)
@node_command
async def prove_command(cli: CliContext, node: Node, statement: str, target: Path) -> None:
    """Write proofs of every entry here about STATEMENT, a packet or any other statement.

    STATEMENT is the beginning of its id. Each file is a c2sp.org/tlog-proof that includes the
    opened event. Its reader learns the event, and no field of any packet.

    Example: tearline audit prove 5f0c9a1b --output-dir proofs
    """
    proofs = node.audit.prove(statement)
    with suppress(OSError):  # create_file says why it cannot write there
        target.mkdir(mode=0o700, exist_ok=True)
    for proof in proofs:
        with create_file(target, proof.name) as stream:
            stream.write(proof.data)
    cli.emit(
        (
            {"entry": proof.index, "file": str(target / proof.name), "about": proof.about.hex()}
            for proof in proofs
        ),
        ["entry", "file"],
    )
    cli.advise(f"tearline audit verify {target}")


@command.command()
@click.option("--note", is_flag=True, help="Print the signed note as published.")
@sync_option
@node_command
async def checkpoint(cli: CliContext, node: Node, note: bool, sync: bool) -> None:
    """Show the newest checkpoint of the log that this node has verified.

    Example: tearline audit checkpoint --note
    """
    if sync:
        await node.log.follow()
    signed = node.log.checkpoint()
    if signed is None:
        raise NotFound("this node has verified no checkpoint yet")
    if note:
        print_lines(signed.note.decode("utf-8"))
        return
    times = [s.time_s for s in signed.signatures if s.time_s is not None]
    row: dict[str, object] = {
        "origin": signed.checkpoint.origin,
        "size": signed.checkpoint.size,
        "root": signed.checkpoint.root.hex(),
        "time": moment(max(times) * 1000) if times else None,
        "signatures": len(signed.signatures),
    }
    cli.emit([row], list(row))


def _sighting_row(sighting: Sighting, members: Members) -> dict[str, object]:
    partner = sighting.partner
    return {
        "partner": "(others)" if partner == OTHERS else agency_name(members, partner),
        "node": partner,
        "granted": sighting.granted.value,
        "form": None if sighting.form is None else sighting.form.text,
        "delivered": sighting.delivered.value,
        "opened": sighting.opened.value,
        "seen": sighting.seen.value,
        "seen_by": ", ".join(f"{r.role} {r.pseudonym.hex()[:12]}" for r in sighting.readers),
        "readers": [{"role": r.role, "pseudonym": r.pseudonym.hex()} for r in sighting.readers],
        "article": sighting.article,
        "purpose": sighting.purpose,
        "by": " ".join(sighting.policy_ids),
        "persons": " ".join(pseudonym.hex()[:12] for pseudonym in sighting.persons),
        "pseudonyms": [pseudonym.hex() for pseudonym in sighting.persons],
        "entry": sighting.entry,
        "proven": sighting.proven.value,
        "grant": sighting.grant.hex(),
        "erased_by": list(sighting.erased_by),
    }


command.add_command(access_command)
command.add_command(search_command)
command.add_command(export_command)
command.add_command(ocsf_command)
command.add_command(statistics_command)
command.add_command(verify)
command.add_command(policy)
